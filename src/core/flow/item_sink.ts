/**
 * Items on their way in: one direction of a stream at the end that takes them.
 *
 * Its window says how much may come before the consumer has taken what is there: a first one, and
 * more where the consumer keeps up with a sender that has to wait, as long as the endpoint has some
 * to give. An item above the window needs more than that, and borrows it from the endpoint's room
 * for streams: only while its consumer waits for it, so that nothing that was fetched ahead holds
 * what a consumer's next step needs; and by a deadline, whatever its sender does.
 *
 * Positions count the bytes of items, and `ITEM_COST_BYTES` for each, from the beginning.
 *
 * Source: docs/protocol.md, "Streams".
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import { Deadline } from "../time/deadline_heap.ts";
import { FLAG_MORE, type StreamEnd, type StreamId } from "../wire/stream_frames.ts";
import { ItemQueue } from "./item_queue.ts";
import type { RoomAccount, RoomGuest } from "./room.ts";

/** What an item costs beside its bytes: a window bounds small ones too. */
export const ITEM_COST_BYTES = 64;

/** The first window, in bytes. */
export const WINDOW_MIN_BYTES = 65_536;

/** What a window grows to at most, in bytes: 50 ms of 1 Gbit/s. */
export const WINDOW_MAX_BYTES = 8_388_608;

/** What an endpoint has for windows beyond the first ones. */
export class WindowGrowth {
  #freeBytes: number;

  /** @param bytes So much in all. */
  constructor(bytes: number) {
    this.#freeBytes = bytes;
  }

  /** What is not given away, in bytes. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** One stream gets at most half of what there is. @returns Whether it has them. */
  take(bytes: number): boolean {
    if (bytes > this.#freeBytes >> 1) return false;
    this.#freeBytes -= bytes;
    return true;
  }

  /** They come back. */
  giveBack(bytes: number): void {
    this.#freeBytes += bytes;
  }
}

/** Takes one item, or the end. */
export interface ItemReceiver {
  /** The bytes are borrowed, unless they start at 0: then they are the receiver's. */
  handleItem(bytes: Uint8Array, start: number, end: number): void;
  /** No item comes any more. */
  handleEnd(end: StreamEnd): void;
}

/** What sinks have to do with. */
export interface ItemSinkOwner {
  readonly growth: WindowGrowth;
  /** The largest item, in bytes. */
  readonly itemMaxBytes: number;
  /** What this session holds of the endpoint's room for streams. */
  readonly account: RoomAccount;
  /** The other end is to be told of the window. */
  handleWindow(sink: ItemSink): void;
  /** It has borrowed: its deadline runs; or no longer. */
  handleBorrowing(sink: ItemSink, isBorrowing: boolean): void;
  /** An item comes too slowly to be held. */
  handleSlow(sink: ItemSink): void;
}

/** An item of which not all is there. */
interface Partial {
  readonly length: number;
  /** Where it ends. */
  readonly endsAt: number;
  readonly pieces: Uint8Array[];
  filled: number;
}

/** The items of one direction of one stream, as they come. */
export class ItemSink extends Deadline implements RoomGuest, StreamId {
  readonly number: number;
  readonly isOwn: boolean;
  readonly isReady = true;
  length = 0;
  readonly #owner: ItemSinkOwner;
  readonly #items = new ItemQueue();
  #partial: Partial | null = null;
  #end: StreamEnd | null = null;
  /** Whether END has come, or cannot come any more. */
  #isOver = false;
  #receiver: ItemReceiver | null = null;
  #isDropped = false;
  #received = 0;
  #taken = 0;
  #told: number;
  #windowBytes = WINDOW_MIN_BYTES;
  #borrowedBytes = 0;
  #isAsking = false;

  /** @param told Up to which position the other end knows that it may send. */
  constructor(owner: ItemSinkOwner, number: number, isOwn: boolean, told: number) {
    super();
    this.#owner = owner;
    this.number = number;
    this.isOwn = isOwn;
    this.#told = told;
  }

  /** Whether the other end sends nothing more. */
  get hasEnded(): boolean {
    return this.#isOver;
  }

  /** Whether nobody wants more of it. */
  get isDropped(): boolean {
    return this.#isDropped;
  }

  /** What is held here, in bytes. */
  get heldBytes(): number {
    return this.#isDropped ? 0 : this.#received - this.#taken;
  }

  /** What it may hold, in bytes. */
  get windowBytes(): number {
    return this.#windowBytes;
  }

