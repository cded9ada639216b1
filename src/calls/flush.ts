/**
 * Waiting until the other end has all notifications that were taken.
 *
 * @module
 */

import type { FlushWaiter } from "../core/flow/notification_flow.ts";
import { Deadline } from "../core/time/deadline_heap.ts";
import type { ErrorCode, RequestError } from "../errors.ts";
import type { Abortable } from "./abort_groups.ts";
import { callError, type CallHost, type Route } from "./call.ts";

/** Somebody who waits for that. */
export class Flush extends Deadline implements FlushWaiter, Abortable {
  signalPlace = 0;
  readonly #host: CallHost;
  readonly #route: Route;
  readonly #peer: string;
  readonly #signal: AbortSignal | undefined;
  readonly #resolve: () => void;
  readonly #reject: (error: RequestError) => void;
  #settled = false;

  constructor(
    host: CallHost,
    route: Route,
    peer: string,
    signal: AbortSignal | undefined,
    resolve: () => void,
    reject: (error: RequestError) => void,
  ) {
    super();
    this.#host = host;
    this.#route = route;
    this.#peer = peer;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** From now on it settles by itself. */
  start(timeoutMs: number): void {
    if (timeoutMs !== Infinity) this.#host.timers.add(this, timeoutMs);
    if (this.#signal !== undefined) this.#host.aborts.add(this.#signal, this);
    this.#route.outbox.flush(this);
  }

  override expire(): void {
    this.#giveUp("timeout");
  }

  handleAbort(): void {
    this.#giveUp("cancelled");
  }

  done(): void {
    if (this.#finish()) this.#resolve();
  }

  fail(code: ErrorCode): void {
    if (!this.#finish()) return;
    const cause = code === "cancelled" ? this.#signal?.reason : undefined;
    this.#reject(callError(code, "maybe-executed", this.#peer, "flush", "", { cause }));
  }

  #giveUp(code: ErrorCode): void {
    this.#route.outbox.endFlush(this);
    this.fail(code);
  }

  #finish(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#host.timers.remove(this);
    if (this.#signal !== undefined) this.#host.aborts.remove(this.#signal, this);
    return true;
  }
}
