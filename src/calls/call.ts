/**
 * Requests and notifications with their promises: the border between promises above and callbacks
 * below. Shared by `Endpoint` and `Client`.
 *
 * @module
 */

import { type Codec, codecTag, decodeRange, jsonCodec } from "../codec.ts";
import type { Timers } from "../connection/timers.ts";
import type { FlushWaiter } from "../core/flow/notification_flow.ts";
import type { OutgoingStream } from "../core/flow/outgoing_stream.ts";
import { OutgoingNotification, OutgoingRequest } from "../core/flow/outgoing.ts";
import {
  CODES,
  type Delivery,
  type ErrorCode,
  type LinkError,
  RequestError,
  withoutFrames,
} from "../errors.ts";
import type { CopyBytes } from "../runtime/runtime.ts";
import { type Abortable, type AbortGroups, reasonOf } from "./abort_groups.ts";
import { decodeCause } from "./cause.ts";

/** What goes to one other end. */
export interface RouteOutbox {
  /** Sends or queues. @returns `null`, or why it was not taken. */
  request(request: OutgoingRequest, failWhenDown: boolean, failWhenFull: boolean): ErrorCode | null;
  /** Queues. @returns `null`, or why it was not taken. */
  notify(
    notification: OutgoingNotification,
    failWhenDown: boolean,
    failWhenFull: boolean,
  ): ErrorCode | null;
  /** Takes back what has no place yet, or is not taken. */
  withdraw(message: OutgoingRequest | OutgoingNotification): boolean;
  /** Tells the other end that the caller has given up. */
  cancel(request: OutgoingRequest): void;
  /** Opens a stream. @returns `null`, or why it was not taken. */
  stream(stream: OutgoingStream, failWhenDown: boolean, failWhenFull: boolean): ErrorCode | null;
  /** Its caller gives up, whether it is open or not. */
  endStream(stream: OutgoingStream): void;
  /** Tells when the other end has all notifications that are taken now. */
  flush(waiter: FlushWaiter): void;
  /** Somebody no longer wants to know. */
  endFlush(waiter: FlushWaiter): void;
}

/** Where a message goes: a link, or a client's link. */
export interface Route {
  /** Whether there is a connection. */
  readonly isUp: boolean;
  /** Why there is no connection; `null` where that is not known. */
  readonly lastDialError: LinkError | null;
  /** Whether what is sent would have to wait for a place. */
  readonly isFull: boolean;
  readonly outbox: RouteOutbox;
  /** The link number of the connection in use; 0 for none. */
  readonly identifier: number;
  /** The life whose session is held; `null`: none is. */
  readonly sessionBootId: string | null;
}

/** What became known of a call on its way, for whoever stands around it. */
export interface CallReport {
  /** How long it waited to be sent, for a connection, a place or credit, in milliseconds. */
  waitedMs: number;
  /** The link number of the connection in use when it ended; 0 for none. */
  identifier: number;
  /** The life of the other end; `null` where none was known. */
  bootId: string | null;
}

/** What all calls of an endpoint or client share. */
export interface CallHost {
  readonly timers: Timers;
  readonly copy: CopyBytes;
  readonly aborts: AbortGroups;
  /** A notification that was taken will not be sent. */
  handleDropped(peer: string, service: string, code: ErrorCode): void;
}

/** The error of a call, in words. */
export function callError(
  code: ErrorCode,
  delivery: Delivery,
  peer: string,
  service: string,
  text: string,
  more: {
    readonly cause?: unknown;
    readonly details?: unknown;
    readonly received?: number;
  } = {},
): RequestError {
  const reason = text === "" ? CODES[code].summary : text;
  const message = `Cannot complete '${service}' at '${peer}': ${reason}`;
  return new RequestError(code, message, delivery, { peer, ...more });
}

/** The same for a call that is under way: whoever called is on no stack any more. */
function lateError(...parts: Parameters<typeof callError>): RequestError {
  return withoutFrames(() => callError(...parts));
}

/** What to say of a call that ends because there is no connection; else nothing. */
export function downText(code: ErrorCode, route: Route): string {
  if (route.isUp || (code !== "timeout" && code !== "peer-down")) return "";
  const summary = code === "timeout"
    ? "there was no connection before the deadline"
    : CODES[code].summary;
  const reason = route.lastDialError?.message;
  return reason === undefined ? summary : `${summary} (${reason})`;
}

/** What brought the end of a call about, where it is known here. */
function causeOf(code: ErrorCode, route: Route, signal: AbortSignal | undefined): unknown {
  if (code === "cancelled") return signal?.aborted ? reasonOf(signal) : undefined;
  const isDown = !route.isUp && (code === "timeout" || code === "peer-down");
  return isDown ? route.lastDialError ?? undefined : undefined;
}

/** Arms the deadline; a call that waits without end has none, and remembers when it came. */
function arm(timers: Timers, call: OutgoingRequest | OutgoingNotification): void {
  if (call.timeoutMs === Infinity) call.deadlineMs = timers.nowMs();
  else timers.add(call, call.timeoutMs);
}

/** A request and its promise. */
export class Call extends OutgoingRequest implements Abortable {
  signalPlace = 0;
  readonly #host: CallHost;
  readonly #route: Route;
  readonly #peer: string;
  readonly #codec: Codec;
  readonly #signal: AbortSignal | undefined;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: RequestError) => void;
  readonly #report: CallReport | null;

