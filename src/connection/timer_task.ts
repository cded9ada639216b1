/**
 * Something to do at a deadline.
 *
 * @module
 */

import { Deadline } from "../core/time/deadline_queue.ts";

/** A deadline that calls back. */
export class TimerTask extends Deadline {
  readonly #run: (nowMs: number) => void;

  /** @param run Gets the monotonic time in milliseconds. */
  constructor(run: (nowMs: number) => void) {
    super();
    this.#run = run;
  }

  override expire(nowMs: number): void {
    this.#run(nowMs);
  }
}
