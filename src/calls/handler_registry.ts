/**
 * Handlers: which function answers which service, and what becomes of its answer.
 *
 * Handlers run concurrently; none waits for another. An answer goes through the session of its
 * request, never through the connection it came in on, so it survives a broken path; when the
 * caller's process is gone, there is nobody to answer and it is dropped.
 *
 * @module
 */

import { type Codec, codecTag, decodeRange, resolveCodec } from "../codec.ts";
import { callerOf, type RemoteCaller } from "./remote_caller.ts";
import { TimerTask } from "../connection/timer_task.ts";
import type { Timers } from "../connection/timers.ts";
import type { ServedStream } from "../core/session/served_stream.ts";
import type { Session } from "../core/session/session.ts";
import type { InboundRequest, Refusal, SessionHandler } from "../core/session/session_handler.ts";
import { endOf } from "../core/wire/stream_frames.ts";
import { decodeMetadata, NO_METADATA } from "../core/wire/metadata.ts";
import { CODES, ConfigurationError, type ErrorCode, RequestError } from "../errors.ts";
import type { CopyBytes } from "../runtime/runtime.ts";
import { checkHandling } from "../options/call_options.ts";
import {
  type HandlerContext,
  InboundCall,
  type NestedCalls,
  NotificationContext,
} from "./call_context.ts";
import { EarlyStreams } from "./early_streams.ts";
import { ServedCall } from "./served_call.ts";
import { type Handler, mismatchOf, noHandlerText, type Registration } from "./handlers.ts";
import { EarlyRequest, EarlyRequests } from "./early_requests.ts";
import type { InterceptedCall, Interceptors } from "./interceptors.ts";
import { isThenable, messageOf, waitFor } from "./thrown.ts";

/** What the registry tells, and what handlers ask for. */
export interface HandlingOwner extends NestedCalls {
  /** A notification's handler failed. */
  handleNotificationFailed(peer: string, service: string, error: unknown): void;
  readonly interceptors: Interceptors;
  /** Who may call what; `undefined`: everybody who is let in, everything. */
  readonly allow: ((caller: RemoteCaller, service: string) => boolean) | undefined;
}

const NOTHING = new Uint8Array(0);

/** The handlers of one endpoint. */
export class HandlerRegistry implements SessionHandler {
  readonly #owner: HandlingOwner;
  readonly #handlers = new Map<string, Registration>();
  #notifications = 0;
  readonly #copy: CopyBytes;
  readonly #early: EarlyRequests;
  readonly #earlyStreams = new EarlyStreams();
  /** Sessions with requests whose payloads wait until there is a handler. */
  readonly #undecided = new Set<Session>();

  /** @param payloadMaxBytes The largest payload. */
  constructor(owner: HandlingOwner, payloadMaxBytes: number, copy: CopyBytes) {
    this.#owner = owner;
    this.#copy = copy;
    this.#early = new EarlyRequests(payloadMaxBytes);
  }

  /** Handlers of notifications that run, also for those who are gone. */
  get running(): number {
    return this.#notifications;
  }

