/**
 * Encodes message frames into a session's log.
 *
 * Every method answers whether there was room; with `false` nothing was written. A service's name
 * goes out with the first message that uses it, together with a number which later messages use
 * instead. The frames are in the log for good, so both ends agree on the numbers for as long as the
 * session lives, whatever happens to its connections.
 *
 * Source: docs/protocol.md, "Messages".
 *
 * @module
 */

import { type ErrorCode, wireOfCode } from "../../errors.ts";
import { FRAME_MAX_BYTES, FrameKind, HEADER_BYTES } from "./frame.ts";
import { writeHeader, writeU16, writeU32, writeU64 } from "./frame.ts";
import type { OutboundLog } from "../session/outbound_log.ts";

/** The longest name of a service, in UTF-8 bytes. */
export const SERVICE_NAME_MAX_BYTES = 255;

/** Names that get a number in a session; further ones are spelt out each time. */
export const SERVICES_MAX = 1_024;

/** Set in a service number whose name follows. */
export const SERVICE_NAMED = 0x8000;

/** A payload up to this many bytes goes in one frame; a larger one is cut into parts. */
export const INLINE_MAX_BYTES = FRAME_MAX_BYTES - 512;

/** Payloads that may be in parts at a time, in each direction. */
export const STREAMS_MAX = 8;

/** How long a caller waits that waits without end. */
export const NO_TIMEOUT = 0xffff_ffff;

const ERROR_MESSAGE_MAX_BYTES = 4_096;

const encoder = new TextEncoder();

interface Service {
  readonly id: number;
  readonly name: Uint8Array;
  /** Whether the other end knows the number. */
  told: boolean;
}

/** The encoder of one session. */
export class MessageWriter {
  readonly #log: OutboundLog;
  /** Made for the first message: most of many links may have none. */
  #services: Map<string, Service> | null = null;

  constructor(log: OutboundLog) {
    this.#log = log;
  }

