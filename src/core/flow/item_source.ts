/**
 * Items on their way out: one direction of a stream at the end that makes them.
 *
 * They wait here until the other end's window takes them. More is asked for only when little waits,
 * so a consumer that stops reading stops whoever makes the items.
 *
 * Source: docs/protocol.md, "Streams".
 *
 * @module
 */

import { PIECE_MAX_BYTES } from "../wire/frame.ts";
import {
  FLAG_LENGTH,
  FLAG_MORE,
  type StreamEnd,
  type StreamId,
  type StreamWriter,
} from "../wire/stream_frames.ts";
import { ItemQueue } from "./item_queue.ts";
import { ITEM_COST_BYTES } from "./item_sink.ts";

/** Above this no more items are asked for, in bytes. */
const AHEAD_MAX_BYTES = 131_072;

/** Who makes the items. */
export interface ItemProducer {
  /** More are wanted; also told to one that makes them anyway. */
  handleWanted(): void;
  /** None is wanted any more. */
  handleStopped(): void;
}

/** Whom a source tells. */
export interface ItemSourceOwner {
  /** Something can be written. */
  handleReady(source: ItemSource): void;
  /** Its END is written. */
  handleEnded(source: ItemSource): void;
}

/** The items of one direction of one stream, as they are made. */
export class ItemSource implements StreamId {
  readonly number: number;
  readonly isOwn: boolean;
  /** Who makes the items; `null` before and where nobody is told. */
  producer: ItemProducer | null = null;
  /** Whether its items may be cut anywhere: bytes have no borders. */
  readonly isCut: boolean;
  /** Owned by the scheduler. */
  isQueued = false;
  readonly #owner: ItemSourceOwner;
  readonly #items = new ItemQueue();
  /** What of the first item is written, in bytes. */
  #offset = 0;
  #waitingBytes = 0;
  #sent = 0;
  #limit: number;
  #end: StreamEnd | null = null;
  #isEnded = false;
  #isStopped = false;

  /** @param limit Up to which position the other end takes items. */
  constructor(
    owner: ItemSourceOwner,
    number: number,
    isOwn: boolean,
    limit: number,
    isCut: boolean,
  ) {
    this.#owner = owner;
    this.number = number;
    this.isOwn = isOwn;
    this.#limit = limit;
    this.isCut = isCut;
  }

  /** Whether its END is written. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Whether nobody wants more of it. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Whether more items may be made. */
  get isWanted(): boolean {
    return !this.#isStopped && this.#waitingBytes < AHEAD_MAX_BYTES &&
      (this.#limit > this.#sent + ITEM_COST_BYTES || this.#items.isEmpty) && this.#limit > 0;
  }

  /** What waits here, in bytes. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Whether something can be written. */
  get isReady(): boolean {
    if (this.#isEnded) return false;
    const item = this.#items.first;
    return item === null ? this.#end !== null : this.#roomFor(item) >= 0;
  }

  /** An item. Without effect on one that is over. @returns Whether more may follow at once. */
  push(item: Uint8Array): boolean {
    if (this.#isStopped || this.#end !== null) return false;
    this.#items.push(item);
    this.#waitingBytes += ITEM_COST_BYTES + item.length;
    if (this.isReady) this.#owner.handleReady(this);
    return this.isWanted;
  }

  /** All items are made. */
  end(end: StreamEnd): void {
    if (this.#end !== null) return;
    this.#end = end;
    if (this.isReady) this.#owner.handleReady(this);
  }

  /** What waits is not wanted any more; the other end is told how it ended. */
  abandon(end: StreamEnd): void {
    if (this.#isEnded) return;
    this.#isStopped = true;
    this.#forget();
    this.#end = end;
    this.#owner.handleReady(this);
    this.#tellStopped();
  }

  /** Nobody is there to be told. */
  clear(): void {
    this.#isStopped = this.#isEnded = true;
    this.#forget();
    this.#tellStopped();
  }

  /** STOP came: nothing more is made; whoever makes it says when it has ended. */
  handleStop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#forget();
    this.#tellStopped();
  }

  /** WINDOW came. A smaller one says nothing. */
  handleWindow(limit: number): void {
    if (limit <= this.#limit) return;
    this.#limit = limit;
    if (this.isReady) this.#owner.handleReady(this);
    this.#want();
  }

  /**
   * Writes what the window takes, up to a frame's worth.
   *
   * @returns Bytes written; 0: there is no room in the log, or nothing to write.
   */
  write(writer: StreamWriter): number {
    let written = 0;
    while (written < PIECE_MAX_BYTES && !this.#isEnded) {
      const item = this.#items.first;
      if (item === null) {
        if (this.#end === null || !writer.end(this, this.#end)) break;
        this.#isEnded = true;
        written += ITEM_COST_BYTES;
        this.#owner.handleEnded(this);
        break;
      }
      const bytes = this.#writePiece(writer, item);
      if (bytes === 0) break;
      written += bytes;
    }
    if (written > 0) this.#want();
    return written;
  }

  #writePiece(writer: StreamWriter, item: Uint8Array): number {
    const roomBytes = this.#roomFor(item);
    if (roomBytes < 0) return 0;
    const offset = this.#offset;
    const end = Math.min(item.length, offset + Math.min(roomBytes, PIECE_MAX_BYTES));
    const isLast = end === item.length;
    const isFirst = this.isCut || offset === 0;
    const flags = isLast || this.isCut ? 0 : isFirst ? FLAG_MORE | FLAG_LENGTH : FLAG_MORE;
    if (!writer.item(this, flags, item, offset, end)) return 0;
    const cost = end - offset + (isFirst ? ITEM_COST_BYTES : 0);
    this.#sent += cost;
    this.#waitingBytes -= end - offset;
    this.#offset = end;
    if (isLast) {
      this.#waitingBytes -= ITEM_COST_BYTES;
      this.#offset = 0;
      this.#items.shift();
    }
    return cost;
  }

  /** How many bytes of an item may be written now; -1: not even its beginning. */
  #roomFor(item: Uint8Array): number {
    const isFirst = this.isCut || this.#offset === 0;
    const roomBytes = this.#limit - this.#sent - (isFirst ? ITEM_COST_BYTES : 0);
    if (roomBytes > 0) return roomBytes;
    return roomBytes === 0 && item.length === 0 ? 0 : -1;
  }

  #want(): void {
    if (this.isWanted && this.#end === null) this.producer?.handleWanted();
  }

  #forget(): void {
    this.#items.clear();
    this.#offset = this.#waitingBytes = 0;
  }

  #tellStopped(): void {
    const { producer } = this;
    this.producer = null;
    producer?.handleStopped();
  }
}
