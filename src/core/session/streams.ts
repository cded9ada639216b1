/**
 * The streams of a session: those that this end has opened, and those of the other end.
 *
 * A stream is open from its OPEN until both directions have ended: the answer with the callee's
 * END, the request with the caller's, where it has items. Each end allows so many of the other's
 * at a time, and some more for those that handlers open, as places do.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import { type ItemSinkOwner, WINDOW_MIN_BYTES, type WindowGrowth } from "../flow/item_sink.ts";
import { ItemSink } from "../flow/item_sink.ts";
import { ItemSource, type ItemSourceOwner } from "../flow/item_source.ts";
import type { OutgoingStream } from "../flow/outgoing_stream.ts";
import { DEPTH_MAX } from "../flow/places.ts";
import { RoomAccount } from "../flow/room.ts";
import type { StreamScheduler } from "../flow/stream_scheduler.ts";
import { NUMBER_MAX, readU32, readU64 } from "../wire/frame.ts";
import {
  DONE,
  endOf,
  FLAG_FOLLOWS,
  FLAG_ITEMS,
  FLAG_ONE,
  OPEN_FIELDS_BYTES,
  type StreamEnd,
  type StreamFrameHandler,
} from "../wire/stream_frames.ts";
import { DEPTH_MASK } from "../wire/message_writer.ts";
import { ServedStream } from "./served_stream.ts";
import type { Session } from "./session.ts";
import type { SessionHost } from "./session_handler.ts";

/** Bytes have no borders: their items may be cut anywhere. */
const BYTES_CODEC = 1;

/** The streams of one session. */
export class Streams implements StreamFrameHandler, ItemSinkOwner, ItemSourceOwner {
  readonly itemMaxBytes: number;
  readonly #session: Session;
  readonly #host: SessionHost;
  readonly #scheduler: StreamScheduler;
  readonly #ownMax: number;
  readonly #theirMax: number;
  /** What this end has opened, by number. */
  readonly #own = new Map<number, OutgoingStream>();
  readonly #theirs = new Map<number, ServedStream>();
  #lastOwn = 0;
  #lastTheir = 0;
  #account: RoomAccount | null = null;

  /**
   * @param ownMax How many streams of this end the other one allows.
   * @param theirMax How many of the other end this one allows.
   * @param itemMaxBytes The largest item that is taken here.
   */
  constructor(
    session: Session,
    host: SessionHost,
    scheduler: StreamScheduler,
    ownMax: number,
    theirMax: number,
    itemMaxBytes: number,
  ) {
    this.#session = session;
    this.#host = host;
    this.#scheduler = scheduler;
    this.#ownMax = ownMax;
    this.#theirMax = theirMax;
    this.itemMaxBytes = itemMaxBytes;
  }

  /** Streams of this end that are open. */
  get ownCount(): number {
    return this.#own.size;
  }

  /** Streams of the other end that are open. */
  get theirCount(): number {
    return this.#theirs.size;
  }

