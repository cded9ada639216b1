// Streams from outside: both directions, every end, broken paths and processes that die.

import { assert, assertEquals, assertInstanceOf, assertLess } from "@std/assert";
import { type Endpoint, RequestError } from "../../mod.ts";
import { SimulatedPair } from "../support/simulated_pair.ts";

async function* count(from: number, to: number): AsyncGenerator<number> {
  for (let index = from; index < to; index++) yield index;
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function failure(items: AsyncIterable<unknown>): Promise<[string, string, number]> {
  try {
    await collect(items);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return [error.code, error.delivery, error.received ?? -1];
  }
  throw new Error("the stream did not fail");
}

function sleep({ simulation }: SimulatedPair, ms: number): Promise<void> {
  return new Promise((resolve) => simulation.after(ms, resolve));
}

/** Runs in virtual time, and sees that both endpoints are quiet in the end. */
function test(name: string, run: (pair: SimulatedPair, left: Endpoint) => Promise<void>): void {
  Deno.test(`streams: ${name}`, async () => {
    const pair = await SimulatedPair.start();
    await pair.simulation.settle(run(pair, pair.left), 60_000);
    await pair.simulation.settle(
      Promise.all([pair.left.close({ drainMs: 5_000 }), pair.right.close({ drainMs: 5_000 })]),
      // What has not ended would hold the close back.
      2_000,
    );
  });
}

test(
  "items of a generator come in order, by for await and as a ReadableStream",
  async (pair, left) => {
    pair.right.handleStream("count", (to: number) => count(0, to));
    const numbers = Array.from({ length: 2_000 }, (_, index) => index);
    assertEquals(await collect(left.stream("SP20", "count", 2_000)), numbers);
    const stream = left.stream<number>("SP20", "count", 2_000);
    assertInstanceOf(stream, ReadableStream);
    assertInstanceOf(stream, ReadableStream);
    const reader = stream.getReader();
    const all: number[] = [];
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      all.push(
        read.value,
      );
    }
    assertEquals(all, numbers);
  },
);

test("a request that is a stream has one answer", async (pair, left) => {
  pair.right.handle("sum", async (items: AsyncIterable<number>) => {
    let sum = 0;
    for await (const item of items) sum += item;
    return sum;
  });
  assertEquals(await left.request("SP20", "sum", count(0, 3_000)), 4_498_500);
});

test("both directions at once", async (pair, left) => {
  pair.right.handleStream("double", async function* (items: AsyncIterable<number>) {
    for await (const item of items) yield 2 * item;
  });
  const doubled = await collect(left.stream<number>("SP20", "double", count(0, 500)));
  assertEquals(doubled, Array.from({ length: 500 }, (_, index) => 2 * index));
});

test("bytes of any size, and items larger than any window", async (pair, left) => {
  pair.right.handleStream("echo", async function* (chunks: AsyncIterable<Uint8Array>) {
    yield* chunks;
  }, { codec: "bytes" });
  const chunks = [new Uint8Array(3_000_000).fill(1), new Uint8Array(7).fill(2)];
  const up = ReadableStream.from(chunks);
  let bytes = 0;
  for await (const chunk of left.stream<Uint8Array>("SP20", "echo", up, { codec: "bytes" })) {
    bytes += chunk.length;
  }
  assertEquals(bytes, 3_000_007);
  pair.right.handleStream("texts", function* () {
    yield* ["a", "b".repeat(5_000_000), "c"];
  });
  const texts = await collect(left.stream<string>("SP20", "texts"));
  assertEquals(texts.map(({ length }) => length), [1, 5_000_000, 1]);
  const large = "x".repeat(2_000_000);
  pair.right.handleStream("length", function* (text: string) {
    yield text.length;
  });
  assertEquals(await collect(left.stream("SP20", "length", large)), [2_000_000]);
});

test("a consumer that stops reading stops the generator; break ends it", async (pair, left) => {
  let made = 0;
  let isOver = false;
  pair.right.handleStream("endless", async function* (_: unknown, { signal }) {
    try {
      for (;;) {
        made++;
        yield "x".repeat(1_000);
      }
    } finally {
      isOver = signal.aborted;
    }
  });
  for await (const _ of left.stream("SP20", "endless")) {
    await sleep(pair, 500);
    break;
  }
  await sleep(pair, 500);
  assert(isOver);
  assertLess(made, 300);
});

