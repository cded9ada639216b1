/**
 * What a handler sees of the call that it answers, and the calls that it makes for it.
 *
 * @module
 */

import { type Codec, codecTag, encodeWith } from "../codec.ts";
import { TimerTask } from "../connection/timer_task.ts";
import type { Timers } from "../connection/timers.ts";
import { DEPTH_MAX } from "../core/flow/places.ts";
import type { Session } from "../core/session/session.ts";
import type { InboundRequest } from "../core/session/session_handler.ts";
import type { Metadata } from "../core/wire/metadata.ts";
import { type ErrorCode, RequestError } from "../errors.ts";
import type { NotifyOptions, RequestOptions, StreamOptions } from "../options.ts";
import { encodeCause } from "./cause.ts";
import type { ItemStream } from "./item_stream.ts";
import { type CallerCalls, callerOf, type RemoteCaller, sessionOf } from "./remote_caller.ts";
import { detailsOf, isThenable, messageOf, waitFor } from "./thrown.ts";

/** What a handler is told beside the payload. */
export interface HandlerContext {
  /** Who calls. */
  readonly caller: RemoteCaller;
  /** The service that was called. */
  readonly service: string;
  /** Aborts when the caller cancels, gives up, or its process is gone, and at its deadline. */
  readonly signal: AbortSignal;
  /** How long the caller waits, in milliseconds from the call; `Infinity` for a notification. */
  readonly timeoutMs: number;
  /** How long the caller still waits, in milliseconds, at least 0; `Infinity` for a notification. */
  readonly timeLeftMs: number;
  /** What the caller said beside the payload. It has no prototype: `metadata.trace` is enough. */
  readonly metadata: Metadata;
  /** Of a stream: how many items its caller has of an earlier process; else 0. */
  readonly resumeFrom: number;
  /**
   * Asks a peer, or the `caller` itself, on behalf of this call: not longer than its caller waits,
   * and given up with it. As its caller waits for it, it has places that `Endpoint.request` has
   * not: handlers that ask each other cannot starve each other, and an endpoint that is closing
   * still makes and takes it.
   */
  request<Result = unknown>(
    peer: string | RemoteCaller,
    service: string,
    payload?: unknown,
    options?: RequestOptions,
  ): Promise<Result>;
  /** Tells a peer, or the `caller`, something on behalf of this call; see `Endpoint.notify`. */
  notify(
    peer: string | RemoteCaller,
    service: string,
    payload?: unknown,
    options?: NotifyOptions,
  ): Promise<void>;
  /** Opens a stream at a peer, or the `caller`, on behalf of this call; see `Endpoint.stream`. */
  stream<Item = unknown>(
    peer: string | RemoteCaller,
    service: string,
    payload?: unknown,
    options?: StreamOptions,
  ): ItemStream<Item>;
}

/** What handlers ask of their endpoint. */
export interface NestedCalls extends CallerCalls {
  readonly timers: Timers;
  /** How long a request waits for its answer when its call does not say, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** See `HandlerContext.request`. */
  requestAt<Result>(
    context: HandlerContext,
    depth: number,
    to: string | Session,
    service: string,
    payload: unknown,
    options: RequestOptions,
  ): Promise<Result>;
  /** See `HandlerContext.stream`. */
  streamFrom<Item>(
    context: HandlerContext,
    depth: number,
    to: string | Session,
    service: string,
    payload: unknown,
    options: StreamOptions,
  ): ItemStream<Item>;
  /** See `HandlerContext.notify`. */
  notifyFrom(
    context: HandlerContext,
    to: string | Session,
    service: string,
    payload: unknown,
    options: NotifyOptions,
  ): Promise<void>;
}

const OPTIONAL_NONE: RequestOptions = Object.freeze({});

/** A request that is being answered. */
export class InboundCall implements InboundRequest, HandlerContext {
  readonly service: string;
  readonly timeoutMs: number;
  readonly resumeFrom = 0;
  metadata: Metadata;
  /** Whether its handler has begun: interceptors may refuse it before. */
  isBegun = true;
  readonly #calls: NestedCalls;
  readonly #session: Session;
  readonly #slot: number;
  readonly #generation: number;
  readonly #deadlineMs: number;
  readonly #depth: number;
  readonly #codec: Codec;
  #controller: AbortController | null = null;
  /** Here while somebody has asked for the signal. */
  #deadlineTask: TimerTask | null = null;
  #cancelled: ErrorCode | null = null;

  constructor(
    calls: NestedCalls,
    session: Session,
    slot: number,
    generation: number,
    service: string,
    deadlineMs: number,
    timeoutMs: number,
    depth: number,
    codec: Codec,
    metadata: Metadata,
  ) {
    this.#calls = calls;
    this.#session = session;
    this.#slot = slot;
    this.#generation = generation;
    this.service = service;
    this.#deadlineMs = deadlineMs;
    this.timeoutMs = timeoutMs;
    this.#depth = depth;
    this.#codec = codec;
    this.metadata = metadata;
  }

