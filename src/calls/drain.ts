/**
 * Closing in good order: until nothing is open any more, or its time is over.
 *
 * @module
 */

import { TimerTask } from "../connection/timer_task.ts";
import type { Timers } from "../connection/timers.ts";
import type { ErrorCode } from "../errors.ts";
import type { HandlerRegistry } from "./handler_registry.ts";

/** How often a closing endpoint looks whether all is done, in milliseconds. */
const DRAIN_CHECK_MS = 5;

/** What has the connections of an endpoint or client. */
export interface Drainable {
  /** Whether another process has its name; `null`: none has. */
  readonly fenced: ErrorCode | null;
  /** Whether, after `drain`, nothing is open in either direction any more. */
  readonly isDrained: boolean;
  /** No new work is taken: the other ends are told. */
  drain(): void;
  /** Ends everything; what is open fails with `code`. */
  stop(code: ErrorCode): void;
}

/** What closes. */
export interface DrainParts {
  readonly timers: Timers;
  /** What lets others in; a client has none. */
  readonly listener: { close(): void } | null;
  readonly manager: Drainable;
  readonly handlers: HandlerRegistry;
  /** Ends everything. */
  stop(): void;
  /** Takes what is to be called when the endpoint is fenced: no deadline comes then. */
  whenFenced(endNow: () => void): void;
}

/** Resolves when the endpoint is stopped, after `drainMs` at the latest, whatever happens. */
export function whenDrained(
  drainMs: number,
  { timers, listener, manager, handlers, stop, whenFenced }: DrainParts,
): Promise<void> {
  return new Promise((resolve) => {
    const untilMs = timers.nowMs() + drainMs;
    let isListening = listener !== null;
    const check = new TimerTask(() => {
      const isFenced = manager.fenced !== null;
      // Handlers of notifications run on when their sender has gone.
      const isDone = manager.isDrained && handlers.running === 0;
      if (!isFenced && !isDone && timers.nowMs() < untilMs) {
        timers.add(check, DRAIN_CHECK_MS);
        return;
      }
      // Runtimes let go of the port a turn later; whoever hears that this is closed may want it.
      if (isListening && !isFenced) {
        isListening = false;
        listener!.close();
        timers.add(check, 0);
        return;
      }
      stop();
      resolve();
    });
    whenFenced(() => check.expire(0));
    // A fenced endpoint has no timers any more.
    if (manager.fenced !== null) check.expire(0);
    else timers.add(check, 0);
  });
}
