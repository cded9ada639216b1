/**
 * The three-way handshake: HELLO, WELCOME, CONFIRM, or REFUSE. What both kinds have in common.
 *
 * | kind | who is there is known by | the bytes after it |
 * | --- | --- | --- |
 * | plain (`plain_handshake.ts`) | its word, and its certificate where there is TLS | as they are |
 * | Noise (`noise_handshake.ts`) | the secret it knows and the key it holds | records |
 *
 * In both, neither end believes anything before the other end has answered to something fresh: a
 * hello that lay in a dead machine's buffer, or that was recorded, comes without that answer.
 *
 * A handshake does not know the table or the arbiter: it yields the other end's `Hello` or a
 * refusal. Time (the handshake's deadline) is the driver's business.
 *
 * Source: docs/protocol.md, "Handshake".
 *
 * @module
 */

import { codeOfWire, type ErrorCode, wireOfCode } from "../../errors.ts";
import { FrameKind, HEADER_BYTES, readU16, writeHeader, writeU16 } from "../wire/frame.ts";
import { type Hello, parsePreamble, PROTOCOL_VERSION } from "../wire/hello.ts";
import type { CipherState } from "./cipher_state.ts";

/** What protects a connection, as the preamble spells it. The numbers are never reused. */
export const Suite = { PLAIN: 0, AESGCM: 1, CHACHAPOLY: 2 } as const;

/** What the other end is told before it has proved who it is: `null` lets it in. */
export type Admission = { readonly code: ErrorCode; readonly detail: string } | null;

/** The ciphers of both directions, from the end of the handshake on. */
export interface Ciphers {
  readonly send: CipherState;
  readonly receive: CipherState;
}

/** What came of a frame. */
export type HandshakeStep =
  /** Send these bytes and wait. */
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  /** Done; `bytes` (CONFIRM) go out first, empty at the acceptor. Without `ciphers` all is clear. */
  | {
    readonly kind: "done";
    readonly bytes: Uint8Array;
    readonly remote: Hello;
    readonly ciphers: Ciphers | null;
  }
  /** Refuse it, sealed where there are `ciphers`, and end the socket. */
  | {
    readonly kind: "refuse";
    readonly code: ErrorCode;
    readonly detail: string;
    readonly name: string | null;
    readonly ciphers: Ciphers | null;
  }
  /** The other end refused this one. In clear anybody can say so. */
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly detail: string };

/** One end of one handshake. */
export interface Handshake {
  /** What is sent first; empty at the acceptor. */
  begin(): Uint8Array;
  /** Takes a frame of the other end; `body` is borrowed. */
  handleFrame(kind: number, body: Uint8Array): HandshakeStep;
}

/** Whom the acceptor lets in. Both questions change nothing. */
export interface Admitter {
  /** Whether this is who was meant; asked before it is known who dials, where that comes later. */
  admitsTo(to: string): Admission;
  /** Whether the work of one more handshake may be done. */
  affords(): boolean;
  /** Whether that one may come in, and means this end. */
  admits(remote: Hello, to: string): Admission;
}

/** What an end needs to know of itself. */
export interface HandshakeSelf {
  readonly introduction: Hello;
  /**
   * The names in the other end's verified certificate, one of which its introduction must be.
   * `null` without TLS, and where the certificate was checked for what was dialled.
   */
  readonly certificateNames: readonly string[] | null;
}

const encoder = new TextEncoder();
const lenientDecoder = new TextDecoder();
const DETAIL_MAX_BYTES = 512;

/** A handshake frame out of its parts. */
export function handshakeFrame(kind: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const bodyBytes = parts.reduce((sum, part) => sum + part.length, 0);
  const frame = new Uint8Array(HEADER_BYTES + bodyBytes);
  writeHeader(frame, 0, kind, bodyBytes);
  let offset = HEADER_BYTES;
  for (const part of parts) {
    frame.set(part, offset);
    offset += part.length;
  }
  return frame;
}

/** The REFUSE frame of a code. */
export function encodeRefuse(code: ErrorCode, detail: string): Uint8Array {
  const text = encoder.encode(detail).subarray(0, DETAIL_MAX_BYTES);
  const number = new Uint8Array(2);
  writeU16(number, 0, wireOfCode(code));
  return handshakeFrame(FrameKind.REFUSE, number, text);
}

/** What a REFUSE body says. A code that this version does not know counts as `malformed-frame`. */
export function decodeRefuse(
  body: Uint8Array,
): { kind: "refused"; code: ErrorCode; detail: string } {
  if (body.length < 2) return { kind: "refused", code: "malformed-frame", detail: "REFUSE" };
  const wire = readU16(body, 0);
  const code = codeOfWire(wire) ?? "malformed-frame";
  const text = escaped(lenientDecoder.decode(body.subarray(2, 2 + DETAIL_MAX_BYTES)));
  return { kind: "refused", code, detail: text };
}

/** Words of somebody else, without what a terminal or a log would obey. */
export function escaped(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (control) => `\\u{${control.codePointAt(0)!.toString(16)}}`,
  );
}

/** The step that refuses the other end. @param name What it says it is called, where that is known. */
export function refusal(
  code: ErrorCode,
  detail: string,
  name: string | null = null,
  ciphers: Ciphers | null = null,
): HandshakeStep {
  return { kind: "refuse", code, detail, name, ciphers };
}

/** The suite of a HELLO of this version, or the step that refuses it. */
export function suiteOf(kind: number, body: Uint8Array): number | HandshakeStep {
  if (kind !== FrameKind.HELLO) {
    return refusal("unexpected-frame", `frame kind ${kind} instead of HELLO`);
  }
  const preamble = parsePreamble(body);
  if (preamble === null) return refusal("malformed-frame", "HELLO");
  const { version, suite } = preamble;
  if (version !== PROTOCOL_VERSION) {
    const detail = `version ${version}, spoken is ${PROTOCOL_VERSION}`;
    return refusal("unsupported-version", detail);
  }
  return suite;
}

/** What both ends check of the other one before anybody else is asked. */
export function checkRemote(self: HandshakeSelf, remote: Hello): Admission {
  if (remote.bootId === self.introduction.bootId) {
    return { code: "own-boot-id", detail: "this process reached itself" };
  }
  const { role, name } = self.introduction;
  if (role === "peer" && remote.role === "peer" && remote.name === name) {
    return { code: "wrong-name", detail: `both ends are named '${name}', each needs its own name` };
  }
  const { certificateNames } = self;
  if (certificateNames === null || carries(certificateNames, remote)) return null;
  const names = certificateNames.map((name) => `'${name}'`).join(", ") || "nobody";
  return {
    code: "certificate-mismatch",
    detail: `the certificate is for ${names}, and not for '${remote.name}'`,
  };
}

/** Whether a certificate is for who it says it is. A name that is an address needs its host. */
function carries(certificateNames: readonly string[], { name, hostname, port }: Hello): boolean {
  const isAddress = name === `${hostname}:${port}`;
  return certificateNames.includes(name) || (isAddress && certificateNames.includes(hostname));
}

/** Compares without telling by its time where the first difference is. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let index = 0; index < left.length; index++) difference |= left[index]! ^ right[index]!;
  return difference === 0;
}
