/**
 * The deadlines of the probes of one link: one for each claimant.
 *
 * @module
 */

import type { ConnectionContext } from "./context.ts";
import { TimerTask } from "./timer_task.ts";

/** Probes under way, by the id of the connection that claims. */
export class Probes {
  readonly #context: ConnectionContext;
  /** Hardly any link ever probes. */
  #tasks: Map<number, TimerTask> | null = null;

  constructor(context: ConnectionContext) {
    this.#context = context;
  }

  /** Calls `timedOut` when `probeTimeoutMs` have passed; instead of an earlier probe. */
  start(claimant: number, timedOut: () => void): void {
    this.end(claimant);
    const tasks = this.#tasks ??= new Map();
    const task = new TimerTask(() => {
      tasks.delete(claimant);
      timedOut();
    });
    tasks.set(claimant, task);
    this.#context.timers.add(task, this.#context.settings.probeTimeoutMs);
  }

  /** The claimant is gone. */
  end(claimant: number): void {
    const task = this.#tasks?.get(claimant);
    if (task === undefined) return;
    this.#context.timers.remove(task);
    this.#tasks!.delete(claimant);
  }

  /** Ends all. */
  stop(): void {
    for (const claimant of [...this.#tasks?.keys() ?? []]) this.end(claimant);
  }
}