  /** Hands the next item, or the end, to a receiver: now, or when it comes. */
  next(receiver: ItemReceiver): void {
    const item = this.#items.first;
    if (item !== null) {
      this.#items.shift();
      this.#take(ITEM_COST_BYTES + item.length);
      receiver.handleItem(item, 0, item.length);
    } else if (this.#end !== null) {
      this.#release();
      receiver.handleEnd(this.#end);
    } else {
      this.#receiver = receiver;
      this.#askForMore();
    }
  }

  /** Nobody wants more of it: what is here goes, and what comes is not kept. */
  drop(): void {
    if (this.#isDropped) return;
    this.#isDropped = true;
    this.#items.clear();
    this.#partial = null;
    this.#receiver = null;
    this.#release();
  }

  /** ITEM came; see `StreamFrameHandler.onItem`. */
  handleItem(
    flags: number,
    length: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null {
    if (this.#isOver) return "unexpected-frame";
    const partial = this.#partial;
    const hasMore = (flags & FLAG_MORE) !== 0;
    this.#received += end - start + (partial === null ? ITEM_COST_BYTES : 0);
    if (this.#isDropped) return null;
    if (this.#received > this.#told) return "limit-exceeded";
    if (partial !== null) {
      if (length >= 0 || end === start) return "malformed-frame";
      return this.#addPiece(partial, hasMore, bytes, start, end);
    }
    if (!hasMore) {
      if (end - start > this.#owner.itemMaxBytes) return "limit-exceeded";
      this.#put(bytes, start, end);
      return null;
    }
    if (length <= end - start) return "malformed-frame";
    if (length > this.#owner.itemMaxBytes) return "limit-exceeded";
    this.#partial = {
      length,
      endsAt: this.#received + length - (end - start),
      pieces: [bytes.slice(start, end)],
      filled: end - start,
    };
    if (this.#receiver !== null) this.#askForMore();
    return null;
  }

  /** END came. */
  handleEnd(end: StreamEnd): ErrorCode | null {
    if (this.#isOver) return "unexpected-frame";
    if (this.#partial !== null && end.code === null) return "malformed-frame";
    this.finish(end);
    return null;
  }

  /** No more of it comes, as this end knows. */
  finish(end: StreamEnd): void {
    this.#isOver = true;
    this.#close(end);
  }

  /** It ends here before the other end has said so: what still comes is not kept. */
  fail(end: StreamEnd): void {
    this.#isDropped = true;
    this.#close(end);
  }

  #close(end: StreamEnd): void {
    if (this.#end !== null) return;
    this.#end = end;
    this.#partial = null;
    this.#giveBack();
    const receiver = this.#receiver;
    this.#receiver = null;
    if (receiver === null) return;
    this.#release();
    receiver.handleEnd(end);
  }

  /** Part of `RoomAccount`. */
  handleRoom(): void {
    this.#isAsking = false;
    this.#borrowedBytes = this.length;
    this.#owner.handleBorrowing(this, true);
    this.#owner.handleWindow(this);
  }

  /** What was lent is needed by others. */
  override expire(): void {
    this.#owner.handleSlow(this);
  }

  /** Whether the other end is to be told. */
  get isDue(): boolean {
    if (this.#isDropped || this.#end !== null) return false;
    const moreBytes = this.#limit - this.#told;
    if (moreBytes >= this.#windowBytes >> 1) return true;
    const partial = this.#partial;
    return moreBytes > 0 && partial !== null && this.#receiver !== null &&
      partial.endsAt > this.#told;
  }

  /** Up to which position items may come: what WINDOW says. */
  get limit(): number {
    return this.#limit;
  }

  /** WINDOW has said so. */
  told(limit: number): void {
    this.#told = limit;
  }

  get #limit(): number {
    const limit = this.#taken + this.#windowBytes;
    return this.#borrowedBytes === 0 ? limit : Math.max(limit, this.#partial?.endsAt ?? 0);
  }

  #addPiece(
    partial: Partial,
    hasMore: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null {
    partial.pieces.push(bytes.slice(start, end));
    partial.filled += end - start;
    if (hasMore ? partial.filled >= partial.length : partial.filled !== partial.length) {
      return "malformed-frame";
    }
    if (hasMore) return null;
    const whole = new Uint8Array(partial.length);
    let offset = 0;
    for (const piece of partial.pieces) {
      whole.set(piece, offset);
      offset += piece.length;
    }
    this.#partial = null;
    this.#put(whole, 0, whole.length);
    return null;
  }

  #put(bytes: Uint8Array, start: number, end: number): void {
    const receiver = this.#receiver;
    if (receiver === null) {
      this.#items.push(start === 0 ? bytes : bytes.slice(start, end));
      return;
    }
    this.#receiver = null;
    this.#giveBack();
    this.#take(ITEM_COST_BYTES + end - start);
    receiver.handleItem(bytes, start, end);
  }

  #take(cost: number): void {
    this.#taken += cost;
    // All is taken, and the sender has had to wait: a larger window keeps it busy.
    if (this.#items.isEmpty && this.#told - this.#received <= ITEM_COST_BYTES) this.#grow();
    if (this.isDue) this.#owner.handleWindow(this);
  }

  #grow(): void {
    const bytes = this.#windowBytes;
    if (2 * bytes > WINDOW_MAX_BYTES || this.#end !== null || this.#isDropped) return;
    if (this.#owner.growth.take(bytes)) this.#windowBytes = 2 * bytes;
  }

  /** The consumer waits for an item that does not fit: it borrows what is missing. */
  #askForMore(): void {
    const partial = this.#partial;
    if (partial === null || this.#isAsking || this.#borrowedBytes > 0) return;
    const missingBytes = partial.endsAt - this.#taken - this.#windowBytes;
    if (missingBytes > 0) {
      this.length = missingBytes;
      this.#isAsking = true;
      this.#owner.account.ask(this);
    }
    if (this.isDue) this.#owner.handleWindow(this);
  }

  #giveBack(): void {
    if (this.#isAsking) {
      this.#isAsking = false;
      this.#owner.account.withdraw(this);
    }
    if (this.#borrowedBytes === 0) return;
    const bytes = this.#borrowedBytes;
    this.#borrowedBytes = 0;
    this.#owner.handleBorrowing(this, false);
    this.#owner.account.giveBack(bytes);
  }

  /** It holds nothing any more that others could use. */
  #release(): void {
    this.#giveBack();
    const bytes = this.#windowBytes - WINDOW_MIN_BYTES;
    this.#windowBytes = WINDOW_MIN_BYTES;
    if (bytes > 0) this.#owner.growth.giveBack(bytes);
  }
}
