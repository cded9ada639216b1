/**
 * What is to happen, in the order of time; at the same time, in the order in which it was arranged.
 *
 * @module
 */

import type { Process } from "./process.ts";

/** Something that is to happen. */
export interface SimulatedEvent {
  /** When, in virtual milliseconds. */
  readonly atMs: number;
  /** Which comes first of those at the same time. */
  readonly order: number;
  /** Whose code it runs; `null`: the network's or the simulation's own. */
  readonly owner: Process | null;
  /** What happens; `null` once it has been taken back. */
  run: (() => void) | null;
}

/** A binary heap of events. */
export class EventQueue {
  readonly #heap: SimulatedEvent[] = [];
  #lastOrder = 0;

  /** How many events wait, those taken back included. */
  get size(): number {
    return this.#heap.length;
  }

  /** When the next event is due; `Infinity` when none waits. */
  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Infinity;
  }

  /** Arranges something. */
  add(atMs: number, owner: Process | null, run: () => void): SimulatedEvent {
    const event: SimulatedEvent = { atMs, order: ++this.#lastOrder, owner, run };
    const heap = this.#heap;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isEarlier(event, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = event;
    return event;
  }

  /** Takes the earliest event out. */
  take(): SimulatedEvent | null {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return null;
    if (first === last) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isEarlier(heap[child + 1]!, heap[child]!)) child++;
      if (!isEarlier(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isEarlier(one: SimulatedEvent, other: SimulatedEvent): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
