/**
 * One timer of the runtime for all deadlines of an endpoint, and the time of the turn.
 *
 * When the timer comes much too late this process itself had stalled (a long handler, a stopped
 * machine). Then nothing is judged yet: the runtime gets a moment to deliver what its sockets hold,
 * and the deadlines are looked at after that.
 *
 * @module
 */

import { type Deadline, DeadlineHeap } from "../core/time/deadline_heap.ts";
import type { Clock, TimerHandle } from "../runtime/runtime.ts";

/**
 * How much too late a timer must come to count as a stall, in milliseconds: far above what a busy
 * loop or a garbage collection costs, far below every default deadline.
 */
const STALL_MS = 200;

/**
 * The longest delay that a timer of all three runtimes can wait, in milliseconds; a longer one, be
 * it by a fraction, would fire at once. What fires too early finds nothing due, and is armed again.
 */
const DELAY_MAX_MS = 2_147_483_647;

/** How long the sockets are given after a stall, in milliseconds. */
const GRACE_MS = 50;

/**
 * How long a turn must be to count, in milliseconds: shorter ones are what a turn is for, and a
 * deadline is not that exact.
 */
const LONG_TURN_MS = 2;

/** The deadlines of one endpoint. */
export class Timers {
  readonly #clock: Clock;
  readonly #deadlines = new DeadlineHeap();
  #handle: TimerHandle | null = null;
  #armedMs = Infinity;
  #inGrace = false;
  #stopped = false;
  #nowMs = 0;
  #nowIsFresh = false;
  readonly #fireBound = () => this.#fire();
  readonly #endTurnBound = () => this.#endTurn();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many deadlines are armed. */
  get size(): number {
    return this.#deadlines.size;
  }

  /** Monotonic milliseconds, read once a turn: nothing that takes long may lie before this. */
  nowMs(): number {
    if (!this.#nowIsFresh) {
      this.#nowMs = this.#clock.nowMs();
      this.#nowIsFresh = true;
      this.#clock.defer(this.#endTurnBound);
    }
    return this.#nowMs;
  }

  /** Arms a deadline `durationMs` from now; in a long turn, from the end of it. */
  add(item: Deadline, durationMs: number): void {
    this.#deadlines.add(item, durationMs, this.nowMs());
    if (item.deadlineMs < this.#armedMs) this.#arm(item.deadlineMs);
  }

  /** Disarms; without effect on one that is not armed. */
  remove(item: Deadline): void {
    this.#deadlines.remove(item);
  }

  /** Disarms everything for good. */
  stop(): void {
    this.#stopped = true;
    if (this.#handle !== null) this.#clock.clearTimer(this.#handle);
    this.#handle = null;
  }

  #arm(deadlineMs: number): void {
    if (this.#inGrace || this.#stopped) return;
    if (this.#handle !== null) this.#clock.clearTimer(this.#handle);
    this.#armedMs = deadlineMs;
    const delayMs = Math.min(Math.max(0, deadlineMs - this.nowMs()), DELAY_MAX_MS);
    this.#handle = this.#clock.setTimer(delayMs, this.#fireBound);
  }

  /**
   * A turn ends. Where its code has taken long (a handler that computes), whatever it armed was
   * armed at the time of its beginning, and would be over at once: that counts from now. One more
   * look at the clock for a turn that arms something, instead of one for each request.
   */
  #endTurn(): void {
    this.#nowIsFresh = false;
    if (!this.#deadlines.armedInTurn) return;
    const tookMs = this.#clock.nowMs() - this.#nowMs;
    this.#deadlines.endTurn(tookMs < LONG_TURN_MS ? 0 : tookMs);
  }

  #fire(): void {
    this.#handle = null;
    this.#nowMs = this.#clock.nowMs();
    const lateMs = this.#nowMs - this.#armedMs;
    if (!this.#inGrace && lateMs > STALL_MS) {
      this.#inGrace = true;
      this.#handle = this.#clock.setTimer(GRACE_MS, this.#fireBound);
      return;
    }
    this.#inGrace = false;
    this.#armedMs = Infinity;
    this.#deadlines.expire(this.#nowMs);
    const nextMs = this.#deadlines.nextMs();
    if (nextMs < this.#armedMs) this.#arm(nextMs);
  }
}
