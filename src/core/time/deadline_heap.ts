/**
 * Deadlines in order, for one timer.
 *
 * Most deadlines are armed in the order in which they fall due, because most durations are equal.
 * Those stand in a few runs: lists in order, where adding at the end and taking off anywhere is
 * O(1). A deadline that fits at the end of no run goes into a binary heap, O(log n). So a request
 * costs what it would in one list, and as many different durations as there are requests cost a
 * logarithm each; a heap alone costs 2 to 3 times as much as a run (`bench/parts.ts`).
 *
 * Why not a timer each: `setTimeout` and `clearTimeout` cost more than a whole request
 * (docs/performance.md).
 *
 * @module
 */

/** The place of what is not armed. Places from 0 on are in the heap, those below are runs. */
export const NOWHERE = -1;

const FIRST_RUN = -2;

/** One run for each duration that is much used at a time: requests, checks, acknowledgements. */
const RUNS = 4;

/** Turns are counted in a small integer. */
const TURN_MASK = 0x3fff_ffff;

/** Something with a deadline. The heap owns these fields; nobody else writes them. */
export abstract class Deadline {
  /** Monotonic milliseconds; meaningful while it is armed. */
  deadlineMs = 0;
  /** Owned by the heap: where it stands. `NOWHERE`: it is not armed. */
  place: number = NOWHERE;
  /** Owned by the heap: the turn in which it was armed. */
  turn = 0;
  /** Owned by the heap. */
  before: Deadline | null = null;
  /** Owned by the heap. */
  after: Deadline | null = null;

  /** The deadline has passed; the item is no longer armed. */
  abstract expire(nowMs: number): void;
}

/** Items in the order of their deadlines. */
interface Run {
  head: Deadline | null;
  tail: Deadline | null;
}

/** The deadlines of one endpoint. */
export class DeadlineHeap {
  readonly #runs: readonly Run[] = Array.from({ length: RUNS }, () => ({ head: null, tail: null }));
  readonly #heap: Deadline[] = [];
  #size = 0;
  #turn = 0;
  #armedInTurn = false;

  /** How many items are armed. */
  get size(): number {
    return this.#size;
  }

  /** Whether items were armed since `endTurn`. */
  get armedInTurn(): boolean {
    return this.#armedInTurn;
  }

  /** Arms an item (again): its deadline is `nowMs + durationMs`. */
  add(item: Deadline, durationMs: number, nowMs: number): void {
    if (item.place !== NOWHERE) this.remove(item);
    const deadlineMs = nowMs + durationMs;
    item.deadlineMs = deadlineMs;
    item.turn = this.#turn;
    this.#armedInTurn = true;
    this.#size++;
    for (let index = 0; index < RUNS; index++) {
      const run = this.#runs[index]!;
      const { tail } = run;
      if (tail === null) run.head = item;
      else if (tail.deadlineMs <= deadlineMs) tail.after = item;
      else continue;
      item.before = tail;
      run.tail = item;
      item.place = FIRST_RUN - index;
      return;
    }
    this.#heap.push(item);
    this.#rise(item, this.#heap.length - 1);
  }

  /** Disarms an item; without effect on one that is not armed. It must not be armed elsewhere. */
  remove(item: Deadline): void {
    const { place } = item;
    if (place === NOWHERE) return;
    item.place = NOWHERE;
    this.#size--;
    if (place >= 0) {
      this.#takeOut(item, place);
      return;
    }
    const run = this.#runs[FIRST_RUN - place]!;
    const { before, after } = item;
    if (before === null) run.head = after;
    else before.after = after;
    if (after === null) run.tail = before;
    else after.before = before;
    item.before = item.after = null;
  }

  /** The earliest deadline in monotonic milliseconds; `Infinity` when nothing is armed. */
  nextMs(): number {
    return this.#first()?.deadlineMs ?? Infinity;
  }

  /** Disarms every item whose deadline has passed, earliest first, and expires it. */
  expire(nowMs: number): void {
    for (;;) {
      const first = this.#first();
      if (first === null || first.deadlineMs > nowMs) return;
      this.remove(first);
      first.expire(nowMs);
    }
  }

  /**
   * What is armed from now on belongs to another turn.
   *
   * @param delayMs By how much what was armed in this turn falls due later.
   */
  endTurn(delayMs: number): void {
    if (delayMs > 0) this.#postpone(delayMs);
    this.#turn = (this.#turn + 1) & TURN_MASK;
    this.#armedInTurn = false;
  }

  /** Of a run, what was armed in this turn is the end: its order stays. */
  #postpone(delayMs: number): void {
    for (const { tail } of this.#runs) {
      for (let item = tail; item !== null && item.turn === this.#turn; item = item.before) {
        item.deadlineMs += delayMs;
      }
    }
    const heap = this.#heap;
    for (const item of heap) if (item.turn === this.#turn) item.deadlineMs += delayMs;
    for (let index = (heap.length >> 1) - 1; index >= 0; index--) this.#sink(heap[index]!, index);
  }

  #first(): Deadline | null {
    let first = this.#heap[0] ?? null;
    for (let index = 0; index < RUNS; index++) {
      const { head } = this.#runs[index]!;
      if (head !== null && (first === null || head.deadlineMs < first.deadlineMs)) first = head;
    }
    return first;
  }

  #takeOut(item: Deadline, place: number): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (last === item) return;
    const parent = place === 0 ? null : heap[(place - 1) >> 1]!;
    if (parent !== null && last.deadlineMs < parent.deadlineMs) this.#rise(last, place);
    else this.#sink(last, place);
  }

  /** Puts an item at a place or above it. */
  #rise(item: Deadline, place: number): void {
    const heap = this.#heap;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const other = heap[above]!;
      if (other.deadlineMs <= item.deadlineMs) break;
      heap[place] = other;
      other.place = place;
      place = above;
    }
    heap[place] = item;
    item.place = place;
  }

  /** Puts an item at a place or below it. */
  #sink(item: Deadline, place: number): void {
    const heap = this.#heap;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1]!.deadlineMs < heap[below]!.deadlineMs) below++;
      const other = heap[below]!;
      if (other.deadlineMs >= item.deadlineMs) break;
      heap[place] = other;
      other.place = place;
      place = below;
    }
    heap[place] = item;
    item.place = place;
  }
}
