/**
 * Notifications: one ordered flow in each direction of a session, with credit in messages and bytes
 * and room of its own.
 *
 * They wait at the sender, outside the log, in a queue that outlives sessions. A large one goes in
 * pieces in its turn, and nothing behind it passes. One that had to ask for room stays at the head
 * until the other end says that it is there: the room may have been taken back meanwhile (its path
 * was down for long), and then it is sent once more.
 *
 * Source: docs/protocol.md, "Notifications".
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import { PIECE_MAX_BYTES } from "../wire/frame.ts";
import { DataKind, FLAG_ASKS, FLAG_STATED, type MessageWriter } from "../wire/message_writer.ts";
import type { SendCredit } from "./credit.ts";
import { firstFrameBytes, type OutgoingNotification } from "./outgoing.ts";
import { SendQueue } from "./send_queue.ts";
import type { Transfer, Transfers } from "./transfers.ts";

/** Somebody who wants to know when all that was taken has arrived. */
export interface FlushWaiter {
  /** The other end has it. */
  done(): void;
  /** One cannot know any more. */
  fail(code: ErrorCode): void;
}

interface Flush {
  readonly waiter: FlushWaiter;
  /** It waits until so many are sent. */
  readonly count: number;
  /** Then, until this frame is acknowledged; -1 before. */
  number: number;
}

/** What waits for one other end. */
export class NotificationQueue {
  /** In the order in which they are sent. */
  readonly #taken = new SendQueue<OutgoingNotification>();
  /** Those that the queue has no room for, in the order in which they came. */
  readonly #entering = new SendQueue<OutgoingNotification>();
  readonly #maxBytes: number;
  #takenCount = 0;
  #sentCount = 0;
  #flushes: Flush[] = [];

  /** @param maxBytes What it takes; one notification is always taken. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The one whose turn it is, or `null`. */
  get first(): OutgoingNotification | null {
    return this.#taken.first;
  }

  /** Whether it takes no more for now. */
  get isFull(): boolean {
    return this.#entering.size > 0 || !this.#hasRoom(0);
  }

  /** How many wait. */
  get size(): number {
    return this.#taken.size + this.#entering.size;
  }

  /** Their payloads, in bytes. */
  get bytes(): number {
    return this.#taken.bytes + this.#entering.bytes;
  }

  /** Whether none waits. */
  get isEmpty(): boolean {
    return this.#taken.size === 0 && this.#entering.size === 0;
  }

  /** It is taken, at once or when there is room. */
  add(notification: OutgoingNotification): void {
    if (this.#entering.size === 0 && this.#hasRoom(notification.payload.length)) {
      this.#take(notification);
    } else this.#entering.push(notification);
  }

  /** Takes one back that was not taken. @returns Whether it waited for that. */
  withdraw(notification: OutgoingNotification): boolean {
    return this.#entering.remove(notification);
  }

  /** The first one is sent: the next one's turn. */
  shift(): void {
    this.#taken.shift()?.release();
    this.#sentCount++;
    this.#admit();
  }

  /** The first one cannot be sent. */
  refuse(code: ErrorCode, text: string): void {
    const first = this.#taken.shift();
    this.#sentCount++;
    this.#admit();
    first?.fail(code, text);
  }

  /** Tells when all that is taken now has arrived. */
  flush(waiter: FlushWaiter): void {
    this.#flushes.push({ waiter, count: this.#takenCount, number: -1 });
  }

  /** Somebody no longer wants to know. */
  endFlush(waiter: FlushWaiter): void {
    this.#flushes = this.#flushes.filter((flush) => flush.waiter !== waiter);
  }

