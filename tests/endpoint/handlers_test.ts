// Handlers that are there from the start, and requests that come before theirs.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ConfigurationError, Endpoint, type EndpointOptions } from "../../mod.ts";
import { Simulation } from "../../src/simulator/mod.ts";
import { EndpointPair, requestError } from "../support/endpoints.ts";

/** Two simulated ends; `late` has no handlers yet. */
async function ends(options: Partial<EndpointOptions> = {}) {
  const simulation = new Simulation({ seed: 3 });
  const [one, two] = [simulation.host("caller"), simulation.host("late")];
  const start = (host: typeof one, other: typeof one, more: Partial<EndpointOptions>) =>
    Endpoint.start({
      name: host.name,
      listen: { hostname: "0.0.0.0", port: 11_000 },
      advertise: { hostname: host.address },
      peers: [{ name: other.name, hostname: other.address, port: 11_000 }],
      insecure: true,
      runtime: host.runtime,
      ...more,
    });
  const caller = await start(one, two, {});
  const late = await start(two, one, options);
  const close = () =>
    Promise.all([caller, late].map((end) => simulation.settle(end.close(), 5_000)));
  return { simulation, caller, late, close };
}

Deno.test("handlers: those of the options answer before anything else is done", async () => {
  const handlers = {
    double: (value: number) => 2 * value,
    raw: { handler: (bytes: Uint8Array) => bytes.toReversed(), codec: "bytes" },
    who: (_payload: unknown, { caller }: { caller: { name: string } }) => caller.name,
  } as const;
  await using pair = await EndpointPair.start({}, { handlers });
  const { endpoint } = pair.left;
  assertEquals(await endpoint.request("SP20", "double", 4), 8);
  assertEquals(
    await endpoint.request("SP20", "raw", Uint8Array.of(1, 2), { codec: "bytes" }),
    Uint8Array.of(2, 1),
  );
  assertEquals(await endpoint.request("SP20", "who"), "SP10");
  const startedMs = performance.now();
  assertEquals((await requestError(endpoint.request("SP20", "none"))).code, "unknown-service");
  assert(performance.now() - startedMs < 900, "with handlers nothing waits for others");
});

Deno.test("handlers: every problem at once, and nothing listens then", async () => {
  const handlers = {
    a: 5,
    b: { handler: 1, codec: "yaml", kodec: 1 },
    "": () => 1,
    "freshlink/table": () => 1,
  };
  const start = Endpoint.start({ listen: { port: 0 }, handlers } as never);
  const { problems } = await assertRejects(() => start, ConfigurationError);
  assertEquals(problems, [
    "handlers.a: expected a function or { handler, codec }, found 5",
    "handlers.b.kodec: there is no such key, did you mean 'codec'?",
    "handlers.b.handler: expected a function, found 1",
    'handlers.b.codec: expected "json", "bytes" or { name, encode, decode }, found "yaml"',
    'handlers.: expected a name of 1 to 255 bytes of UTF-8, found ""',
    "handlers.freshlink/table: Cannot handle 'freshlink/table' twice",
  ]);
});

Deno.test("starting: a request that comes before its handler waits for it, in order", async () => {
  const { simulation, caller, late, close } = await ends();
  const order: unknown[] = [];
  const answers = [1, 2, 3].map((value) => caller.request("late", "note", value));
  const bytes = new Uint8Array(300_000).map((_, index) => index);
  const large = caller.request<Uint8Array>("late", "large", bytes, { codec: "bytes" });
  await simulation.run(500);
  late.handle("other", () => 0);
  late.handle("large", (payload: Uint8Array) => payload.toReversed(), { codec: "bytes" });
  late.handle("note", (value) => {
    order.push(value);
    return value;
  });
  assertEquals(order, [], "no handler runs inside of handle()");
  assertEquals(await simulation.settle(Promise.all(answers), 1_000), [1, 2, 3]);
  assertEquals(order, [1, 2, 3]);
  assertEquals(await simulation.settle(large, 1_000), bytes.toReversed());
  await close();
});

Deno.test("a large request to nobody is refused at its announcement, with every codec", async () => {
  const { simulation, caller, late, close } = await ends({ startingMs: 60_000 });
  const bytes = new Uint8Array(4_000_000);
  const call = (service: string) =>
    requestError(caller.request("late", service, bytes, { codec: "bytes", timeoutMs: 20_000 }));
  const early = [call("none"), call("json")];
  await simulation.run(500);
  late.handle("json", () => 0);
  const { code, delivery } = await simulation.settle(early[1]!, 1_000);
  assertEquals([code, delivery], ["codec-mismatch", "not-executed"]);
  late.ready();
  assertEquals((await simulation.settle(early[0]!, 1_000)).code, "unknown-service");
  const more = await simulation.settle(Promise.all([call("none"), call("json")]), 1_000);
  assertEquals(more.map(({ code }) => code), ["unknown-service", "codec-mismatch"]);
  await close();
});

