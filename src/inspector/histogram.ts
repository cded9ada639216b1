/**
 * A histogram of durations whose percentiles are right to 1.6 percent, in memory that does not
 * depend on how many there are.
 *
 * Each power of two has 64 buckets of the same width, as in HdrHistogram.
 *
 * @module
 */

const SUB_BITS = 6;
const SUB_COUNT = 1 << SUB_BITS;

/** Powers of two above the first 64 whole numbers: 2^36 µs are 19 hours. */
const OCTAVES = 30;

/** Durations in milliseconds, kept in microseconds. */
export class Histogram {
  readonly #buckets = new Uint32Array(SUB_COUNT * (OCTAVES + 1));
  #count = 0;
  #maxMs = 0;

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** The longest, exactly. */
  get maxMs(): number {
    return this.#maxMs;
  }

  /** One more. */
  record(durationMs: number): void {
    this.#buckets[indexOf(Math.max(0, Math.round(durationMs * 1_000)))]!++;
    this.#count++;
    if (durationMs > this.#maxMs) this.#maxMs = durationMs;
  }

  /** All that `other` has, too. */
  add(other: Histogram): void {
    for (let index = 0; index < this.#buckets.length; index++) {
      this.#buckets[index]! += other.#buckets[index]!;
    }
    this.#count += other.#count;
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
  }

  /** The duration that so many percent do not exceed, in milliseconds; 0 where there are none. */
  percentileMs(percent: number): number {
    const rank = Math.max(1, Math.ceil(this.#count * percent / 100));
    let seen = 0;
    for (let index = 0; index < this.#buckets.length; index++) {
      seen += this.#buckets[index]!;
      if (seen >= rank) return Math.min(highestOf(index) / 1_000, this.#maxMs);
    }
    return this.#maxMs;
  }
}

function indexOf(micros: number): number {
  if (micros < SUB_COUNT) return micros;
  const octave = Math.min(Math.floor(Math.log2(micros)) - SUB_BITS + 1, OCTAVES);
  const sub = Math.floor(micros / 2 ** (octave - 1)) - SUB_COUNT;
  return octave * SUB_COUNT + Math.min(sub, SUB_COUNT - 1);
}

/** The greatest value of a bucket, in microseconds. */
function highestOf(index: number): number {
  if (index < SUB_COUNT) return index;
  const octave = Math.floor(index / SUB_COUNT);
  const width = 2 ** (octave - 1);
  return (SUB_COUNT + index % SUB_COUNT) * width + width - 1;
}
