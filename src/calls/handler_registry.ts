/**
 * Handlers: which function answers which service, and what becomes of its answer.
 *
 * Handlers run concurrently; none waits for another. An answer goes through the session of its
 * request, never through the connection it came in on, so it survives a broken path; when the
 * caller's process is gone, there is nobody to answer and it is dropped.
 *
 * @module
 */

import { type Codec, codecTag, decodeRange, encodeWith } from "../codec.ts";
import type { Session } from "../core/session/session.ts";
import type { InboundRequest, SessionHandler } from "../core/session/session_handler.ts";
import { ConfigurationError, type ErrorCode, RequestError } from "../errors.ts";
import type { CopyBytes } from "../runtime/runtime.ts";
import { EarlyRequest, EarlyRequests } from "./early_requests.ts";
import { detailsOf, isThenable, messageOf, waitFor } from "./thrown.ts";
import { callerOf, type RemoteCaller } from "./remote_caller.ts";

/** What a handler is told beside the payload. */
export interface HandlerContext {
  /** Who calls. */
  readonly caller: RemoteCaller;
  /** The service that was called. */
  readonly service: string;
  /** Aborts when the caller cancels, gives up, or its process is gone. */
  readonly signal: AbortSignal;
  /**
   * How long the caller waits, in milliseconds from the call; `Infinity` where it waits without end,
   * and for a notification.
   */
  readonly timeoutMs: number;
}

/** A handler with how its payload and answer are encoded. */
export interface CodedHandler {
  /** Answers the service. */
  readonly handler: AnyHandler;
  /** By default the endpoint's codec. */
  readonly codec?: "json" | "bytes" | Codec;
}

/** A handler of any payload; a method, so that each handler of a definite payload is one. */
export type AnyHandler = {
  /** Answers the service. */
  handle(payload: unknown, context: HandlerContext): unknown;
}["handle"];

/** Handlers by the names of their services. */
export type Handlers = Readonly<Record<string, AnyHandler | CodedHandler>>;

/** Answers a service. What it returns (or resolves to) is the answer. */
export type Handler<Payload, Result> = (
  payload: Payload,
  context: HandlerContext,
) => Result | Promise<Result>;

interface Registration {
  readonly handler: Handler<unknown, unknown>;
  readonly codec: Codec;
  readonly codecName: string;
}

/** What the registry tells. */
export interface HandlingOwner {
  /** A notification's handler failed. */
  handleNotificationFailed(peer: string, service: string, error: unknown): void;
}

/** The handlers of one endpoint. */
export class HandlerRegistry implements SessionHandler {
  readonly #owner: HandlingOwner;
  readonly #handlers = new Map<string, Registration>();
  readonly #notificationsMax: number;
  readonly #copy: CopyBytes;
  readonly #early: EarlyRequests;
  #notifications = 0;
  /** Sessions that were told there is no room. */
  readonly #waiting = new Set<Session>();

  /**
   * @param notificationsMax How many notifications may be handled at a time.
   * @param payloadMaxBytes The largest payload.
   */
  constructor(
    owner: HandlingOwner,
    notificationsMax: number,
    payloadMaxBytes: number,
    copy: CopyBytes,
  ) {
    this.#owner = owner;
    this.#copy = copy;
    this.#notificationsMax = notificationsMax;
    this.#early = new EarlyRequests(payloadMaxBytes);
  }

  /** Notifications whose handlers are running. */
  get running(): number {
    return this.#notifications;
  }