test("an AbortSignal ends it, with the items so far", async (pair, left) => {
  pair.right.handleStream("some", async function* (_: unknown, { signal }) {
    yield 1;
    yield 2;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  });
  const controller = new AbortController();
  const stream = left.stream<number>("SP20", "some", 0, { signal: controller.signal });
  const got: number[] = [];
  const failed = (async () => {
    for await (const item of stream) {
      got.push(item);
      if (item === 2) controller.abort(new Error("enough"));
    }
  })().then(() => null, (error: RequestError) => error);
  const error = await failed;
  assertEquals([got, error?.code, error?.received], [[1, 2], "cancelled", 2]);
  assertEquals((error?.cause as Error).message, "enough");
});

test("an error of the handler comes after its items, with its details", async (pair, left) => {
  pair.right.handleStream("fails", async function* () {
    yield 1;
    throw Object.assign(new Error("no more tea"), { details: { left: 0 } });
  });
  const iterator = left.stream("SP20", "fails")[Symbol.asyncIterator]();
  assertEquals(await iterator.next(), { done: false, value: 1 });
  const error = await iterator.next().catch((error) => error);
  assertEquals([error.code, error.details, error.received], ["handler-failed", { left: 0 }, 1]);
  assertEquals(await iterator.next(), { done: true, value: undefined });
});

test("a request whose items fail ends both ways", async (pair, left) => {
  let told: unknown;
  pair.right.handle("all", async (items: AsyncIterable<number>) => {
    try {
      await collect(items);
    } catch (error) {
      told = (error as RequestError).code;
    }
  });
  const failing = async function* () {
    yield 1;
    await Promise.resolve();
    throw new Error("no more");
  };
  const error = await left.request<RequestError>("SP20", "all", failing()).catch((error) => error);
  assertEquals([error.code, /no more/.test(error.message)], ["cancelled", true]);
  await sleep(pair, 500);
  assertEquals(told, "cancelled");
});

test(
  "what cannot be: no such service, the other kind, another codec, no peer",
  async (pair, left) => {
    pair.right.ready();
    pair.right.handle("once", () => 1);
    pair.right.handleStream("many", () => count(0, 3));
    const { stream } = {
      stream: (...call: Parameters<Endpoint["stream"]>) => left.stream(...call),
    };
    assertEquals(await failure(stream("SP20", "none")), ["unknown-service", "not-executed", 0]);
    assertEquals(await failure(stream("SP20", "once")), ["unknown-service", "not-executed", 0]);
    const other = { codec: "bytes" } as const;
    assertEquals(
      await failure(stream("SP20", "many", new Uint8Array(1), other)),
      ["codec-mismatch", "not-executed", 0],
    );
    assertEquals(await failure(stream("SP77", "many")), ["undefined-peer", "not-sent", -1]);
    const error = await left.request<RequestError>("SP20", "many").catch((error) => error);
    assertEquals([error.code, error.delivery], ["unknown-service", "not-executed"]);
    const wrong = await collect(stream("SP20", "many", 1, { idleTimeoutMs: -1 })).catch((e) => e);
    assertEquals(wrong.code, "invalid-options");
  },
);

test("deadlines: for the first item, and for silence", async (pair, left) => {
  pair.right.handleStream("silent", async function* (first: boolean, { signal }) {
    if (first) yield 1;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  });
  assertEquals(
    await failure(left.stream("SP20", "silent", false, { timeoutMs: 300 })),
    ["timeout", "maybe-executed", 0],
  );
  assertEquals(
    await failure(left.stream("SP20", "silent", true, { timeoutMs: 300, idleTimeoutMs: 700 })),
    ["timeout", "maybe-executed", 1],
  );
});

test("nothing is lost, doubled or out of order over paths that break", async (pair, left) => {
  pair.right.handleStream("echo", async function* (items: AsyncIterable<number>) {
    yield* items;
  });
  let isOver = false;
  let resets = 0;
  const breaking = (async () => {
    while (!isOver) {
      await sleep(pair, 1);
      pair.simulation.network.reset(...pair.hosts);
      resets++;
      await sleep(pair, 100);
    }
  })();
  const texts = (async function* () {
    for (let index = 0; index < 400; index++) {
      await sleep(pair, index % 5);
      yield `${index}:${"x".repeat(index * 37 % 9_000)}`;
    }
  })();
  const got = await collect(left.stream<string>("SP20", "echo", texts));
  isOver = true;
  await breaking;
  assert(resets > 3);
  assertEquals(got.map((text) => parseInt(text)), Array.from({ length: 400 }, (_, i) => i));
});

