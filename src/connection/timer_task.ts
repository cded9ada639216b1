/**
 * Something to do at a deadline.
 *
 * @module
 */

import { Deadline, NOWHERE } from "../core/time/deadline_heap.ts";

/** A deadline that calls back. */
export class TimerTask extends Deadline {
  readonly #run: (nowMs: number) => void;

  /** @param run Gets the monotonic time in milliseconds. */
  constructor(run: (nowMs: number) => void) {
    super();
    this.#run = run;
  }

  /** Whether its deadline is still to come. */
  get isArmed(): boolean {
    return this.place !== NOWHERE;
  }

  override expire(nowMs: number): void {
    this.#run(nowMs);
  }
}
