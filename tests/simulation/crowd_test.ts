// Very many calls at a time: what one of them costs does not grow with their number.

import { assertEquals, assertLess } from "@std/assert";
import { Endpoint, type RequestOptions } from "../../mod.ts";
import { Simulation } from "../../src/simulator/mod.ts";

const FEW = 5_000;
const MANY = 40_000;

/**
 * `MANY / FEW` is 8: what grows with the square of the number takes 64 times as long. Half of the
 * way, measured in times, is what a busy machine may add.
 */
const RATIO_MAX = 24;
const ROUNDS = 3;

/** So long after the first of them are given up, in virtual milliseconds. */
const GIVE_UP_MS = 50;

/** Real milliseconds that calls to a peer that is not there take, from the first to the last end. */
async function blockedMs(
  count: number,
  optionsOf: (index: number) => RequestOptions,
  giveUp: () => void,
): Promise<number> {
  const simulation = new Simulation({ seed: 1 });
  const runtime = simulation.host("here").runtime;
  const endpoint = await simulation.settle(
    Endpoint.start({
      name: "SP10",
      listen: { port: 11_000 },
      peers: [{ name: "SP20", hostname: "10.0.0.9", port: 11_000 }],
      queueMaxBytes: 1e9,
      runtime,
    }),
    1_000,
  );
  const codes = new Map<string, number>();
  const startMs = performance.now();
  for (let index = 0; index < count; index++) {
    endpoint.request("SP20", "none", index, optionsOf(index)).catch(({ code }) => {
      codes.set(code, (codes.get(code) ?? 0) + 1);
    });
  }
  giveUp();
  let tookMs = performance.now() - startMs;
  await simulation.run(GIVE_UP_MS);
  const fireMs = performance.now();
  await simulation.run(2_000);
  tookMs += performance.now() - fireMs;
  assertEquals([...codes.values()], [count], `${[...codes.keys()]}`);
  await simulation.settle(endpoint.close(), 20_000);
  return tookMs;
}

/** The shortest of some rounds: what the work takes, without the neighbours. */
async function shortestMs(measure: () => Promise<number>): Promise<number> {
  let shortest = Infinity;
  for (let round = 0; round < ROUNDS; round++) shortest = Math.min(shortest, await measure());
  return shortest;
}

Deno.test("crowd: 40,000 queued calls on one AbortSignal end in time that grows with their number", async () => {
  const measure = (count: number) => {
    const controller = new AbortController();
    const { signal } = controller;
    return blockedMs(count, () => ({ signal, timeoutMs: 60_000 }), () => controller.abort());
  };
  const few = await shortestMs(() => measure(FEW));
  const many = await shortestMs(() => measure(MANY));
  assertLess(many / few, RATIO_MAX, `${few} ms, ${many} ms`);
});

Deno.test("crowd: 40,000 calls with as many different deadlines", async () => {
  const measure = (count: number) =>
    // In no order: neighbours are far from each other.
    blockedMs(count, (index) => ({ timeoutMs: 100 + (index * 7_919) % count / 100 }), () => {});
  const few = await shortestMs(() => measure(FEW));
  const many = await shortestMs(() => measure(MANY));
  assertLess(many / few, RATIO_MAX, `${few} ms, ${many} ms`);
});
