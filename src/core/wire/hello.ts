/**
 * Introductions: who an end is, as the handshake carries it, and their bytes.
 *
 * Source: docs/protocol.md, "Handshake".
 *
 * @module
 */

import { readU16, readU32, readU64 } from "./frame.ts";
import { writeU16, writeU32, writeU64 } from "./frame.ts";

/** The version of the protocol that this code speaks. */
export const PROTOCOL_VERSION = 1;

/** The first four bytes of every HELLO body: whoever speaks something else is told apart at once. */
export const MAGIC = 0x46524c4b;

/** Bytes of a bootId: 128 random bits. */
export const BOOT_ID_BYTES = 16;
/** Bytes of the preamble: magic, version, suite. */
export const PREAMBLE_BYTES = 7;
/** Bytes of the limits. */
const LIMITS_BYTES = 32;
/** Bytes of an introduction without name and host name. */
const INTRODUCTION_LEAST_BYTES = 1 + 2 + BOOT_ID_BYTES + 8 + 2 + 2 + LIMITS_BYTES + 4 + 1;

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
  /** Streams that a peer may have open here at a time, beside those for depth. */
  readonly maxStreams: number;
  /** The same for a client. */
  readonly clientMaxStreams: number;
}

/** What holds between an end with these limits and another one in that role. */
export function limitsFor(limits: Limits, role: "peer" | "client"): Limits {
  if (role === "peer") return limits;
  return {
    ...limits,
    maxInFlight: limits.clientMaxInFlight,
    payloadMaxBytes: limits.clientPayloadMaxBytes,
    maxStreams: limits.clientMaxStreams,
  };
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
  /** The static key that it has proved to hold, in base64url; not among what it tells. */
  readonly publicKey?: string;
  /** What its verified certificate says, where there is TLS and it was asked for; as little. */
  readonly certificate?: Certificate;
}

/** What a verified certificate says. */
export interface Certificate {
  readonly names: readonly string[];
  readonly fingerprint: string;
}

/** A bootId in words. */
export function bootIdOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
const STRING_MAX_BYTES = 255;
const CONTROLS = /\p{Cc}/u;
const NOTHING = new Uint8Array(0);

/** The only flag of an introduction; the other bits are 0, and nobody looks at them. */
const ORDINAL_RISES = 1;

/** The preamble, in clear at the beginning of every HELLO. @param suite What protects the rest. */
export function encodePreamble(suite: number): Uint8Array {
  const preamble = new Uint8Array(PREAMBLE_BYTES);
  writeU32(preamble, 0, MAGIC);
  writeU16(preamble, 4, PROTOCOL_VERSION);
  preamble[6] = suite;
  return preamble;
}

/** What the preamble of a HELLO says; `null`: it is no HELLO of freshlink. */
export function parsePreamble(body: Uint8Array): { version: number; suite: number } | null {
  if (body.length < PREAMBLE_BYTES || readU32(body, 0) !== MAGIC) return null;
  return { version: readU16(body, 4), suite: body[6]! };
}

/** A name with its length in front: whom the dialer means. */
export function encodeTo(to: string): Uint8Array {
  const text = encoder.encode(to);
  const bytes = new Uint8Array(2 + text.length);
  writeString(bytes, 0, text);
  return bytes;
}

/** Whom the dialer means; `null` when it is malformed. */
export function parseTo(bytes: Uint8Array): string | null {
  const reader = new Reader(bytes, 0);
  const to = reader.text(0);
  return reader.failed || reader.offset !== bytes.length ? null : to;
}

/** An introduction. */
export function encodeIntroduction(introduction: Hello): Uint8Array {
  const name = encoder.encode(introduction.name);
  const hostname = encoder.encode(introduction.hostname);
  const bytes = new Uint8Array(INTRODUCTION_LEAST_BYTES + name.length + hostname.length);
  bytes[0] = introduction.role === "peer" ? 0 : 1;
  let offset = writeString(bytes, 1, name);
  for (let index = 0; index < BOOT_ID_BYTES; index++) {
    bytes[offset++] = parseInt(introduction.bootId.slice(index * 2, index * 2 + 2), 16);
  }
  writeU64(bytes, offset, introduction.ordinal);
  offset = writeString(bytes, offset + 8, hostname);
  writeU16(bytes, offset, introduction.port);
  offset = writeLimits(bytes, offset + 2, introduction.limits);
  writeU32(bytes, offset, introduction.heartbeatIntervalMs);
  bytes[offset + 4] = introduction.ordinalRises ? ORDINAL_RISES : 0;
  return bytes;
}

function writeLimits(target: Uint8Array, offset: number, limits: Limits): number {
  writeU32(target, offset, limits.maxInFlight);
  writeU32(target, offset + 4, limits.payloadMaxBytes);
  writeU32(target, offset + 8, limits.clientMaxInFlight);
  writeU32(target, offset + 12, limits.clientPayloadMaxBytes);
  writeU32(target, offset + 16, limits.creditBytes);
  writeU32(target, offset + 20, limits.notificationsMax);
  writeU32(target, offset + 24, limits.maxStreams);
  writeU32(target, offset + 28, limits.clientMaxStreams);
  return offset + LIMITS_BYTES;
}

function writeString(target: Uint8Array, offset: number, text: Uint8Array): number {
  writeU16(target, offset, text.length);
  target.set(text, offset + 2);
  return offset + 2 + text.length;
}

/** Whom an introduction introduces; `null` when it is malformed. */
export function parseIntroduction(bytes: Uint8Array): Hello | null {
  const reader = new Reader(bytes, 0);
  const remote = readIntroduction(reader);
  return reader.failed || reader.offset !== bytes.length ? null : remote;
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
    maxStreams: reader.number(4),
    clientMaxStreams: reader.number(4),
  };
  const heartbeatIntervalMs = reader.number(4);
  const ordinalRises = (reader.number(1) & ORDINAL_RISES) !== 0;
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
      const text = decoder.decode(this.#bytes.subarray(at, at + length));
      // Names stand in logs and on terminals.
      if (!CONTROLS.test(text)) return text;
    } catch {
      // Not UTF-8.
    }
    this.failed = true;
    return "";
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
