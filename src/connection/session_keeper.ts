/**
 * Keeps the session with a peer from one connection to the next, and what waits for either.
 *
 * The link says which connection carries the session; the keeper sends on it, acknowledges, and
 * settles requests when the peer's process is another one or stays away.
 *
 * @module
 */

import { FrameKind } from "../core/wire/frame.ts";
import type { Hello } from "../core/wire/hello.ts";
import { OutgoingRequest } from "../core/flow/outgoing.ts";
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

/** The session of one link. */
export class SessionKeeper {
  readonly #queue = new SendQueue<OutgoingMessage>();
  readonly #context: ConnectionContext;
  readonly #peerName: string;
  /** Made for the first acknowledgement. */
  #ackTask: TimerTask | null = null;
  /** Here while there is nobody to send to. */
  #windowTask: TimerTask | null = null;
  #session: Session | null = null;
  #usable: Connection | null = null;
  #draining = false;

  constructor(context: ConnectionContext, peerName: string) {
    this.#context = context;
    this.#peerName = peerName;
  }

  /** The session with the peer's present life; `null` before the first. */
  get session(): Session | null {
    return this.#session;
  }

  /** The connection that carries the session now. */
  get usable(): Connection | null {
    return this.#usable;
  }

  /** Whether the peer has told that it is closing. */
  get isDraining(): boolean {
    return this.#draining;
  }

  /** What may be written to the peer: nothing new while it is closing. */
  get outgoing(): SendQueue<OutgoingMessage> {
    return this.#draining ? new SendQueue() : this.#queue;
  }

