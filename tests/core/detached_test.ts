// Sessions without a connection: who is given up, and when.

import { assertEquals } from "@std/assert";
import { Detached } from "../../src/core/link/detached.ts";

const BOUNDS = { windowMs: 100, maxCount: 3, maxBytes: 1_000 };

function held(heldBytes: number): { heldBytes: number } {
  return { heldBytes };
}

Deno.test("Detached: each is kept for its window, from when it went away", () => {
  const detached = new Detached(BOUNDS);
  assertEquals(detached.nextDeadlineMs(), Infinity);
  const [one, two] = [held(1), held(1)];
  detached.add(one, 0);
  detached.add(two, 30);
  assertEquals([detached.nextDeadlineMs(), detached.takeOver(99)], [100, []]);
  assertEquals(detached.takeOver(100), [one]);
  assertEquals([detached.nextDeadlineMs(), detached.has(one), detached.has(two)], [
    130,
    false,
    true,
  ]);
});

Deno.test("Detached: one that has come back and goes away again is the youngest", () => {
  const detached = new Detached(BOUNDS);
  const [one, two] = [held(1), held(1)];
  detached.add(one, 0);
  detached.add(two, 10);
  detached.delete(one);
  assertEquals([detached.size, detached.nextDeadlineMs()], [1, 110]);
  detached.add(one, 20);
  assertEquals(detached.takeOver(110), [two]);
  detached.add(two, 110);
  detached.add(one, 115);
  assertEquals(detached.takeOver(211), [two]);
});

Deno.test("Detached: too many, and those that went away first are given up", () => {
  const detached = new Detached(BOUNDS);
  const all = Array.from({ length: 5 }, () => held(1));
  for (const item of all) detached.add(item, 0);
  assertEquals(detached.takeOver(0), all.slice(0, 2));
  assertEquals([detached.size, detached.takeOver(0)], [3, []]);
});

Deno.test("Detached: what they hold is looked at anew; the oldest go until the rest fits", () => {
  const detached = new Detached(BOUNDS);
  const [one, two, three] = [held(10), held(500), held(480)];
  for (const item of [one, two, three]) detached.add(item, 0);
  assertEquals(detached.takeOver(0), []);
  three.heldBytes = 501;
  assertEquals(detached.takeOver(0), [one, two]);
  three.heldBytes = 1_001;
  assertEquals(detached.takeOver(0), [three]);
  assertEquals(detached.size, 0);
});
