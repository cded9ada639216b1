/**
 * The three-way handshake: HELLO, WELCOME, CONFIRM, or REFUSE.
 *
 * Neither end believes anything before it has verified the other's proof: a hello that lay in a
 * dead machine's buffer, or that a stranger sent, comes without the answer to this end's nonce.
 * The proof is HMAC-SHA-256 under the shared secret over the whole HELLO, the WELCOME without its
 * proof, and the role of who proves; so it covers both nonces, names, bootIds, ordinals, limits.
 *
 * This file does not know the table or the arbiter: it yields the other end's `Hello` or a
 * refusal. Time (the handshake's deadline) is the driver's business.
 *
 * Source: docs/protocol.md, "Handshake".
 *
 * @module
 */

import { codeOfWire, type ErrorCode, wireOfCode } from "../../errors.ts";
import { FrameKind, HEADER_BYTES, readU16, readU32, writeHeader, writeU16 } from "../wire/frame.ts";
import { encodeHello, encodeWelcome, type Hello, MAGIC } from "../wire/hello.ts";
import { parseHello, parseWelcome, PROOF_BYTES, PROTOCOL_VERSION } from "../wire/hello.ts";

/** What the acceptor is asked once it knows who dials: `null` lets it in. */
export type Admission = { readonly code: ErrorCode; readonly detail: string } | null;

/** What came of a frame. */
export type HandshakeStep =
  /** Send these bytes and wait. */
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  /** Done; `bytes` (CONFIRM) go out first, empty at the acceptor. */
  | { readonly kind: "done"; readonly bytes: Uint8Array; readonly remote: Hello }
  /** Refuse it with these bytes and end the socket. */
  | {
    readonly kind: "refuse";
    readonly bytes: Uint8Array;
    readonly code: ErrorCode;
    readonly detail: string;
    readonly name: string | null;
  }
  /** The other end refused this one. */
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly detail: string };

/** The proof of one role over the HELLO and the WELCOME without its proof: `PROOF_BYTES`. */
export type Prove = (
  role: "dialer" | "acceptor",
  hello: Uint8Array,
  welcome: Uint8Array,
) => Uint8Array;

/** What an end needs to know of itself. */
export interface HandshakeSelf {
  readonly introduction: Hello;
  /** Proves that this end knows the shared secret. */
  readonly prove: Prove;
  /** `NONCE_BYTES` random bytes, used once. */
  readonly nonce: Uint8Array;
  /**
   * The names in the other end's verified certificate, one of which its introduction must be.
   * `null` without TLS, and where the certificate was checked for what was dialled.
   */
  readonly certificateNames: readonly string[] | null;
}

const encoder = new TextEncoder();
const lenientDecoder = new TextDecoder();
const NOTHING = new Uint8Array(0);
const DETAIL_MAX_BYTES = 512;

/** The dialer's half. */
export class DialerHandshake {
  readonly #self: HandshakeSelf;
  readonly #to: string;
  readonly #accepts: (remote: Hello) => Admission;
  #hello: Uint8Array = NOTHING;
  #done = false;

  /**
   * @param to The name that is dialled; empty for a client that takes whoever listens there.
   * @param accepts Asked once the acceptor's proof is verified.
   */
  constructor(self: HandshakeSelf, to: string, accepts: (remote: Hello) => Admission) {
    this.#self = self;
    this.#to = to;
    this.#accepts = accepts;
  }