test(
  "a process that dies: the items so far, and the next one goes on from there",
  async (pair, left) => {
    const serve = (endpoint: Endpoint) =>
      endpoint.handleStream("count", async function* (to: number, { resumeFrom, signal }) {
        yield* count(resumeFrom, Math.min(to, resumeFrom + 10));
        if (resumeFrom + 10 < to) {
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        }
      });
    serve(pair.right);
    const got: number[] = [];
    let received = 0;
    for (let life = 0; life < 3; life++) {
      const stream = left.stream<number>("SP20", "count", 30, { resumeFrom: received });
      const reading = (async () => {
        for await (const item of stream) got.push(item);
        return null;
      })().catch((error: RequestError) => error);
      await sleep(pair, 500);
      if (life === 2) {
        assertEquals(await reading, null);
        break;
      }
      pair.hosts[1].restart();
      await sleep(pair, 50);
      pair.right = await pair.startEnd(1);
      serve(pair.right);
      const error = await reading as RequestError;
      assertEquals([error.code, error.delivery], ["peer-restarted", "maybe-executed"]);
      assertEquals(error.received, 10);
      received += error.received!;
    }
    assertEquals(got, Array.from({ length: 30 }, (_, index) => index));
  },
);

test("a close waits for streams, and ends those that take too long", async (pair, left) => {
  pair.right.handleStream("slow", async function* (forMs: number) {
    yield 1;
    await sleep(pair, forMs);
    yield 2;
  });
  const brief = collect(left.stream("SP20", "slow", 300));
  const long = failure(left.stream("SP20", "slow", 9_000));
  await sleep(pair, 100);
  const closing = left.close({ drainMs: 1_000 });
  assertEquals(await failure(left.stream("SP20", "slow", 1)), ["closed", "not-sent", -1]);
  assertEquals(await brief, [1, 2]);
  assertEquals(await long, ["closed", "maybe-executed", 1]);
  await closing;
});

test("streams that wait for their handler, for a place, or for nobody", async (pair, left) => {
  const early = collect(left.stream("SP20", "late", 2));
  await sleep(pair, 50);
  pair.right.handleStream("late", (to: number) => count(0, to));
  assertEquals(await early, [0, 1]);
  pair.hosts[1].restart();
  await sleep(pair, 50);
  const waiting = failure(left.stream("SP20", "late", 2, { timeoutMs: 400 }));
  const controller = new AbortController();
  const given = failure(left.stream("SP20", "late", 2, { signal: controller.signal }));
  controller.abort();
  assertEquals(await given, ["cancelled", "not-sent", 0]);
  const [code, delivery] = await waiting;
  assertEquals([code, delivery], ["timeout", "not-sent"]);
  pair.right = await pair.startEnd(1);
});

test(
  "interceptors stand around streams on both sides; metadata goes with them",
  async (pair, left) => {
    const seen: string[] = [];
    for (const endpoint of [left, pair.right]) {
      endpoint.use(async (call, next) => {
        seen.push(`${call.side} ${call.kind} ${call.service}`);
        const items = await next({ metadata: { trace: "7" } });
        return (async function* () {
          for await (const item of items as AsyncIterable<number>) yield item + 1;
        })();
      });
    }
    pair.right.handleStream("meta", async function* (_: unknown, { metadata }) {
      yield Number(metadata["trace"]);
    });
    assertEquals(await collect(left.stream("SP20", "meta")), [9]);
    assertEquals(seen, ["calling stream meta", "serving stream meta"]);
  },
);

Deno.test("streams: of a client", async () => {
  const pair = await SimulatedPair.start();
  pair.left.handleStream("count", (to: number) => count(0, to));
  const client = await pair.client();
  const all = pair.simulation.settle(collect(client.stream("count", 100)), 10_000);
  assertEquals((await all).length, 100);
  await pair.simulation.settle(client.close(), 10_000);
  await pair.close();
});

test("handlers open streams: at others for their call, and at their caller", async (pair, left) => {
  interface Numbers {
    count(to: number): AsyncIterable<number>;
  }
  const service = left.service<Numbers>();
  service.handleStream("count", (to) => count(0, to));
  pair.right.handle("sum", async (to: number, context) => {
    const own = await collect(context.caller.peer<Numbers>().stream("count", to));
    const nested = await collect(context.stream<number>("SP10", "count", to));
    return own.length + nested.length;
  });
  pair.right.handleStream("relay", async function* (to: number, context) {
    yield* context.stream<number>(context.caller, "count", to);
  });
  assertEquals(await left.request("SP20", "sum", 7), 14);
  assertEquals(await collect(left.stream("SP20", "relay", 3)), [0, 1, 2]);
});
