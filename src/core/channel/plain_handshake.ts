/**
 * The handshake in clear: both ends say who they are, and answer to the other one's nonce.
 *
 * It proves that the other end is there now, and nothing about who it is: that is a matter of
 * loopback, of `insecure`, or of TLS below.
 *
 * Source: docs/protocol.md, "Handshake".
 *
 * @module
 */

import { FrameKind } from "../wire/frame.ts";
import {
  encodeIntroduction,
  encodePreamble,
  encodeTo,
  type Hello,
  parseIntroduction,
  parseTo,
  PREAMBLE_BYTES,
} from "../wire/hello.ts";
import {
  type Admission,
  type Admitter,
  checkRemote,
  decodeRefuse,
  equalBytes,
  type Handshake,
  handshakeFrame,
  type HandshakeSelf,
  type HandshakeStep,
  refusal,
  Suite,
  suiteOf,
} from "./handshake.ts";

/** Bytes of a nonce. */
export const NONCE_BYTES = 16;

/** What a plain end needs to know of itself. */
export interface PlainSelf extends HandshakeSelf {
  /** `NONCE_BYTES` random bytes, used once. */
  readonly nonce: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** The dialer's half. */
export class PlainDialer implements Handshake {
  readonly #self: PlainSelf;
  readonly #to: string;
  readonly #accepts: (remote: Hello) => Admission;
  #done = false;

  /**
   * @param to The name that is dialled; empty for a client that takes whoever listens there.
   * @param accepts Asked once the acceptor has answered to the nonce.
   */
  constructor(self: PlainSelf, to: string, accepts: (remote: Hello) => Admission) {
    this.#self = self;
    this.#to = to;
    this.#accepts = accepts;
  }

  begin(): Uint8Array {
    const { introduction, nonce } = this.#self;
    return handshakeFrame(
      FrameKind.HELLO,
      encodePreamble(Suite.PLAIN),
      nonce,
      encodeTo(this.#to),
      encodeIntroduction(introduction),
    );
  }

  handleFrame(kind: number, body: Uint8Array): HandshakeStep {
    if (this.#done) return refusal("unexpected-frame", "the handshake is over");
    this.#done = true;
    if (kind === FrameKind.REFUSE) return decodeRefuse(body);
    if (kind !== FrameKind.WELCOME) {
      return refusal("unexpected-frame", `frame kind ${kind} instead of WELCOME`);
    }
    const remote = parseIntroduction(body.subarray(2 * NONCE_BYTES));
    if (remote === null) return refusal("malformed-frame", "WELCOME");
    if (!equalBytes(body.subarray(NONCE_BYTES, 2 * NONCE_BYTES), this.#self.nonce)) {
      return refusal("proof-mismatch", "WELCOME is the answer to another HELLO", remote.name);
    }
    const refused = checkRemote(this.#self, remote) ?? this.#accepts(remote);
    if (refused !== null) return refusal(refused.code, refused.detail, remote.name);
    const bytes = handshakeFrame(FrameKind.CONFIRM, body.subarray(0, NONCE_BYTES));
    return { kind: "done", bytes, remote, ciphers: null };
  }
}

/** The acceptor's half. */
export class PlainAcceptor implements Handshake {
  readonly #self: PlainSelf;
  readonly #admitter: Admitter;
  #remote: Hello | null = null;
  #done = false;

  constructor(self: PlainSelf, admitter: Admitter) {
    this.#self = self;
    this.#admitter = admitter;
  }

  begin(): Uint8Array {
    return NOTHING;
  }

  handleFrame(kind: number, body: Uint8Array): HandshakeStep {
    if (this.#done) return refusal("unexpected-frame", "the handshake is over");
    if (this.#remote === null) {
      const step = this.#handleHello(kind, body);
      this.#done = step.kind !== "send";
      return step;
    }
    this.#done = true;
    const remote = this.#remote;
    if (kind === FrameKind.REFUSE) return decodeRefuse(body);
    if (kind !== FrameKind.CONFIRM) {
      const detail = `frame kind ${kind} instead of CONFIRM`;
      return refusal("unexpected-frame", detail, remote.name);
    }
    if (!equalBytes(body, this.#self.nonce)) {
      return refusal("proof-mismatch", "CONFIRM is the answer to another WELCOME", remote.name);
    }
    return { kind: "done", bytes: NOTHING, remote, ciphers: null };
  }

  #handleHello(kind: number, body: Uint8Array): HandshakeStep {
    const suite = suiteOf(kind, body);
    if (typeof suite !== "number") return suite;
    if (suite !== Suite.PLAIN) {
      return refusal("proof-mismatch", "the other end has a secret, and this one has none");
    }
    const parsed = parsePlainHello(body.subarray(PREAMBLE_BYTES));
    if (parsed === null) return refusal("malformed-frame", "HELLO");
    const { to, nonce, remote } = parsed;
    const refused = checkRemote(this.#self, remote) ?? this.#admitter.admits(remote, to);
    if (refused !== null) return refusal(refused.code, refused.detail, remote.name);
    this.#remote = remote;
    const { introduction, nonce: own } = this.#self;
    const bytes = handshakeFrame(
      FrameKind.WELCOME,
      own,
      nonce,
      encodeIntroduction(introduction),
    );
    return { kind: "send", bytes };
  }
}

/** What comes after the preamble of a plain HELLO; `null` when it is malformed. */
function parsePlainHello(
  rest: Uint8Array,
): { nonce: Uint8Array; to: string; remote: Hello } | null {
  const nonce = rest.subarray(0, NONCE_BYTES);
  const high = rest[NONCE_BYTES];
  const low = rest[NONCE_BYTES + 1];
  if (high === undefined || low === undefined) return null;
  const start = NONCE_BYTES + 2 + (high << 8 | low);
  const to = parseTo(rest.subarray(NONCE_BYTES, start));
  const remote = parseIntroduction(rest.subarray(start));
  return to === null || remote === null ? null : { nonce, to, remote };
}
