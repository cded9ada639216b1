/**
 * Sessions without a connection: how long, how many and how much of them is kept, and which is
 * given up first.
 *
 * | when | then |
 * | --- | --- |
 * | one has been away for its window | it is given up |
 * | there are more than `maxCount` | those that went away first are given up |
 * | all of them hold more than `maxBytes` | the same |
 *
 * @module
 */

/** A session that is kept. */
export interface Detachable {
  /** What it holds in memory, in bytes; it changes while handlers go on. */
  readonly heldBytes: number;
}

/** What is kept at most. */
export interface DetachedBounds {
  /** How long a session is kept, in milliseconds. */
  readonly windowMs: number;
  /** How many there may be. */
  readonly maxCount: number;
  /** What all of them may hold, in bytes. */
  readonly maxBytes: number;
}

/** The sessions without a connection. */
export class Detached<Item extends Detachable> {
  readonly #bounds: DetachedBounds;
  /** Until when each is kept, monotonic milliseconds; whoever went away first is first. */
  readonly #untilMs = new Map<Item, number>();

  constructor(bounds: DetachedBounds) {
    this.#bounds = bounds;
  }

  /** How many there are. */
  get size(): number {
    return this.#untilMs.size;
  }

  /** Whether that one is among them. */
  has(item: Item): boolean {
    return this.#untilMs.has(item);
  }

  /** One has no connection any more. */
  add(item: Item, nowMs: number): void {
    this.#untilMs.delete(item);
    this.#untilMs.set(item, nowMs + this.#bounds.windowMs);
  }

  /** It has one again, or is over. */
  delete(item: Item): void {
    this.#untilMs.delete(item);
  }

  /** When the window of the first one is over, monotonic milliseconds; `Infinity`: none waits. */
  nextDeadlineMs(): number {
    for (const untilMs of this.#untilMs.values()) return untilMs;
    return Infinity;
  }

  /** Takes out who is to be given up now, oldest first. */
  takeOver(nowMs: number): Item[] {
    const { maxCount, maxBytes } = this.#bounds;
    let bytes = 0;
    for (const { heldBytes } of this.#untilMs.keys()) bytes += heldBytes;
    const over: Item[] = [];
    for (const [item, untilMs] of this.#untilMs) {
      const isOver = untilMs <= nowMs || this.#untilMs.size > maxCount || bytes > maxBytes;
      if (!isOver) break;
      this.#untilMs.delete(item);
      bytes -= item.heldBytes;
      over.push(item);
    }
    return over;
  }

  /** All of them are over. */
  clear(): void {
    this.#untilMs.clear();
  }
}
