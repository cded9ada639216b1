/**
 * What goes to one other end: its session, from one connection to the next, and what waits for
 * either.
 *
 * Its owner says which connection carries the session, when a session with another life begins, and
 * when nobody is waited for any more; the outbox sends, queues, acknowledges and settles.
 *
 * @module
 */

import { FrameKind } from "../core/wire/frame.ts";
import { type Hello, limitsFor } from "../core/wire/hello.ts";
import { Backlog } from "../core/flow/backlog.ts";
import type { FlushWaiter } from "../core/flow/notification_flow.ts";
import { type OutgoingNotification, OutgoingRequest } from "../core/flow/outgoing.ts";
import type { OutgoingStream } from "../core/flow/outgoing_stream.ts";
import type { Outcome } from "../core/link/link_event.ts";
import { Session } from "../core/session/session.ts";
import type { SessionCarrier } from "../core/session/session_handler.ts";
import type { ErrorCode } from "../errors.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionContext } from "./context.ts";
import { TimerTask } from "./timer_task.ts";

/** How long an acknowledgement waits for company, in milliseconds. */
const ACK_DELAY_MS = 20;

/** How many requests the end of a process's life failed, and how many are sent again. */
export interface Settled {
  readonly failed: number;
  readonly repeated: number;
}

/** The outbox of one other end. */
export class Outbox {
  readonly #context: ConnectionContext;
  readonly #backlog: Backlog;
  /** Carries the session while no connection does. */
  readonly #away: SessionCarrier;
  /** Made for the first acknowledgement. */
  #ackTask: TimerTask | null = null;
  #session: Session | null = null;
  #connection: Connection | null = null;
  /** Whether this end is closing. */
  #isClosing = false;
  #sinceMicros: number;

  /** @param away Hears what the session has to say while no connection carries it. */
  constructor(context: ConnectionContext, away: SessionCarrier) {
    this.#context = context;
    this.#sinceMicros = context.runtime.clock.wallMicros();
    this.#away = away;
    this.#backlog = new Backlog(context.settings.queueMaxBytes);
  }

  /** The session with the other end's present life; `null` before the first. */
  get session(): Session | null {
    return this.#session;
  }

  /** The connection that carries the session now. */
  get connection(): Connection | null {
    return this.#connection;
  }

  /** Whether the other end has told that it is closing. */
  get isDraining(): boolean {
    return this.#backlog.isClosing;
  }

  /** How many messages wait that were never written. */
  get waitingCount(): number {
    return this.#backlog.size;
  }

  /** Frames that have their number and are not acknowledged. */
  get unacknowledgedFrames(): number {
    const log = this.#session?.log;
    return log === undefined ? 0 : log.lastNumber - log.acknowledged;
  }

  /** Since when there is, or is no, connection that takes calls; microseconds since 1970. */
  get sinceMicros(): number {
    return this.#sinceMicros;
  }

