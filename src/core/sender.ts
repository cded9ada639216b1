/**
 * Decides what is written next: answers before requests, small messages before the parts of large
 * ones, and never more than one batch ahead of the socket, so that a message gets its number only
 * when it really goes out.
 *
 * @module
 */

import { INLINE_MAX_BYTES, type MessageWriter, STREAMS_MAX } from "./message_writer.ts";
import type { OutboundLog } from "./outbound_log.ts";
import {
  type Outgoing,
  type OutgoingNotification,
  OutgoingReply,
  OutgoingRequest,
} from "./outgoing.ts";
import type { RequestTracker } from "./request_tracker.ts";
import { SendQueue } from "./send_queue.ts";

/** How far the log may be ahead of the socket, in bytes: one segment's worth keeps it busy. */
const BATCH_BYTES = 65_536;

const NOTHING = new Uint8Array(0);

/** A large payload on its way. */
interface Stream {
  readonly id: number;
  readonly message: Outgoing;
  /** Bytes of the payload written. */
  offset: number;
}

/** What is written next, for one session. */
export class Sender {
  readonly #log: OutboundLog;
  readonly #writer: MessageWriter;
  readonly #tracker: RequestTracker;
  readonly #payloadMaxBytes: number;
  /** Answers, errors and cancels of this session. */
  readonly #replies = new SendQueue<OutgoingReply>();
  /** Large messages that wait for a stream. */
  readonly #large = new SendQueue();
  readonly #streams: Stream[] = [];
  /** Streams that were used and are free; those from `#nextStream` never were used. */
  readonly #freeStreams: number[] = [];
  #nextStream = 1;
  /** Streams whose DROP has found no room. */
  readonly #drops: number[] = [];
  #turn = 0;

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
    let bytes = this.#replies.bytes + this.#large.bytes;
    for (const stream of this.#streams) bytes += stream.message.payload.length - stream.offset;
    return bytes;
  }

  /** Whether nothing waits here. */
  get isIdle(): boolean {
    return this.#replies.size === 0 && this.#large.size === 0 && this.#streams.length === 0 &&
      this.#drops.length === 0;
  }

  /** Queues an answer, an error or a cancel. */
  reply(reply: OutgoingReply): void {
    this.#replies.push(reply);
  }

  /** Moves messages into the log until it is a batch ahead, has no room, or nothing waits. */
  fill(queue: SendQueue<OutgoingRequest | OutgoingNotification>): void {
    let progress = true;
    while (progress && this.#log.unwrittenBytes < BATCH_BYTES) {
      progress = this.#fillSmall(queue);
      if (this.#writePart()) progress = true;
    }
  }

  /** Gives up a message that is queued or on its way in parts. @returns Whether it was here. */
  withdraw(message: Outgoing): boolean {
    if (this.#large.remove(message)) return true;
    const index = this.#streams.findIndex((stream) => stream.message === message);
    if (index < 0) return false;
    const stream = this.#streams[index]!;
    this.#streams.splice(index, 1);
    if (stream.offset === 0) this.#freeStreams.push(stream.id);
    else this.#drops.push(stream.id);
    return true;
  }

  /** The session ends: takes out what the next one can still send, in its order. */
  takeUnsent(): (OutgoingRequest | OutgoingNotification)[] {
    const unsent: (OutgoingRequest | OutgoingNotification)[] = [];
    const take = (message: Outgoing) => {
      if (message instanceof OutgoingReply) message.release();
      else unsent.push(message as OutgoingRequest | OutgoingNotification);
    };
    for (const stream of this.#streams) take(stream.message);
    this.#streams.length = 0;
    for (let item = this.#large.shift(); item !== null; item = this.#large.shift()) take(item);
    for (let item = this.#replies.shift(); item !== null; item = this.#replies.shift()) take(item);
    return unsent;
  }

  /** Small messages, up to a batch. @returns Whether anything moved. */
  #fillSmall(queue: SendQueue<OutgoingRequest | OutgoingNotification>): boolean {
    let moved = false;
    while (this.#drops.length > 0 && this.#writer.drop(this.#drops[0]!)) {
      this.#freeStreams.push(this.#drops.shift()!);
      moved = true;
    }
    for (;;) {
      if (this.#log.unwrittenBytes >= BATCH_BYTES) return moved;
      const reply = this.#replies.first;
      if (reply !== null) {
        if (!this.#writeReply(reply)) return moved;
      } else {
        const message = queue.first;
        if (message === null || !this.#writeMessage(queue, message)) return moved;
      }
      moved = true;
    }
  }

  #writeReply(reply: OutgoingReply): boolean {
    const { slot, generation, code } = reply;
    if (code === null && reply.payload.length > INLINE_MAX_BYTES) {
      this.#replies.remove(reply);
      if (reply.payload.length > this.#payloadMaxBytes) {
        const text = `an answer of ${reply.payload.length} bytes`;
        const error = new OutgoingReply(slot, generation, 0, NOTHING, "payload-too-large", text);
        this.#replies.unshift(error);
      } else this.#large.push(reply);
      return true;
    }
    let written: boolean;
    if (code === null) {
      written = this.#writer.response(slot, generation, reply.codec, 0, reply.payload, 0);
    } else if (code === "cancel") written = this.#writer.cancel(slot, generation);
    else written = this.#writer.error(slot, generation, code, reply.message, reply.payload);
    if (written) this.#replies.remove(reply);
    return written;
  }

  #writeMessage(
    queue: SendQueue<OutgoingRequest | OutgoingNotification>,
    message: OutgoingRequest | OutgoingNotification,
  ): boolean {
    if (message.payload.length > INLINE_MAX_BYTES) {
      queue.remove(message);
      if (message.payload.length > this.#payloadMaxBytes) refuseLarge(message);
      else this.#large.push(message);
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

  /** One part of one large message, in turn. */
  #writePart(): boolean {
    while (this.#large.size > 0) {
      const id = this.#freeStreams.pop() ?? this.#nextStream;
      if (id > STREAMS_MAX) break;
      if (id === this.#nextStream) this.#nextStream++;
      this.#streams.push({ id, message: this.#large.shift()!, offset: 0 });
    }
    const count = this.#streams.length;
    for (let tried = 0; tried < count; tried++) {
      this.#turn = (this.#turn + 1) % count;
      if (this.#writeFromStream(this.#streams[this.#turn]!)) return true;
    }
    return false;
  }

  #writeFromStream(stream: Stream): boolean {
    const { id, message } = stream;
    const { payload } = message;
    if (payload.length - stream.offset > INLINE_MAX_BYTES) {
      const end = stream.offset + INLINE_MAX_BYTES;
      if (!this.#writer.part(id, payload, stream.offset, end)) return false;
      stream.offset = end;
      return true;
    }
    if (!this.#writeLast(message, id, stream.offset)) return false;
    this.#streams.splice(this.#streams.indexOf(stream), 1);
    this.#freeStreams.push(id);
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
