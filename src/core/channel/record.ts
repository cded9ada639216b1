/**
 * Records: what protects the bytes of a connection once there are keys.
 *
 * A record is two bytes of length, then so many bytes of ciphertext, the tag among them. It holds a
 * piece of the byte stream, which knows nothing of it: a frame may lie in many records, and a record
 * may hold many frames and parts of two. Each direction has a cipher of its own, and the numbers of
 * its records are the nonces: what is flipped, cut, repeated, moved or comes from elsewhere does
 * not open, and then nothing does any more.
 *
 * After every `REKEY_RECORDS` records a direction changes its key, at both ends by the same count.
 *
 * Specified in: the Noise Protocol Framework, revision 34, sections 3, 11.3 and 11.4.
 *
 * @module
 */

import { readU16, writeU16 } from "../wire/frame.ts";
import type { CipherState } from "./cipher_state.ts";
import { NOISE_MESSAGE_MAX_BYTES } from "./noise.ts";
import { TAG_BYTES } from "./primitives.ts";

/** Bytes before the ciphertext of a record. */
export const RECORD_HEADER_BYTES = 2;

/** Bytes that a record adds to what it holds. */
export const RECORD_EXTRA_BYTES = RECORD_HEADER_BYTES + TAG_BYTES;

/** The most bytes of the stream in one record. */
export const RECORD_MAX_BYTES: number = NOISE_MESSAGE_MAX_BYTES - TAG_BYTES;

/**
 * What is put into one record. Nothing of it counts before it is there as a whole, so on a slow path
 * smaller is better: this much takes a second at 16 KiB/s. TLS has the same bound.
 */
export const RECORD_PIECE_BYTES = 16_384;

/**
 * Records under one key. With records of 64 KiB a key of AES-GCM stays safe for 2^24.5 of them (RFC
 * 8446, section 5.5, from Luykx and Paterson); this is far below, and once in 64 GiB costs nothing.
 */
export const REKEY_RECORDS = 2 ** 20;

/** The largest record with its header. */
const WHOLE_BYTES = RECORD_HEADER_BYTES + NOISE_MESSAGE_MAX_BYTES;

const NOTHING = new Uint8Array(0);

/** Bytes that `length` bytes of the stream take as records. */
export function recordBytes(length: number): number {
  return length + RECORD_EXTRA_BYTES * Math.ceil(length / RECORD_PIECE_BYTES);
}

/** The outgoing direction. */
export class RecordSealer {
  readonly #cipher: CipherState;
  readonly #rekeyRecords: number;
  #underKey = 0;

  constructor(cipher: CipherState, rekeyRecords = REKEY_RECORDS) {
    this.#cipher = cipher;
    this.#rekeyRecords = rekeyRecords;
  }

  /**
   * Writes the records of a piece of the stream to `target`, which has `recordBytes` of room.
   *
   * @returns The offset after them.
   * @throws {RangeError} When the nonces are used up.
   */
  seal(bytes: Uint8Array, target: Uint8Array, offset: number): number {
    for (let start = 0; start < bytes.length; start += RECORD_PIECE_BYTES) {
      const whole = start === 0 && bytes.length <= RECORD_PIECE_BYTES;
      const piece = whole ? bytes : bytes.subarray(start, start + RECORD_PIECE_BYTES);
      const sealedBytes = piece.length + TAG_BYTES;
      writeU16(target, offset, sealedBytes);
      offset += RECORD_HEADER_BYTES;
      this.#cipher.seal(NOTHING, piece, target, offset);
      offset += sealedBytes;
      if (++this.#underKey === this.#rekeyRecords) {
        this.#cipher.rekey();
        this.#underKey = 0;
      }
    }
    return offset;
  }
}

/** Takes the stream. */
export interface RecordHandler {
  /**
   * A record was verified.
   *
   * @param bytes Borrowed until this call returns.
   * @returns `false` to stop: nothing is opened any more.
   */
  onRecord(bytes: Uint8Array): boolean;
  /** A record is too short or does not open; nothing is delivered any more. */
  onRecordDefect(): void;
}