  /** Whether a new call has to wait for a place or for others at the other end. */
  get isFull(): boolean {
    const session = this.#session;
    if (this.#connection === null || session === null || this.isDraining) return false;
    return this.#backlog.hasRequests || !session.places.hasPlace(0);
  }

  /** What is held here for the other end, in bytes. */
  get heldBytes(): number {
    const { log, receivedBytes = 0, answerBytes = 0 } = this.#session ?? {};
    return this.#backlog.bytes + (log?.heldBytes ?? 0) + receivedBytes + answerBytes;
  }

  /** Calls that wait for an answer. */
  get openCount(): number {
    const session = this.#session;
    return session === null ? 0 : session.places.openCount + session.streams.ownCount;
  }

  /** Whether no work is open in either direction, and the other end knows of all that is done. */
  get isQuiet(): boolean {
    const session = this.#session;
    if (!this.#backlog.isEmpty) return false;
    if (session === null || session.isEnded) return true;
    return this.openCount === 0 && session.inboundCount === 0 &&
      session.notificationCount === 0 && session.isAllWritten;
  }

  /**
   * Sends a request, now or when it can be.
   *
   * @returns `null`, or why it was not taken; nothing was sent then.
   */
  request(
    request: OutgoingRequest,
    failWhenDown: boolean,
    failWhenFull: boolean,
  ): ErrorCode | null {
    const connection = this.#connection;
    const isReady = connection !== null && (!this.isDraining || request.depth > 0);
    if (!isReady && failWhenDown) return "peer-down";
    const isNext = this.#backlog.isNext(request.depth);
    if (isReady && isNext && !connection.isBlocked && this.#session!.tryRequest(request)) {
      connection.scheduleFlush();
      return null;
    }
    if (
      failWhenFull && isReady && !(isNext && this.#session!.places.hasPlace(request.depth))
    ) return "overloaded";
    this.#backlog.push(request);
    if (isReady) connection.scheduleFlush();
    return null;
  }

  /** Sends a notification in its turn. @returns See `request`. */
  notify(
    notification: OutgoingNotification,
    failWhenDown: boolean,
    failWhenFull: boolean,
  ): ErrorCode | null {
    const connection = this.#connection;
    if (connection === null && failWhenDown) return "peer-down";
    const { notifications } = this.#backlog;
    if (failWhenFull && notifications.isFull) return "overloaded";
    const limit = this.#session?.payloadMaxBytes ?? Infinity;
    if (notification.payload.length > limit) return "payload-too-large";
    notifications.add(notification);
    (connection ?? this.#away).scheduleFlush();
    return null;
  }

  /** Opens a stream, now or when it can be. @returns See `request`. */
  stream(stream: OutgoingStream, failWhenDown: boolean, failWhenFull: boolean): ErrorCode | null {
    const connection = this.#connection;
    const isReady = connection !== null && (!this.isDraining || stream.depth > 0);
    if (!isReady && failWhenDown) return "peer-down";
    const { streams } = this.#backlog;
    const hasPlace = streams.size === 0 && this.#session?.streams.canOpen(stream.depth) === true;
    if (failWhenFull && isReady && !hasPlace) return "overloaded";
    stream.sinceMs = this.#context.timers.nowMs();
    streams.push(stream);
    if (isReady) connection.scheduleFlush();
    return null;
  }

  /** The caller of a stream gives up, whether it is open or not. */
  endStream(stream: OutgoingStream): void {
    if (!this.#backlog.streams.remove(stream)) this.#session?.streams.cancel(stream);
  }

  /** Takes a message back. @returns `false`: it is written, or taken for good, or not here. */
  withdraw(message: OutgoingRequest | OutgoingNotification): boolean {
    return message instanceof OutgoingRequest
      ? this.#backlog.remove(message)
      : this.#backlog.notifications.withdraw(message);
  }

  /** The caller of a request that has its place gives up. */
  cancel(request: OutgoingRequest): void {
    this.#session?.cancel(request);
  }

  /** Tells when the other end has all notifications that are taken now. */
  flush(waiter: FlushWaiter): void {
    this.#backlog.notifications.flush(waiter);
    this.#session?.checkFlushes();
  }

  /** Somebody no longer wants to know. */
  endFlush(waiter: FlushWaiter): void {
    this.#backlog.notifications.endFlush(waiter);
  }

  /**
   * A session with another life of the other end begins; settle the old one before.
   *
   * @param peer The name by which callers and handlers know the other end.
   */
  begin(remote: Hello, peer: string): void {
    const { settings, sessions, self } = this.#context;
    const session = new Session(
      {
        peer,
        role: remote.role,
        bootId: remote.bootId,
        backlog: this.#backlog,
        own: limitsFor(self.limits, remote.role),
        remote: limitsFor(remote.limits, self.role),
        retainMaxBytes: settings.retainMaxBytes,
      },
      sessions,
    );
    session.isClosing = this.#isClosing;
    this.#backlog.isClosing = false;
    this.#session = session;
  }

  /** The session is carried by this connection from now on. */
  attach(connection: Connection): void {
    const session = this.#session!;
    if (this.#connection === null) this.#stateBegins();
    if (this.#connection !== connection) this.#connection?.stopSending();
    this.#connection = connection;
    session.carrier = connection;
    connection.attach(session);
    this.#acknowledgeSoon(session);
  }

  /** The connection that carried the session is gone. */
  drop(): void {
    this.#connection = null;
    this.#stateBegins();
    if (this.#session !== null) this.#session.carrier = this.#away;
    this.#failMoving(true);
  }

  /** The other end is closing: it takes no calls that no handler waits for. */
  drain(): void {
    if (this.#backlog.isClosing) return;
    this.#backlog.isClosing = true;
    this.#stateBegins();
    this.#failMoving(false);
  }

  /** The other end takes calls again. */
  release(): void {
    if (!this.#backlog.isClosing) return;
    this.#backlog.isClosing = false;
    this.#stateBegins();
  }

  #stateBegins(): void {
    this.#sinceMicros = this.#context.runtime.clock.wallMicros();
  }

  /** This end is closing: said with each START from now on. */
  beginClosing(): void {
    this.#setClosing(true);
  }

  /** It does not close after all. */
  endClosing(): void {
    this.#setClosing(false);
  }

  #setClosing(isClosing: boolean): void {
    this.#isClosing = isClosing;
    if (this.#session !== null) this.#session.isClosing = isClosing;
  }

  /** All that a chunk held has been handled. */
  handleChunkEnd(connection: Connection): void {
    const session = this.#session;
    if (session === null) return;
    if (session.ackIsUrgent) this.#connection?.scheduleFlush();
    else this.#acknowledgeSoon(session);
    // Answers may have come free places, grants and acknowledgements room, for what waits.
    if (session.sender.hasWork || !this.#backlog.isEmpty) {
      (this.#connection ?? connection).scheduleFlush();
    }
  }

  /** Fails messages, or puts them at the front of the queue for the next life, as `outcome` says. */
  settle({ code, endsSession, repeats, unwrittenBeforeMs }: Outcome): Settled {
    const session = this.#session;
    let written: readonly OutgoingRequest[] = [];
    let unsent: readonly OutgoingRequest[] = [];
    let streams = 0;
    if (session !== null && !endsSession) {
      written = session.places.waiting();
      for (const request of written) session.cancel(request);
      streams = session.streams.giveUp(code);
    } else if (session !== null && !session.isEnded) {
      ({ written, unsent, streams } = session.end(code));
    }
    if (endsSession && this.#ackTask !== null) this.#context.timers.remove(this.#ackTask);
    const isRepeated = (request: OutgoingRequest) =>
      request.idempotent && repeats !== "none" && request.only === null;
    const repeated = written.filter(isRepeated);
    for (const request of [...repeated, ...unsent].reverse()) {
      request.state = "queued";
      this.#backlog.unshift(request);
    }
    for (const request of written) if (!isRepeated(request)) fail(request, code);
    if (endsSession) this.#failBound(code);
    this.#failUnwritten(code, unwrittenBeforeMs);
    return { failed: written.length - repeated.length + streams, repeated: repeated.length };
  }

  /** What was for this session only has nobody to wait for. */
  #failBound(code: ErrorCode): void {
    for (const request of this.#backlog.requests()) {
      if (request.only === null) continue;
      this.#backlog.remove(request);
      fail(request, code);
    }
    for (const stream of this.#backlog.waitingStreams()) {
      if (stream.only !== null) this.#failStream(stream, code);
    }
  }

  /** Calls that came here before that time fail; notifications only where it is for ever. */
  #failUnwritten(code: ErrorCode, beforeMs: number): void {
    if (beforeMs === -Infinity) return;
    for (const request of this.#backlog.requests()) {
      if (request.sinceMs > beforeMs) continue;
      this.#backlog.remove(request);
      fail(request, code);
    }
    for (const stream of this.#backlog.waitingStreams()) {
      if (stream.sinceMs <= beforeMs) this.#failStream(stream, code);
    }
    if (beforeMs === Infinity) this.#backlog.notifications.stop(code);
  }

  /** Calls that somebody has another place for do not wait. @param isLost Or is it only closing? */
  #failMoving(isLost: boolean): void {
    for (const request of this.#backlog.requests()) {
      if (!request.moves) continue;
      this.#backlog.remove(request);
      fail(request, "peer-down");
    }
    for (const stream of this.#backlog.waitingStreams()) {
      if (stream.moves) this.#failStream(stream, "peer-down");
    }
    const session = this.#session;
    if (!isLost || session === null || session.isEnded) return;
    for (const request of session.places.waiting()) {
      if (!request.moves || !request.idempotent) continue;
      session.cancel(request);
      fail(request, "peer-down");
    }
  }

  #failStream(stream: OutgoingStream, code: ErrorCode): void {
    this.#backlog.streams.remove(stream);
    stream.state = "settled";
    stream.fail(code, "", "not-sent");
  }

  #acknowledgeSoon(session: Session): void {
    if (!session.needsAck) return;
    const task = this.#ackTask ??= new TimerTask(() => this.#acknowledge());
    if (!task.isArmed) this.#context.timers.add(task, ACK_DELAY_MS);
  }

  #acknowledge(): void {
    const session = this.#session;
    if (session === null || !session.needsAck || this.#connection === null) return;
    const number = session.received;
    this.#connection.sendNumber(FrameKind.ACK, number);
    session.ackSent(number);
  }
}

function fail(request: OutgoingRequest, code: ErrorCode): void {
  request.state = "settled";
  request.fail(code, "", request.delivery);
}
