/**
 * Reads message frames and learns the numbers of services. Hands out numbers and offsets, no
 * objects: the view is made where the application needs it.
 *
 * @module
 */

import { codeOfWire, type Delivery, type ErrorCode } from "../../errors.ts";
import { FrameKind, readU16, readU32, readU64 } from "./frame.ts";
import {
  DataKind,
  DELIVERIES,
  FLAG_ASKS,
  FLAG_METADATA,
  FLAG_STATED,
  GRANT_ENTRY_BYTES,
  NO_TIMEOUT,
  SERVICE_NAMED,
  SERVICES_MAX,
} from "./message_writer.ts";
import { readStreamFrame, type StreamFrameHandler } from "./stream_frames.ts";
import { METADATA_MAX_BYTES, METADATA_REFUSED } from "./metadata.ts";

/**
 * Takes the messages. Bytes are borrowed until the call returns. `stated` is the length of a
 * payload that follows in DATA frames, -1 where the payload is `[start, end)`; `asks` tells that
 * the DATA waits for a GRANT; `metadata` is a copy, `METADATA_REFUSED` for one that is too large.
 */
export interface MessageHandler {
  /** Takes the frames of streams. */
  readonly streams: StreamFrameHandler;
  onRequest(
    slot: number,
    generation: number,
    timeoutMs: number,
    service: string,
    codec: number,
    depth: number,
    stated: number,
    asks: boolean,
    metadata: Uint8Array | null,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null;
  onNotification(
    service: string,
    codec: number,
    stated: number,
    asks: boolean,
    metadata: Uint8Array | null,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null;
  onResponse(
    slot: number,
    generation: number,
    codec: number,
    stated: number,
    asks: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null;
  onError(
    slot: number,
    generation: number,
    code: ErrorCode,
    delivery: Delivery,
    message: string,
    cause: Uint8Array,
    details: Uint8Array,
  ): ErrorCode | null;
  onCancel(slot: number, generation: number): ErrorCode | null;
  /** @param kind One of `DataKind`, not `TAKEN`. */
  onData(
    kind: number,
    slot: number,
    generation: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null;
  /** @param kind One of `DataKind`. */
  onGrant(kind: number, slot: number, generation: number): ErrorCode | null;
  onCredit(
    requests: number,
    answers: number,
    notificationBytes: number,
    count: number,
  ): ErrorCode | null;
}

const lenientDecoder = new TextDecoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true });

/** The decoder of one session's messages. */
export class MessageReader {
  readonly #payloadMaxBytes: number;
  /** By number, from 1. Most of many links never get a message: this waits for one. */
  #services: string[] | null = null;
  /** Where the name of the service or the metadata ended, set by what reads them. */
  #after = 0;

  /** @param payloadMaxBytes The largest payload taken, in bytes. */
  constructor(payloadMaxBytes: number) {
    this.#payloadMaxBytes = payloadMaxBytes;
  }

  /**
   * Takes a message frame.
   *
   * @returns `null`, or how the peer broke the protocol: its connection must be aborted.
   */
  read(
    kind: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    handler: MessageHandler,
  ): ErrorCode | null {
    switch (kind) {
      case FrameKind.REQUEST:
        return this.#readRequest(bytes, start, end, handler);
      case FrameKind.RESPONSE:
        return this.#readResponse(bytes, start, end, handler);
      case FrameKind.ERROR:
        return readError(bytes, start, end, handler);
      case FrameKind.CANCEL:
        if (end - start !== 8) return "malformed-frame";
        return handler.onCancel(readU32(bytes, start), readU32(bytes, start + 4));
      case FrameKind.NOTIFY:
        return this.#readNotification(bytes, start, end, handler);
      case FrameKind.DATA:
        return readData(bytes, start, end, handler);
      case FrameKind.GRANT:
        return readGrant(bytes, start, end, handler);
      case FrameKind.CREDIT:
        return readCredit(bytes, start, end, handler);
      case FrameKind.OPEN:
        return this.#readOpen(bytes, start, end, handler.streams);
      default:
        return readStreamFrame(kind, bytes, start, end, handler.streams);
    }
  }

  /** OPEN has the fields of REQUEST; its number stands where slot and generation do. */
  #readOpen(
    bytes: Uint8Array,
    start: number,
    end: number,
    handler: StreamFrameHandler,
  ): ErrorCode | null {
    if (end - start < 16) return "malformed-frame";
    const service = this.#readService(bytes, start + 12, end);
    if (service === null) return "malformed-frame";
    const number = readU64(bytes, start);
    if (number < 0) return "number-out-of-range";
    const told = readU32(bytes, start + 8);
    const timeoutMs = told === NO_TIMEOUT ? Infinity : told;
    const codec = bytes[start + 14]!;
    const flags = bytes[start + 15]!;
    const metadata = (flags & FLAG_METADATA) === 0 ? null : this.#readMetadata(bytes, end);
    const from = this.#after;
    if (from > end) return "malformed-frame";
    return handler.onOpen(number, timeoutMs, service, codec, flags, metadata, bytes, from, end);
  }

  #readRequest(
    bytes: Uint8Array,
    start: number,
    end: number,
    handler: MessageHandler,
  ): ErrorCode | null {
    if (end - start < 16) return "malformed-frame";
    const service = this.#readService(bytes, start + 12, end);
    if (service === null) return "malformed-frame";
    const slot = readU32(bytes, start);
    const generation = readU32(bytes, start + 4);
    const told = readU32(bytes, start + 8);
    const timeoutMs = told === NO_TIMEOUT ? Infinity : told;
    const codec = bytes[start + 14]!;
    const flags = bytes[start + 15]!;
    const metadata = (flags & FLAG_METADATA) === 0 ? null : this.#readMetadata(bytes, end);
    const from = this.#after;
    if (from > end) return "malformed-frame";
    const fault = this.#checkPayload(flags, bytes, from, end);
    if (fault !== null) return fault;
    const stated = (flags & FLAG_STATED) === 0 ? -1 : readU32(bytes, from);
    return handler.onRequest(
      slot,
      generation,
      timeoutMs,
      service,
      codec,
      flags & 0x07,
      stated,
      (flags & FLAG_ASKS) !== 0,
      metadata,
      bytes,
      from,
      end,
    );
  }