  get caller(): RemoteCaller {
    return callerOf(this.#session, this.#calls);
  }

  /** The life of the caller. */
  get callerBootId(): string {
    return this.#session.bootId;
  }

  get timeLeftMs(): number {
    return Math.max(0, this.#deadlineMs - this.#calls.timers.nowMs());
  }

  /** Made when it is asked for: most handlers never do. */
  get signal(): AbortSignal {
    if (this.#controller !== null) return this.#controller.signal;
    this.#controller = new AbortController();
    if (this.#cancelled !== null) this.#controller.abort(cancelReason(this.#cancelled));
    else if (this.#deadlineMs !== Infinity) {
      this.#deadlineTask = new TimerTask(() => this.cancel("timeout"));
      this.#calls.timers.add(this.#deadlineTask, this.timeLeftMs);
    }
    return this.#controller.signal;
  }

  request<Result = unknown>(
    peer: string | RemoteCaller,
    service: string,
    payload?: unknown,
    options: RequestOptions = OPTIONAL_NONE,
  ): Promise<Result> {
    const depth = Math.min(this.#depth + 1, DEPTH_MAX);
    return this.#calls.requestAt(
      this,
      depth,
      destinationOf(peer),
      service,
      payload,
      this.#shorten(options),
    );
  }

  notify(
    peer: string | RemoteCaller,
    service: string,
    payload?: unknown,
    options: NotifyOptions = OPTIONAL_NONE,
  ): Promise<void> {
    return this.#calls.notifyFrom(
      this,
      destinationOf(peer),
      service,
      payload,
      this.#shorten(options),
    );
  }

  stream<Item = unknown>(
    peer: string | RemoteCaller,
    service: string,
    payload?: unknown,
    options: StreamOptions = OPTIONAL_NONE,
  ): ItemStream<Item> {
    const to = destinationOf(peer);
    const short = this.#shorten(options);
    return this.#calls.streamFrom(this, this.#depth + 1, to, service, payload, short);
  }

  cancel(code: ErrorCode): void {
    if (this.#cancelled !== null) return;
    this.#cancelled = code;
    this.#stopTask();
    this.#controller?.abort(cancelReason(code));
  }

  /** Calls the handler; what becomes of it is the answer. */
  run(
    handler: (payload: unknown, context: HandlerContext) => unknown,
    payload: unknown,
  ): void {
    let result: unknown;
    try {
      result = handler(payload, this);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (isThenable(result)) {
      waitFor(result, (value) => this.#respond(value), (error) => this.#fail(error));
    } else this.#respond(result);
  }

  #respond(value: unknown): void {
    this.#stopTask();
    // Whoever has given up grants no room, and waits for its place only.
    if (this.#cancelled === "cancelled") {
      const text = "its caller no longer waits for the answer";
      this.#session.reject(this.#slot, this.#generation, "cancelled", "executed", text);
      return;
    }
    let payload: Uint8Array;
    try {
      payload = encodeWith(this.#codec, value);
    } catch (error) {
      const text = `the answer cannot be encoded: ${messageOf(error)}`;
      this.#session.reject(this.#slot, this.#generation, "codec-failed", "executed", text);
      return;
    }
    this.#session.respond(this.#slot, this.#generation, codecTag(this.#codec), payload);
  }

  #fail(error: unknown): void {
    this.#stopTask();
    // Of a handler that was told to stop one cannot know how far it got.
    const [code, delivery] = this.#cancelled === null
      ? ["handler-failed", this.isBegun ? "executed" : "not-executed"] as const
      : ["cancelled", "maybe-executed"] as const;
    this.#session.reject(
      this.#slot,
      this.#generation,
      code,
      delivery,
      messageOf(error),
      detailsOf(error),
      encodeCause(error),
    );
  }

  #stopTask(): void {
    if (this.#deadlineTask !== null) this.#calls.timers.remove(this.#deadlineTask);
    this.#deadlineTask = null;
  }

  /** Options of a call whose result is needed only as long as this one's. */
  #shorten<Options extends NotifyOptions>(options: Options): Options {
    // Also where nothing is left: it fails then as any call whose time is over.
    const timeoutMs = Math.min(
      options.timeoutMs ?? this.#calls.requestTimeoutMs,
      Math.max(1, this.timeLeftMs),
    );
    const signal = options.signal === undefined
      ? this.signal
      : AbortSignal.any([options.signal, this.signal]);
    return { ...options, timeoutMs, signal };
  }
}

/** A notification has nobody who could cancel it, and nobody who waits. */
export class NotificationContext implements HandlerContext {
  readonly service: string;
  readonly timeoutMs = Infinity;
  readonly timeLeftMs = Infinity;
  readonly resumeFrom = 0;
  metadata: Metadata;
  readonly #calls: NestedCalls;
  readonly #session: Session;
  #signal: AbortSignal | null = null;

  constructor(calls: NestedCalls, session: Session, service: string, metadata: Metadata) {
    this.#calls = calls;
    this.#session = session;
    this.service = service;
    this.metadata = metadata;
  }

  get caller(): RemoteCaller {
    return callerOf(this.#session, this.#calls);
  }

  /** The life of the caller. */
  get callerBootId(): string {
    return this.#session.bootId;
  }

  get signal(): AbortSignal {
    this.#signal ??= new AbortController().signal;
    return this.#signal;
  }

  stream<Item = unknown>(
    peer: string | RemoteCaller,
    service: string,
    payload?: unknown,
    options: StreamOptions = OPTIONAL_NONE,
  ): ItemStream<Item> {
    return this.#calls.streamFrom(this, 1, destinationOf(peer), service, payload, options);
  }

  request<Result = unknown>(
    peer: string | RemoteCaller,
    service: string,
    payload?: unknown,
    options: RequestOptions = OPTIONAL_NONE,
  ): Promise<Result> {
    return this.#calls.requestAt(this, 1, destinationOf(peer), service, payload, options);
  }

  notify(
    peer: string | RemoteCaller,
    service: string,
    payload?: unknown,
    options: NotifyOptions = OPTIONAL_NONE,
  ): Promise<void> {
    return this.#calls.notifyFrom(this, destinationOf(peer), service, payload, options);
  }
}

/** What is no caller is looked at as a name. */
export function destinationOf(peer: string | RemoteCaller): string | Session {
  return typeof peer === "object" && peer !== null ? sessionOf(peer) ?? peer.name : peer;
}

function cancelReason(code: ErrorCode): RequestError {
  return new RequestError(code, "The caller no longer waits for the answer", "maybe-executed");
}
