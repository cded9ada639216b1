/**
 * What a session has written: numbered frames in the very batches that go to the socket, kept until
 * the other end has acknowledged them.
 *
 * Frames are encoded once, into segments of `SEGMENT_BYTES`. The socket is given ranges of a
 * segment; the same bytes are given again, to another connection, after `rewind`. A segment is let
 * go when all its frames are acknowledged. Nothing is copied for retention. Frames of unnumbered
 * kinds (ACK) may stand between numbered ones; sent again they are stale and harmless, since
 * acknowledgements are cumulative.
 *
 * Source: docs/protocol.md, "Sessions".
 *
 * @module
 */

import {
  FRAME_MAX_BYTES,
  HEADER_BYTES,
  isMessageKind,
  NUMBER_MAX,
  readBodyBytes,
} from "../wire/frame.ts";

/** Bytes of a segment: room for the largest frame, and what is written in one call. */
export const SEGMENT_BYTES = FRAME_MAX_BYTES;

/** A piece of the log. */
interface Segment {
  readonly bytes: Uint8Array;
  /** Bytes in use. */
  filled: number;
  /** The number of its first numbered frame. */
  firstNumber: number;
  /** A socket that is no longer ours may still read it: it is never used again. */
  foreign: boolean;
}

/** Spare segments, shared by all sessions of an endpoint: an idle link holds none. */
export class SegmentPool {
  readonly #spare: Uint8Array[] = [];
  readonly #spareMax: number;

  /** @param spareMax How many unused segments are kept for later. */
  constructor(spareMax = 64) {
    this.#spareMax = spareMax;
  }

  /** A segment's bytes, old content included. */
  take(): Uint8Array {
    return this.#spare.pop() ?? new Uint8Array(SEGMENT_BYTES);
  }

  /** Takes one back that nobody reads any more. */
  give(bytes: Uint8Array): void {
    if (this.#spare.length < this.#spareMax) this.#spare.push(bytes);
  }
}

/** The outgoing half of a session. */
export class OutboundLog {
  readonly #pool: SegmentPool;
  readonly #segmentsMax: number;
  /** Oldest first; the last one is being filled. */
  readonly #segments: Segment[] = [];
  /** The next byte for the socket: index into `#segments`, offset into that segment. */
  #cursorSegment = 0;
  #cursorOffset = 0;
  /** The one being filled. */
  #last: Segment | null = null;
  /** What the socket still reads. */
  #held: Segment | null = null;
  #lastNumber = 0;
  #acknowledged = 0;

  /** @param windowBytes The most bytes kept; at least two segments are always allowed. */
  constructor(pool: SegmentPool, windowBytes: number) {
    this.#pool = pool;
    this.#segmentsMax = Math.max(2, Math.floor(windowBytes / SEGMENT_BYTES));
  }

  /** The number of the last frame written; 0 before the first. */
  get lastNumber(): number {
    return this.#lastNumber;
  }

  /** The last number that the other end has acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Bytes held in memory, unused room included. */
  get heldBytes(): number {
    return this.#segments.length * SEGMENT_BYTES;
  }

