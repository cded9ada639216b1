/**
 * Waits until something has changed: another peer is known, a link is up, all is over.
 *
 * @module
 */

import { TimerTask } from "../connection/timer_task.ts";
import type { Timers } from "../connection/timers.ts";
import type { EventBody } from "../events.ts";

/** Events after which a call that waits for a peer or a member looks again. */
const CHANGES: ReadonlySet<string> = new Set(["connected", "peers-changed", "closed", "fenced"]);

/** Those who wait for the next change. */
export class Changes {
  readonly #timers: Timers;
  readonly #waiting = new Set<() => void>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Something has happened to an endpoint. */
  handleEvent(type: EventBody["type"]): void {
    if (CHANGES.has(type)) this.tell();
  }

  /** Something has changed: whoever waits looks again. */
  tell(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves with the next change, after so many milliseconds at the latest, or with the signal. */
  wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        this.#timers.remove(task);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const task = new TimerTask(wake);
      this.#waiting.add(wake);
      if (ms !== Infinity) this.#timers.add(task, ms);
      signal?.addEventListener("abort", wake);
    });
  }
}