  /** Frames were written or acknowledged. */
  checkFlushes(lastNumber: number, acknowledged: number): void {
    if (this.#flushes.length === 0) return;
    const done: FlushWaiter[] = [];
    for (const flush of this.#flushes) {
      if (flush.number < 0 && this.#sentCount >= flush.count) flush.number = lastNumber;
      if (flush.number >= 0 && flush.number <= acknowledged) done.push(flush.waiter);
    }
    for (const waiter of done) {
      this.endFlush(waiter);
      waiter.done();
    }
  }

  /** The session ends: of what is sent and not acknowledged one cannot know. */
  failFlushes(code: ErrorCode): void {
    for (const { waiter, number } of this.#flushes) {
      if (number < 0) continue;
      this.endFlush(waiter);
      waiter.fail(code);
    }
  }

  /** Nothing is sent any more. */
  stop(code: ErrorCode): void {
    for (const queue of [this.#taken, this.#entering]) {
      for (let item = queue.shift(); item !== null; item = queue.shift()) item.fail(code, "");
    }
    this.#sentCount = this.#takenCount;
    for (const { waiter } of this.#flushes) waiter.fail(code);
    this.#flushes = [];
  }

  #admit(): void {
    for (let next = this.#entering.first; next !== null; next = this.#entering.first) {
      if (!this.#hasRoom(next.payload.length)) return;
      this.#entering.shift();
      this.#take(next);
    }
  }

  #hasRoom(bytes: number): boolean {
    return this.#taken.size === 0 || this.#taken.bytes + bytes <= this.#maxBytes;
  }

  #take(notification: OutgoingNotification): void {
    this.#taken.push(notification);
    this.#takenCount++;
    notification.taken();
  }
}

/** How far the first notification has come, where it does not fit into one frame. */
interface Large extends Transfer {
  readonly message: OutgoingNotification;
  /** Whether it asked for room; then the other end says when it has it. */
  readonly asked: boolean;
}

/** The sending half of a session's flow. */
export class NotificationSender {
  readonly #writer: MessageWriter;
  readonly #credit: SendCredit;
  readonly #transfers: Transfers;
  readonly #payloadMaxBytes: number;
  #queue: NotificationQueue | null = null;
  #large: Large | null = null;

  /** @param payloadMaxBytes The largest payload that the other end takes. */
  constructor(
    writer: MessageWriter,
    credit: SendCredit,
    transfers: Transfers,
    payloadMaxBytes: number,
  ) {
    this.#writer = writer;
    this.#credit = credit;
    this.#transfers = transfers;
    this.#payloadMaxBytes = payloadMaxBytes;
  }

  /** Whether one is on its way that is not whole at the other end. */
  get isBusy(): boolean {
    return this.#large !== null;
  }

  /** Writes the next one, or the beginning of it. @returns Whether anything was written. */
  write(queue: NotificationQueue): boolean {
    const next = queue.first;
    const credit = this.#credit;
    if (next === null || this.#large !== null || credit.notifications === 0) return false;
    const { payload: { length }, service, codec, metadata } = next;
    if (length > this.#payloadMaxBytes) {
      queue.refuse("payload-too-large", `${length} bytes`);
      return true;
    }
    const asked = length > credit.notificationMaxBytes;
    if (!asked && length > credit.notificationBytes) return false;
    if (firstFrameBytes(next) <= PIECE_MAX_BYTES && !asked) {
      if (!this.#writer.notification(service, codec, 0, next.payload, metadata)) return false;
    } else {
      const flags = asked ? FLAG_STATED | FLAG_ASKS : FLAG_STATED;
      if (!this.#writer.statedNotification(service, codec, flags, length, metadata)) return false;
      this.#queue = queue;
      this.#begin(next, 0, asked);
    }
    credit.notifications--;
    if (!asked) credit.notificationBytes -= length;
    if (this.#large === null) queue.shift();
    return true;
  }

  /** There is room for it, (again) from its first byte on. */
  handleGrant(attempt: number): void {
    const large = this.#large;
    if (large === null || !large.asked || attempt <= large.generation) return;
    this.#transfers.remove(large.message);
    this.#begin(large.message, attempt, true);
  }

  /** It is there. */
  handleTaken(attempt: number): void {
    if (this.#large?.generation === attempt && attempt > 0) this.#end();
  }

  /** The session ends. What may have arrived whole is not sent to the next process. */
  end(): void {
    const large = this.#large;
    if (large !== null && large.offset === large.payload.length) this.#end();
    this.#large = null;
  }

  #begin(message: OutgoingNotification, attempt: number, asked: boolean): void {
    const large: Large = {
      kind: DataKind.NOTIFICATION,
      slot: 0,
      generation: attempt,
      payload: message.payload,
      message,
      offset: 0,
      asked,
      finish: () => {
        if (!asked) this.#end();
      },
    };
    this.#large = large;
    if (attempt > 0 || !asked) this.#transfers.add(large);
  }

  #end(): void {
    this.#large = null;
    this.#queue!.shift();
  }
}
