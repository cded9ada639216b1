// Spans and metrics between two endpoints, with the conventions' names, across a broken path.

import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import { assert, assertEquals, assertExists } from "@std/assert";
import { Client } from "../../mod.ts";
import { instrument, METRICS } from "../../src/telemetry/opentelemetry.ts";
import { ATTRIBUTES } from "../../src/telemetry/tracing.ts";
import { Pair, requestError } from "../support/endpoints.ts";
import { SimulatedPair } from "../support/simulated_pair.ts";

/** A tracer whose spans are kept. */
class Spans {
  readonly exporter = new InMemorySpanExporter();
  readonly provider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(this.exporter)],
  });

  /** Spans that have ended, by name and kind. */
  of(name: string, kind: SpanKind): ReadableSpan[] {
    return this.exporter.getFinishedSpans().filter((span) =>
      span.name === name && span.kind === kind
    );
  }

  one(name: string, kind: SpanKind): ReadableSpan {
    const found = this.of(name, kind);
    assertEquals(found.length, 1, `${name} ${kind}`);
    return found[0]!;
  }
}

const noMetrics = { metrics: false } as const;

Deno.test("instrument: a call that calls another one is one trace, with and without a context manager", async () => {
  for (const manager of [null, new AsyncLocalStorageContextManager().enable()]) {
    if (manager !== null) context.setGlobalContextManager(manager);
    try {
      await using pair = await Pair.start();
      const spans = new Spans();
      const { left: { endpoint: left }, right: { endpoint: right } } = pair;
      for (const one of [left, right]) {
        instrument(one, { tracerProvider: spans.provider, ...noMetrics });
      }
      left.handle("stock", (item) => item);
      right.handle("order", (item, call) => call.request("SP10", "stock", item));
      assertEquals(await left.request("SP20", "order", "tea"), "tea");
      const [client, server] = [SpanKind.CLIENT, SpanKind.SERVER];
      const chain = [
        spans.one("order", client),
        spans.one("order", server),
        spans.one("stock", client),
        spans.one("stock", server),
      ];
      const ids = chain.map((span) => span.spanContext().spanId);
      assertEquals(chain.map((span) => span.parentSpanContext?.spanId), [
        undefined,
        ...ids.slice(0, 3),
      ]);
      assertEquals(new Set(chain.map((span) => span.spanContext().traceId)).size, 1);
      const { attributes } = chain[0]!;
      assertEquals(attributes["rpc.system.name"], "freshlink");
      assertEquals(attributes["rpc.method"], "order");
      assertEquals(attributes["freshlink.peer"], "SP20");
      assertEquals(attributes["server.address"], "127.0.0.1");
      assertEquals(attributes["freshlink.boot_id"], right.bootId);
      assert(Number(attributes["freshlink.link.identifier"]) > 0);
    } finally {
      context.disable();
    }
  }
});

Deno.test("instrument: errors, notifications and clients have spans; ended, nothing has", async () => {
  await using pair = await Pair.start();
  const spans = new Spans();
  const { left: { endpoint: left }, right: { endpoint: right } } = pair;
  const options = { tracerProvider: spans.provider, ...noMetrics };
  const end = instrument(left, options);
  instrument(right, options);
  right.handle("fail", () => {
    throw new TypeError("no stock");
  });
  right.handle("tell", () => {});
  await requestError(left.request("SP20", "fail"));
  await left.notify("SP20", "tell");
  await left.flush("SP20");
  const failed = spans.one("fail", SpanKind.CLIENT);
  assertEquals(failed.status.code, SpanStatusCode.ERROR);
  assertEquals(failed.attributes["error.type"], "handler-failed");
  assertEquals(failed.attributes["freshlink.delivery"], "executed");
  assertEquals(spans.one("fail", SpanKind.SERVER).attributes["error.type"], "TypeError");
  assertEquals(
    spans.one("tell", SpanKind.SERVER).parentSpanContext?.spanId,
    spans.one("tell", SpanKind.CLIENT).spanContext().spanId,
  );
  const { hostname, port } = right.address;
  await using client = await Client.connect({ hostname, port, name: "desk" });
  instrument(client, options);
  right.handle("echo", (payload) => payload);
  await client.request("echo", 1);
  assertEquals(spans.one("echo", SpanKind.SERVER).attributes["freshlink.peer"], "desk");
  end();
  spans.exporter.reset();
  await left.request("SP20", "echo", 1);
  assertEquals(spans.of("echo", SpanKind.CLIENT), []);
});

Deno.test("instrument: an application's own propagator is asked, and its baggage arrives", async () => {
  propagation.setGlobalPropagator({
    fields: () => ["x-trace"],
    inject: (_context, carrier) => {
      (carrier as Record<string, string>)["x-trace"] = "here";
    },
    extract: (from, carrier) =>
      trace.setSpanContext(from, {
        traceId: (carrier as Record<string, string>)["x-trace"] === "here"
          ? "1".repeat(32)
          : "2".repeat(32),
        spanId: "3".repeat(16),
        traceFlags: 1,
      }),
  });
  try {
    await using pair = await Pair.start();
    const spans = new Spans();
    const options = { tracerProvider: spans.provider, ...noMetrics };
    instrument(pair.left.endpoint, options);
    instrument(pair.right.endpoint, options);
    pair.right.endpoint.handle("read", (_payload, { metadata }) => ({ ...metadata }));
    const call = pair.left.endpoint.request("SP20", "read", 1, { metadata: { own: "1" } });
    assertEquals(await call, { own: "1", "x-trace": "here" });
    assertEquals(spans.one("read", SpanKind.SERVER).spanContext().traceId, "1".repeat(32));
  } finally {
    propagation.disable();
  }
});