  /**
   * Registers a handler. Requests that waited for it run when the running turn has ended.
   *
   * @throws {ConfigurationError} `invalid-options`: the service has one.
   */
  add(service: string, handler: Handler<unknown, unknown>, codec: Codec, isStream = false): void {
    if (this.#handlers.has(service)) {
      throw new ConfigurationError("invalid-options", [`Cannot handle '${service}' twice`]);
    }
    this.#handlers.set(service, { handler, codec, codecName: codec.name, isStream });
    if (this.#early.size + this.#undecided.size + this.#earlyStreams.size > 0) {
      Promise.resolve().then(() => this.#runEarly(service));
    }
  }

  /** The same with what an application gives. @param codec Where its options name none. */
  register<Payload>(
    service: string,
    handler: (payload: Payload, context: HandlerContext) => unknown,
    options: { readonly codec?: "json" | "bytes" | Codec },
    codec: Codec,
    isStream = false,
  ): void {
    checkHandling(service, handler, options);
    const chosen = options.codec === undefined ? codec : resolveCodec(options.codec);
    this.add(service, handler as Handler<unknown, unknown>, chosen, isStream);
  }

  /** Whether requests wait for handlers that are not there yet. */
  get isStarting(): boolean {
    return this.#early.isOpen;
  }

  /** All handlers are registered: what waits for others is refused, now and from now on. */
  ready(): void {
    for (const request of this.#early.close()) {
      request.refuse("unknown-service", noHandlerText(request.service));
    }
    for (const [stream] of this.#earlyStreams.take()) this.onStream(stream, NOTHING, 0, 0);
    this.#decide();
  }

  onAnnounced(session: Session, service: string, codec: number): "wanted" | "early" | Refusal {
    const registration = this.#handlers.get(service);
    if (registration === undefined) {
      if (!this.#early.isOpen) return { code: "unknown-service", message: noHandlerText(service) };
      this.#undecided.add(session);
      return "early";
    }
    return mismatchOf(service, registration, codec) ?? "wanted";
  }

  /** The same after so many milliseconds; at once for 0. */
  readyAfter(timers: Timers, startingMs: number): void {
    if (startingMs === 0) this.ready();
    else timers.add(new TimerTask(() => this.ready()), startingMs);
  }

  onRequest(
    session: Session,
    slot: number,
    generation: number,
    deadlineMs: number,
    timeoutMs: number,
    depth: number,
    service: string,
    codec: number,
    metadata: Uint8Array | null,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): InboundRequest | null {
    if (!this.#allows(session, service)) {
      return refuse(session, slot, generation, "not-allowed");
    }
    const registration = this.#handlers.get(service);
    if (registration === undefined) {
      if (this.#early.isOpen) {
        // What starts at 0 has been put together from its parts: nobody else has it.
        const payload = start === 0 ? bytes : bytes.slice(start, end);
        return this.#wait(
          new EarlyRequest(
            this.#early,
            session,
            slot,
            generation,
            deadlineMs,
            timeoutMs,
            depth,
            service,
            codec,
            metadata,
            payload,
          ),
        );
      }
      return refuse(session, slot, generation, "unknown-service", noHandlerText(service));
    }
    const wrong = mismatchOf(service, registration, codec);
    if (wrong !== null) return refuse(session, slot, generation, wrong.code, wrong.message);
    const read = metadata === null ? NO_METADATA : decodeMetadata(metadata);
    if (read === null) return refuse(session, slot, generation, "invalid-metadata");
    let payload: unknown;
    try {
      payload = decodeRange(registration.codec, bytes, start, end, this.#copy);
    } catch (error) {
      return refuse(session, slot, generation, "codec-failed", messageOf(error));
    }
    const inbound = new InboundCall(
      this.#owner,
      session,
      slot,
      generation,
      service,
      deadlineMs,
      timeoutMs,
      depth,
      registration.codec,
      read,
    );
    if (this.#owner.interceptors.standAround(service)) {
      inbound.isBegun = false;
      inbound.run((payload) => this.#intercept("request", registration, payload, inbound), payload);
    } else inbound.run(registration.handler, payload);
    return inbound;
  }

  onStream(stream: ServedStream, bytes: Uint8Array, start: number, end: number): void {
    const { service, metadata, wantsOne } = stream.opening;
    const refuse = (code: ErrorCode, text: string = CODES[code].summary) =>
      stream.finish(endOf(code, "not-executed", text));
    if (!this.#allows(stream.session, service)) return refuse("not-allowed");
    const registration = this.#handlers.get(service);
    if (registration === undefined) {
      if (!this.#early.isOpen) return refuse("unknown-service", noHandlerText(service));
      return this.#earlyStreams.add(stream, bytes.slice(start, end));
    }
    const wrong = mismatchOf(service, registration, stream.opening.codec, !wantsOne);
    if (wrong !== null) return refuse(wrong.code, wrong.message);
    const read = metadata === null ? NO_METADATA : decodeMetadata(metadata);
    if (read === null) return refuse("invalid-metadata");
    const call = new ServedCall(this.#owner, stream, registration.codec, this.#copy, read);
    if (this.#owner.interceptors.standAround(service)) {
      call.isBegun = false;
      const kind = wantsOne ? "request" : "stream";
      call.start(
        (payload) => this.#intercept(kind, registration, payload, call),
        bytes,
        start,
        end,
      );
    } else call.start(registration.handler, bytes, start, end);
  }

  onNotification(
    session: Session,
    service: string,
    codec: number,
    metadata: Uint8Array | null,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const registration = this.#handlers.get(service);
    const fail = (error: unknown) =>
      this.#owner.handleNotificationFailed(session.peer, service, error);
    if (!this.#allows(session, service)) {
      const text = `'${session.peer}' may not send the notification '${service}'`;
      fail(new RequestError("not-allowed", text, "not-executed"));
      session.endNotification();
      return;
    }
    if (registration === undefined || codecTag(registration.codec) !== codec) {
      const code = registration === undefined ? "unknown-service" : "codec-mismatch";
      fail(new RequestError(code, `Cannot take the notification '${service}'`, "not-executed"));
      session.endNotification();
      return;
    }
    const read = metadata === null ? NO_METADATA : decodeMetadata(metadata);
    if (read === null) {
      const text = `Cannot take the notification '${service}'`;
      fail(new RequestError("invalid-metadata", text, "not-executed"));
      session.endNotification();
      return;
    }
    this.#notifications++;
    const done = () => {
      this.#notifications--;
      session.endNotification();
    };
    try {
      const payload = decodeRange(registration.codec, bytes, start, end, this.#copy);
      const context = new NotificationContext(this.#owner, session, service, read);
      const result = this.#owner.interceptors.standAround(service)
        ? this.#intercept("notification", registration, payload, context)
        : registration.handler(payload, context);
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

  /** Whether the rule of this endpoint lets that caller in here. One that throws does not. */
  #allows(session: Session, service: string): boolean {
    const { allow } = this.#owner;
    if (allow === undefined) return true;
    try {
      return allow(callerOf(session, this.#owner), service) === true;
    } catch {
      return false;
    }
  }

  /** Runs a handler inside the interceptors. */
  #intercept(
    kind: InterceptedCall["kind"],
    { handler }: Registration,
    payload: unknown,
    context: InboundCall | NotificationContext | ServedCall,
  ): Promise<unknown> {
    const { caller, service, timeoutMs, metadata } = context;
    const call: InterceptedCall = {
      side: "serving",
      kind,
      peer: caller.name,
      service,
      payload,
      metadata,
      options: { timeoutMs },
      context,
      report: { waitedMs: 0, identifier: 0, bootId: context.callerBootId },
    };
    return this.#owner.interceptors.run(call, (final) => {
      context.metadata = final.metadata;
      if (!(context instanceof NotificationContext)) context.isBegun = true;
      return handler(final.payload, context);
    });
  }

  #wait(request: EarlyRequest): InboundRequest | null {
    if (!this.#early.hasRoom(request.heldBytes)) {
      request.refuse("overloaded", "too many requests wait for handlers");
      return null;
    }
    this.#early.add(request);
    return request;
  }

  #decide(): void {
    const sessions = [...this.#undecided];
    this.#undecided.clear();
    for (const session of sessions) session.reconsider();
  }

  #runEarly(service: string): void {
    this.#decide();
    for (const [stream, payload] of this.#earlyStreams.take(service)) {
      this.onStream(stream, payload, 0, payload.length);
    }
    for (const request of this.#early.of(service)) {
      if (!this.#early.remove(request)) continue;
      const { session, slot, generation, deadlineMs, timeoutMs, depth, payload } = request;
      request.running = this.onRequest(
        session,
        slot,
        generation,
        deadlineMs,
        timeoutMs,
        depth,
        service,
        request.codec,
        request.metadata,
        payload,
        0,
        payload.length,
      );
    }
  }
}

/** Answers a request that does not run. */
function refuse(
  session: Session,
  slot: number,
  generation: number,
  code: ErrorCode,
  text: string = CODES[code].summary,
): null {
  session.reject(slot, generation, code, "not-executed", text);
  return null;
}
