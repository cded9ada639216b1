/**
 * One timer of the runtime for all deadlines of an endpoint, and the time of the turn.
 *
 * When the timer comes much too late this process itself had stalled (a long handler, a stopped
 * machine). Then nothing is judged yet: the runtime gets a moment to deliver what its sockets hold,
 * and the deadlines are looked at after that.
 *
 * @module
 */

import { type Deadline, DeadlineQueue } from "../core/time/deadline_queue.ts";
import type { Clock, TimerHandle } from "../runtime/runtime.ts";

/**
 * How much too late a timer must come to count as a stall, in milliseconds: far above what a busy
 * loop or a garbage collection costs, far below every default deadline.
 */
const STALL_MS = 200;

/** How long the sockets are given after a stall, in milliseconds. */
const GRACE_MS = 50;

/** The deadlines of one endpoint. */
export class Timers {
  readonly #clock: Clock;
  /** Deadlines of few different durations, many of them: requests, checks, acknowledgements. */
  readonly #common = new DeadlineQueue();
  /** Deadlines of any duration, few of them: dials, probes. */
  readonly #rare = new DeadlineQueue();
  #handle: TimerHandle | null = null;
  #armedMs = Infinity;
  #inGrace = false;
  #stopped = false;
  #nowMs = 0;
  #nowIsFresh = false;
  readonly #fireBound = () => this.#fire();
  readonly #staleBound = () => {
    this.#nowIsFresh = false;
  };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many deadlines are armed. */
  get size(): number {
    return this.#common.size + this.#rare.size;
  }

  /** Monotonic milliseconds, read once a turn. */
  nowMs(): number {
    if (!this.#nowIsFresh) {
      this.#nowMs = this.#clock.nowMs();
      this.#nowIsFresh = true;
      this.#clock.defer(this.#staleBound);
    }
    return this.#nowMs;
  }

  /** Arms a deadline `durationMs` from now. */
  add(item: Deadline, durationMs: number): void {
    this.#common.add(item, durationMs, this.nowMs());
    if (item.deadlineMs < this.#armedMs) this.#arm(item.deadlineMs);
  }

  /** The same for durations that are drawn at random. */
  armAny(item: Deadline, durationMs: number): void {
    this.#rare.add(item, durationMs, this.nowMs());
    if (item.deadlineMs < this.#armedMs) this.#arm(item.deadlineMs);
  }

  /** Disarms; without effect on one that is not armed. */
  remove(item: Deadline): void {
    this.#common.remove(item);
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
    this.#handle = this.#clock.setTimer(Math.max(0, deadlineMs - this.nowMs()), this.#fireBound);
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
    this.#common.expire(this.#nowMs);
    this.#rare.expire(this.#nowMs);
    const nextMs = Math.min(this.#common.nextMs(), this.#rare.nextMs());
    if (nextMs < this.#armedMs) this.#arm(nextMs);
  }
}