Deno.test("instrument: a call that is sent again on another connection stays one trace, and says so", async () => {
  const pair = await SimulatedPair.start();
  const { simulation, left, right, hosts: [one, two] } = pair;
  const spans = new Spans();
  for (const end of [left, right]) {
    instrument(end, { tracerProvider: spans.provider, ...noMetrics });
  }
  right.handle(
    "slow",
    (payload) => new Promise((resolve) => simulation.after(20_000, () => resolve(payload))),
  );
  const answer = left.request("SP20", "slow", 7, { timeoutMs: 60_000 });
  await simulation.run(100);
  simulation.network.cut(one, two);
  await simulation.run(6_000);
  simulation.network.heal(one, two);
  assertEquals(await simulation.settle(answer, 60_000), 7);
  const client = spans.one("slow", SpanKind.CLIENT);
  const server = spans.one("slow", SpanKind.SERVER);
  assertEquals(server.parentSpanContext?.spanId, client.spanContext().spanId);
  const names = client.events.map(({ name }) => name);
  assert(names.includes("freshlink.suspicion") && names.includes("freshlink.takeover"), `${names}`);
  const takeover = client.events.find(({ name }) => name === "freshlink.takeover")!;
  assertExists(takeover.attributes!["freshlink.link.identifier"]);
  assertEquals(takeover.attributes!["freshlink.new_process"], false);
  await Promise.all([left, right].map((end) => simulation.settle(end.close(), 5_000)));
});

Deno.test("instrument: every metric of the table has values, and none beside it", async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  {
    await using pair = await Pair.start();
    const { left: { endpoint: left }, right: { endpoint: right } } = pair;
    instrument(left, { meterProvider });
    right.handle("echo", (payload) => payload);
    left.handle("echo", (payload) => payload);
    await left.request("SP20", "echo", 1);
    await right.request("SP10", "echo", 1);
    await reader.forceFlush();
  }
  const all = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics)
    .flatMap(({ metrics }) => metrics);
  const found = new Map(all.map((metric) => [metric.descriptor.name, metric]));
  for (const [name, { descriptor, dataPoints }] of found) {
    const row = METRICS[name as keyof typeof METRICS];
    assertExists(row, name);
    assertEquals(descriptor.unit, row.unit, name);
    for (const { attributes } of dataPoints) {
      const unknown = Object.keys(attributes).filter((key) => !row.attributes.includes(key));
      assertEquals(unknown, [], name);
    }
  }
  const duration = found.get("rpc.client.call.duration")!;
  assertEquals(duration.dataPoints.length, 1);
  const io = found.get("freshlink.io")!;
  assert(io.dataPoints.every(({ value }) => Number(value) > 0));
  assertEquals(found.get("freshlink.link.up")!.dataPoints[0]!.value, 1);
  await meterProvider.shutdown();
});

Deno.test("instrument: events become counts, by the names of the table", async () => {
  const { Meters, measureEndpoint } = await import("../../src/telemetry/meters.ts");
  const counted: string[] = [];
  const instrument = (name: string) => ({
    add: (times: number) => counted.push(`${name} ${times}`),
    record() {},
  });
  const meter = {
    createHistogram: instrument,
    createCounter: instrument,
    createObservableCounter: instrument,
    createObservableGauge: instrument,
    addBatchObservableCallback() {},
    removeBatchObservableCallback() {},
  };
  const base = { peer: "SP20", remoteAddress: null, atMs: 0, atMicros: 0, code: "timeout" };
  const types = [
    { type: "connected", replayedFrames: 4 },
    { type: "lost" },
    { type: "superseded" },
    { type: "peer-restarted", failed: 2, repeated: 3 },
    { type: "suspect" },
    { type: "dial-failed" },
    { type: "handshake-failed" },
    { type: "protocol-error" },
    { type: "notification-dropped" },
    { type: "handler-failed" },
    { type: "closed" },
  ];
  const endpoint = {
    on: (listener: (event: unknown) => void) => {
      for (const event of types) listener({ ...base, ...event });
      return () => {};
    },
  };
  measureEndpoint(endpoint as never, new Meters(meter as never));
  const counters = Object.entries(METRICS).filter(([, { kind }]) => kind === "counter");
  assertEquals(
    new Set(counted.map((line) => line.split(" ")[0])),
    new Set(counters.map(([n]) => n)),
  );
  assert(counted.includes("freshlink.link.frames.replayed 4"));
  assert(counted.includes("freshlink.link.calls.repeated 3"));
});

Deno.test("names of spans' attributes and of metrics are those of the conventions' package", () => {
  const known = new Set<unknown>(Object.values(conventions));
  const own = (name: string) => name.startsWith("freshlink.");
  const foreign = [
    ...Object.values(ATTRIBUTES),
    ...Object.keys(METRICS),
    ...Object.values(METRICS).flatMap(({ attributes }) => attributes),
  ].filter((name) => !own(name));
  assertEquals(foreign.filter((name) => !known.has(name)), []);
  assertEquals(conventions.METRIC_RPC_CLIENT_CALL_DURATION, "rpc.client.call.duration");
  assert(foreign.includes(conventions.METRIC_RPC_SERVER_CALL_DURATION));
});
