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
import { FrameKind, HEADER_BYTES } from "./frame.ts";
import { writeHeader, writeU16, writeU32, writeU64 } from "./frame.ts";
import type { OutboundLog } from "../session/outbound_log.ts";

/** The longest name of a service, in UTF-8 bytes. */
export const SERVICE_NAME_MAX_BYTES = 255;

/** Names that get a number in a session; further ones are spelt out each time. */
export const SERVICES_MAX = 1_024;

/** Set in a service number whose name follows. */
export const SERVICE_NAMED = 0x8000;

/** In the flags of a message: its length is stated, and its payload follows in DATA frames. */
export const FLAG_STATED = 0x80;

/** In the flags of a message: its DATA waits for a GRANT; else it was paid with standing credit. */
export const FLAG_ASKS = 0x40;

/** In the flags of a request or notification: metadata precedes its payload. */
export const FLAG_METADATA = 0x20;

/** In the flags of a request: how deep a call it is. */
export const DEPTH_MASK = 0x07;

/** What DATA belongs to, and what GRANT grants. */
export const DataKind = {
  REQUEST: 0,
  ANSWER: 1,
  NOTIFICATION: 2,
  /** In GRANT only: the notification that was granted has arrived. */
  TAKEN: 3,
} as const;

/** Bytes of an entry of GRANT: kind, slot, generation. */
export const GRANT_ENTRY_BYTES = 9;

/** The most entries of one GRANT. */
export const GRANT_ENTRIES_MAX = 64;

/** What is known of the execution of a request that is answered by ERROR, as it is sent. */
export const DELIVERIES: readonly ("executed" | "not-executed" | "maybe-executed")[] = Object
  .freeze(["executed", "not-executed", "maybe-executed"]);

/** How long a caller waits that waits without end. */
export const NO_TIMEOUT = 0xffff_ffff;

const ERROR_MESSAGE_MAX_BYTES = 4_096;

/** What is longer is left out. */
const ERROR_CAUSE_MAX_BYTES = 8_192;
const ERROR_DETAILS_MAX_BYTES = 49_152;

/** How a request ended without an answer, on its way to the caller. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly delivery: "executed" | "not-executed" | "maybe-executed";
  readonly message: string;
  /** The error behind it, as JSON; may be empty. */
  readonly cause: Uint8Array;
  /** What the handler attached, as JSON; may be empty. */
  readonly details: Uint8Array;
}

const encoder = new TextEncoder();
const NOTHING = new Uint8Array(0);

/** What GRANT grants. */
export interface Grant {
  /** One of `DataKind`. */
  readonly kind: number;
  readonly slot: number;
  readonly generation: number;
}

interface Service {
  readonly id: number;
  readonly name: Uint8Array;
  /** Whether the other end knows the number. */
  told: boolean;
}

/** The encoder of one session. */
export class MessageWriter {
  readonly #log: OutboundLog;
  /** The payload of a frame that states a length. */
  readonly #length = new Uint8Array(4);
  /** Made for the first message: most of many links may have none. */
  #services: Map<string, Service> | null = null;

  constructor(log: OutboundLog) {
    this.#log = log;
  }

