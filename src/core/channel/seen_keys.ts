/**
 * The ephemeral keys of the first messages that came lately: one that comes again was recorded.
 *
 * A repeated first message gets nobody in, but it opens, and the answer to it costs Diffie-Hellman.
 * The oldest is forgotten first; whoever repeats one later pays with the bucket of its address.
 *
 * @module
 */

/** So many keys are remembered: at 100 bytes each less than half a megabyte. */
const KEYS_MAX = 4_096;

/** Keys that were seen, the latest ones. */
export class SeenKeys {
  readonly #keys = new Set<string>();
  readonly #max: number;

  constructor(max = KEYS_MAX) {
    this.#max = max;
  }

  /** Takes a key. @returns Whether it is new. */
  add(key: Uint8Array): boolean {
    const text = String.fromCharCode(...key);
    if (this.#keys.delete(text)) {
      // Looked at again: it is the last to be forgotten.
      this.#keys.add(text);
      return false;
    }
    this.#keys.add(text);
    if (this.#keys.size > this.#max) this.#keys.delete(this.#keys.values().next().value!);
    return true;
  }
}
