/**
 * Deadlines in order, for one timer.
 *
 * Items are kept in lanes, one for each duration in use: items of equal duration arrive in the
 * order of their deadlines, so adding at the tail and taking off anywhere is O(1), and the next
 * deadline is the least of the lanes' heads. There are at most `LANES_MAX` lanes; a duration beyond
 * that joins the lane of the nearest one and is sorted in from the tail.
 *
 * Why not a timer each: `setTimeout` and `clearTimeout` cost more than a whole request
 * (docs/performance.md).
 *
 * @module
 */

/** Something with a deadline. The queue owns these fields; nobody else writes them. */
export abstract class Deadline {
  /** Monotonic milliseconds; meaningful while it is queued. */
  deadlineMs = 0;
  /** Owned by the queue. */
  lane: Lane | null = null;
  /** Owned by the queue. */
  before: Deadline | null = null;
  /** Owned by the queue. */
  after: Deadline | null = null;

  /** The deadline has passed; the item is no longer queued. */
  abstract expire(nowMs: number): void;
}

/** Items of one duration. */
export interface Lane {
  readonly durationMs: number;
  head: Deadline | null;
  tail: Deadline | null;
  size: number;
}

const LANES_MAX = 16;

/** The queue of one endpoint. */
export class DeadlineQueue {
  readonly #lanes: Lane[] = [];

  /** How many items are queued. */
  get size(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.size, 0);
  }

  /** Queues an item (again): its deadline is `nowMs + durationMs`. `nowMs` must not decrease. */
  add(item: Deadline, durationMs: number, nowMs: number): void {
    if (item.lane !== null) this.remove(item);
    const lane = this.#laneFor(durationMs);
    const deadlineMs = nowMs + durationMs;
    item.deadlineMs = deadlineMs;
    item.lane = lane;
    let before = lane.tail;
    while (before !== null && before.deadlineMs > deadlineMs) before = before.before;
    const after = before === null ? lane.head : before.after;
    item.before = before;
    item.after = after;
    if (before === null) lane.head = item;
    else before.after = item;
    if (after === null) lane.tail = item;
    else after.before = item;
    lane.size++;
  }

  /** Takes an item off, from whichever queue it is in; without effect on one that is in none. */
  remove(item: Deadline): void {
    const lane = item.lane;
    if (lane === null) return;
    if (item.before === null) lane.head = item.after;
    else item.before.after = item.after;
    if (item.after === null) lane.tail = item.before;
    else item.after.before = item.before;
    item.before = item.after = item.lane = null;
    lane.size--;
  }

  /** The earliest deadline in monotonic milliseconds; `Infinity` when nothing is queued. */
  nextMs(): number {
    let next = Infinity;
    for (const lane of this.#lanes) {
      if (lane.head !== null && lane.head.deadlineMs < next) next = lane.head.deadlineMs;
    }
    return next;
  }

  /** Takes off every item whose deadline has passed, earliest first, and expires it. */
  expire(nowMs: number): void {
    for (;;) {
      let first: Deadline | null = null;
      for (const lane of this.#lanes) {
        const head = lane.head;
        if (head === null || head.deadlineMs > nowMs) continue;
        if (first === null || head.deadlineMs < first.deadlineMs) first = head;
      }
      if (first === null) return;
      this.remove(first);
      first.expire(nowMs);
    }
  }

  #laneFor(durationMs: number): Lane {
    let nearest: Lane | null = null;
    for (const lane of this.#lanes) {
      if (lane.durationMs === durationMs) return lane;
      if (
        nearest === null ||
        Math.abs(lane.durationMs - durationMs) < Math.abs(nearest.durationMs - durationMs)
      ) nearest = lane;
    }
    if (nearest !== null && this.#lanes.length >= LANES_MAX) {
      return this.#reuse(durationMs, nearest);
    }
    const lane: Lane = { durationMs, head: null, tail: null, size: 0 };
    this.#lanes.push(lane);
    return lane;
  }

  /** An empty lane is given to the new duration; without one, the nearest lane is shared. */
  #reuse(durationMs: number, nearest: Lane): Lane {
    const empty = this.#lanes.findIndex((lane) => lane.head === null);
    if (empty < 0) return nearest;
    const lane: Lane = { durationMs, head: null, tail: null, size: 0 };
    this.#lanes[empty] = lane;
    return lane;
  }
}
