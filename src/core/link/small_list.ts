/**
 * A few items by id, in the order in which they came.
 *
 * A link hardly ever has more than two connections, and an endpoint may have thousands of links: a
 * list is as fast as a map then, and takes a third of its memory.
 *
 * @module
 */

const NONE: readonly never[] = [];

/** Items of which there are hardly ever more than two. */
export class SmallList<Item extends { readonly id: number }> {
  #items: readonly Item[] = NONE;

  /** All of them, oldest first. What is added or deleted later does not change this list. */
  get all(): readonly Item[] {
    return this.#items;
  }

  /** The one with this id. */
  get(id: number): Item | undefined {
    for (const item of this.#items) {
      if (item.id === id) return item;
    }
    return undefined;
  }

  /** Adds one, whose id is not there. */
  add(item: Item): void {
    // Exactly as long: `push` and a spread make room for 17 (V8).
    this.#items = this.#items.concat(item);
  }

  /** @returns Whether it was there. */
  delete(id: number): boolean {
    const index = this.#items.findIndex((item) => item.id === id);
    if (index < 0) return false;
    this.#items = this.#items.slice(0, index).concat(this.#items.slice(index + 1));
    return true;
  }
}
