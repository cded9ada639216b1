/**
 * The frames of streams: items, ends, stops and windows. OPEN is written and read beside REQUEST,
 * whose fields it has.
 *
 * Source: docs/protocol.md, "Streams".
 *
 * @module
 */

import { codeOfWire, type Delivery, type ErrorCode, wireOfCode } from "../../errors.ts";
import type { OutboundLog } from "../session/outbound_log.ts";
import { FrameKind, HEADER_BYTES, readU16, readU32, readU64 } from "./frame.ts";
import { writeHeader, writeU16, writeU32, writeU64 } from "./frame.ts";

/** In the flags of OPEN: items of the request follow. */
export const FLAG_ITEMS = 0x80;

/** In the flags of OPEN: one item is the answer. */
export const FLAG_ONE = 0x40;

/** In the flags of OPEN: the payload follows as the only item of the request. */
export const FLAG_FOLLOWS = 0x10;

/** In the flags of the other frames: the end that gets the frame has opened the stream. */
export const FLAG_YOURS = 0x80;

/** In the flags of ITEM: the item goes on in the next one. */
export const FLAG_MORE = 0x01;

/** In the flags of ITEM: its whole length precedes its bytes, as it does not end here. */
export const FLAG_LENGTH = 0x02;

/** Bytes of OPEN before the payload: window and the number of items that the caller has. */
export const OPEN_FIELDS_BYTES = 12;

const ITEM_FIELDS_BYTES = 9;
const END_FIELDS_BYTES = 16;
const MESSAGE_MAX_BYTES = 4_096;
const CAUSE_MAX_BYTES = 8_192;
const DETAILS_MAX_BYTES = 49_152;
const DELIVERIES: readonly Delivery[] = Object.freeze([
  "executed",
  "not-executed",
  "maybe-executed",
]);
const HANDLER_FAILED = wireOfCode("handler-failed");
const NOTHING = new Uint8Array(0);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** How one direction of a stream ended. */
export interface StreamEnd {
  /** `null`: all items are there. */
  readonly code: ErrorCode | null;
  readonly delivery: Delivery;
  readonly message: string;
  /** The error behind it, as JSON; may be empty. */
  readonly cause: Uint8Array;
  /** What the handler attached, as JSON; may be empty. */
  readonly details: Uint8Array;
}

/** Nothing more comes, and nothing is missing. */
export const DONE: StreamEnd = Object.freeze(endOf(null, "executed", ""));

/** An end without details. */
export function endOf(code: ErrorCode | null, delivery: Delivery, message: string): StreamEnd {
  return { code, delivery, message, cause: NOTHING, details: NOTHING };
}

/** Which stream a frame belongs to, as seen by the end that writes it. */
export interface StreamId {
  readonly number: number;
  /** Whether this end has opened it. */
  readonly isOwn: boolean;
}

/** Takes the frames. `isOwn`: of a stream that this end has opened. Bytes are borrowed. */
export interface StreamFrameHandler {
  /** @param payload Where the fields of OPEN begin; the payload is behind them. */
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
  ): ErrorCode | null;
  /** @param flags `FLAG_MORE`, `FLAG_LENGTH`. @param length Of the whole item; -1: not stated. */
  onItem(
    number: number,
    isOwn: boolean,
    flags: number,
    length: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null;
  onEnd(number: number, isOwn: boolean, end: StreamEnd): ErrorCode | null;
  onStop(number: number, isOwn: boolean): ErrorCode | null;
  onWindow(number: number, isOwn: boolean, limit: number): ErrorCode | null;
}

/** The encoder of a session's streams. Every method answers whether there was room. */
export class StreamWriter {
  readonly #log: OutboundLog;

  constructor(log: OutboundLog) {
    this.#log = log;
  }

