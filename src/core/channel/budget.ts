/**
 * How often something may happen: so many times at once, and so many a second after that; in all,
 * and for each address.
 *
 * @module
 */

/** A bucket that fills with time. */
export class Bucket {
  readonly #most: number;
  readonly #perMs: number;
  #left: number;
  #filledMs = -Infinity;

  /** @param most At once. @param perSecond After that. */
  constructor(most: number, perSecond: number) {
    this.#most = most;
    this.#perMs = perSecond / 1_000;
    this.#left = most;
  }

  /** Takes one out. @returns Whether there was one. */
  take(nowMs: number): boolean {
    const gained = (nowMs - this.#filledMs) * this.#perMs;
    this.#left = Math.min(this.#most, this.#left + gained);
    this.#filledMs = nowMs;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}

/** Addresses that are remembered; the one that came first is forgotten first. */
const ADDRESSES_MAX = 4_096;

/** A handshake's Diffie-Hellman takes up to half a millisecond: at most half of one core. */
const IN_ALL = Object.freeze([2_000, 1_000] as const);
const PER_ADDRESS = Object.freeze([1_000, 500] as const);

/** What handshakes may cost. */
export class Budget {
  readonly #all = new Bucket(...IN_ALL);
  readonly #addresses = new Map<string, Bucket>();

  /** Takes the work of one handshake. @returns Whether it may be done. */
  take(address: string, nowMs: number): boolean {
    const bucket = this.#addresses.get(address) ?? new Bucket(...PER_ADDRESS);
    // The last to be looked at is the last to be forgotten.
    this.#addresses.delete(address);
    this.#addresses.set(address, bucket);
    if (this.#addresses.size > ADDRESSES_MAX) {
      this.#addresses.delete(this.#addresses.keys().next().value!);
    }
    return bucket.take(nowMs) && this.#all.take(nowMs);
  }
}