  #readNotification(
    bytes: Uint8Array,
    start: number,
    end: number,
    handler: MessageHandler,
  ): ErrorCode | null {
    if (end - start < 4) return "malformed-frame";
    const service = this.#readService(bytes, start, end);
    if (service === null) return "malformed-frame";
    const codec = bytes[start + 2]!;
    const flags = bytes[start + 3]!;
    const metadata = (flags & FLAG_METADATA) === 0 ? null : this.#readMetadata(bytes, end);
    const from = this.#after;
    if (from > end) return "malformed-frame";
    const fault = this.#checkPayload(flags, bytes, from, end);
    if (fault !== null) return fault;
    const stated = (flags & FLAG_STATED) === 0 ? -1 : readU32(bytes, from);
    const asks = (flags & FLAG_ASKS) !== 0;
    return handler.onNotification(service, codec, stated, asks, metadata, bytes, from, end);
  }

  #readResponse(
    bytes: Uint8Array,
    start: number,
    end: number,
    handler: MessageHandler,
  ): ErrorCode | null {
    if (end - start < 10) return "malformed-frame";
    const slot = readU32(bytes, start);
    const generation = readU32(bytes, start + 4);
    const codec = bytes[start + 8]!;
    const flags = bytes[start + 9]!;
    const from = start + 10;
    const fault = this.#checkPayload(flags, bytes, from, end);
    if (fault !== null) return fault;
    const stated = (flags & FLAG_STATED) === 0 ? -1 : readU32(bytes, from);
    const asks = (flags & FLAG_ASKS) !== 0;
    return handler.onResponse(slot, generation, codec, stated, asks, bytes, from, end);
  }

  /** A payload in the frame, or the length of one that follows, must be one that is taken here. */
  #checkPayload(flags: number, bytes: Uint8Array, from: number, end: number): ErrorCode | null {
    if ((flags & FLAG_STATED) === 0) {
      if ((flags & FLAG_ASKS) !== 0) return "malformed-frame";
      return end - from > this.#payloadMaxBytes ? "limit-exceeded" : null;
    }
    if (end - from !== 4) return "malformed-frame";
    const length = readU32(bytes, from);
    if (length === 0) return "malformed-frame";
    return length > this.#payloadMaxBytes ? "limit-exceeded" : null;
  }

  /** A copy of the metadata. Sets `#after`, beyond `end` where it does not fit. */
  #readMetadata(bytes: Uint8Array, end: number): Uint8Array {
    const from = this.#after + 2;
    if (from > end) this.#after = end + 1;
    else this.#after = from + readU16(bytes, from - 2);
    const length = this.#after - from;
    if (this.#after > end || length > METADATA_MAX_BYTES) return METADATA_REFUSED;
    return bytes.slice(from, this.#after);
  }

  /** The service's name; `null` when it is malformed. Sets `#after`. */
  #readService(bytes: Uint8Array, at: number, end: number): string | null {
    const field = readU16(bytes, at);
    this.#after = at + 4;
    if ((field & SERVICE_NAMED) === 0) return this.#services?.[field - 1] ?? null;
    if (at + 4 >= end) return null;
    const length = bytes[at + 4]!;
    this.#after = at + 5 + length;
    if (length === 0 || this.#after > end) return null;
    const id = field & ~SERVICE_NAMED;
    // Numbers are given in order: whoever skips one is not to be believed.
    const services = this.#services ??= [];
    if (id > SERVICES_MAX || (id !== 0 && id !== services.length + 1)) return null;
    try {
      const name = strictDecoder.decode(bytes.subarray(at + 5, this.#after));
      if (id !== 0) services.push(name);
      return name;
    } catch {
      return null;
    }
  }
}

function readError(
  bytes: Uint8Array,
  start: number,
  end: number,
  handler: MessageHandler,
): ErrorCode | null {
  if (end - start < 15) return "malformed-frame";
  const textBytes = readU16(bytes, start + 11);
  const causeBytes = readU16(bytes, start + 13);
  const from = start + 15;
  const causeFrom = from + textBytes;
  const detailsFrom = causeFrom + causeBytes;
  const delivery = DELIVERIES[bytes[start + 10]!];
  if (detailsFrom > end || delivery === undefined) return "malformed-frame";
  return handler.onError(
    readU32(bytes, start),
    readU32(bytes, start + 4),
    codeOfWire(readU16(bytes, start + 8)) ?? "handler-failed",
    delivery,
    lenientDecoder.decode(bytes.subarray(from, causeFrom)),
    bytes.subarray(causeFrom, detailsFrom),
    bytes.subarray(detailsFrom, end),
  );
}

function readData(
  bytes: Uint8Array,
  start: number,
  end: number,
  handler: MessageHandler,
): ErrorCode | null {
  // A piece without bytes would cost work and bring nothing.
  if (end - start < 10) return "malformed-frame";
  const kind = bytes[start]!;
  if (kind > DataKind.NOTIFICATION) return "number-out-of-range";
  const slot = readU32(bytes, start + 1);
  const generation = readU32(bytes, start + 5);
  return handler.onData(kind, slot, generation, bytes, start + 9, end);
}

function readGrant(
  bytes: Uint8Array,
  start: number,
  end: number,
  handler: MessageHandler,
): ErrorCode | null {
  if (end === start || (end - start) % GRANT_ENTRY_BYTES !== 0) return "malformed-frame";
  for (let at = start; at < end; at += GRANT_ENTRY_BYTES) {
    const kind = bytes[at]!;
    if (kind > DataKind.TAKEN) return "number-out-of-range";
    const fault = handler.onGrant(kind, readU32(bytes, at + 1), readU32(bytes, at + 5));
    if (fault !== null) return fault;
  }
  return null;
}

function readCredit(
  bytes: Uint8Array,
  start: number,
  end: number,
  handler: MessageHandler,
): ErrorCode | null {
  if (end - start !== 16) return "malformed-frame";
  return handler.onCredit(
    readU32(bytes, start),
    readU32(bytes, start + 4),
    readU32(bytes, start + 8),
    readU32(bytes, start + 12),
  );
}