  /** A piece `[start, end)` of an item. @param flags `FLAG_MORE`, and `FLAG_LENGTH` for the first. */
  item(id: StreamId, flags: number, bytes: Uint8Array, start: number, end: number): boolean {
    const lengthBytes = (flags & FLAG_LENGTH) === 0 ? 0 : 4;
    const size = HEADER_BYTES + ITEM_FIELDS_BYTES + lengthBytes + end - start;
    if (!this.#log.hasRoom(size)) return false;
    const [target, offset] = this.#begin(FrameKind.ITEM, size, id, flags);
    if (lengthBytes > 0) writeU32(target, offset, bytes.length);
    const whole = start === 0 && end === bytes.length;
    target.set(whole ? bytes : bytes.subarray(start, end), offset + lengthBytes);
    this.#log.commit(size, true);
    return true;
  }

  /** Texts that are too long are cut off, details and causes left out. */
  end(id: StreamId, end: StreamEnd): boolean {
    const text = encoder.encode(end.message).subarray(0, MESSAGE_MAX_BYTES);
    const cause = end.cause.length > CAUSE_MAX_BYTES ? NOTHING : end.cause;
    const details = end.details.length > DETAILS_MAX_BYTES ? NOTHING : end.details;
    const size = HEADER_BYTES + END_FIELDS_BYTES + text.length + cause.length + details.length;
    if (!this.#log.hasRoom(size)) return false;
    const [target, offset] = this.#begin(FrameKind.END, size, id, 0);
    writeU16(target, offset, end.code === null ? 0 : wireOfCode(end.code) || HANDLER_FAILED);
    target[offset + 2] = Math.max(0, DELIVERIES.indexOf(end.delivery));
    writeU16(target, offset + 3, text.length);
    writeU16(target, offset + 5, cause.length);
    target.set(text, offset + 7);
    target.set(cause, offset + 7 + text.length);
    target.set(details, offset + 7 + text.length + cause.length);
    this.#log.commit(size, true);
    return true;
  }

  /** Items of the other direction are not wanted any more. */
  stop(id: StreamId): boolean {
    const size = HEADER_BYTES + ITEM_FIELDS_BYTES;
    if (!this.#log.hasRoom(size)) return false;
    this.#begin(FrameKind.STOP, size, id, 0);
    this.#log.commit(size, true);
    return true;
  }

  /** Items up to this position of the other direction are held here. */
  window(id: StreamId, limit: number): boolean {
    const size = HEADER_BYTES + ITEM_FIELDS_BYTES + 8;
    if (!this.#log.hasRoom(size)) return false;
    const [target, offset] = this.#begin(FrameKind.WINDOW, size, id, 0);
    writeU64(target, offset, limit);
    this.#log.commit(size, true);
    return true;
  }

  #begin(kind: number, size: number, id: StreamId, flags: number): [Uint8Array, number] {
    const target = this.#log.reserve(size);
    const offset = this.#log.offset;
    writeHeader(target, offset, kind, size - HEADER_BYTES);
    writeU64(target, offset + HEADER_BYTES, id.number);
    target[offset + HEADER_BYTES + 8] = id.isOwn ? flags : flags | FLAG_YOURS;
    return [target, offset + HEADER_BYTES + ITEM_FIELDS_BYTES];
  }
}

/** Takes a frame of a stream. @returns `null`, or how the peer broke the protocol. */
export function readStreamFrame(
  kind: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  handler: StreamFrameHandler,
): ErrorCode | null {
  if (end - start < ITEM_FIELDS_BYTES) return "malformed-frame";
  const number = readU64(bytes, start);
  if (number < 0) return "number-out-of-range";
  const flags = bytes[start + 8]!;
  const isOwn = (flags & FLAG_YOURS) !== 0;
  const from = start + ITEM_FIELDS_BYTES;
  switch (kind) {
    case FrameKind.ITEM:
      return readItem(number, isOwn, flags, bytes, from, end, handler);
    case FrameKind.END:
      return readEnd(number, isOwn, bytes, from, end, handler);
    case FrameKind.STOP:
      return from === end ? handler.onStop(number, isOwn) : "malformed-frame";
    default: {
      if (end - from !== 8) return "malformed-frame";
      const limit = readU64(bytes, from);
      return limit < 0 ? "number-out-of-range" : handler.onWindow(number, isOwn, limit);
    }
  }
}

function readItem(
  number: number,
  isOwn: boolean,
  flags: number,
  bytes: Uint8Array,
  from: number,
  end: number,
  handler: StreamFrameHandler,
): ErrorCode | null {
  if ((flags & FLAG_LENGTH) === 0) {
    return handler.onItem(number, isOwn, flags & FLAG_MORE, -1, bytes, from, end);
  }
  // A length is stated where the item does not end with its first piece, which has bytes.
  if ((flags & FLAG_MORE) === 0 || end - from < 5) return "malformed-frame";
  const length = readU32(bytes, from);
  return handler.onItem(number, isOwn, flags & FLAG_MORE, length, bytes, from + 4, end);
}

function readEnd(
  number: number,
  isOwn: boolean,
  bytes: Uint8Array,
  from: number,
  end: number,
  handler: StreamFrameHandler,
): ErrorCode | null {
  if (end - from < 7) return "malformed-frame";
  const code = readU16(bytes, from);
  const delivery = DELIVERIES[bytes[from + 2]!];
  const causeFrom = from + 7 + readU16(bytes, from + 3);
  const detailsFrom = causeFrom + readU16(bytes, from + 5);
  if (detailsFrom > end || delivery === undefined) return "malformed-frame";
  return handler.onEnd(number, isOwn, {
    code: code === 0 ? null : codeOfWire(code) ?? "handler-failed",
    delivery,
    message: decoder.decode(bytes.subarray(from + 7, causeFrom)),
    cause: bytes.slice(causeFrom, detailsFrom),
    details: bytes.slice(detailsFrom, end),
  });
}
