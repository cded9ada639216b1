/**
 * Frames of the bare echo: a length of four bytes and the payload. Written as well as one can who
 * needs nothing else: all frames of one turn go out in one write, a frame that came in pieces is
 * put together once, and every buffer is used again.
 *
 * @module
 */

import type { Clock, Socket } from "../src/runtime/runtime.ts";

const HEADER_BYTES = 4;

/** What is written in one call, unless a single frame is larger. */
const BATCH_BYTES = 262_144;

/** What a buffer for the rest of a chunk holds at first. */
const REST_BYTES = 65_536;

/** Called for each frame: its payload is `bytes` from `start` to `end`, borrowed. */
export type OnFrame = (bytes: Uint8Array, start: number, end: number) => void;

/** What goes out in one write. */
interface Batch {
  bytes: Uint8Array;
  used: number;
}

/** Collects the frames of a turn and writes them at its end. */
export class FrameWriter {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #flushBound = () => {
    this.#scheduled = false;
    this.#flush();
  };
  /** Full ones, oldest first; the first of them may be what the socket still reads. */
  readonly #full: Batch[] = [];
  /** Those that nobody reads. */
  readonly #spare: Batch[] = [];
  #open: Batch = { bytes: new Uint8Array(REST_BYTES), used: 0 };
  #scheduled = false;
  #blocked = false;

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  /** Adds a frame; it goes out when the turn has ended. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const batch = this.#roomFor(HEADER_BYTES + length);
    const at = batch.used;
    batch.used = at + HEADER_BYTES + length;
    writeUint32(batch.bytes, at, length);
    copyInto(batch.bytes, at + HEADER_BYTES, bytes, start, end);
    if (this.#scheduled || this.#blocked) return;
    this.#scheduled = true;
    this.#clock.defer(this.#flushBound);
  }

  /** The socket has taken what it was given. */
  drained(): void {
    this.#blocked = false;
    this.#release();
    if (!this.#scheduled) this.#flush();
  }

  #roomFor(count: number): Batch {
    const open = this.#open;
    if (open.used + count <= open.bytes.length) return open;
    if (open.used > 0) {
      this.#full.push(open);
      this.#open = this.#spare.pop() ?? { bytes: new Uint8Array(BATCH_BYTES), used: 0 };
    }
    const { bytes } = this.#open;
    if (bytes.length < count) {
      this.#open.bytes = new Uint8Array(Math.max(BATCH_BYTES, 2 ** Math.ceil(Math.log2(count))));
    }
    return this.#open;
  }

  #flush(): void {
    if (this.#blocked) return;
    for (;;) {
      const batch = this.#full[0];
      if (batch === undefined) break;
      if (!this.#socket.write(batch.bytes.subarray(0, batch.used))) {
        this.#blocked = true;
        return;
      }
      this.#release();
    }
    const open = this.#open;
    if (open.used === 0) return;
    if (this.#socket.write(open.bytes.subarray(0, open.used))) {
      open.used = 0;
      return;
    }
    this.#blocked = true;
    this.#full.push(open);
    this.#open = this.#spare.pop() ?? { bytes: new Uint8Array(BATCH_BYTES), used: 0 };
  }

  /** The oldest full one is written: it can be filled again. */
  #release(): void {
    const batch = this.#full.shift();
    if (batch === undefined) return;
    batch.used = 0;
    this.#spare.push(batch);
  }
}

/** Finds frames in chunks, however they were cut. */
export class FrameReader {
  readonly #onFrame: OnFrame;
  /** The beginning of a frame whose end has not come. */
  #rest = new Uint8Array(REST_BYTES);
  #held = 0;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** Takes a borrowed chunk. */
  read(chunk: Uint8Array): void {
    let at = this.#held === 0 ? 0 : this.#complete(chunk);
    if (at < 0) return;
    while (at + HEADER_BYTES <= chunk.length) {
      const end = at + HEADER_BYTES + readUint32(chunk, at);
      if (end > chunk.length) break;
      this.#onFrame(chunk, at + HEADER_BYTES, end);
      at = end;
    }
    if (at < chunk.length) this.#keep(chunk, at, chunk.length);
  }

  /** @returns Where the next frame begins; -1: all of the chunk belongs to this one, or to none. */
  #complete(chunk: Uint8Array): number {
    let at = 0;
    if (this.#held < HEADER_BYTES) {
      at = Math.min(HEADER_BYTES - this.#held, chunk.length);
      this.#keep(chunk, 0, at);
      if (this.#held < HEADER_BYTES) return -1;
    }
    const whole = HEADER_BYTES + readUint32(this.#rest, 0);
    const until = Math.min(at + whole - this.#held, chunk.length);
    this.#keep(chunk, at, until, whole);
    if (this.#held < whole) return -1;
    this.#held = 0;
    this.#onFrame(this.#rest, HEADER_BYTES, whole);
    return until;
  }

  #keep(chunk: Uint8Array, start: number, end: number, whole = 0): void {
    const count = Math.max(this.#held + end - start, whole);
    if (count > this.#rest.length) {
      const larger = new Uint8Array(2 ** Math.ceil(Math.log2(count)));
      larger.set(this.#rest.subarray(0, this.#held));
      this.#rest = larger;
    }
    copyInto(this.#rest, this.#held, chunk, start, end);
    this.#held += end - start;
  }
}

/** Below so many bytes a loop is faster than making a view. */
const LOOP_MAX_BYTES = 16;

function copyInto(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
): void {
  if (end - start > LOOP_MAX_BYTES) target.set(source.subarray(start, end), at);
  else for (let index = start; index < end; index++) target[at++] = source[index]!;
}

/** A number of four bytes, the most significant first. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>>
    0;
}

/** Writes a number of four bytes, the most significant first. */
export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
