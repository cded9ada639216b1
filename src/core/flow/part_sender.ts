/**
 * Large payloads on their way out: in parts, one part of each in turn, so that a small message
 * waits for a part and never for a payload.
 *
 * @module
 */

import { INLINE_MAX_BYTES, type MessageWriter, STREAMS_MAX } from "../wire/message_writer.ts";
import type { Outgoing } from "./outgoing.ts";
import { SendQueue } from "./send_queue.ts";

/** A large payload on its way. */
interface Stream {
  readonly id: number;
  readonly message: Outgoing;
  /** Bytes of the payload written. */
  offset: number;
}

/** Writes the frame with which a message ends. @returns `false`: there is no room. */
type WriteLast = (message: Outgoing, stream: number, start: number) => boolean;

/** The large payloads of one session. */
export class PartSender {
  readonly #writer: MessageWriter;
  readonly #writeLast: WriteLast;
  /** Messages that wait for a stream. */
  readonly #waiting = new SendQueue();
  readonly #streams: Stream[] = [];
  /** Streams that were used and are free; those from `#nextStream` never were used. */
  readonly #freeStreams: number[] = [];
  #nextStream = 1;
  /** Streams whose DROP has found no room. */
  readonly #drops: number[] = [];
  #turn = 0;

  constructor(writer: MessageWriter, writeLast: WriteLast) {
    this.#writer = writer;
    this.#writeLast = writeLast;
  }

  /** Bytes that are queued here. */
  get queuedBytes(): number {
    let bytes = this.#waiting.bytes;
    for (const stream of this.#streams) bytes += stream.message.payload.length - stream.offset;
    return bytes;
  }

  /** Whether nothing waits here. */
  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#streams.length === 0 && this.#drops.length === 0;
  }

  /** Queues a message whose payload does not fit into one frame. */
  push(message: Outgoing): void {
    this.#waiting.push(message);
  }

  /** Gives up a message that is queued or on its way. @returns Whether it was here. */
  withdraw(message: Outgoing): boolean {
    if (this.#waiting.remove(message)) return true;
    const index = this.#streams.findIndex((stream) => stream.message === message);
    if (index < 0) return false;
    const stream = this.#streams[index]!;
    this.#streams.splice(index, 1);
    if (stream.offset === 0) this.#freeStreams.push(stream.id);
    else this.#drops.push(stream.id);
    return true;
  }

  /** The session ends: takes everything out, what is on its way first. */
  takeAll(): Outgoing[] {
    const all = this.#streams.map((stream) => stream.message);
    this.#streams.length = 0;
    for (let item = this.#waiting.shift(); item !== null; item = this.#waiting.shift()) {
      all.push(item);
    }
    return all;
  }

  /** Tells which parts are to be forgotten. @returns Whether anything was written. */
  writeDrops(): boolean {
    let moved = false;
    while (this.#drops.length > 0 && this.#writer.drop(this.#drops[0]!)) {
      this.#freeStreams.push(this.#drops.shift()!);
      moved = true;
    }
    return moved;
  }

  /** One part of one message, in turn. @returns Whether anything was written. */
  writePart(): boolean {
    while (this.#waiting.size > 0) {
      const id = this.#freeStreams.pop() ?? this.#nextStream;
      if (id > STREAMS_MAX) break;
      if (id === this.#nextStream) this.#nextStream++;
      this.#streams.push({ id, message: this.#waiting.shift()!, offset: 0 });
    }
    const count = this.#streams.length;
    for (let tried = 0; tried < count; tried++) {
      this.#turn = (this.#turn + 1) % count;
      if (this.#writeFrom(this.#streams[this.#turn]!)) return true;
    }
    return false;
  }

  #writeFrom(stream: Stream): boolean {
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
}
