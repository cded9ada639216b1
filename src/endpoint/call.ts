/**
 * Requests and notifications with their promises: the border between promises above and callbacks
 * below. Shared by `Endpoint` and `Client`.
 *
 * @module
 */

import type { Codec } from "../codec.ts";
import type { TimerDriver } from "../connection/timer_driver.ts";
import { OutgoingNotification, OutgoingRequest } from "../core/outgoing.ts";
import { CODES, type Delivery, type ErrorCode, RequestError } from "../errors.ts";
import { codecTag, decodeRange, jsonCodec } from "../codec.ts";

/** Where a message goes: a link, or a client's link. */
export interface Route {
  /** Whether there is a connection. */
  readonly isUp: boolean;
  /** Why there is no connection, for people; empty where that is not known. */
  readonly trouble: string;
  /** Whether what is sent would have to wait for a place. */
  readonly isFull: boolean;
  /** Sends or queues. @returns `null`, or why it was not taken. */
  send(message: OutgoingRequest | OutgoingNotification, failWhenDown: boolean): ErrorCode | null;
  /** Takes back what was not written. */
  withdraw(message: OutgoingRequest | OutgoingNotification): boolean;
  /** Tells the other end that the caller has given up. */
  cancel(request: OutgoingRequest): void;
}

/** What a call is made of. */
export interface CallOptions {
  readonly peer: string;
  readonly service: string;
  readonly codec: Codec;
  readonly timeoutMs: number;
  readonly idempotent: boolean;
  readonly failWhenDown: boolean;
  readonly signal: AbortSignal | undefined;
}

/** The error of a call, in words. */
export function callError(
  code: ErrorCode,
  delivery: Delivery,
  peer: string,
  service: string,
  text: string,
  more: { readonly cause?: unknown; readonly details?: unknown } = {},
): RequestError {
  const reason = text === "" ? CODES[code].summary : text;
  const message = `Cannot complete '${service}' at '${peer}': ${reason}`;
  return new RequestError(code, message, delivery, { peer, ...more });
}

function noConnectionText(trouble: string): string {
  const reason = trouble === "" ? "" : ` (the last attempt failed: ${trouble})`;
  return `there was no connection before the deadline${reason}`;
}

/** A request and its promise. */
export class Call extends OutgoingRequest {
  readonly #options: CallOptions;
  readonly #route: Route;
  readonly #timers: TimerDriver;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: RequestError) => void;

  constructor(
    options: CallOptions,
    payload: Uint8Array,
    route: Route,
    timers: TimerDriver,
    resolve: (value: unknown) => void,
    reject: (error: RequestError) => void,
  ) {
    super(payload, codecTag(options.codec), options.service, options.timeoutMs, options.idempotent);
    this.#options = options;
    this.#route = route;
    this.#timers = timers;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Sends it; from now on it settles by itself. */
  start(): void {
    const { signal, timeoutMs, failWhenDown } = this.#options;
    this.#timers.add(this, timeoutMs);
    this.queuedMs = this.deadlineMs - timeoutMs;
    signal?.addEventListener("abort", this);
    const refused = this.#route.send(this, failWhenDown);
    if (refused === null) return;
    this.state = "settled";
    const { trouble } = this.#route;
    const isDown = refused === "peer-down" && trouble !== "";
    this.fail(refused, isDown ? `${CODES[refused].summary} (${trouble})` : "", this.delivery);
  }

  override expire(): void {
    this.#giveUp("timeout");
  }

  /** The caller's signal. */
  handleEvent(): void {
    this.#giveUp("cancelled");
  }

  override succeed(codec: number, bytes: Uint8Array, start: number, end: number): void {
    this.#finish();
    const { peer, service, codec: own } = this.#options;
    if (codec !== this.codec) {
      this.#reject(callError("codec-mismatch", "executed", peer, service, ""));
      return;
    }
    let value: unknown;
    try {
      value = decodeRange(own, bytes, start, end);
    } catch (cause) {
      this.#reject(callError("codec-failed", "executed", peer, service, "", { cause }));
      return;
    }
    this.#resolve(value);
  }

  override fail(code: ErrorCode, text: string, delivery: Delivery, encoded?: Uint8Array): void {
    this.#finish();
    const { peer, service, signal } = this.#options;
    let details: unknown;
    if (encoded !== undefined && encoded.length > 0) {
      try {
        details = jsonCodec.decode(encoded);
      } catch {
        // Details that cannot be read are left out: the code and the message say what matters.
      }
    }
    const cause = code === "cancelled" ? signal?.reason : undefined;
    this.#reject(callError(code, delivery, peer, service, text, { details, cause }));
  }

  #giveUp(code: "timeout" | "cancelled"): void {
    if (this.state === "settled") return;
    if (this.state === "written") {
      this.state = "settled";
      this.#route.cancel(this);
      this.fail(code, "", this.delivery);
      return;
    }
    const full = this.#route.isUp && this.#route.isFull;
    this.#route.withdraw(this);
    this.state = "settled";
    const isDown = code === "timeout" && !this.#route.isUp;
    const text = isDown ? noConnectionText(this.#route.trouble) : "";
    this.fail(code === "timeout" && full ? "overloaded" : code, text, this.delivery);
  }

  #finish(): void {
    this.#timers.remove(this);
    this.#options.signal?.removeEventListener("abort", this);
    this.release();
  }
}

/** A notification and its promise, which settles when it has been written. */
export class Notice extends OutgoingNotification {
  readonly #options: CallOptions;
  readonly #route: Route;
  readonly #timers: TimerDriver;
  readonly #resolve: () => void;
  readonly #reject: (error: RequestError) => void;
  #settled = false;

  constructor(
    options: CallOptions,
    payload: Uint8Array,
    route: Route,
    timers: TimerDriver,
    resolve: () => void,
    reject: (error: RequestError) => void,
  ) {
    super(payload, codecTag(options.codec), options.service);
    this.#options = options;
    this.#route = route;
    this.#timers = timers;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Sends it; from now on it settles by itself. */
  start(): void {
    const { signal, timeoutMs, failWhenDown } = this.#options;
    this.#timers.add(this, timeoutMs);
    this.queuedMs = this.deadlineMs - timeoutMs;
    signal?.addEventListener("abort", this);
    const refused = this.#route.send(this, failWhenDown);
    if (refused !== null) this.fail(refused, "");
  }

  override expire(): void {
    this.#giveUp(this.#route.isUp && this.#route.isFull ? "overloaded" : "timeout");
  }

  /** The caller's signal. */
  handleEvent(): void {
    this.#giveUp("cancelled");
  }

  override written(): void {
    if (this.#finish()) this.#resolve();
  }

  override fail(code: ErrorCode, text: string): void {
    if (!this.#finish()) return;
    const { peer, service, signal } = this.#options;
    const cause = code === "cancelled" ? signal?.reason : undefined;
    this.#reject(callError(code, "not-sent", peer, service, text, { cause }));
  }

  #giveUp(code: ErrorCode): void {
    this.#route.withdraw(this);
    this.fail(code, "");
  }

  #finish(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#timers.remove(this);
    this.#options.signal?.removeEventListener("abort", this);
    return true;
  }
}
