/**
 * Calls of an endpoint whose peers a discovery tells: until it has told its first list, a call to a
 * peer that nobody knows yet waits for it, within its own deadline.
 *
 * @module
 */

import type { Timers } from "../connection/timers.ts";
import type { RequestOptions } from "../options.ts";
import {
  checkNotifyOptions,
  checkPeerName,
  checkRequestOptions,
  checkServiceName,
} from "../options/call_options.ts";
import { callError } from "./call.ts";
import { type CallDefaults, Caller, type Destination } from "./caller.ts";
import type { Changes } from "./changes.ts";

/** What such calls wait for. */
export interface ListedCallerOwner {
  /** Whether that is no peer, and may be one as soon as a first list is there. */
  awaits(peer: string): boolean;
  readonly changes: Changes;
}

/** One call, made when there is a list. @param options With the time that is left. */
type Again<Result> = (options: RequestOptions) => Promise<Result>;

/** Makes the calls of such an endpoint. */
export class ListedCaller extends Caller {
  readonly #listed: ListedCallerOwner;
  readonly #timers: Timers;
  readonly #defaults: CallDefaults;

  constructor(listed: ListedCallerOwner, ...parts: ConstructorParameters<typeof Caller>) {
    super(...parts);
    this.#listed = listed;
    [, this.#timers, , this.#defaults] = parts;
  }

  override request<Result>(...call: Parameters<Caller["request"]>): Promise<Result> {
    const [peer, service, payload, options, ...rest] = call;
    if (!this.#waits(peer, options)) return super.request(...call);
    return this.#later(peer, service, options, checkRequestOptions, (left) => {
      return super.request(peer, service, payload, left, ...rest);
    });
  }

  override notify(...call: Parameters<Caller["notify"]>): Promise<void> {
    const [peer, service, payload, options, ...rest] = call;
    if (!this.#waits(peer, options)) return super.notify(...call);
    return this.#later(peer, service, options, checkNotifyOptions, (left) => {
      return super.notify(peer, service, payload, left, ...rest);
    });
  }

  #waits(peer: Destination, options: RequestOptions | undefined): peer is string {
    return typeof peer === "string" && this.#listed.awaits(peer) &&
      (options?.whenDown ?? this.#defaults.whenDown) !== "fail";
  }

  async #later<Result>(
    peer: string,
    service: string,
    options: RequestOptions,
    check: (options: RequestOptions) => void,
    again: Again<Result>,
  ): Promise<Result> {
    check(options);
    checkPeerName(peer);
    checkServiceName(service);
    const { changes } = this.#listed;
    const { timeoutMs = this.#defaults.requestTimeoutMs, signal } = options;
    const deadlineMs = this.#timers.nowMs() + timeoutMs;
    for (;;) {
      const leftMs = deadlineMs - this.#timers.nowMs();
      if (signal?.aborted) {
        throw callError("cancelled", "not-sent", peer, service, "", { cause: signal.reason });
      }
      if (leftMs <= 0) {
        const text = `no discovery has told of '${peer}' before the deadline`;
        throw callError("timeout", "not-sent", peer, service, text);
      }
      if (!this.#listed.awaits(peer)) return await again({ ...options, timeoutMs: leftMs });
      await changes.wait(leftMs, signal);
    }
  }
}