  /**
   * Registers a handler. Requests that waited for it run when the running turn has ended.
   *
   * @throws {ConfigurationError} `invalid-options`: the service has one.
   */
  add(service: string, handler: Handler<unknown, unknown>, codec: Codec): void {
    if (this.#handlers.has(service)) {
      throw new ConfigurationError("invalid-options", [`Cannot handle '${service}' twice`]);
    }
    this.#handlers.set(service, { handler, codec, codecName: codec.name });
    if (this.#early.size > 0) Promise.resolve().then(() => this.#runEarly(service));
  }

  /** All handlers are registered: what waits for others is refused, now and from now on. */
  ready(): void {
    for (const request of this.#early.close()) {
      request.refuse("unknown-service", `no handler for '${request.service}'`);
    }
  }

  onRequest(
    session: Session,
    slot: number,
    generation: number,
    timeoutMs: number,
    service: string,
    codec: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): InboundRequest | null {
    const registration = this.#handlers.get(service);
    if (registration === undefined) {
      if (this.#early.isOpen) {
        // What starts at 0 has been put together from its parts: nobody else has it.
        const payload = start === 0 ? bytes : bytes.slice(start, end);
        return this.#wait(session, slot, generation, timeoutMs, service, codec, payload);
      }
      session.reject(slot, generation, "unknown-service", `no handler for '${service}'`);
      return null;
    }
    if (codecTag(registration.codec) !== codec) {
      const text = `'${service}' is served with codec '${registration.codecName}'`;
      session.reject(slot, generation, "codec-mismatch", text);
      return null;
    }
    let payload: unknown;
    try {
      payload = decodeRange(registration.codec, bytes, start, end, this.#copy);
    } catch (error) {
      session.reject(slot, generation, "codec-failed", messageOf(error));
      return null;
    }
    const inbound = new InboundCall(
      session,
      slot,
      generation,
      service,
      timeoutMs,
      registration.codec,
    );
    inbound.run(registration.handler, payload);
    return inbound;
  }

  onNotification(
    session: Session,
    service: string,
    codec: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const registration = this.#handlers.get(service);
    const fail = (error: unknown) =>
      this.#owner.handleNotificationFailed(session.peer, service, error);
    if (registration === undefined || codecTag(registration.codec) !== codec) {
      const code = registration === undefined ? "unknown-service" : "codec-mismatch";
      fail(new RequestError(code, `Cannot take the notification '${service}'`, "not-sent"));
      return;
    }
    this.#notifications++;
    const done = () => {
      this.#notifications--;
      for (const waiting of this.#waiting) {
        if (this.#notifications >= this.#notificationsMax) return;
        this.#waiting.delete(waiting);
        waiting.resumeNotifications();
      }
    };
    try {
      const payload = decodeRange(registration.codec, bytes, start, end, this.#copy);
      const context = new NotificationContext(session, service);
      const result = registration.handler(payload, context);
      if (isThenable(result)) {
        waitFor(result, done, (error) => {
          done();
          fail(error);
        });
        return;
      }
    } catch (error) {
      fail(error);
    }
    done();
  }

  #wait(
    session: Session,
    slot: number,
    generation: number,
    timeoutMs: number,
    service: string,
    codec: number,
    payload: Uint8Array,
  ): InboundRequest | null {
    if (!this.#early.hasRoom(payload.length)) {
      const text = `too many requests wait for handlers, this one for '${service}'`;
      session.reject(slot, generation, "overloaded", text);
      return null;
    }
    const request = new EarlyRequest(
      this.#early,
      session,
      slot,
      generation,
      timeoutMs,
      service,
      codec,
      payload,
    );
    this.#early.add(request);
    return request;
  }

  #runEarly(service: string): void {
    for (const request of this.#early.of(service)) {
      if (!this.#early.remove(request)) continue;
      const { session, slot, generation, timeoutMs, codec, payload } = request;
      request.running = this.onRequest(
        session,
        slot,
        generation,
        timeoutMs,
        service,
        codec,
        payload,
        0,
        payload.length,
      );
    }
  }

  hasRoom(session: Session): boolean {
    if (this.#notifications < this.#notificationsMax) return true;
    this.#waiting.add(session);
    return false;
  }
}

/** A request that is being answered. */
class InboundCall implements InboundRequest, HandlerContext {
  readonly service: string;
  readonly timeoutMs: number;
  readonly #session: Session;
  readonly #slot: number;
  readonly #generation: number;
  readonly #codec: Codec;
  #controller: AbortController | null = null;
  #cancelled: ErrorCode | null = null;

  constructor(
    session: Session,
    slot: number,
    generation: number,
    service: string,
    timeoutMs: number,
    codec: Codec,
  ) {
    this.#session = session;
    this.#slot = slot;
    this.#generation = generation;
    this.service = service;
    this.timeoutMs = timeoutMs;
    this.#codec = codec;
  }

  get caller(): RemoteCaller {
    return callerOf(this.#session);
  }

  /** Made when it is asked for: most handlers never do. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#cancelled !== null) this.#controller.abort(cancelReason(this.#cancelled));
    return this.#controller.signal;
  }

  cancel(code: ErrorCode): void {
    this.#cancelled = code;
    this.#controller?.abort(cancelReason(code));
  }

  run(handler: Handler<unknown, unknown>, payload: unknown): void {
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
    let payload: Uint8Array;
    try {
      payload = encodeWith(this.#codec, value);
    } catch (error) {
      const text = `the answer cannot be encoded: ${messageOf(error)}`;
      this.#session.reject(this.#slot, this.#generation, "codec-failed", text);
      return;
    }
    this.#session.respond(this.#slot, this.#generation, codecTag(this.#codec), payload);
  }

  #fail(error: unknown): void {
    const code = this.#cancelled === null ? "handler-failed" : "cancelled";
    this.#session.reject(this.#slot, this.#generation, code, messageOf(error), detailsOf(error));
  }
}

/** A notification has nobody who could cancel it. */
class NotificationContext implements HandlerContext {
  readonly service: string;
  readonly timeoutMs = Infinity;
  readonly #session: Session;
  #signal: AbortSignal | null = null;

  constructor(session: Session, service: string) {
    this.#session = session;
    this.service = service;
  }

  get caller(): RemoteCaller {
    return callerOf(this.#session);
  }

  get signal(): AbortSignal {
    this.#signal ??= new AbortController().signal;
    return this.#signal;
  }
}

function cancelReason(code: ErrorCode): RequestError {
  return new RequestError(code, "The caller no longer waits for the answer", "maybe-executed");
}
