/**
 * Decides what is written next: answers before requests, small messages before the parts of large
 * ones, and never more than one batch ahead of the socket, so that a message gets its number only
 * when it really goes out.
 *
 * @module
 */

import { INLINE_MAX_BYTES, type MessageWriter } from "../wire/message_writer.ts";
import type { OutboundLog } from "../session/outbound_log.ts";
import {
  type Outgoing,
  type OutgoingNotification,
  OutgoingReply,
  OutgoingRequest,
} from "./outgoing.ts";
import { PartSender } from "./part_sender.ts";
import type { RequestTracker } from "./request_tracker.ts";
import { SendQueue } from "./send_queue.ts";

/** How far the log may be ahead of the socket, in bytes: one segment's worth keeps it busy. */
const BATCH_BYTES = 65_536;

const NOTHING = new Uint8Array(0);

/** What is written next, for one session. */
export class SendScheduler {
  readonly #log: OutboundLog;
  readonly #writer: MessageWriter;
  readonly #tracker: RequestTracker;
  readonly #payloadMaxBytes: number;
  /** Answers, errors and cancels of this session. Most sessions never queue one. */
  #replies: SendQueue<OutgoingReply> | null = null;
  /** Made for the first large payload. */
  #parts: PartSender | null = null;

  /** @param payloadMaxBytes The largest payload that the other end takes. */
  constructor(
    log: OutboundLog,
    writer: MessageWriter,
    tracker: RequestTracker,
    payloadMaxBytes: number,
  ) {
    this.#payloadMaxBytes = payloadMaxBytes;
    this.#log = log;
    this.#writer = writer;
    this.#tracker = tracker;
  }

  /** Bytes of answers and of large messages that are queued here. */
  get queuedBytes(): number {
    return (this.#replies?.bytes ?? 0) + (this.#parts?.queuedBytes ?? 0);
  }

  /** Whether nothing waits here. */
  get isIdle(): boolean {
    return (this.#replies === null || this.#replies.size === 0) &&
      (this.#parts === null || this.#parts.isIdle);
  }

  /** Queues an answer, an error or a cancel. */
  reply(reply: OutgoingReply): void {
    (this.#replies ??= new SendQueue()).push(reply);
  }

  /** Moves messages into the log until it is a batch ahead, has no room, or nothing waits. */
  fill(queue: SendQueue<OutgoingRequest | OutgoingNotification>): void {
    let progress = true;
    while (progress && this.#log.unwrittenBytes < BATCH_BYTES) {
      progress = this.#fillSmall(queue);
      if (this.#parts?.writePart()) progress = true;
    }
  }

  /** Gives up a message that is queued or on its way in parts. @returns Whether it was here. */
  withdraw(message: Outgoing): boolean {
    return this.#parts?.withdraw(message) ?? false;
  }

  /** The session ends: takes out what the next one can still send, in its order. */
  takeUnsent(): (OutgoingRequest | OutgoingNotification)[] {
    const large = this.#parts?.takeAll() ?? [];
    this.#parts = null;
    this.#replies = null;
    return large.filter((message) => !(message instanceof OutgoingReply)) as (
      | OutgoingRequest
      | OutgoingNotification
    )[];
  }

  /** Queues a payload that does not fit into one frame. */
  #pushLarge(message: Outgoing): void {
    this.#parts ??= new PartSender(
      this.#writer,
      (last, stream, start) => this.#writeLast(last, stream, start),
    );
    this.#parts.push(message);
  }

  /** Small messages, up to a batch. @returns Whether anything moved. */
  #fillSmall(queue: SendQueue<OutgoingRequest | OutgoingNotification>): boolean {
    let moved = this.#parts?.writeDrops() ?? false;
    for (;;) {
      if (this.#log.unwrittenBytes >= BATCH_BYTES) return moved;
      const replies = this.#replies;
      if (replies !== null && replies.size > 0) {
        if (!this.#writeReply(replies, replies.first!)) return moved;
      } else {
        const message = queue.first;
        if (message === null || !this.#writeMessage(queue, message)) return moved;
      }
      moved = true;
    }
  }

  #writeReply(replies: SendQueue<OutgoingReply>, reply: OutgoingReply): boolean {
    const { slot, generation, code } = reply;
    if (code === null && reply.payload.length > INLINE_MAX_BYTES) {
      replies.remove(reply);
      if (reply.payload.length > this.#payloadMaxBytes) {
        const text = `an answer of ${reply.payload.length} bytes`;
        const error = new OutgoingReply(slot, generation, 0, NOTHING, "payload-too-large", text);
        replies.unshift(error);
      } else this.#pushLarge(reply);
      return true;
    }
    let written: boolean;
    if (code === null) {
      written = this.#writer.response(slot, generation, reply.codec, 0, reply.payload, 0);
    } else if (code === "cancel") written = this.#writer.cancel(slot, generation);
    else written = this.#writer.error(slot, generation, code, reply.message, reply.payload);
    if (written) replies.remove(reply);
    return written;
  }

  #writeMessage(
    queue: SendQueue<OutgoingRequest | OutgoingNotification>,
    message: OutgoingRequest | OutgoingNotification,
  ): boolean {
    if (message.payload.length > INLINE_MAX_BYTES) {
      queue.remove(message);
      if (message.payload.length > this.#payloadMaxBytes) refuseLarge(message);
      else this.#pushLarge(message);
      return true;
    }
    if (message instanceof OutgoingRequest) {
      if (!this.writeRequest(message, 0, 0)) return false;
      queue.remove(message);
      finishRequest(message);
      return true;
    }
    const { service, codec, payload } = message;
    if (!this.#writer.notification(service, codec, 0, payload, 0)) return false;
    queue.remove(message);
    message.release();
    message.written();
    return true;
  }

  /** Writes the frame that makes a request run. @returns `false` without room or place. */
  writeRequest(request: OutgoingRequest, stream: number, start: number): boolean {
    if (!this.#tracker.hasPlace || !this.#log.hasRoom(payloadRoom(request, start))) return false;
    this.#tracker.open(request);
    const { slot, generation, timeoutMs, service, codec, payload } = request;
    this.#writer.request(slot, generation, timeoutMs, service, codec, stream, payload, start);
    request.state = "written";
    request.wasWritten = true;
    return true;
  }

  #writeLast(message: Outgoing, stream: number, start: number): boolean {
    if (message instanceof OutgoingRequest) {
      if (!this.writeRequest(message, stream, start)) return false;
      finishRequest(message);
      return true;
    }
    if (message instanceof OutgoingReply) {
      const { slot, generation, codec, payload } = message;
      if (!this.#writer.response(slot, generation, codec, stream, payload, start)) return false;
      message.release();
      return true;
    }
    const notification = message as OutgoingNotification;
    const { service, codec, payload } = notification;
    if (!this.#writer.notification(service, codec, stream, payload, start)) return false;
    notification.release();
    notification.written();
    return true;
  }
}

/** The other end takes less than this one may send. */
function refuseLarge(message: OutgoingRequest | OutgoingNotification): void {
  const text = `${message.payload.length} bytes`;
  if (message instanceof OutgoingRequest) {
    message.state = "settled";
    message.fail("payload-too-large", text, message.delivery);
  } else message.fail("payload-too-large", text);
}

/** A bound for the frame of a request whose payload goes from `start`. */
function payloadRoom(request: OutgoingRequest, start: number): number {
  return request.payload.length - start + 512;
}

/** Written: only an idempotent request may need its payload again. */
function finishRequest(request: OutgoingRequest): void {
  if (!request.idempotent) request.release();
}