  constructor(
    host: CallHost,
    route: Route,
    peer: string,
    service: string,
    codec: Codec,
    timeoutMs: number,
    idempotent: boolean,
    depth: number,
    signal: AbortSignal | undefined,
    payload: Uint8Array,
    metadata: Uint8Array | null,
    resolve: (value: unknown) => void,
    reject: (error: RequestError) => void,
    report: CallReport | null,
  ) {
    super(payload, codecTag(codec), service, timeoutMs, idempotent, depth, metadata);
    this.#host = host;
    this.#route = route;
    this.#peer = peer;
    this.#codec = codec;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#report = report;
  }

  /** Sends it; from now on it settles by itself. */
  start(failWhenDown: boolean, failWhenFull: boolean): void {
    if (this.#signal !== undefined) this.#host.aborts.add(this.#signal, this);
    arm(this.#host.timers, this);
    const refused = this.#route.outbox.request(this, failWhenDown, failWhenFull);
    if (refused === null) return;
    this.state = "settled";
    this.fail(refused, downText(refused, this.#route), this.delivery);
  }

  override expire(): void {
    this.#giveUp("timeout");
  }

  handleAbort(): void {
    this.#giveUp("cancelled");
  }

  override succeed(codec: number, bytes: Uint8Array, start: number, end: number): void {
    this.#finish();
    if (codec !== this.codec) {
      this.#reject(lateError("codec-mismatch", "executed", this.#peer, this.service, ""));
      return;
    }
    let value: unknown;
    try {
      value = decodeRange(this.#codec, bytes, start, end, this.#host.copy);
    } catch (cause) {
      this.#reject(lateError("codec-failed", "executed", this.#peer, this.service, "", { cause }));
      return;
    }
    this.#resolve(value);
  }

  override fail(
    code: ErrorCode,
    text: string,
    delivery: Delivery,
    encodedCause?: Uint8Array,
    encodedDetails?: Uint8Array,
  ): void {
    this.#finish();
    let details: unknown;
    if (encodedDetails !== undefined && encodedDetails.length > 0) {
      try {
        details = jsonCodec.decode(encodedDetails);
      } catch {
        // Details that cannot be read are left out: the code and the message say what matters.
      }
    }
    const cause = causeOf(code, this.#route, this.#signal) ?? decodeCause(encodedCause);
    this.#reject(lateError(code, delivery, this.#peer, this.service, text, { details, cause }));
  }

  #giveUp(code: "timeout" | "cancelled"): void {
    if (this.state === "settled") return;
    if (this.state === "written" || this.state === "announced") {
      this.state = "settled";
      this.#route.outbox.cancel(this);
      this.fail(code, "", this.delivery);
      return;
    }
    const full = this.#route.isUp && this.#route.isFull;
    this.#route.outbox.withdraw(this);
    this.state = "settled";
    const reason = code === "timeout" && full ? "overloaded" : code;
    this.fail(reason, downText(reason, this.#route), this.delivery);
  }

  #finish(): void {
    this.#host.timers.remove(this);
    if (this.#signal !== undefined) this.#host.aborts.remove(this.#signal, this);
    this.release();
    if (this.#report !== null) this.#fill(this.#report);
  }

  #fill(report: CallReport): void {
    report.waitedMs = this.waitedMs;
    report.identifier = this.#route.identifier;
    report.bootId = this.#route.sessionBootId;
  }
}

/** A notification and its promise, which settles when the queue has taken it. */
export class Notice extends OutgoingNotification implements Abortable {
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
    service: string,
    codec: Codec,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    payload: Uint8Array,
    metadata: Uint8Array | null,
    resolve: () => void,
    reject: (error: RequestError) => void,
  ) {
    super(payload, codecTag(codec), service, timeoutMs, metadata);
    this.#host = host;
    this.#route = route;
    this.#peer = peer;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Sends it; from now on it settles by itself. */
  start(failWhenDown: boolean, failWhenFull: boolean): void {
    const refused = this.#route.outbox.notify(this, failWhenDown, failWhenFull);
    if (refused !== null) this.fail(refused, downText(refused, this.#route));
    if (this.#settled) return;
    if (this.#signal !== undefined) this.#host.aborts.add(this.#signal, this);
    arm(this.#host.timers, this);
  }

  override expire(): void {
    this.#giveUp("overloaded");
  }

  handleAbort(): void {
    this.#giveUp("cancelled");
  }

  override taken(): void {
    if (this.#finish()) this.#resolve();
  }

  override fail(code: ErrorCode, text: string): void {
    this.release();
    if (!this.#finish()) {
      this.#host.handleDropped(this.#peer, this.service, code);
      return;
    }
    const cause = causeOf(code, this.#route, this.#signal);
    this.#reject(lateError(code, "not-sent", this.#peer, this.service, text, { cause }));
  }

  #giveUp(code: ErrorCode): void {
    this.#route.outbox.withdraw(this);
    this.fail(code, downText(code, this.#route));
  }

  #finish(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#host.timers.remove(this);
    if (this.#signal !== undefined) this.#host.aborts.remove(this.#signal, this);
    return true;
  }
}
