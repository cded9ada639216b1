// Every byte has a place: calls and notifications that wait and cannot stop each other, in virtual
// time. Each of these stopped, failed or lost something before there were places, credit and room.

import { assert, assertEquals } from "@std/assert";
import { outcomes, SimulatedPair } from "../support/simulated_pair.ts";

const BYTES = { codec: "bytes" } as const;

function fill(size: number, seed = 0): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index++) bytes[index] = (index * 31 + seed) & 0xff;
  return bytes;
}

/** Whether they are the same; a difference of large payloads is not worth printing. */
function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

Deno.test("16 requests of 100 kB in each direction at once are answered", async () => {
  const pair = await SimulatedPair.start();
  const { left, right, simulation } = pair;
  for (const end of [left, right]) end.handle("echo", (payload: Uint8Array) => payload, BYTES);
  const calls = Array.from({ length: 16 }, (_, k) => [
    left.request("SP20", "echo", fill(100_000, k), { ...BYTES, timeoutMs: 20_000 }),
    right.request("SP10", "echo", fill(100_000, k), { ...BYTES, timeoutMs: 20_000 }),
  ]).flat();
  assertEquals(await outcomes(simulation, calls, 25_000), { ok: 32 });
  assert(equalBytes(await calls[6] as Uint8Array, fill(100_000, 3)));
  await pair.close();
});

Deno.test("a burst of 70 kB requests is answered, with all defaults", async () => {
  const pair = await SimulatedPair.start();
  const { left, right, simulation } = pair;
  for (const end of [left, right]) end.handle("echo", (payload: Uint8Array) => payload, BYTES);
  const payload = fill(70_000);
  const calls = Array.from({ length: 64 }, () => [
    left.request("SP20", "echo", payload, BYTES),
    right.request("SP10", "echo", payload, BYTES),
  ]).flat();
  assertEquals(await outcomes(simulation, calls, 10_000), { ok: 128 });
  await pair.close();
});

Deno.test("two calls of 16 MiB at once wait for each other and are answered", async () => {
  const pair = await SimulatedPair.start();
  const { left, right, simulation } = pair;
  right.handle("size", (payload: Uint8Array) => fill(payload.length % 1_000), BYTES);
  const payload = new Uint8Array(16 * 1_048_576);
  const calls = [1, 2, 3].map(() =>
    left.request("SP20", "size", payload, { ...BYTES, timeoutMs: 20_000 })
  );
  assertEquals(await outcomes(simulation, calls, 25_000), { ok: 3 });
  await pair.close();
});

Deno.test("slow notification handlers do not stop the answers of other calls", async () => {
  const pair = await SimulatedPair.start({ maxInFlight: 8 });
  const { left, right, simulation, hosts } = pair;
  const { clock } = hosts[1].runtime;
  right.handle("slow", () => new Promise<void>((resolve) => clock.setTimer(60_000, resolve)));
  right.handle("echo", (payload) => payload);
  const padding = "x".repeat(10_000);
  for (let k = 0; k < 2_000; k++) void left.notify("SP20", "slow", padding).catch(() => {});
  await simulation.run(100);
  const calls = Array.from({ length: 50 }, (_, k) => left.request("SP20", "echo", k));
  assertEquals(await outcomes(simulation, calls, 6_000), { ok: 50 });
  await pair.close();
});

Deno.test("notifications of every size start in the order in which they were made", async () => {
  const pair = await SimulatedPair.start();
  const { left, right, simulation } = pair;
  const seen: number[] = [];
  right.handle("note", (payload: Uint8Array) => {
    seen.push(payload[0]!);
  }, BYTES);
  const sizes = [1, 200_000, 10, 70_000, 5, 3_000_000, 0, 65_536, 65_537, 400_000, 1];
  const payloads = sizes.map((size, k) => new Uint8Array(size + 1).fill(k));
  const notes = payloads.map((payload) => left.notify("SP20", "note", payload, BYTES));
  assertEquals(await outcomes(simulation, notes, 5_000), { ok: sizes.length });
  await simulation.until(() => seen.length === sizes.length, 20_000);
  assertEquals(seen, sizes.map((_, k) => k));
  await pair.close();
});

