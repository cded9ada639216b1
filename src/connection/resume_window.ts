/**
 * How long requests wait for a peer that is away.
 *
 * @module
 */

import type { ConnectionContext } from "./context.ts";
import type { Outbox } from "./outbox.ts";
import { TimerTask } from "./timer_task.ts";

/** The window of one link. */
export class ResumeWindow {
  readonly #context: ConnectionContext;
  readonly #outbox: Outbox;
  /** Here while there is nobody to send to. */
  #task: TimerTask | null = null;

  constructor(context: ConnectionContext, outbox: Outbox) {
    this.#context = context;
    this.#outbox = outbox;
  }

  /** From now on there is nobody to send to: requests wait for `resumeWindowMs`. */
  open(): void {
    this.close();
    const { timers, settings: { resumeWindowMs } } = this.#context;
    const task = new TimerTask((nowMs) => {
      this.#outbox.giveUp("peer-down", nowMs - resumeWindowMs);
      timers.add(task, resumeWindowMs / 4);
    });
    this.#task = task;
    timers.add(task, resumeWindowMs);
  }

  /** The peer is back, or never waited for again. */
  close(): void {
    if (this.#task !== null) this.#context.timers.remove(this.#task);
    this.#task = null;
  }
}
