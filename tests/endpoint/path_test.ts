// What happens to requests when the path breaks while both processes live, and when a peer closes
// in good order. Every connection of these pairs goes through a cable.

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import type { EndpointOptions } from "../../mod.ts";
import { Cable } from "../support/cable.ts";
import { freePort, requestError, Watched } from "../support/endpoints.ts";

const QUICK = {
  heartbeatIntervalMs: 100,
  suspectAfterMs: 150,
  deadAfterMs: 10_000,
  redialMinMs: 20,
  redialMaxMs: 100,
  requestTimeoutMs: 20_000,
};

/** Two endpoints, a cable for each direction of dialling. */
class CabledPair implements AsyncDisposable {
  readonly left: Watched;
  readonly right: Watched;
  readonly cables: readonly [Cable, Cable];
  readonly #options: Partial<EndpointOptions>;

  private constructor(
    left: Watched,
    right: Watched,
    cables: readonly [Cable, Cable],
    options: Partial<EndpointOptions>,
  ) {
    this.left = left;
    this.right = right;
    this.cables = cables;
    this.#options = options;
  }

  static async start(options: Partial<EndpointOptions> = {}): Promise<CabledPair> {
    const [leftPort, rightPort] = [freePort(), freePort()];
    const cables = [new Cable(rightPort), new Cable(leftPort)] as const;
    const left = await Watched.start({
      name: "SP10",
      listen: { port: leftPort },
      peers: [{ name: "SP20", hostname: "127.0.0.1", port: cables[0].port }],
      ...QUICK,
      ...options,
    });
    const right = await CabledPair.#startRight(rightPort, cables[1].port, options);
    const pair = new CabledPair(left, right, cables, options);
    await Promise.all([left.event("connected"), right.event("connected")]);
    return pair;
  }

  static #startRight(port: number, peerPort: number, options: Partial<EndpointOptions>) {
    return Watched.start({
      name: "SP20",
      listen: { port },
      peers: [{ name: "SP10", hostname: "127.0.0.1", port: peerPort }],
      ...QUICK,
      ...options,
    });
  }

  /** Another life of the right one. */
  restartRight(): Promise<Watched> {
    const { port } = this.right.endpoint.address;
    return CabledPair.#startRight(port, this.cables[1].port, this.#options);
  }

  cut(): void {
    for (const cable of this.cables) cable.cut();
  }

  break(): void {
    for (const cable of this.cables) cable.break();
  }

  get bytes(): number {
    return this.cables[0].bytes + this.cables[1].bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([
      this.left.endpoint.close({ drainMs: 0 }),
      this.right.endpoint.close({ drainMs: 0 }),
    ]);
    for (const cable of this.cables) cable[Symbol.dispose]();
  }
}

/** A call that is waited for later: should the test fail before, that failure is what is told. */
function kept<Value>(call: Promise<Value>): Promise<Value> {
  call.catch(() => {});
  return call;
}

for (const fault of ["cut", "break"] as const) {
  Deno.test(`a path that is ${fault}: requests in flight are answered once over the next connection`, async () => {
    await using pair = await CabledPair.start();
    const executed: number[] = [];
    const release = Promise.withResolvers<void>();
    pair.right.endpoint.handle("book", async (number: number) => {
      executed.push(number);
      if (number % 2 === 0) await release.promise;
      return number;
    });
    const { endpoint } = pair.left;
    const numbers = Array.from({ length: 40 }, (_, index) => index);
    const book = (number: number) => kept(endpoint.request("SP20", "book", number));
    const started = numbers.slice(0, 20).map(book);
    await started[1];
    pair[fault]();
    // These are written into the dead connection, or wait for the next one.
    const later = numbers.slice(20).map(book);
    release.resolve();
    assertEquals(await Promise.all([...started, ...later]), numbers);
    assertEquals(executed.toSorted((one, other) => one - other), numbers);
    assertEquals(pair.left.usable().length, 1);
    assertEquals(pair.left.events.filter(({ type }) => type === "peer-restarted"), []);
  });
}