Deno.test("100,000 notifications in one turn are delivered in order", async () => {
  const pair = await SimulatedPair.start();
  const { left, right, simulation } = pair;
  let next = 0;
  let inOrder = true;
  right.handle("note", (index: number) => {
    inOrder &&= index === next++;
  });
  let taken = 0;
  for (let k = 0; k < 100_000; k++) void left.notify("SP20", "note", k).then(() => taken++);
  await simulation.until(() => next === 100_000 && taken === 100_000, 20_000);
  assert(inOrder);
  await pair.close();
});

Deno.test("close() delivers the notifications that were taken", async () => {
  const pair = await SimulatedPair.start({}, { maxInFlight: 2 });
  const { left, right, simulation, hosts } = pair;
  const { clock } = hosts[1].runtime;
  let ended = 0;
  right.handle("note", () =>
    new Promise<void>((resolve) =>
      clock.setTimer(20, () => {
        ended++;
        resolve();
      })
    ));
  const notes = Array.from({ length: 40 }, (_, k) => left.notify("SP20", "note", k));
  assertEquals(await outcomes(simulation, notes, 1_000), { ok: 40 });
  await simulation.settle(left.close(), 10_000);
  await simulation.settle(right.close(), 10_000);
  assertEquals(ended, 40);
});

Deno.test("close() delivers a large answer to a client", async () => {
  const pair = await SimulatedPair.start();
  const { left, simulation } = pair;
  const release = Promise.withResolvers<void>();
  left.handle("large", async () => {
    await release.promise;
    return fill(8_000_000);
  }, BYTES);
  const client = await pair.client();
  const call = client.request<Uint8Array>("large", undefined, BYTES);
  await simulation.run(50);
  release.resolve();
  const closing = left.close();
  assertEquals((await simulation.settle(call, 6_000)).length, 8_000_000);
  await simulation.settle(Promise.all([closing, client.close()]), 20_000);
  await simulation.settle(pair.right.close(), 20_000);
});

Deno.test("a drain survives the end of its connection: no new calls after a reconnect", async () => {
  const pair = await SimulatedPair.start();
  const { left, right, simulation, hosts } = pair;
  const { clock } = hosts[1].runtime;
  let asked = 0;
  right.handle("work", (ms: number) => {
    asked++;
    return new Promise((resolve) => clock.setTimer(ms, () => resolve(ms)));
  });
  const open = left.request("SP20", "work", 3_000, { timeoutMs: 10_000 });
  await simulation.run(50);
  const closing = right.close({ drainMs: 8_000 });
  await simulation.run(50);
  assertEquals(asked, 1);
  simulation.network.reset(hosts[0], hosts[1]);
  const later = Array.from(
    { length: 200 },
    () => left.request("SP20", "work", 1, { timeoutMs: 6_000 }),
  );
  const laterEnds = outcomes(simulation, later, 15_000);
  assertEquals(await simulation.settle(open, 10_000), 3_000);
  await simulation.settle(closing, 10_000);
  assertEquals(asked, 1, "nothing new was sent to an endpoint that is closing");
  assertEquals(await laterEnds, { timeout: 200 });
  await simulation.settle(left.close({ drainMs: 0 }), 10_000);
});

