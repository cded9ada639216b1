/**
 * How long to wait before the next dial: exponential, with full jitter.
 *
 * Full jitter (any time between nothing and the bound) keeps a hundred survivors from dialling a
 * restarted peer in the same millisecond.
 *
 * @module
 */

/** The back-off of one link. */
export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  #attempts = 0;

  /**
   * @param minMs The bound of the first wait, in milliseconds.
   * @param maxMs The bound that later waits grow to, in milliseconds.
   */
  constructor(minMs: number, maxMs: number) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
  }

  /** Dials since the last success. */
  get attempts(): number {
    return this.#attempts;
  }

  /**
   * The next wait in milliseconds.
   *
   * @param random From 0 (included) to 1 (excluded).
   * @param maxMs What the bound grows to this time.
   */
  nextMs(random: number, maxMs = this.#maxMs): number {
    const bound = Math.min(maxMs, this.#minMs * 2 ** Math.min(this.#attempts, 30));
    this.#attempts++;
    return random * bound;
  }

  /** A connection came into use: the next wait is short again. */
  reset(): void {
    this.#attempts = 0;
  }
}
