/**
 * Introductions: who an end is, as HELLO and WELCOME carry it, and their bytes.
 *
 * Source: docs/protocol.md, "Handshake".
 *
 * @module
 */

import { FrameKind, HEADER_BYTES, readU16, readU32, readU64 } from "./frame.ts";
import { writeHeader, writeU16, writeU32, writeU64 } from "./frame.ts";

/** The version of the protocol that this code speaks. */
export const PROTOCOL_VERSION = 1;

/** The first four bytes of every HELLO body: whoever speaks something else is told apart at once. */
export const MAGIC = 0x46524c4b;

/** Bytes of a nonce, of a bootId and of a proof. */
export const NONCE_BYTES = 16;
/** Bytes of a bootId: 128 random bits. */
export const BOOT_ID_BYTES = 16;
/** Bytes of a proof. */
export const PROOF_BYTES = 32;
/** Bytes of the limits. */
const LIMITS_BYTES = 24;

/** What an end promises to hold; the other end honours it. */
export interface Limits {
  /** Calls that a peer may have open here at a time, beside those for depth. */
  readonly maxInFlight: number;
  /** The largest payload taken here of a peer, in bytes. */
  readonly payloadMaxBytes: number;
  /** The same two for a client. */
  readonly clientMaxInFlight: number;
  readonly clientPayloadMaxBytes: number;
  /** Standing credit of a session for requests, as much for answers, and for notifications. */
  readonly creditBytes: number;
  /** Notifications that may be here at a time until their handlers have ended. */
  readonly notificationsMax: number;
}

/** What holds between an end with these limits and another one in that role. */
export function limitsFor(limits: Limits, role: "peer" | "client"): Limits {
  if (role === "peer") return limits;
  const { clientMaxInFlight, clientPayloadMaxBytes } = limits;
  return { ...limits, maxInFlight: clientMaxInFlight, payloadMaxBytes: clientPayloadMaxBytes };
}

/** Who an end says it is. */
export interface Hello {
  readonly role: "peer" | "client";
  readonly name: string;
  /** 32 hexadecimal digits. */
  readonly bootId: string;
  /** Ranks two living claimants of one name. */
  readonly ordinal: number;
  /** Where it listens; port 0 for a client. */
  readonly hostname: string;
  readonly port: number;
  readonly limits: Limits;
  /** How long this end may be silent while it is well, in milliseconds: at least 1. */
  readonly heartbeatIntervalMs: number;
  /** Whether the ordinals of this name's lives are known to rise. */
  readonly ordinalRises: boolean;
}

/** A bootId in words. */
export function bootIdOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
const STRING_MAX_BYTES = 255;
const NOTHING = new Uint8Array(0);

/** The only flag of an introduction; the other bits are 0, and nobody looks at them. */
const ORDINAL_RISES = 1;

// Encoding. HELLO and WELCOME share the introduction; strings have 2 bytes of length in front.

function introductionBytes(introduction: Hello): {
  name: Uint8Array;
  hostname: Uint8Array;
  size: number;
} {
  const name = encoder.encode(introduction.name);
  const hostname = encoder.encode(introduction.hostname);
  const size = 1 + 2 + name.length + BOOT_ID_BYTES + 8 + 2 + hostname.length + 2 + LIMITS_BYTES +
    4 +
    1 +
    NONCE_BYTES;
  return { name, hostname, size };
}

function writeIntroduction(
  target: Uint8Array,
  offset: number,
  introduction: Hello,
  nonce: Uint8Array,
): number {
  const { name, hostname } = introductionBytes(introduction);
  target[offset++] = introduction.role === "peer" ? 0 : 1;
  offset = writeString(target, offset, name);
  for (let index = 0; index < BOOT_ID_BYTES; index++) {
    target[offset++] = parseInt(introduction.bootId.slice(index * 2, index * 2 + 2), 16);
  }
  writeU64(target, offset, introduction.ordinal);
  offset = writeString(target, offset + 8, hostname);
  writeU16(target, offset, introduction.port);
  offset = writeLimits(target, offset + 2, introduction.limits);
  writeU32(target, offset, introduction.heartbeatIntervalMs);
  target[offset + 4] = introduction.ordinalRises ? ORDINAL_RISES : 0;
  target.set(nonce, offset + 5);
  return offset + 5 + NONCE_BYTES;
}

function writeLimits(target: Uint8Array, offset: number, limits: Limits): number {
  writeU32(target, offset, limits.maxInFlight);
  writeU32(target, offset + 4, limits.payloadMaxBytes);
  writeU32(target, offset + 8, limits.clientMaxInFlight);
  writeU32(target, offset + 12, limits.clientPayloadMaxBytes);
  writeU32(target, offset + 16, limits.creditBytes);
  writeU32(target, offset + 20, limits.notificationsMax);
  return offset + LIMITS_BYTES;
}