  /** Bytes held of what has come and nobody has taken. */
  get heldBytes(): number {
    let bytes = 0;
    for (const { sink } of this.#own.values()) bytes += sink?.heldBytes ?? 0;
    for (const served of this.#theirs.values()) {
      bytes += served.heldBytes + (served.sink?.heldBytes ?? 0);
    }
    return bytes;
  }

  get growth(): WindowGrowth {
    return this.#host.windowGrowth;
  }

  get account(): RoomAccount {
    return this.#account ??= new RoomAccount(this.#host.rooms.streams, this.#session.roomShare);
  }

  /** Whether one more may be opened. */
  canOpen(depth: number): boolean {
    return this.#own.size < this.#ownMax + Math.min(depth, DEPTH_MAX);
  }

  /** The number of the next one. */
  get nextNumber(): number {
    return this.#lastOwn + 1;
  }

  /** OPEN is written: it has the next number. */
  open(stream: OutgoingStream): void {
    const number = ++this.#lastOwn;
    const { payload, followsLater } = stream;
    stream.number = number;
    stream.state = "open";
    stream.itemMaxBytes = this.#session.payloadMaxBytes;
    stream.sink = new ItemSink(this, number, true, WINDOW_MIN_BYTES);
    if (stream.sendsItems || followsLater) {
      const isCut = stream.codec === BYTES_CODEC && stream.sendsItems;
      stream.source = new ItemSource(this, number, true, 0, isCut);
    }
    this.#own.set(number, stream);
    stream.release();
    if (followsLater) {
      stream.source!.push(payload);
      stream.source!.end(DONE);
    }
    stream.handleOpened();
  }

  /** The caller of one that is open gives up: the other end is told. */
  cancel(stream: OutgoingStream): void {
    if (this.#own.get(stream.number) !== stream) return;
    stream.sink!.drop();
    this.#stop(stream);
  }

  #stop(stream: OutgoingStream): void {
    if (!stream.sink!.hasEnded) this.#scheduler.stop(stream.sink!);
    stream.source?.abandon(endOf("cancelled", "maybe-executed", "its caller gave up"));
    this.#session.carrier?.scheduleFlush();
    this.#release(stream);
  }

  onOpen(
    number: number,
    timeoutMs: number,
    service: string,
    codec: number,
    flags: number,
    metadata: Uint8Array | null,
    bytes: Uint8Array,
    payload: number,
    end: number,
  ): ErrorCode | null {
    if (number !== this.#lastTheir + 1) return "unexpected-frame";
    if (end - payload < OPEN_FIELDS_BYTES) return "malformed-frame";
    const hasItems = (flags & FLAG_ITEMS) !== 0;
    const follows = (flags & FLAG_FOLLOWS) !== 0;
    const from = payload + OPEN_FIELDS_BYTES;
    if ((hasItems || follows) && (from !== end || hasItems === follows)) return "malformed-frame";
    if (end - from > this.itemMaxBytes) return "limit-exceeded";
    const resumeFrom = readU64(bytes, payload + 4);
    if (resumeFrom < 0) return "number-out-of-range";
    const told = flags & DEPTH_MASK;
    if (this.#theirs.size >= this.#theirMax + Math.min(told, DEPTH_MAX)) return "limit-exceeded";
    this.#lastTheir = number;
    const isCut = codec === BYTES_CODEC && (flags & FLAG_ONE) === 0;
    const limit = readU32(bytes, payload);
    const served = new ServedStream(this.#session, {
      number,
      service,
      codec,
      timeoutMs,
      depth: told,
      metadata,
      resumeFrom,
      wantsOne: (flags & FLAG_ONE) !== 0,
      hasItems,
      sink: hasItems || follows ? new ItemSink(this, number, false, 0) : null,
      source: new ItemSource(this, number, false, limit, isCut),
    });
    this.#theirs.set(number, served);
    this.#host.handler.onStream(served, bytes, from, end);
    return null;
  }

  onItem(
    number: number,
    isOwn: boolean,
    flags: number,
    length: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null {
    const sink = this.#halves(number, isOwn)?.sink ?? null;
    if (sink === null) return this.#unknown(number, isOwn);
    return sink.handleItem(flags, length, bytes, start, end);
  }

  onEnd(number: number, isOwn: boolean, end: StreamEnd): ErrorCode | null {
    const stream = this.#halves(number, isOwn);
    if (stream === undefined || stream.sink === null) return this.#unknown(number, isOwn);
    const fault = stream.sink.handleEnd(end);
    if (fault !== null) return fault;
    if (isOwn) {
      // Whoever has answered needs no more of the request.
      stream.source?.abandon(DONE);
    }
    this.#release(stream);
    return null;
  }

  onStop(number: number, isOwn: boolean): ErrorCode | null {
    if (isOwn) {
      const stream = this.#own.get(number);
      if (stream === undefined) return this.#unknown(number, isOwn);
      stream.source?.abandon(DONE);
      return null;
    }
    const served = this.#theirs.get(number);
    if (served === undefined) return this.#unknown(number, isOwn);
    served.handleStop();
    return null;
  }

  onWindow(number: number, isOwn: boolean, limit: number): ErrorCode | null {
    const stream = this.#halves(number, isOwn);
    if (stream === undefined) return this.#unknown(number, isOwn);
    stream.source?.handleWindow(limit);
    return null;
  }

  /** The other end's process is gone, or this one ends. @returns How many of this end there were. */
  end(code: ErrorCode): number {
    const own = [...this.#own.values()];
    const theirs = [...this.#theirs.values()];
    this.#own.clear();
    this.#theirs.clear();
    for (const { sink, source } of own) {
      // What has come is the application's, also after the end.
      sink?.finish(endOf(code, "maybe-executed", ""));
      source?.clear();
    }
    for (const served of theirs) served.end(code);
    this.#account?.close();
    this.#scheduler.clear();
    return own.length;
  }

  /** Nobody waits for those of this end any more. @returns How many there were. */
  giveUp(code: ErrorCode): number {
    const own = [...this.#own.values()].filter(({ sink }) => !sink!.isDropped);
    for (const stream of own) {
      stream.sink!.fail(endOf(code, "maybe-executed", ""));
      this.#stop(stream);
    }
    return own.length;
  }

  // What sinks and sources tell.

  handleWindow(sink: ItemSink): void {
    this.#scheduler.tell(sink);
    this.#session.carrier?.scheduleFlush();
  }

  handleBorrowing(sink: ItemSink, isBorrowing: boolean): void {
    const { timers, assemblyTimeoutMs } = this.#host;
    if (isBorrowing) timers.add(sink, assemblyTimeoutMs);
    else timers.remove(sink);
  }

  handleSlow(sink: ItemSink): void {
    const text = "an item came too slowly to be held";
    this.#scheduler.stop(sink);
    sink.fail(endOf("timeout", "maybe-executed", text));
    this.#session.carrier?.scheduleFlush();
  }

  handleReady(source: ItemSource): void {
    this.#scheduler.add(source);
    this.#session.carrier?.scheduleFlush();
  }

  handleEnded({ number, isOwn }: ItemSource): void {
    const stream = this.#halves(number, isOwn);
    if (stream !== undefined) this.#release(stream);
  }

  /** Part of `ServedStream`: the items of its request are not wanted any more. */
  stopItems(sink: ItemSink): void {
    if (sink.isDropped) return;
    sink.drop();
    if (!sink.hasEnded) this.#scheduler.stop(sink);
    this.#session.carrier?.scheduleFlush();
  }

  #halves(number: number, isOwn: boolean): OutgoingStream | ServedStream | undefined {
    return isOwn ? this.#own.get(number) : this.#theirs.get(number);
  }

  /** A frame of a stream that is over says nothing; one of a stream that never was is a breach. */
  #unknown(number: number, isOwn: boolean): ErrorCode | null {
    return number > 0 && number <= (isOwn ? this.#lastOwn : this.#lastTheir) &&
        number <= NUMBER_MAX
      ? null
      : "unexpected-frame";
  }

  /** Both directions may have ended. */
  #release(stream: OutgoingStream | ServedStream): void {
    const { sink, source, number } = stream;
    if (sink !== null && !sink.hasEnded || source !== null && !source.isEnded) return;
    if (stream instanceof ServedStream) this.#theirs.delete(number);
    else this.#own.delete(number);
    // One that waited may be opened now.
    this.#session.carrier?.scheduleFlush();
  }
}
