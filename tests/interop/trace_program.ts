/**
 * One process of a trace through three: it serves `order`, which asks the next process, and keeps
 * its spans in memory. Lines of JSON in and out; runs unchanged on Deno, Bun and Node.
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { Endpoint } from "../../mod.ts";
import { instrument } from "../../src/telemetry/opentelemetry.ts";

/** An order to the program, without its number. */
export type Order =
  /** Asks the next process, which asks the one after it. */
  | { do: "ask"; hang: boolean }
  /** How many calls hang here. */
  | { do: "hanging" }
  | { do: "spans" };

/** A span as the test looks at it. */
export interface SpanReport {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parent: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { name: string; attributes: Readonly<Record<string, unknown>> }[];
}

// NAME PORT NEXT NEXT_PORT; the last process has no next one, and its NEXT is whoever asks it.
const [name, port, next, nextPort, life] = process.argv.slice(2) as string[];
const isLast = name === "SP30";

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const exporter = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({
  spanProcessors: [new SimpleSpanProcessor(exporter)],
});

let hanging = 0;
const endpoint = await Endpoint.start({
  name: name!,
  listen: { port: Number(port) },
  peers: [{ name: next!, hostname: "127.0.0.1", port: Number(nextPort) }],
  redialMinMs: 50,
  redialMaxMs: 500,
  insecure: true,
  ...(name === "SP20" ? { peers: peersOfMiddle() } : {}),
});
instrument(endpoint, { tracerProvider, metrics: false });
endpoint.handle("order", (hang: boolean, call) => {
  if (!isLast) return call.request(next!, "order", hang, { idempotent: true, timeoutMs: 20_000 });
  // The first life never answers: the next one does.
  if (!hang || life === "2") return name;
  hanging++;
  return new Promise(() => {});
});

function peersOfMiddle() {
  const [, , , , , before, beforePort] = process.argv.slice(2) as string[];
  return [
    { name: next!, hostname: "127.0.0.1", port: Number(nextPort) },
    { name: before!, hostname: "127.0.0.1", port: Number(beforePort) },
  ];
}

async function obey(order: Order): Promise<object> {
  switch (order.do) {
    case "ask": {
      const options = { timeoutMs: 20_000, idempotent: true };
      return { ok: await endpoint.request(next!, "order", order.hang, options) };
    }
    case "hanging":
      return { hanging };
    case "spans": {
      const spans = exporter.getFinishedSpans().map((span): SpanReport => ({
        name: span.name,
        kind: span.kind,
        traceId: span.spanContext().traceId,
        spanId: span.spanContext().spanId,
        parent: span.parentSpanContext?.spanId,
        attributes: span.attributes,
        events: span.events.map(({ name, attributes = {} }) => ({ name, attributes })),
      }));
      exporter.reset();
      return { spans };
    }
  }
}

process.stdout.write(`${JSON.stringify({ id: 0, ready: endpoint.bootId })}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...order } = JSON.parse(line) as Order & { id: number };
  const answer = await obey(order as Order).catch((error) => ({ failure: String(error) }));
  process.stdout.write(`${JSON.stringify({ id, ...answer })}\n`);
}
