/**
 * What the small parts of a request cost, each the way freshlink does it beside the obvious way, in
 * nanoseconds on the runtime that runs it:
 *
 *     deno run -A bench/parts.ts
 *     bun bench/parts.ts
 *     node bench/parts.ts
 *
 * An argument says how often each is done in a round; 100,000 by default.
 *
 * @module
 */

import process from "node:process";
import { Deadline, DeadlineHeap } from "../src/core/time/deadline_heap.ts";
import { copyAlone, newSlabCopy } from "../src/runtime/copy.ts";
import type { CopyBytes } from "../src/runtime/runtime.ts";
import { median } from "./statistics.ts";

const SIZES: readonly number[] = [16, 64, 65, 128, 512, 1_024, 4_096];
const ROUNDS = 15;
const TIMES = Number(process.argv[2] ?? 100_000);
/** As many are kept at a time as requests with 1,024 in flight. */
const KEPT = 1_024;

/** Both ways in turns; the first of each warms up. */
function compare(what: string, obvious: () => void, ours: () => void): void {
  const found: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round++) {
    found[0].push(nanoseconds(obvious));
    found[1].push(nanoseconds(ours));
  }
  const [one, other] = found.map((rounds) => median(rounds.slice(1))) as [number, number];
  const cells = [one.toFixed(0).padStart(7), other.toFixed(0).padStart(9)];
  console.log(`${what.padEnd(32)}  ${cells.join("  ")}  ${(other / one).toFixed(2)}`);
}

/** Of each of the `TIMES` that a call does something. */
function nanoseconds(call: () => void): number {
  const startMs = performance.now();
  call();
  return (performance.now() - startMs) / TIMES * 1e6;
}

function copyOften(copy: CopyBytes, bytes: Uint8Array): void {
  const kept: (Uint8Array | null)[] = new Array(KEPT).fill(null);
  for (let count = 0; count < TIMES; count++) {
    kept[count % KEPT] = copy(bytes, 14, bytes.length);
  }
  if (kept.some((one) => one?.at(-1) !== bytes.at(-1))) throw new Error("a copy is wrong");
}

class Nothing extends Deadline {
  override expire(): void {}
}

const DURATION_MS = 30_000;

/** A timer of the runtime for each request, as many open as are kept. */
function armTimers(): void {
  const kept: (ReturnType<typeof setTimeout> | undefined)[] = new Array(KEPT).fill(undefined);
  for (let count = 0; count < TIMES; count++) {
    clearTimeout(kept[count % KEPT]);
    kept[count % KEPT] = setTimeout(() => {}, DURATION_MS);
  }
  for (const timer of kept) clearTimeout(timer);
}

/** The same in one heap, in which each may have a duration of its own. */
function armDeadlines(durationOf: (count: number) => number): void {
  const heap = new DeadlineHeap();
  const kept: Nothing[] = Array.from({ length: KEPT }, () => new Nothing());
  for (let count = 0; count < TIMES; count++) {
    const one = new Nothing();
    heap.remove(kept[count % KEPT]!);
    kept[count % KEPT] = one;
    heap.add(one, durationOf(count), count);
  }
  if (heap.size !== KEPT) throw new Error("a deadline is lost");
}

console.log("                                  obvious  freshlink  ratio");
for (const size of SIZES) {
  const bytes = new Uint8Array(14 + size).fill(7);
  const inSlabs = newSlabCopy(0);
  compare(
    `${size} bytes: slice, in a slab`,
    () => copyOften(copyAlone, bytes),
    () => copyOften(inSlabs, bytes),
  );
}
const DIFFERENT = 10_007;
compare("a deadline: setTimeout, heap", armTimers, () => armDeadlines(() => DURATION_MS));
compare(
  "of two durations",
  armTimers,
  () => armDeadlines((count) => count % 2 === 0 ? DURATION_MS : DURATION_MS / 6),
);
compare(
  "each of another duration",
  armTimers,
  () => armDeadlines((count) => DURATION_MS + count * 7_919 % DIFFERENT),
);