  /**
   * @param flags The depth of the call. @param metadata As it is encoded; `null` for none.
   * @param kind OPEN has the same fields: its number stands where slot and generation do.
   */
  request(
    slot: number,
    generation: number,
    timeoutMs: number,
    service: string,
    codec: number,
    flags: number,
    payload: Uint8Array,
    metadata: Uint8Array | null,
    kind: number = FrameKind.REQUEST,
  ): boolean {
    const known = this.#service(service);
    const nameBytes = known.told ? 0 : 1 + known.name.length;
    const size = HEADER_BYTES + 16 + nameBytes + metadataBytes(metadata) + payload.length;
    if (!this.#log.hasRoom(size)) return false;
    const target = this.#log.reserve(size);
    let offset = this.#log.offset;
    writeHeader(target, offset, kind, size - HEADER_BYTES);
    writeU32(target, offset + 4, slot);
    writeU32(target, offset + 8, generation);
    writeU32(target, offset + 12, timeoutMs >= NO_TIMEOUT ? NO_TIMEOUT : Math.ceil(timeoutMs));
    offset = this.#writeService(target, offset + 16, service, known, codec, flags, metadata);
    copyPayload(target, offset, payload);
    this.#log.commit(size, true);
    return true;
  }

  /** The same where the payload follows in DATA. @param flags See `request`, with `FLAG_STATED`. */
  statedRequest(
    slot: number,
    generation: number,
    timeoutMs: number,
    service: string,
    codec: number,
    flags: number,
    length: number,
    metadata: Uint8Array | null,
  ): boolean {
    writeU32(this.#length, 0, length);
    return this.request(slot, generation, timeoutMs, service, codec, flags, this.#length, metadata);
  }

  /** @param metadata As it is encoded; `null` for none. */
  notification(
    service: string,
    codec: number,
    flags: number,
    payload: Uint8Array,
    metadata: Uint8Array | null,
  ): boolean {
    const known = this.#service(service);
    const nameBytes = known.told ? 0 : 1 + known.name.length;
    const size = HEADER_BYTES + 4 + nameBytes + metadataBytes(metadata) + payload.length;
    if (!this.#log.hasRoom(size)) return false;
    const target = this.#log.reserve(size);
    let offset = this.#log.offset;
    writeHeader(target, offset, FrameKind.NOTIFY, size - HEADER_BYTES);
    offset = this.#writeService(target, offset + 4, service, known, codec, flags, metadata);
    copyPayload(target, offset, payload);
    this.#log.commit(size, true);
    return true;
  }

  /** The same where the payload follows in DATA. */
  statedNotification(
    service: string,
    codec: number,
    flags: number,
    length: number,
    metadata: Uint8Array | null,
  ): boolean {
    writeU32(this.#length, 0, length);
    return this.notification(service, codec, flags, this.#length, metadata);
  }

  response(
    slot: number,
    generation: number,
    codec: number,
    flags: number,
    payload: Uint8Array,
  ): boolean {
    const size = HEADER_BYTES + 10 + payload.length;
    if (!this.#log.hasRoom(size)) return false;
    const target = this.#log.reserve(size);
    const offset = this.#log.offset;
    writeHeader(target, offset, FrameKind.RESPONSE, size - HEADER_BYTES);
    writeU32(target, offset + 4, slot);
    writeU32(target, offset + 8, generation);
    target[offset + 12] = codec;
    target[offset + 13] = flags;
    copyPayload(target, offset + 14, payload);
    this.#log.commit(size, true);
    return true;
  }

  /** The same where the payload follows in DATA. */
  statedResponse(
    slot: number,
    generation: number,
    codec: number,
    flags: number,
    length: number,
  ): boolean {
    writeU32(this.#length, 0, length);
    return this.response(slot, generation, codec, flags, this.#length);
  }

  /** Texts that are too long are cut off, details and causes left out. */
  error(slot: number, generation: number, body: ErrorBody): boolean {
    const text = encoder.encode(body.message).subarray(0, ERROR_MESSAGE_MAX_BYTES);
    const cause = body.cause.length > ERROR_CAUSE_MAX_BYTES ? NOTHING : body.cause;
    const details = body.details.length > ERROR_DETAILS_MAX_BYTES ? NOTHING : body.details;
    const size = HEADER_BYTES + 15 + text.length + cause.length + details.length;
    if (!this.#log.hasRoom(size)) return false;
    const target = this.#log.reserve(size);
    const offset = this.#log.offset;
    writeHeader(target, offset, FrameKind.ERROR, size - HEADER_BYTES);
    writeU32(target, offset + 4, slot);
    writeU32(target, offset + 8, generation);
    writeU16(target, offset + 12, wireOfCode(body.code));
    target[offset + 14] = DELIVERIES.indexOf(body.delivery);
    writeU16(target, offset + 15, text.length);
    writeU16(target, offset + 17, cause.length);
    target.set(text, offset + 19);
    target.set(cause, offset + 19 + text.length);
    target.set(details, offset + 19 + text.length + cause.length);
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

  /** A piece `[start, end)` of a payload whose length was stated. */
  data(
    kind: number,
    slot: number,
    generation: number,
    payload: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const size = HEADER_BYTES + 9 + end - start;
    if (!this.#log.hasRoom(size)) return false;
    const target = this.#log.reserve(size);
    const offset = this.#log.offset;
    writeHeader(target, offset, FrameKind.DATA, size - HEADER_BYTES);
    target[offset + 4] = kind;
    writeU32(target, offset + 5, slot);
    writeU32(target, offset + 9, generation);
    target.set(payload.subarray(start, end), offset + 13);
    this.#log.commit(size, true);
    return true;
  }

  /** Room is granted: the first `count` of these, at most `GRANT_ENTRIES_MAX`. */
  grant(grants: readonly Grant[], count: number): boolean {
    const size = HEADER_BYTES + count * GRANT_ENTRY_BYTES;
    if (!this.#log.hasRoom(size)) return false;
    const target = this.#log.reserve(size);
    let offset = this.#log.offset;
    writeHeader(target, offset, FrameKind.GRANT, size - HEADER_BYTES);
    offset += HEADER_BYTES;
    for (let index = 0; index < count; index++) {
      const { kind, slot, generation } = grants[index]!;
      target[offset] = kind;
      writeU32(target, offset + 1, slot);
      writeU32(target, offset + 5, generation);
      offset += GRANT_ENTRY_BYTES;
    }
    this.#log.commit(size, true);
    return true;
  }

  /** Standing credit comes back: bytes by class, and notifications. */
  credit(requests: number, answers: number, notificationBytes: number, count: number): boolean {
    const size = HEADER_BYTES + 16;
    if (!this.#log.hasRoom(size)) return false;
    const target = this.#log.reserve(size);
    const offset = this.#log.offset;
    writeHeader(target, offset, FrameKind.CREDIT, 16);
    writeU32(target, offset + 4, requests);
    writeU32(target, offset + 8, answers);
    writeU32(target, offset + 12, notificationBytes);
    writeU32(target, offset + 16, count);
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

  /** Writes the fields of a service and the metadata; a new name is known from now on. */
  #writeService(
    target: Uint8Array,
    offset: number,
    name: string,
    service: Service,
    codec: number,
    flags: number,
    metadata: Uint8Array | null,
  ): number {
    writeU16(target, offset, service.told ? service.id : service.id | SERVICE_NAMED);
    target[offset + 2] = codec;
    target[offset + 3] = metadata === null ? flags : flags | FLAG_METADATA;
    let end = offset + 4;
    if (!service.told) {
      target[end] = service.name.length;
      target.set(service.name, end + 1);
      end += 1 + service.name.length;
      if (service.id > 0) {
        service.told = true;
        this.#services ??= new Map();
        this.#services.set(name, service);
      }
    }
    if (metadata === null) return end;
    writeU16(target, end, metadata.length);
    target.set(metadata, end + 2);
    return end + 2 + metadata.length;
  }
}

function metadataBytes(metadata: Uint8Array | null): number {
  return metadata === null ? 0 : 2 + metadata.length;
}

/** Up to this a loop copies as fast as the call of `set`. */
const LOOP_MAX_BYTES = 16;

function copyPayload(target: Uint8Array, offset: number, payload: Uint8Array): void {
  const length = payload.length;
  if (length > LOOP_MAX_BYTES) {
    target.set(payload, offset);
    return;
  }
  for (let index = 0; index < length; index++) target[offset++] = payload[index]!;
}
