/**
 * Items in their order.
 *
 * @module
 */

/** So many places that are free again are kept before the others move up. */
const FREE_MAX = 1_024;

/** First in, first out. */
export class ItemQueue {
  #items: (Uint8Array | null)[] = [];
  #head = 0;

  /** Whether there is none. */
  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** The one whose turn it is; `null`: there is none. */
  get first(): Uint8Array | null {
    return this.#items[this.#head] ?? null;
  }

  /** One more, at the end. */
  push(item: Uint8Array): void {
    this.#items.push(item);
  }

  /** The first one goes. */
  shift(): void {
    this.#items[this.#head++] = null;
    if (this.#head === this.#items.length) this.clear();
    else if (this.#head > FREE_MAX && 2 * this.#head > this.#items.length) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
  }

  /** All of them go. */
  clear(): void {
    this.#items.length = this.#head = 0;
  }
}
