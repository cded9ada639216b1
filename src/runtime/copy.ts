/**
 * Copies of received bytes, and memory for them.
 *
 * Where an array with memory of its own costs far more than a view (0.3 µs on Deno, and on Node
 * beyond 64 bytes, where V8 leaves its heap), small copies lie side by side in slabs, as Node's own
 * buffers do. Measured by `bench/parts.ts` on each runtime.
 *
 * @module
 */

import type { Allocate, CopyBytes } from "./runtime.ts";

const SLAB_BYTES = 8_192;
/** What is larger gets memory of its own: a copy that somebody keeps holds its whole slab. */
const SHARED_MAX_BYTES = 1_024;
/** Up to this a loop copies faster than the call of `set` with its view. */
const LOOP_MAX_BYTES = 48;

/** Each copy in memory of its own. */
export const copyAlone: CopyBytes = (bytes, start, end) => bytes.slice(start, end);

/**
 * Small copies in slabs.
 *
 * @param aloneMaxBytes Copies up to this size are cheap alone.
 */
export function newSlabCopy(aloneMaxBytes: number): CopyBytes {
  let slab = new Uint8Array(0);
  let used = 0;
  return (bytes, start, end) => {
    const length = end - start;
    if (length <= aloneMaxBytes || length > SHARED_MAX_BYTES) return bytes.slice(start, end);
    // Also where somebody has transferred the slab away: then it has no length.
    if (used + length > slab.length) {
      slab = new Uint8Array(SLAB_BYTES);
      used = 0;
    }
    const copy = slab.subarray(used, used + length);
    if (length > LOOP_MAX_BYTES) copy.set(bytes.subarray(start, end));
    else for (let index = 0; index < length; index++) copy[index] = bytes[start + index]!;
    used += length;
    return copy;
  };
}

/** Memory full of zeros: where it costs nothing more (Deno: it has no other). */
export const allocateZeros: Allocate = (bytes) => new Uint8Array(bytes);
