/**
 * The package beside OpenTelemetry's own SDK, as a stranger sets it up: spans of two endpoints, and
 * metrics as Prometheus reads them. Plain JavaScript, for Node and Bun.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { METRICS } from "../../src/telemetry/opentelemetry.ts";

/** What is installed beside freshlink. */
export const TELEMETRY_PACKAGES: readonly string[] = [
  "@opentelemetry/sdk-node@^0.223.0",
  "@opentelemetry/exporter-prometheus@^0.223.0",
];

/** Prints one line of JSON: a `Seen`. */
export const TELEMETRY_PROGRAM = `
import { createServer } from "node:http";
import { NodeSDK, tracing } from "@opentelemetry/sdk-node";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { Endpoint } from "freshlink";
import { instrument } from "freshlink/opentelemetry";

const spans = new tracing.InMemorySpanExporter();
const prometheus = new PrometheusExporter({ preventServerStart: true });
const sdk = new NodeSDK({
  serviceName: "orders",
  autoDetectResources: false,
  instrumentations: [],
  spanProcessors: [new tracing.SimpleSpanProcessor(spans)],
  metricReaders: [prometheus],
});
sdk.start();

const listen = { port: 0 };
const stock = await Endpoint.start({ name: "SP30", listen, admit: () => true });
stock.handle("reserve", (item) => ({ reserved: item }));
const peers = [{ name: "SP30", hostname: "127.0.0.1", port: stock.address.port }];
const orders = await Endpoint.start({ name: "SP10", listen, peers });
instrument(stock);
instrument(orders);
await orders.request("SP30", "reserve", "tea");

const server = createServer((...exchange) => prometheus.getMetricsRequestHandler(...exchange));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const page = "http://127.0.0.1:" + server.address().port + "/metrics";
const text = await (await fetch(page)).text();
server.close();
server.closeAllConnections();
await orders.close();
await stock.close();
console.log(JSON.stringify({
  spans: spans.getFinishedSpans().map((span) => ({
    name: span.name,
    kind: span.kind,
    trace: span.spanContext().traceId,
    id: span.spanContext().spanId,
    parent: span.parentSpanContext?.spanId ?? null,
    service: span.resource.attributes["service.name"],
  })),
  text,
}));
await sdk.shutdown();
`;

interface SpanSeen {
  readonly name: string;
  readonly kind: number;
  readonly trace: string;
  readonly id: string;
  readonly parent: string | null;
  readonly service: string;
}

interface Seen {
  readonly spans: readonly SpanSeen[];
  /** What Prometheus reads. */
  readonly text: string;
}

const SERVER = 1;
const CLIENT = 2;

/** One trace, a caller and its callee; and of the metrics only those of the table, by its names. */
export function assertSeen(out: string): void {
  const { spans, text }: Seen = JSON.parse(out.trim().split("\n").at(-1) ?? "");
  const caller = spans.find(({ kind }) => kind === CLIENT);
  const callee = spans.find(({ kind }) => kind === SERVER);
  assert(caller !== undefined && callee !== undefined, JSON.stringify(spans));
  assertEquals([spans.length, caller.parent, callee.parent], [2, null, caller.id]);
  assertEquals(callee.trace, caller.trace);
  assertEquals([caller.name, callee.name, caller.service], ["reserve", "reserve", "orders"]);

  const known = new Set(
    Object.entries(METRICS).map(([name, { kind }]) => {
      const ending = kind.endsWith("counter") ? "_total" : "";
      return `${name.replaceAll(".", "_")}${ending}`;
    }),
  );
  const found = Array.from(text.matchAll(/^# TYPE (\S+) /gm), ([, name]) => name!)
    .filter((name) => name !== "target_info");
  assertEquals(found.filter((name) => !known.has(name)), []);
  assert(found.length >= 10, found.join(", "));
  assertMatch(text, /^rpc_client_call_duration_count\{rpc_system_name="freshlink",[^}]*\} 1$/m);
  assertMatch(text, /^freshlink_link_up\{[^}]*freshlink_peer="SP30"[^}]*\} 1$/m);
}