Deno.test("starting: it is over after startingMs, with ready(), and when the endpoint closes", async (t) => {
  const early = async (options: Partial<EndpointOptions>, end: (late: Endpoint) => void) => {
    const { simulation, caller, late, close } = await ends(options);
    const call = requestError(caller.request("late", "none", 1, { timeoutMs: 20_000 }));
    await simulation.run(100);
    end(late);
    const startedMs = simulation.nowMs;
    const { code } = await simulation.settle(call, 20_000);
    const waitedMs = simulation.nowMs - startedMs;
    const again = requestError(caller.request("late", "none", 1, { timeoutMs: 500 }));
    if (options.drainMs === undefined) {
      assertEquals((await simulation.settle(again, 1_000)).code, "unknown-service");
    }
    await close();
    return [code, waitedMs > 500 && waitedMs < 1_000];
  };
  await t.step("startingMs", async () => {
    assertEquals(await early({}, () => {}), ["unknown-service", true]);
  });
  await t.step("ready()", async () => {
    assertEquals(await early({ startingMs: 60_000 }, (late) => late.ready()), [
      "unknown-service",
      false,
    ]);
  });
  await t.step("0", async () => {
    assertEquals(await early({ startingMs: 0 }, () => {}), ["unknown-service", false]);
  });
  await t.step("close", async () => {
    const end = (late: Endpoint) => void late.close();
    assertEquals(await early({ startingMs: 60_000, drainMs: 10_000 }, end), [
      "unknown-service",
      false,
    ]);
  });
});

Deno.test("starting: who gives up while it waits frees its place; its handler never runs", async () => {
  const { simulation, caller, late, close } = await ends({ startingMs: 60_000, maxInFlight: 1 });
  const short = requestError(caller.request("late", "note", 1, { timeoutMs: 200 }));
  assertEquals((await simulation.settle(short, 1_000)).code, "timeout");
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = requestError(caller.request("late", "note", 2, { signal }));
  await simulation.run(200);
  controller.abort();
  assertEquals((await simulation.settle(aborted, 1_000)).code, "cancelled");
  const kept = caller.request("late", "note", 3);
  await simulation.run(200);
  const seen: unknown[] = [];
  late.handle("note", (value) => seen.push(value));
  assertEquals(await simulation.settle(kept, 1_000), 1);
  assertEquals(seen, [3]);
  await close();
});

Deno.test("starting: what waits is bounded, in requests and in bytes", async () => {
  const { simulation, caller, late, close } = await ends({
    startingMs: 60_000,
    maxInFlight: 2_000,
  });
  const options = { timeoutMs: 10_000 };
  const calls = Array.from(
    { length: 1_100 },
    () => caller.request("late", "note", 1, options).then(() => "answered", ({ code }) => code),
  );
  await simulation.run(1_000);
  late.handle("note", () => 1);
  const ended = await simulation.settle(Promise.all(calls), 5_000);
  assertEquals(ended.filter((end) => end === "answered").length, 1_024);
  assertEquals(ended.filter((end) => end === "overloaded").length, 76);
  const call = (bytes: number) =>
    caller.request("late", "large", new Uint8Array(bytes), { codec: "bytes", ...options })
      .then(() => "answered", ({ code }) => code);
  // What needs no room is there before its handler; what needs some waits at its sender.
  const onCredit: Promise<string>[] = [];
  for (let count = 0; count < 100; count++) {
    onCredit.push(call(200_000));
    await simulation.run(20);
  }
  const large = Array.from({ length: 5 }, () => call(4_000_000));
  await simulation.run(2_000);
  late.handle("large", () => new Uint8Array(1), { codec: "bytes" });
  const few = await simulation.settle(Promise.all(onCredit), 10_000);
  assertEquals(few.filter((end) => end === "answered").length, 83);
  assertEquals(few.filter((end) => end === "overloaded").length, 17);
  const all = await simulation.settle(Promise.all(large), 10_000);
  assertEquals(all, Array(5).fill("answered"));
  await close();
});

Deno.test("starting: a waiting request with another codec is told so", async () => {
  const { simulation, caller, late, close } = await ends();
  const call = requestError(caller.request("late", "raw", 1));
  await simulation.run(100);
  late.handle("raw", (bytes: Uint8Array) => bytes, { codec: "bytes" });
  const error = await simulation.settle(call, 1_000);
  assertEquals(error.code, "codec-mismatch");
  assertStringIncludes(error.message, "'raw'");
  await close();
});