Deno.test("START says that an end is closing, where its DRAIN was lost", async () => {
  const pair = await SimulatedPair.start();
  const { left, right, simulation, hosts } = pair;
  const { clock } = hosts[1].runtime;
  let asked = 0;
  right.handle("work", (ms: number) => {
    asked++;
    return new Promise((resolve) => clock.setTimer(ms, () => resolve(ms)));
  });
  const open = left.request("SP20", "work", 3_000, { timeoutMs: 10_000 });
  await simulation.run(50);
  simulation.network.cut(...hosts);
  const closing = right.close({ drainMs: 8_000 });
  await simulation.run(50);
  // What was on its way never arrives; the next connection is the first to say so.
  simulation.network.reset(...hosts);
  simulation.network.heal(...hosts);
  await simulation.run(1_000);
  const later = outcomes(simulation, [
    left.request("SP20", "work", 1, { timeoutMs: 5_000 }),
  ], 10_000);
  assertEquals(await simulation.settle(open, 10_000), 3_000);
  await simulation.settle(closing, 10_000);
  assertEquals([asked, await later], [1, { timeout: 1 }]);
  await simulation.settle(left.close({ drainMs: 0 }), 10_000);
});

Deno.test("a closing endpoint takes the calls that its own open work needs", async () => {
  const pair = await SimulatedPair.start();
  const { left, right, simulation, hosts } = pair;
  const { clock } = hosts[0].runtime;
  right.handle("price", (item: string) => item.length);
  left.handle("total", async (items: string[], context) => {
    await new Promise<void>((resolve) => clock.setTimer(100, resolve));
    let sum = 0;
    for (const item of items) sum += await context.request<number>("SP20", "price", item);
    return sum;
  });
  const call = right.request("SP10", "total", ["tea", "bread"]);
  await simulation.run(20);
  const closing = [left.close(), right.close()];
  assertEquals(await simulation.settle(call, 5_000), 8);
  await simulation.settle(Promise.all(closing), 10_000);
});

Deno.test("handlers that call back cannot starve each other of places", async () => {
  const pair = await SimulatedPair.start({ maxInFlight: 2 });
  const { left, right, simulation } = pair;
  for (const [end, other] of [[left, "SP20"], [right, "SP10"]] as const) {
    end.handle("down", async (depth: number, context) => {
      if (depth === 0) return 0;
      return 1 + await context.request<number>(other, "down", depth - 1);
    });
  }
  const calls = Array.from({ length: 20 }, () => [
    left.request("SP20", "down", 4),
    right.request("SP10", "down", 4),
  ]).flat();
  assertEquals(await outcomes(simulation, calls, 8_000), { ok: 40 });
  await pair.close();
});

Deno.test("a client that reads no answer gets only so many of its calls started", async () => {
  const pair = await SimulatedPair.start();
  const { left, simulation, hosts } = pair;
  let started = 0;
  left.handle("large", () => {
    started++;
    return new Uint8Array(1_048_576);
  }, BYTES);
  const client = await pair.client();
  await simulation.run(50);
  simulation.network.cut(hosts[0], simulation.findHost("client")!, { oneWay: true });
  const calls = Array.from({ length: 100 }, () => client.request("large", undefined, BYTES));
  await simulation.run(2_000);
  assert(started <= 40, `${started} answers of 1 MiB wait for a client that reads nothing`);
  simulation.network.heal(hosts[0], simulation.findHost("client")!);
  await outcomes(simulation, calls, 20_000);
  await simulation.settle(client.close(), 20_000);
  await pair.close();
});

Deno.test("a large answer that nobody waits for any more frees its place", async () => {
  const pair = await SimulatedPair.start({ maxInFlight: 1 });
  const { left, right, simulation, hosts } = pair;
  const { clock } = hosts[1].runtime;
  right.handle("slow", async (bytes: number) => {
    await new Promise<void>((resolve) => clock.setTimer(100, resolve));
    return "x".repeat(bytes);
  });
  const controller = new AbortController();
  const given = left.request("SP20", "slow", 1_000_000, {
    timeoutMs: 600_000,
    signal: controller.signal,
  });
  await simulation.run(50);
  controller.abort();
  const next = left.request("SP20", "slow", 1, { timeoutMs: 5_000 });
  assertEquals(await outcomes(simulation, [given, next], 10_000), { cancelled: 1, ok: 1 });
  await pair.close();
});
