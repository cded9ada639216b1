// Deno's own OpenTelemetry, with nothing set up but the environment: what it sends to a collector.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { METRICS } from "../../src/telemetry/opentelemetry.ts";

const PROGRAM = `${import.meta.dirname}/deno_telemetry_program.ts`;
const CLIENT = 3;
const SERVER = 2;

interface Span {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
}

/** A scope's part of what is sent. */
interface ScopePart {
  readonly scope: { readonly name: string };
  readonly spans?: readonly Span[];
  readonly metrics?: readonly { readonly name: string }[];
}

/** What a collector is sent, of which there is more. */
interface Sent {
  readonly resourceSpans?: readonly { readonly scopeSpans: readonly ScopePart[] }[];
  readonly resourceMetrics?: readonly { readonly scopeMetrics: readonly ScopePart[] }[];
}

function partsOf({ resourceSpans = [], resourceMetrics = [] }: Sent): ScopePart[] {
  return [
    ...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans),
    ...resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics),
  ].filter(({ scope }) => scope.name === "freshlink");
}

Deno.test("OTEL_DENO: a call is one trace, and the metrics are those of the table", async () => {
  const parts: ScopePart[] = [];
  const collector = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      parts.push(...partsOf(await request.json()));
      return Response.json({});
    },
  );
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", "--no-check", PROGRAM],
    env: {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.addr.port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_METRIC_EXPORT_INTERVAL: "200",
    },
  }).output();
  await collector.shutdown();
  const [out, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert(success, errors);
  assertStringIncludes(out!, '{"reserved":"tea"}');

  const spans = parts.flatMap((part) => part.spans ?? []);
  const caller = spans.find(({ kind }) => kind === CLIENT);
  const callee = spans.find(({ kind }) => kind === SERVER);
  assert(caller !== undefined && callee !== undefined, JSON.stringify(spans));
  assertEquals([spans.length, caller.parentSpanId, callee.parentSpanId], [2, "", caller.spanId]);
  assertEquals(callee.traceId, caller.traceId);
  assertEquals([caller.name, callee.name], ["reserve", "reserve"]);

  const found = new Set(parts.flatMap(({ metrics = [] }) => metrics.map(({ name }) => name)));
  const known = new Set<string>(Object.keys(METRICS));
  assertEquals([...found].filter((name) => !known.has(name)), []);
  for (const name of ["rpc.client.call.duration", "freshlink.link.up", "freshlink.io"]) {
    assert(found.has(name), [...found].join(", "));
  }
});