  /** Bytes that are kept because they are not acknowledged, ACK frames between them included. */
  get keptBytes(): number {
    let bytes = 0;
    for (const segment of this.#segments) bytes += segment.filled;
    return bytes;
  }

  /** Whether a frame of so many bytes (header included) may be written now. */
  hasRoom(frameBytes: number): boolean {
    const last = this.#last;
    if (last !== null && last.filled + frameBytes <= SEGMENT_BYTES) return true;
    return this.#segments.length < this.#segmentsMax;
  }

  /** Bytes that the socket has not been given. */
  get unwrittenBytes(): number {
    let bytes = -this.#cursorOffset;
    for (let index = this.#cursorSegment; index < this.#segments.length; index++) {
      bytes += this.#segments[index]!.filled;
    }
    return this.#cursorSegment < this.#segments.length ? bytes : 0;
  }

  /** Where the next frame is to be encoded; ask `hasRoom` first. Follow with `commit`. */
  reserve(frameBytes: number): Uint8Array {
    const last = this.#last;
    if (last !== null && last.filled + frameBytes <= SEGMENT_BYTES) return last.bytes;
    const bytes = this.#pool.take();
    this.#last = { bytes, filled: 0, firstNumber: this.#lastNumber + 1, foreign: false };
    this.#segments.push(this.#last);
    return bytes;
  }

  /** The offset in what `reserve` returned. */
  get offset(): number {
    return this.#last === null ? 0 : this.#last.filled;
  }

  /**
   * The frame stands at `offset`: it is part of the log.
   *
   * @throws {RangeError} When the numbers are used up: a counter never wraps.
   */
  commit(frameBytes: number, numbered: boolean): void {
    this.#last!.filled += frameBytes;
    if (!numbered) return;
    if (this.#lastNumber >= NUMBER_MAX) throw new RangeError("Cannot number another frame");
    this.#lastNumber++;
  }

  /** The next range for the socket, or `null`. Call `wrote` once the socket has been given it. */
  nextRange(): Uint8Array | null {
    while (this.#cursorSegment < this.#segments.length) {
      const segment = this.#segments[this.#cursorSegment]!;
      if (this.#cursorOffset < segment.filled) {
        return segment.bytes.subarray(this.#cursorOffset, segment.filled);
      }
      if (this.#cursorSegment === this.#segments.length - 1) return null;
      this.#cursorSegment++;
      this.#cursorOffset = 0;
    }
    return null;
  }

  /**
   * The range of `nextRange` was given to the socket.
   *
   * @param taken Whether the socket is done with the bytes; if not, `drained` follows.
   */
  wrote(byteCount: number, taken: boolean): void {
    this.#cursorOffset += byteCount;
    if (!taken) this.#held = this.#segments[this.#cursorSegment]!;
  }

  /** The socket has let go of everything it was given: what is acknowledged is freed. */
  drained(): void {
    this.#held = null;
    this.#release();
  }

  /**
   * The other end has everything up to `number`.
   *
   * @returns `false` when that number was never sent (caused by the peer).
   */
  acknowledge(number: number): boolean {
    if (number > this.#lastNumber || number < 0) return false;
    if (number <= this.#acknowledged) return true;
    this.#acknowledged = number;
    this.#release();
    return true;
  }

  /** Everything that is not acknowledged is to be given to another connection, from the start. */
  rewind(): void {
    if (this.#held !== null) this.#held.foreign = true;
    this.#held = null;
    // Nothing is unwritten now in the sense of the old connection: all that is acknowledged goes.
    this.#cursorSegment = Math.max(0, this.#segments.length - 1);
    this.#cursorOffset = this.#last?.filled ?? 0;
    this.#release();
    this.#cursorSegment = 0;
    this.#cursorOffset = 0;
    const first = this.#segments[0];
    if (first === undefined) return;
    let number = first.firstNumber - 1;
    let offset = 0;
    while (offset < first.filled) {
      const numbered = isMessageKind(first.bytes[offset]!);
      if (numbered && number + 1 > this.#acknowledged) break;
      if (numbered) number++;
      offset += HEADER_BYTES + readBodyBytes(first.bytes, offset);
    }
    this.#cursorOffset = offset;
  }

  /** Lets go of everything: the session has ended. */
  clear(): void {
    for (const segment of this.#segments) this.#give(segment);
    this.#held = null;
    this.#segments.length = 0;
    this.#last = null;
    this.#cursorSegment = this.#cursorOffset = 0;
    this.#acknowledged = this.#lastNumber;
  }

  /** Frees the leading segments whose frames are acknowledged and whose bytes are written. */
  #release(): void {
    while (this.#segments.length > 0) {
      const first = this.#segments[0]!;
      const next = this.#segments[1];
      const lastOfFirst = next === undefined ? this.#lastNumber : next.firstNumber - 1;
      if (lastOfFirst > this.#acknowledged) return;
      if (this.#cursorSegment === 0 && this.#cursorOffset < first.filled) return;
      if (first === this.#held) return;
      this.#segments.shift();
      if (first === this.#last) this.#last = null;
      this.#give(first);
      if (this.#cursorSegment > 0) this.#cursorSegment--;
      else this.#cursorOffset = 0;
    }
  }

  /** What a socket may still read is left to the garbage collector. */
  #give(segment: Segment): void {
    if (!segment.foreign && segment !== this.#held) this.#pool.give(segment.bytes);
  }
}
