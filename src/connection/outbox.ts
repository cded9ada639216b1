/**
 * What goes to one other end: its session, from one connection to the next, and what waits for
 * either. The same for a peer, for a client that is served, and for a client's own end.
 *
 * Its owner says which connection carries the session, when a session with another life begins, and
 * when nobody is waited for any more; the outbox sends, queues, acknowledges and settles.
 *
 * @module
 */

import { FrameKind } from "../core/wire/frame.ts";
import type { Hello } from "../core/wire/hello.ts";
import { OutgoingRequest } from "../core/flow/outgoing.ts";
import type { Outcome } from "../core/link/link_event.ts";
import { SendQueue } from "../core/flow/send_queue.ts";
import { Session } from "../core/session/session.ts";
import type { ErrorCode } from "../errors.ts";
import type { Connection } from "./connection.ts";
import type { OutgoingMessage } from "./connection_owner.ts";
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
  readonly #queue = new SendQueue<OutgoingMessage>();
  /** Made for the first acknowledgement. */
  #ackTask: TimerTask | null = null;
  #session: Session | null = null;
  #connection: Connection | null = null;
  #draining = false;
  #sinceMicros: number;

  constructor(context: ConnectionContext) {
    this.#context = context;
    this.#sinceMicros = context.runtime.clock.wallMicros();
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
    return this.#draining;
  }

  /** What may be written to the other end: nothing new while it is closing. */
  get outgoing(): SendQueue<OutgoingMessage> {
    return this.#draining ? new SendQueue() : this.#queue;
  }

  /** Messages that wait and were never written. */
  get waitingCount(): number {
    return this.#queue.size;
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

  /** Whether what is sent has to wait for a place or for room at the other end. */
  get isFull(): boolean {
    const session = this.#session;
    if (this.#connection === null || session === null || this.#draining) return false;
    return this.#queue.size > 0 || !session.sender.isIdle || !session.tracker.hasPlace;
  }

  /** Requests that wait for an answer. */
  get openCount(): number {
    return this.#session?.tracker.openCount ?? 0;
  }

  /** Whether nothing is open in either direction, and all that was sent is acknowledged. */
  get isQuiet(): boolean {
    const session = this.#session;
    if (this.#connection === null || session === null) return this.#queue.size === 0;
    return this.#queue.size === 0 && this.openCount === 0 && session.sender.isIdle &&
      session.inboundCount === 0 && session.log.acknowledged === session.log.lastNumber;
  }

  /**
   * Sends a message, now or when it can be.
   *
   * @returns `null`, or why it was not taken; nothing was sent then.
   */
  send(message: OutgoingMessage, failWhenDown: boolean): ErrorCode | null {
    const connection = this.#connection;
    const ready = connection !== null && !this.#draining;
    if (!ready && failWhenDown) return "peer-down";
    if (
      ready && message instanceof OutgoingRequest && this.#queue.size === 0 &&
      !connection.isBlocked && this.#session!.tryRequest(message)
    ) {
      connection.scheduleFlush();
      return null;
    }
    const queuedBytes = this.#queue.bytes + (this.#session?.sender.queuedBytes ?? 0);
    if (queuedBytes + message.payload.length > this.#context.settings.queueMaxBytes) {
      return "overloaded";
    }
    this.#queue.push(message);
    if (ready) connection.scheduleFlush();
    return null;
  }

  /** Takes a message back. @returns `false`: it is written, or not here. */
  withdraw(message: OutgoingMessage): boolean {
    return this.#queue.remove(message) || (this.#session?.sender.withdraw(message) ?? false);
  }

  /** The caller of a written request has given up. */
  cancel(request: OutgoingRequest): void {
    this.#session?.cancel(request);
  }

  /**
   * A session with another life of the other end begins; settle the old one before.
   *
   * @param peer The name by which callers and handlers know the other end.
   */
  begin(remote: Hello, peer: string): void {
    const { settings, pool, handler, self } = this.#context;
    this.#session = new Session(
      {
        peer,
        role: remote.role,
        bootId: remote.bootId,
        own: self.limits,
        remote: remote.limits,
        retain: remote.role === "peer" && self.role === "peer",
        retainMaxBytes: settings.retainMaxBytes,
      },
      pool,
      handler,
    );
  }

  /** The session is carried by this connection from now on. */
  attach(connection: Connection): void {
    const session = this.#session!;
    if (this.#connection === null || this.#draining) this.#stateBegins();
    if (this.#connection !== connection) this.#connection?.stopSending();
    this.#connection = connection;
    this.#draining = false;
    session.carrier = connection;
    connection.attach(session);
    this.#acknowledgeSoon(session);
  }

  /** The connection that carried the session is gone. */
  drop(): void {
    this.#connection = null;
    this.#stateBegins();
    if (this.#session !== null) this.#session.carrier = null;
  }

  /** The other end takes nothing new any more. */
  drain(): void {
    this.#draining = true;
    this.#stateBegins();
  }

  #stateBegins(): void {
    this.#sinceMicros = this.#context.runtime.clock.wallMicros();
  }

  /** All that a chunk held has been handled. */
  handleChunkEnd(connection: Connection): void {
    const session = this.#session;
    if (session === null) return;
    if (session.ackIsUrgent) this.#connection?.scheduleFlush();
    else this.#acknowledgeSoon(session);
    // Answers may have come free places, and acknowledgements room, for what waits.
    if (this.#queue.size > 0 || !session.sender.isIdle) {
      (this.#connection ?? connection).scheduleFlush();
    }
  }

  /** Fails messages, or puts them at the front of the queue for the next life, as `outcome` says. */
  settle({ code, endsSession, repeats, unwrittenBeforeMs }: Outcome): Settled {
    const session = this.#session;
    let written: readonly OutgoingRequest[] = [];
    let unsent: readonly OutgoingMessage[] = [];
    if (session !== null && !endsSession) written = session.tracker.takeAll();
    else if (session !== null && !session.isEnded) ({ written, unsent } = session.end(code));
    if (endsSession && this.#ackTask !== null) this.#context.timers.remove(this.#ackTask);
    const isRepeated = (request: OutgoingRequest) => request.idempotent && repeats !== "none";
    const repeated = written.filter(isRepeated);
    for (const message of [...repeated, ...unsent].reverse()) {
      if (message instanceof OutgoingRequest) message.state = "queued";
      this.#queue.unshift(message);
    }
    for (const request of written) if (!isRepeated(request)) fail(request, code);
    this.#failUnwritten(code, unwrittenBeforeMs);
    return { failed: written.length - repeated.length, repeated: repeated.length };
  }

  #failUnwritten(code: ErrorCode, beforeMs: number): void {
    if (beforeMs === -Infinity) return;
    let item = this.#queue.first;
    while (item !== null) {
      const next = item.behind as OutgoingMessage | null;
      // The caller's deadline says when it came here.
      if (item.sinceMs <= beforeMs) {
        this.#queue.remove(item);
        fail(item, code);
      }
      item = next;
    }
  }

  #acknowledgeSoon(session: Session): void {
    if (!session.needsAck) return;
    const task = this.#ackTask ??= new TimerTask(() => this.#acknowledge());
    if (!task.isArmed) this.#context.timers.add(task, ACK_DELAY_MS);
  }

  #acknowledge(): void {
    const session = this.#session;
    if (session === null || !session.needsAck || this.#connection === null) return;
    const number = session.ackNumber;
    this.#connection.sendNumber(FrameKind.ACK, number);
    session.ackSent(number);
  }
}

function fail(message: OutgoingMessage, code: ErrorCode): void {
  if (message instanceof OutgoingRequest) {
    message.state = "settled";
    message.fail(code, "", message.delivery);
  } else message.fail(code, "");
}