  /** The HELLO frame, to be sent first. */
  begin(): Uint8Array {
    const frame = encodeHello(this.#self.introduction, this.#self.nonce, this.#to);
    this.#hello = frame.subarray(HEADER_BYTES);
    return frame;
  }

  /** Takes a frame of the acceptor. */
  handleFrame(kind: number, body: Uint8Array): HandshakeStep {
    if (this.#done) return refusal("unexpected-frame", "the handshake is over", null);
    this.#done = true;
    if (kind === FrameKind.REFUSE) return decodeRefuse(body);
    if (kind !== FrameKind.WELCOME) {
      return refusal("unexpected-frame", `frame kind ${kind} instead of WELCOME`, null);
    }
    const parsed = parseWelcome(body);
    if (parsed === null) return refusal("malformed-frame", "WELCOME", null);
    const { remote, signedBytes } = parsed;
    const signed = body.subarray(0, signedBytes);
    const proof = body.subarray(signedBytes);
    if (!equalBytes(proof, this.#self.prove("acceptor", this.#hello, signed))) {
      return refusal("proof-mismatch", otherSecretText(remote.name), remote.name);
    }
    const refused = checkRemote(this.#self, remote) ?? this.#accepts(remote);
    if (refused !== null) return refusal(refused.code, refused.detail, remote.name);
    const confirm = new Uint8Array(HEADER_BYTES + PROOF_BYTES);
    writeHeader(confirm, 0, FrameKind.CONFIRM, PROOF_BYTES);
    confirm.set(this.#self.prove("dialer", this.#hello, signed), HEADER_BYTES);
    return { kind: "done", bytes: confirm, remote };
  }
}

/** The acceptor's half. */
export class AcceptorHandshake {
  readonly #self: HandshakeSelf;
  readonly #admits: (remote: Hello, to: string) => Admission;
  #remote: Hello | null = null;
  #expected: Uint8Array = NOTHING;
  #done = false;

  /** @param admits Asked when a well-formed HELLO has come; must not change any state. */
  constructor(
    self: HandshakeSelf,
    admits: (remote: Hello, to: string) => Admission,
  ) {
    this.#self = self;
    this.#admits = admits;
  }

  /** Takes a frame of the dialer. */
  handleFrame(kind: number, body: Uint8Array): HandshakeStep {
    if (this.#done) return refusal("unexpected-frame", "the handshake is over", null);
    if (this.#remote === null) return this.#handleHello(kind, body);
    this.#done = true;
    if (kind === FrameKind.REFUSE) return decodeRefuse(body);
    if (kind !== FrameKind.CONFIRM) {
      return refusal(
        "unexpected-frame",
        `frame kind ${kind} instead of CONFIRM`,
        this.#remote.name,
      );
    }
    if (!equalBytes(body, this.#expected)) {
      return refusal("proof-mismatch", otherSecretText(this.#remote.name), this.#remote.name);
    }
    return { kind: "done", bytes: NOTHING, remote: this.#remote };
  }

  #handleHello(kind: number, body: Uint8Array): HandshakeStep {
    const refuse = (code: ErrorCode, detail: string, name: string | null = null): HandshakeStep => {
      this.#done = true;
      return refusal(code, detail, name);
    };
    if (kind !== FrameKind.HELLO) {
      return refuse("unexpected-frame", `frame kind ${kind} instead of HELLO`);
    }
    if (body.length < 6 || readU32(body, 0) !== MAGIC) return refuse("malformed-frame", "HELLO");
    const version = readU16(body, 4);
    if (version !== PROTOCOL_VERSION) {
      return refuse("unsupported-version", `version ${version}, spoken is ${PROTOCOL_VERSION}`);
    }
    const parsed = parseHello(body);
    if (parsed === null) return refuse("malformed-frame", "HELLO");
    const { remote, to } = parsed;
    const refused = checkRemote(this.#self, remote) ?? this.#admits(remote, to);
    if (refused !== null) return refuse(refused.code, refused.detail, remote.name);
    // The chunk is borrowed: what the proofs cover is taken in now.
    const { frame, signed } = encodeWelcome(this.#self.introduction, this.#self.nonce);
    frame.set(this.#self.prove("acceptor", body, signed), frame.length - PROOF_BYTES);
    this.#expected = this.#self.prove("dialer", body, signed);
    this.#remote = remote;
    return { kind: "send", bytes: frame };
  }
}

/** The REFUSE frame of a code. */
export function encodeRefuse(code: ErrorCode, detail: string): Uint8Array {
  const text = encoder.encode(detail).subarray(0, DETAIL_MAX_BYTES);
  const frame = new Uint8Array(HEADER_BYTES + 2 + text.length);
  writeHeader(frame, 0, FrameKind.REFUSE, 2 + text.length);
  writeU16(frame, HEADER_BYTES, wireOfCode(code));
  frame.set(text, HEADER_BYTES + 2);
  return frame;
}

/** What a REFUSE body says. A code that this version does not know counts as `malformed-frame`. */
export function decodeRefuse(
  body: Uint8Array,
): { kind: "refused"; code: ErrorCode; detail: string } {
  if (body.length < 2) return { kind: "refused", code: "malformed-frame", detail: "REFUSE" };
  const wire = readU16(body, 0);
  const code = codeOfWire(wire) ?? "malformed-frame";
  const text = lenientDecoder.decode(body.subarray(2, 2 + DETAIL_MAX_BYTES));
  return { kind: "refused", code, detail: text };
}

function refusal(code: ErrorCode, detail: string, name: string | null): HandshakeStep {
  return { kind: "refuse", bytes: encodeRefuse(code, detail), code, detail, name };
}

/** What both halves check of the other end before anybody else is asked. */
function checkRemote(self: HandshakeSelf, remote: Hello): Admission {
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

function otherSecretText(name: string): string {
  return `'${name}' and this end have different secrets, or only one of them has any`;
}

/** Compares without telling by its time where the first difference is. */
function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let index = 0; index < left.length; index++) difference |= left[index]! ^ right[index]!;
  return difference === 0;
}
