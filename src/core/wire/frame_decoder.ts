/**
 * Cuts a stream of bytes into frames, in the borrowed chunk, without allocating per frame.
 *
 * It does not know what frames mean, only their header. It keeps nothing but the unfinished tail of
 * a chunk. After a defect in the stream it stays failed: there is no way to find the next header.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import { BODY_MAX_BYTES, HEADER_BYTES, isKnownKind, readBodyBytes } from "./frame.ts";

/** Takes the frames. */
export interface FrameHandler {
  /**
   * A whole frame.
   *
   * @param kind One of `FrameKind`.
   * @param bytes Borrowed until this call returns; the body is `[start, end)`.
   * @returns `false` to stop: the rest of the bytes is dropped (the connection is being ended).
   */
  onFrame(kind: number, bytes: Uint8Array, start: number, end: number): boolean;
  /** The stream is defective (caused by the peer); nothing is delivered any more. */
  onDefect(code: ErrorCode, detail: string): void;
}

/** Spare memory for unfinished frames, `FRAME_MAX_BYTES` each; old content included. */
export interface TailPool {
  /** One, from now on the caller's. */
  take(): Uint8Array;
  /** It is no longer needed. */
  give(bytes: Uint8Array): void;
}

const EMPTY = new Uint8Array(0);

/** A larger tail comes from the pool: making one costs more than filling it. */
const OWN_TAIL_MAX_BYTES = 4_096;

/** The decoder of one connection. */
export class FrameDecoder {
  /** The largest body that is taken. */
  readonly #bodyMaxBytes: number;
  readonly #pool: TailPool | null;
  #tail: Uint8Array = EMPTY;
  #tailBytes = 0;
  #stopped = false;

  /**
   * @param bodyMaxBytes The largest body that is taken; a larger one is a defect.
   * @param pool Where large tails come from; `null`: each is made anew.
   */
  constructor(bodyMaxBytes: number = BODY_MAX_BYTES, pool: TailPool | null = null) {
    this.#bodyMaxBytes = bodyMaxBytes;
    this.#pool = pool;
  }

  /** Bytes kept of an unfinished frame. */
  get keptBytes(): number {
    return this.#tailBytes;
  }

  /**
   * Takes a chunk of the stream and hands out each frame that it completes.
   *
   * @returns The offset after the frame at which the handler has stopped; else the chunk's length.
   */
  push(chunk: Uint8Array, handler: FrameHandler): number {
    const { length } = chunk;
    if (this.#stopped) return length;
    let offset = 0;
    if (this.#tailBytes > 0) {
      offset = this.#completeTail(chunk, handler);
      if (offset < 0) return length;
      if (this.#stopped) return offset;
    }
    while (length - offset >= HEADER_BYTES) {
      const kind = chunk[offset]!;
      const bodyBytes = readBodyBytes(chunk, offset);
      if (!this.#accepts(kind, bodyBytes, handler)) return length;
      const end = offset + HEADER_BYTES + bodyBytes;
      if (end > length) break;
      if (!handler.onFrame(kind, chunk, offset + HEADER_BYTES, end)) {
        this.stop();
        return end;
      }
      offset = end;
    }
    if (offset < length) this.#keep(chunk, offset);
    return length;
  }

  /** Delivers nothing any more and lets go of what was kept. */
  stop(): void {
    this.#stopped = true;
    this.#giveBack(this.#tail);
    this.#tail = EMPTY;
    this.#tailBytes = 0;
  }

  #accepts(kind: number, bodyBytes: number, handler: FrameHandler): boolean {
    if (isKnownKind(kind) && bodyBytes <= this.#bodyMaxBytes) return true;
    this.stop();
    if (!isKnownKind(kind)) handler.onDefect("unknown-frame", `frame kind ${kind}`);
    else handler.onDefect("frame-too-large", `a frame body of ${bodyBytes} bytes`);
    return false;
  }

  /** Fills up the kept tail; returns the offset after it in the chunk, or -1 when all is used. */
  #completeTail(chunk: Uint8Array, handler: FrameHandler): number {
    let offset = 0;
    if (this.#tailBytes < HEADER_BYTES) {
      offset = Math.min(HEADER_BYTES - this.#tailBytes, chunk.length);
      this.#append(chunk, 0, offset);
      if (this.#tailBytes < HEADER_BYTES) return -1;
    }
    const kind = this.#tail[0]!;
    const bodyBytes = readBodyBytes(this.#tail, 0);
    if (!this.#accepts(kind, bodyBytes, handler)) return -1;
    const frameBytes = HEADER_BYTES + bodyBytes;
    const take = Math.min(frameBytes - this.#tailBytes, chunk.length - offset);
    this.#append(chunk, offset, offset + take, frameBytes);
    if (this.#tailBytes < frameBytes) return -1;
    const tail = this.#tail;
    this.#tail = EMPTY;
    this.#tailBytes = 0;
    if (!handler.onFrame(kind, tail, HEADER_BYTES, frameBytes)) this.stop();
    this.#giveBack(tail);
    return offset + take;
  }

  #keep(chunk: Uint8Array, offset: number): void {
    const rest = chunk.length - offset;
    const whole = rest >= HEADER_BYTES ? HEADER_BYTES + readBodyBytes(chunk, offset) : HEADER_BYTES;
    this.#append(chunk, offset, chunk.length, whole);
  }

  #append(chunk: Uint8Array, start: number, end: number, capacity = HEADER_BYTES): void {
    const needed = Math.max(this.#tailBytes + end - start, capacity);
    if (this.#tail.length < needed) {
      const isPooled = this.#pool !== null && needed > OWN_TAIL_MAX_BYTES;
      const larger = isPooled ? this.#pool!.take() : new Uint8Array(needed);
      larger.set(this.#tail.subarray(0, this.#tailBytes));
      this.#tail = larger;
    }
    this.#tail.set(chunk.subarray(start, end), this.#tailBytes);
    this.#tailBytes += end - start;
  }

  #giveBack(tail: Uint8Array): void {
    if (tail.length > OWN_TAIL_MAX_BYTES) this.#pool?.give(tail);
  }
}