  /** @param stream 0, or the stream in which the front of the payload was sent. */
  request(
    slot: number,
    generation: number,
    timeoutMs: number,
    service: string,
    codec: number,
    stream: number,
    payload: Uint8Array,
    start: number,
  ): boolean {
    const known = this.#service(service);
    const nameBytes = known.told ? 0 : 1 + known.name.length;
    const size = HEADER_BYTES + 16 + nameBytes + payload.length - start;
    if (!this.#log.hasRoom(size)) return false;
    const target = this.#log.reserve(size);
    let offset = this.#log.offset;
    writeHeader(target, offset, FrameKind.REQUEST, size - HEADER_BYTES);
    writeU32(target, offset + 4, slot);
    writeU32(target, offset + 8, generation);
    writeU32(target, offset + 12, timeoutMs === Infinity ? NO_TIMEOUT : Math.ceil(timeoutMs));
    offset = this.#writeService(target, offset + 16, service, known, codec, stream);
    copyPayload(target, offset, payload, start);
    this.#log.commit(size, true);
    return true;
  }

  /** @param stream See `request`. */
  notification(
    service: string,
    codec: number,
    stream: number,
    payload: Uint8Array,
    start: number,
  ): boolean {
    const known = this.#service(service);
    const nameBytes = known.told ? 0 : 1 + known.name.length;
    const size = HEADER_BYTES + 4 + nameBytes + payload.length - start;
    if (!this.#log.hasRoom(size)) return false;
    const target = this.#log.reserve(size);
    let offset = this.#log.offset;
    writeHeader(target, offset, FrameKind.NOTIFY, size - HEADER_BYTES);
    offset = this.#writeService(target, offset + 4, service, known, codec, stream);
    copyPayload(target, offset, payload, start);
    this.#log.commit(size, true);
    return true;
  }

  /** @param stream See `request`. */
  response(
    slot: number,
    generation: number,
    codec: number,
    stream: number,
    payload: Uint8Array,
    start: number,
  ): boolean {
    const size = HEADER_BYTES + 10 + payload.length - start;
    if (!this.#log.hasRoom(size)) return false;
    const target = this.#log.reserve(size);
    const offset = this.#log.offset;
    writeHeader(target, offset, FrameKind.RESPONSE, size - HEADER_BYTES);
    writeU32(target, offset + 4, slot);
    writeU32(target, offset + 8, generation);
    target[offset + 12] = codec;
    target[offset + 13] = stream;
    copyPayload(target, offset + 14, payload, start);
    this.#log.commit(size, true);
    return true;
  }

  /** @param details What the handler attached, encoded; cut off where it is too long. */
  error(
    slot: number,
    generation: number,
    code: ErrorCode,
    message: string,
    details: Uint8Array,
  ): boolean {
    const text = encoder.encode(message).subarray(0, ERROR_MESSAGE_MAX_BYTES);
    const attached = details.length > INLINE_MAX_BYTES - ERROR_MESSAGE_MAX_BYTES
      ? details.subarray(0, 0)
      : details;
    const size = HEADER_BYTES + 12 + text.length + attached.length;
    if (!this.#log.hasRoom(size)) return false;
    const target = this.#log.reserve(size);
    const offset = this.#log.offset;
    writeHeader(target, offset, FrameKind.ERROR, size - HEADER_BYTES);
    writeU32(target, offset + 4, slot);
    writeU32(target, offset + 8, generation);
    writeU16(target, offset + 12, wireOfCode(code));
    writeU16(target, offset + 14, text.length);
    target.set(text, offset + 16);
    target.set(attached, offset + 16 + text.length);
    this.#log.commit(size, true);
    return true;
  }

  /** The caller gave up; the handler should stop. */
  cancel(slot: number, generation: number): boolean {
    const size = HEADER_BYTES + 8;
    if (!this.#log.hasRoom(size)) return false;
    const target = this.#log.reserve(size);
    const offset = this.#log.offset;
    writeHeader(target, offset, FrameKind.CANCEL, 8);
    writeU32(target, offset + 4, slot);
    writeU32(target, offset + 8, generation);
    this.#log.commit(size, true);
    return true;
  }

  /** A piece `[start, end)` of a payload that is sent in stream 1 to `STREAMS_MAX`. */
  part(stream: number, payload: Uint8Array, start: number, end: number): boolean {
    const size = HEADER_BYTES + 1 + end - start;
    if (!this.#log.hasRoom(size)) return false;
    const target = this.#log.reserve(size);
    const offset = this.#log.offset;
    writeHeader(target, offset, FrameKind.PART, size - HEADER_BYTES);
    target[offset + 4] = stream;
    target.set(payload.subarray(start, end), offset + 5);
    this.#log.commit(size, true);
    return true;
  }

  /** The parts sent in a stream are to be forgotten. */
  drop(stream: number): boolean {
    const size = HEADER_BYTES + 1;
    if (!this.#log.hasRoom(size)) return false;
    const target = this.#log.reserve(size);
    const offset = this.#log.offset;
    writeHeader(target, offset, FrameKind.DROP, 1);
    target[offset + 4] = stream;
    this.#log.commit(size, true);
    return true;
  }

  /** Received up to `number`. Not numbered itself. */
  acknowledgement(number: number): boolean {
    const size = HEADER_BYTES + 8;
    if (!this.#log.hasRoom(size)) return false;
    const target = this.#log.reserve(size);
    const offset = this.#log.offset;
    writeHeader(target, offset, FrameKind.ACK, 8);
    writeU64(target, offset + 4, number);
    this.#log.commit(size, false);
    return true;
  }

  /**
   * What is known of a service. A new name gets its number here and keeps it only once it is
   * written: a number that was given out but never told would leave a hole.
   */
  #service(name: string): Service {
    const known = this.#services?.get(name);
    if (known !== undefined) return known;
    const bytes = encoder.encode(name);
    if (bytes.length === 0 || bytes.length > SERVICE_NAME_MAX_BYTES) {
      throw new RangeError(`Cannot use a service name of ${bytes.length} bytes: 1 to 255 fit`);
    }
    const next = (this.#services?.size ?? 0) + 1;
    return { id: next > SERVICES_MAX ? 0 : next, name: bytes, told: false };
  }

  /** Writes the fields of a service; a new one is known from now on. */
  #writeService(
    target: Uint8Array,
    offset: number,
    name: string,
    service: Service,
    codec: number,
    stream: number,
  ): number {
    writeU16(target, offset, service.told ? service.id : service.id | SERVICE_NAMED);
    target[offset + 2] = codec;
    target[offset + 3] = stream;
    if (service.told) return offset + 4;
    target[offset + 4] = service.name.length;
    target.set(service.name, offset + 5);
    if (service.id > 0) {
      service.told = true;
      this.#services ??= new Map();
      this.#services.set(name, service);
    }
    return offset + 5 + service.name.length;
  }
}

/** Up to this a loop copies as fast as the call of `set`. */
const LOOP_MAX_BYTES = 16;

function copyPayload(target: Uint8Array, offset: number, payload: Uint8Array, start: number): void {
  const length = payload.length;
  if (length - start > LOOP_MAX_BYTES) {
    target.set(start === 0 ? payload : payload.subarray(start), offset);
    return;
  }
  for (let index = start; index < length; index++) target[offset++] = payload[index]!;
}