/** The HELLO frame. @param to The name that is dialled; empty: whoever listens there. */
export function encodeHello(introduction: Hello, nonce: Uint8Array, to: string): Uint8Array {
  const toBytes = encoder.encode(to);
  const body = 4 + 2 + 2 + toBytes.length + introductionBytes(introduction).size;
  const frame = new Uint8Array(HEADER_BYTES + body);
  writeHeader(frame, 0, FrameKind.HELLO, body);
  writeU32(frame, HEADER_BYTES, MAGIC);
  writeU16(frame, HEADER_BYTES + 4, PROTOCOL_VERSION);
  writeIntroduction(frame, writeString(frame, HEADER_BYTES + 6, toBytes), introduction, nonce);
  return frame;
}

/** The WELCOME frame with room for its proof at the end, and the part that proofs cover. */
export function encodeWelcome(
  introduction: Hello,
  nonce: Uint8Array,
): { frame: Uint8Array; signed: Uint8Array } {
  const signedBytes = introductionBytes(introduction).size;
  const frame = new Uint8Array(HEADER_BYTES + signedBytes + PROOF_BYTES);
  writeHeader(frame, 0, FrameKind.WELCOME, signedBytes + PROOF_BYTES);
  writeIntroduction(frame, HEADER_BYTES, introduction, nonce);
  return { frame, signed: frame.subarray(HEADER_BYTES, HEADER_BYTES + signedBytes) };
}

function writeString(target: Uint8Array, offset: number, text: Uint8Array): number {
  writeU16(target, offset, text.length);
  target.set(text, offset + 2);
  return offset + 2 + text.length;
}

/** What a HELLO body of this version says; `null` when it is malformed. */
export function parseHello(body: Uint8Array): { remote: Hello; to: string } | null {
  const reader = new Reader(body, 6);
  const to = reader.text(0);
  const remote = readIntroduction(reader);
  return reader.failed || remote === null || reader.offset !== body.length ? null : { remote, to };
}

/** What a WELCOME body says; `null` when it is malformed. */
export function parseWelcome(
  body: Uint8Array,
): { remote: Hello; signedBytes: number } | null {
  const reader = new Reader(body, 0);
  const remote = readIntroduction(reader);
  if (reader.failed || remote === null) return null;
  if (body.length !== reader.offset + PROOF_BYTES) return null;
  return { remote, signedBytes: reader.offset };
}

function readIntroduction(reader: Reader): Hello | null {
  const role = reader.number(1);
  const name = reader.text(1);
  const bootId = bootIdOf(reader.bytes(BOOT_ID_BYTES));
  const ordinal = reader.number(8);
  const hostname = reader.text(0);
  const port = reader.number(2);
  const limits = {
    maxInFlight: reader.number(4),
    payloadMaxBytes: reader.number(4),
    clientMaxInFlight: reader.number(4),
    clientPayloadMaxBytes: reader.number(4),
    creditBytes: reader.number(4),
    notificationsMax: reader.number(4),
  };
  const heartbeatIntervalMs = reader.number(4);
  const ordinalRises = (reader.number(1) & ORDINAL_RISES) !== 0;
  reader.skip(NONCE_BYTES);
  if (role > 1 || ordinal < 0 || limits.maxInFlight < 1 || heartbeatIntervalMs < 1) return null;
  if (limits.clientMaxInFlight < 1 || limits.notificationsMax < 1) return null;
  return {
    role: role === 0 ? "peer" : "client",
    name,
    bootId,
    ordinal,
    hostname,
    port,
    limits,
    heartbeatIntervalMs,
    ordinalRises,
  };
}

/** Reads fields; the first that does not fit marks the whole as failed. */
class Reader {
  readonly #bytes: Uint8Array;
  offset: number;
  failed = false;

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.offset = offset;
  }

  number(size: 1 | 2 | 4 | 8): number {
    const at = this.offset;
    if (!this.skip(size)) return 0;
    if (size === 1) return this.#bytes[at]!;
    if (size === 2) return readU16(this.#bytes, at);
    return size === 4 ? readU32(this.#bytes, at) : readU64(this.#bytes, at);
  }

  text(minBytes: number): string {
    const length = this.number(2);
    const at = this.offset;
    if (length < minBytes || length > STRING_MAX_BYTES || !this.skip(length)) {
      this.failed = true;
      return "";
    }
    try {
      return decoder.decode(this.#bytes.subarray(at, at + length));
    } catch {
      this.failed = true;
      return "";
    }
  }

  /** Borrowed; none where there are not so many. */
  bytes(size: number): Uint8Array {
    const at = this.offset;
    return this.skip(size) ? this.#bytes.subarray(at, at + size) : NOTHING;
  }

  skip(size: number): boolean {
    if (this.failed || this.offset + size > this.#bytes.length) {
      this.failed = true;
      return false;
    }
    this.offset += size;
    return true;
  }
}