  /** Whether what is sent has to wait for a place or for room at the peer. */
  get isFull(): boolean {
    const session = this.#session;
    if (this.#usable === null || session === null || this.#draining) return false;
    return this.#queue.size > 0 || !session.sender.isIdle || !session.tracker.hasPlace;
  }

  /** Requests that wait for an answer. */
  get openCount(): number {
    return this.#session?.tracker.openCount ?? 0;
  }

  /** Bytes that wait to be written, in the queue and in parts. */
  get queuedBytes(): number {
    return this.#queue.bytes + (this.#session?.sender.queuedBytes ?? 0);
  }

  /** Whether messages of this end are open or waiting. */
  get hasOutgoing(): boolean {
    return this.#queue.size > 0 || this.openCount > 0 || !(this.#session?.sender.isIdle ?? true);
  }

  /** Whether nothing is open in either direction, and all that was sent is acknowledged. */
  get isQuiet(): boolean {
    const session = this.#session;
    if (this.#usable === null || session === null) return this.#queue.size === 0;
    return !this.hasOutgoing && session.inboundCount === 0 &&
      session.log.acknowledged === session.log.lastNumber;
  }

  /**
   * Sends a message, now or when it can be.
   *
   * @returns `null`, or why it was not taken; nothing was sent then.
   */
  send(message: OutgoingMessage, failWhenDown: boolean): ErrorCode | null {
    const connection = this.#usable;
    const ready = connection !== null && !this.#draining;
    if (!ready && failWhenDown) return "peer-down";
    if (
      ready && message instanceof OutgoingRequest && this.#queue.size === 0 &&
      !connection.isBlocked && this.#session!.tryRequest(message)
    ) {
      connection.scheduleFlush();
      return null;
    }
    const bytes = this.queuedBytes + message.payload.length;
    if (bytes > this.#context.settings.queueMaxBytes) return "overloaded";
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
   * The session is carried by this connection from now on.
   *
   * @returns How many frames that have their number already are sent on it.
   */
  carry(connection: Connection): number {
    if (this.#usable !== null && this.#usable !== connection) this.#usable.stopSending();
    this.#usable = connection;
    this.#draining = false;
    this.#stopWindow();
    this.#session!.carrier = connection;
    connection.send(this.#session!);
    this.#acknowledgeSoon();
    const { log } = this.#session!;
    return log.lastNumber - log.acknowledged;
  }

  /** The connection that carried the session is gone. */
  drop(): void {
    this.#usable = null;
    if (this.#session !== null) this.#session.carrier = null;
  }

  /** From now on there is nobody to send to: requests wait for `resumeWindowMs`. */
  startWindow(): void {
    this.#stopWindow();
    this.#windowTask = new TimerTask((nowMs) => this.#endWindow(nowMs));
    this.#context.timers.armAny(this.#windowTask, this.#context.settings.resumeWindowMs);
  }

  /** The peer takes nothing new any more. */
  drain(): void {
    this.#draining = true;
  }

  /** All that a chunk held has been handled. */
  handleChunkEnd(connection: Connection): void {
    const session = this.#session;
    if (session === null) return;
    if (session.ackIsUrgent) this.#usable?.scheduleFlush();
    else this.#acknowledgeSoon();
    // Answers may have come free places, and acknowledgements room, for what waits.
    if (this.#queue.size > 0 || !session.sender.isIdle) {
      (this.#usable ?? connection).scheduleFlush();
    }
  }

  /** A session with another life of the peer; what the old life had is settled. */
  begin(remote: Hello): void {
    const old = this.#session;
    const { settings, pool, handler, self } = this.#context;
    const session = new Session(
      {
        peer: this.#peerName,
        role: "peer",
        bootId: remote.bootId,
        own: self.limits,
        remote: remote.limits,
        retain: true,
        retainMaxBytes: settings.retainMaxBytes,
      },
      pool,
      handler,
    );
    const { failed, repeated } = this.settle("peer-restarted");
    this.#session = session;
    if (old === null) return;
    this.#context.emit({
      type: "peer-restarted",
      peer: this.#peerName,
      remoteAddress: null,
      oldBootId: old.bootId,
      bootId: remote.bootId,
      failed,
      repeated,
    });
  }

  /**
   * The other life is over: what it may have fails, unless it may be sent again; that, and what was
   * never written, waits for the next life.
   */
  settle(code: ErrorCode): Settled {
    if (this.#session === null || this.#session.isEnded) return { failed: 0, repeated: 0 };
    return settleLife(this.#session, this.#queue, code);
  }

  /** Ends everything. Messages that nobody can send any more fail with `code`. */
  stop(code: ErrorCode): void {
    if (this.#ackTask !== null) this.#context.timers.remove(this.#ackTask);
    this.#stopWindow();
    settleAll(this.#session, this.#queue, code);
  }

  #acknowledgeSoon(): void {
    if (!this.#session!.needsAck) return;
    const task = this.#ackTask ??= new TimerTask(() => this.#acknowledge());
    if (task.lane === null) this.#context.timers.add(task, ACK_DELAY_MS);
  }

  #acknowledge(): void {
    const session = this.#session;
    if (session === null || !session.needsAck || this.#usable === null) return;
    const number = session.ackNumber;
    this.#usable.sendNumber(FrameKind.ACK, number);
    session.ackSent(number);
  }

  /** The peer has stayed away: requests are settled; the session itself stays. */
  #endWindow(nowMs: number): void {
    const { resumeWindowMs } = this.#context.settings;
    for (const request of this.#session?.tracker.takeAll() ?? []) {
      settle(request, "peer-down");
    }
    let item = this.#queue.first;
    while (item !== null) {
      const next = item.behind as OutgoingMessage | null;
      // The caller's deadline says when it came here.
      if (item.deadlineMs - item.timeoutMs <= nowMs - resumeWindowMs) {
        this.#queue.remove(item);
        settle(item, "peer-down");
      }
      item = next;
    }
    this.#context.timers.armAny(this.#windowTask!, resumeWindowMs / 4);
  }

  #stopWindow(): void {
    if (this.#windowTask !== null) this.#context.timers.remove(this.#windowTask);
    this.#windowTask = null;
  }
}

/**
 * Ends a session whose other end is gone: what may have been executed fails, unless it may be sent
 * again; that, and what was never written, goes to the front of `queue`.
 */
export function settleLife(
  session: Session,
  queue: SendQueue<OutgoingMessage>,
  code: ErrorCode,
): Settled {
  const { written, unsent } = session.end(code);
  const repeated = written.filter((request) => request.idempotent);
  for (const message of [...repeated, ...unsent].reverse()) {
    if (message instanceof OutgoingRequest) message.state = "queued";
    queue.unshift(message);
  }
  for (const request of written) {
    if (!request.idempotent) settle(request, code);
  }
  return { failed: written.length - repeated.length, repeated: repeated.length };
}

/** Ends a session and all that waits; nothing is sent any more. */
export function settleAll(
  session: Session | null,
  queue: SendQueue<OutgoingMessage>,
  code: ErrorCode,
): void {
  const ended = session?.end(code);
  for (const request of ended?.written ?? []) settle(request, code);
  for (const message of ended?.unsent ?? []) settle(message, code);
  for (let item = queue.shift(); item !== null; item = queue.shift()) {
    settle(item, code);
  }
}

function settle(message: OutgoingMessage, code: ErrorCode): void {
  if (message instanceof OutgoingRequest) {
    message.state = "settled";
    message.fail(code, "", message.delivery);
  } else message.fail(code, "");
}