/** The incoming direction: bytes as they come from the socket, records out of them. */
export class RecordOpener {
  readonly #cipher: CipherState;
  readonly #rekeyRecords: number;
  #underKey = 0;
  /** The unfinished record, header included. */
  #tail: Uint8Array = NOTHING;
  #tailBytes = 0;
  #stopped = false;

  constructor(cipher: CipherState, rekeyRecords = REKEY_RECORDS) {
    this.#cipher = cipher;
    this.#rekeyRecords = rekeyRecords;
  }

  /** Bytes of memory for an unfinished record. */
  get keptBytes(): number {
    return this.#tail.length;
  }

  /** Takes a chunk, and hands out what each record in it holds. */
  push(chunk: Uint8Array, handler: RecordHandler): void {
    let offset = 0;
    if (this.#tailBytes > 0) {
      offset = this.#completeTail(chunk, handler);
      if (offset < 0) return;
    }
    const { length } = chunk;
    while (!this.#stopped && length - offset >= RECORD_HEADER_BYTES) {
      const end = offset + RECORD_HEADER_BYTES + readU16(chunk, offset);
      if (end > length) break;
      if (!this.#open(chunk, offset + RECORD_HEADER_BYTES, end, handler)) return;
      offset = end;
    }
    if (this.#stopped || offset === length) return;
    this.#append(chunk, offset, length);
    if (this.#tailBytes >= RECORD_HEADER_BYTES) this.#checkLength(handler);
  }

  /** Opens nothing any more and lets go of what was kept. */
  stop(): void {
    this.#stopped = true;
    this.#tail = NOTHING;
    this.#tailBytes = 0;
  }

  /** Fills up the kept tail; returns the offset after it in the chunk, or -1 when all is used. */
  #completeTail(chunk: Uint8Array, handler: RecordHandler): number {
    let offset = 0;
    if (this.#tailBytes < RECORD_HEADER_BYTES) {
      offset = RECORD_HEADER_BYTES - this.#tailBytes;
      this.#append(chunk, 0, offset);
      if (!this.#checkLength(handler)) return -1;
    }
    const whole = RECORD_HEADER_BYTES + readU16(this.#tail, 0);
    const end = Math.min(chunk.length, offset + whole - this.#tailBytes);
    this.#append(chunk, offset, end);
    if (this.#tailBytes < whole) return -1;
    const tail = this.#tail;
    this.#tail = NOTHING;
    this.#tailBytes = 0;
    return this.#open(tail, RECORD_HEADER_BYTES, whole, handler) ? end : -1;
  }

  /** The length is checked before anything is kept for it or decrypted. */
  #checkLength(handler: RecordHandler): boolean {
    return readU16(this.#tail, 0) > TAG_BYTES || this.#fail(handler);
  }

  #open(bytes: Uint8Array, start: number, end: number, handler: RecordHandler): boolean {
    if (end - start <= TAG_BYTES) return this.#fail(handler);
    const plaintext = this.#cipher.open(NOTHING, bytes.subarray(start, end));
    if (plaintext === null) return this.#fail(handler);
    if (++this.#underKey === this.#rekeyRecords) {
      this.#cipher.rekey();
      this.#underKey = 0;
    }
    if (!handler.onRecord(plaintext)) this.stop();
    return !this.#stopped;
  }

  #fail(handler: RecordHandler): false {
    this.stop();
    handler.onRecordDefect();
    return false;
  }

  /** Keeps bytes of an unfinished record; room grows with what has come, never with what is said. */
  #append(chunk: Uint8Array, start: number, end: number): void {
    const needed = this.#tailBytes + end - start;
    if (this.#tail.length < needed) {
      const larger = new Uint8Array(Math.max(needed, Math.min(2 * this.#tail.length, WHOLE_BYTES)));
      larger.set(this.#tail.subarray(0, this.#tailBytes));
      this.#tail = larger;
    }
    this.#tail.set(chunk.subarray(start, end), this.#tailBytes);
    this.#tailBytes = needed;
  }
}