Deno.test("a cut path: the follower and the arbiter both end the dead connection at once", async () => {
  await using pair = await CabledPair.start();
  pair.right.endpoint.handle("echo", (payload) => payload);
  const [old] = pair.left.usable();
  pair.cut();
  await pair.left.endpoint.request("SP20", "echo", 1);
  // The verdict would take ten seconds.
  const ended = await Promise.all([
    pair.left.event("superseded", ({ identifier }) => identifier === old!.identifier),
    pair.right.event("superseded", ({ identifier }) => identifier === old!.identifier),
  ]);
  for (const event of ended) assertGreater(event.by, old!.identifier);
  const suspects = [...pair.left.events, ...pair.right.events].filter(({ type }) =>
    type === "suspect"
  );
  assertGreater(suspects.length, 0);
  assertEquals(pair.left.endpoint.connections().length, 1);
});

Deno.test("a large payload whose path breaks half-way is continued, not started again", async () => {
  const size = 12 * 1_048_576;
  await using pair = await CabledPair.start({ retainMaxBytes: 1_048_576 });
  const take = (payload: Uint8Array) => payload.subarray(0, 4);
  pair.right.endpoint.handle("take", take, { codec: "bytes" });
  const payload = new Uint8Array(size).fill(7);
  const { endpoint } = pair.left;
  const call = kept(endpoint.request<Uint8Array>("SP20", "take", payload, { codec: "bytes" }));
  for (let breaks = 0; breaks < 3; breaks++) {
    await Promise.race(pair.cables.map((cable) => cable.passed(size / 8)));
    const { length } = pair.left.events.filter(({ type }) => type === "connected");
    pair.break();
    await pair.left.event(
      "connected",
      () => pair.left.events.filter(({ type }) => type === "connected").length > length,
    );
  }
  assertEquals(await call, new Uint8Array(4).fill(7));
  // What is sent again is at most what was not acknowledged.
  assertLess(pair.bytes, size + 4 * 2 * 1_048_576);
});

Deno.test("a small request passes a large payload on its way", async () => {
  await using pair = await CabledPair.start({ payloadMaxBytes: 104_857_600 });
  pair.right.endpoint.handle(
    "size",
    (payload: Uint8Array) => new Uint8Array([payload.length / 1_048_576]),
    { codec: "bytes" },
  );
  const { endpoint } = pair.left;
  const options = { codec: "bytes" } as const;
  let done = false;
  const large = kept(
    endpoint.request<Uint8Array>("SP20", "size", new Uint8Array(100 * 1_048_576), {
      ...options,
      timeoutMs: 60_000,
    }).finally(() => done = true),
  );
  let passed = 0;
  while (!done) {
    await endpoint.request("SP20", "size", new Uint8Array(1), options);
    if (!done) passed++;
  }
  assertEquals(await large, new Uint8Array([100]));
  assertGreater(passed, 20);
  assertEquals(pair.left.events.filter(({ type }) => type === "lost"), []);
});

Deno.test("a peer that closes in good order: open requests end there, new ones go to its next life", async () => {
  await using pair = await CabledPair.start();
  const started = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  pair.right.endpoint.handle("book", async (number: number) => {
    started.resolve();
    await release.promise;
    return `first ${number}`;
  });
  const open = kept(pair.left.endpoint.request("SP20", "book", 1));
  await started.promise;
  const closed = pair.right.endpoint.close();
  await pair.left.event("draining");
  const next = kept(pair.left.endpoint.request("SP20", "book", 2));
  const refused = await requestError(
    pair.left.endpoint.request("SP20", "book", 3, { whenDown: "fail" }),
  );
  assertEquals([refused.code, refused.delivery], ["peer-down", "not-sent"]);
  release.resolve();
  assertEquals(await open, "first 1");
  await closed;
  await using second = await pair.restartRight();
  second.endpoint.handle("book", (number: number) => `second ${number}`);
  assertEquals(await next, "second 2");
  const restarted = await pair.left.event("peer-restarted");
  assertEquals([restarted.failed, restarted.repeated], [0, 0]);
});

Deno.test("notifications survive a broken path: once, in order", async () => {
  await using pair = await CabledPair.start();
  const seen: number[] = [];
  const all = Promise.withResolvers<void>();
  pair.right.endpoint.handle("note", (number: number) => {
    seen.push(number);
    if (number === 299) all.resolve();
  });
  for (let number = 0; number < 300; number++) {
    await pair.left.endpoint.notify("SP20", "note", number);
    if (number % 100 === 50) pair.break();
  }
  await all.promise;
  assertEquals(seen, Array.from({ length: 300 }, (_, index) => index));
  assert(pair.left.events.filter(({ type }) => type === "connected").length > 1);
});
