/**
 * How a runtime copies small pieces of bytes best: each in memory of its own, or side by side in
 * slabs (`src/runtime/copy.ts`). Prints nanoseconds of a copy, on the runtime that runs it:
 *
 *     deno run -A bench/copy.ts
 *     bun bench/copy.ts
 *     node bench/copy.ts
 *
 * @module
 */

import { copyAlone, newSlabCopy } from "../src/runtime/copy.ts";
import type { Copy } from "../src/runtime/runtime.ts";
import { median } from "./statistics.ts";

const SIZES: readonly number[] = [16, 64, 65, 128, 512, 1_024, 4_096];
const ROUNDS = 15;
const COPIES = 100_000;
/** As many copies live at a time as requests with 1,024 in flight. */
const KEPT = 1_024;

/** @returns Nanoseconds of a copy. */
function time(copy: Copy, bytes: Uint8Array): number {
  const kept: (Uint8Array | null)[] = new Array(KEPT).fill(null);
  const startMs = performance.now();
  for (let count = 0; count < COPIES; count++) {
    kept[count % KEPT] = copy(bytes, 14, bytes.length);
  }
  const elapsedMs = performance.now() - startMs;
  if (kept.some((one) => one?.at(-1) !== bytes.at(-1))) throw new Error("a copy is wrong");
  return elapsedMs / COPIES * 1e6;
}

console.log("bytes   alone  in slabs  ratio");
for (const size of SIZES) {
  const bytes = new Uint8Array(14 + size).fill(7);
  const inSlabs = newSlabCopy(0);
  const alone: number[] = [];
  const slabs: number[] = [];
  // The first of each warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    alone.push(time(copyAlone, bytes));
    slabs.push(time(inSlabs, bytes));
  }
  const [one, other] = [median(alone.slice(1)), median(slabs.slice(1))];
  const cells = [
    String(size).padStart(5),
    one.toFixed(0).padStart(6),
    other.toFixed(0).padStart(8),
  ];
  console.log(`${cells.join("  ")}  ${(other / one).toFixed(2)}`);
}
