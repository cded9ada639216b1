/**
 * The handshake under a secret: `Noise_XXpsk0_25519_<cipher>_SHA256` in the three frames.
 *
 * | frame | in clear | sealed |
 * | --- | --- | --- |
 * | HELLO | preamble (the prologue), ephemeral key | whom the dialer means |
 * | WELCOME | ephemeral key | the acceptor's static key and introduction |
 * | CONFIRM | – | the dialer's static key and introduction |
 *
 * The first message can be recorded and has no forward secrecy, so it names nobody who dials.
 * Whoever does not know the secret can neither read nor answer it, and costs no Diffie-Hellman. A
 * REFUSE in clear is a hint and bare of words: anybody on the path can say it.
 *
 * A life is bound to the key that began it: its bootId is a hash of both. So nobody who knows the
 * secret, and has heard of a bootId, can go on in its session. Where an identity was renewed, the
 * introduction is followed by that first key and a proof that its holder speaks (`Succession`).
 *
 * Source: docs/protocol.md, "Handshake".
 *
 * @module
 */

import { FrameKind } from "../wire/frame.ts";
import {
  BOOT_ID_BYTES,
  bootIdOf,
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
  type Handshake,
  handshakeFrame,
  type HandshakeSelf,
  type HandshakeStep,
  refusal,
  Suite,
  suiteOf,
} from "./handshake.ts";
import { NoiseHandshake } from "./noise.ts";
import { XX_PSK0 } from "./noise_patterns.ts";
import { type CipherName, KEY_BYTES, type KeyPair, type NoisePrimitives } from "./primitives.ts";
import type { SeenKeys } from "./seen_keys.ts";
import { provedLife, proveLife, SUCCESSION_BYTES } from "./succession.ts";

/** What an end under a secret needs to know of itself. */
export interface NoiseSelf extends HandshakeSelf {
  readonly primitives: NoisePrimitives;
  readonly staticKeys: KeyPair;
  /** Those with which this life began, where it has others by now. */
  readonly lifeKeys?: KeyPair;
  /** Fresh: used for this handshake and never again. */
  readonly ephemeralKeys: KeyPair;
  /** What is known: the first is dialled with, all are accepted. */
  readonly preSharedKeys: readonly Uint8Array[];
}

const NOTHING = new Uint8Array(0);

const SUITE_OF: Readonly<Record<CipherName, number>> = Object.freeze({
  AESGCM: Suite.AESGCM,
  ChaChaPoly: Suite.CHACHAPOLY,
});

const CIPHER_OF: ReadonlyMap<number, CipherName> = new Map(
  (Object.keys(SUITE_OF) as CipherName[]).map((cipher) => [SUITE_OF[cipher], cipher]),
);

/** The bootId of a life that holds this key, and says these bytes of itself: bound to both. */
export function lifeOf(
  { sha256 }: NoisePrimitives,
  staticKey: Uint8Array,
  told: Uint8Array,
): string {
  return bootIdOf(sha256(staticKey, told).subarray(0, BOOT_ID_BYTES));
}

/** The dialer's half. */
export class NoiseDialer implements Handshake {
  readonly #self: NoiseSelf;
  readonly #to: string;
  readonly #accepts: (remote: Hello) => Admission;
  readonly #noise: NoiseHandshake;
  readonly #preamble: Uint8Array;
  #done = false;

  /**
   * @param cipher What this end does best.
   * @param to The name that is dialled; empty for a client that takes whoever listens there.
   * @param accepts Asked once the acceptor has proved who it is.
   */
  constructor(
    self: NoiseSelf,
    cipher: CipherName,
    to: string,
    accepts: (remote: Hello) => Admission,
  ) {
    this.#self = self;
    this.#to = to;
    this.#accepts = accepts;
    this.#preamble = encodePreamble(SUITE_OF[cipher]);
    this.#noise = newNoise(self, cipher, self.preSharedKeys[0]!, this.#preamble, true);
  }

  begin(): Uint8Array {
    // Without a Diffie-Hellman in it, this message cannot fail.
    const message = this.#noise.writeMessage(encodeTo(this.#to))!;
    return handshakeFrame(FrameKind.HELLO, this.#preamble, message);
  }

  handleFrame(kind: number, body: Uint8Array): HandshakeStep {
    if (this.#done) return refusal("unexpected-frame", "the handshake is over");
    this.#done = true;
    if (kind === FrameKind.REFUSE) return decodeRefuse(body);
    if (kind !== FrameKind.WELCOME) {
      return refusal("unexpected-frame", `frame kind ${kind} instead of WELCOME`);
    }
    const hash = this.#noise.handshakeHash;
    const told = this.#noise.readMessage(body);
    if (told === null) return refusal("proof-mismatch", "WELCOME does not open");
    const remote = introduced(this.#self, this.#noise, hash, told);
    if (remote === null) return refusal("malformed-frame", "WELCOME");
    const refused = checkRemote(this.#self, remote) ?? this.#accepts(remote);
    if (refused !== null) return refusal(refused.code, refused.detail, remote.name);
    const message = this.#noise.writeMessage(introduce(this.#self, this.#noise, body));
    if (message === null) return refusal("proof-mismatch", "WELCOME has a key that is none");
    const bytes = handshakeFrame(FrameKind.CONFIRM, message);
    return { kind: "done", bytes, remote, ciphers: this.#noise.split() };
  }
}

/** The acceptor's half. */
export class NoiseAcceptor implements Handshake {
  readonly #self: NoiseSelf;
  readonly #admitter: Admitter;
  readonly #seen: SeenKeys;
  #noise: NoiseHandshake | null = null;
  #to = "";
  #done = false;

  /** @param seen The ephemeral keys of first messages that came lately. */
  constructor(self: NoiseSelf, admitter: Admitter, seen: SeenKeys) {
    this.#self = self;
    this.#admitter = admitter;
    this.#seen = seen;
  }

  begin(): Uint8Array {
    return NOTHING;
  }

  handleFrame(kind: number, body: Uint8Array): HandshakeStep {
    if (this.#done) return refusal("unexpected-frame", "the handshake is over");
    if (this.#noise === null) {
      const step = this.#handleHello(kind, body);
      this.#done = step.kind !== "send";
      return step;
    }
    this.#done = true;
    if (kind === FrameKind.REFUSE) return decodeRefuse(body);
    if (kind !== FrameKind.CONFIRM) {
      return refusal("unexpected-frame", `frame kind ${kind} instead of CONFIRM`);
    }
    const hash = this.#noise.handshakeHash;
    const told = this.#noise.readMessage(body);
    if (told === null) return refusal("proof-mismatch", "CONFIRM does not open");
    const remote = introduced(this.#self, this.#noise, hash, told);
    const ciphers = this.#noise.split();
    if (remote === null) return refusal("malformed-frame", "CONFIRM", null, ciphers);
    const refused = checkRemote(this.#self, remote) ?? this.#admitter.admits(remote, this.#to);
    if (refused !== null) return refusal(refused.code, refused.detail, remote.name, ciphers);
    return { kind: "done", bytes: NOTHING, remote, ciphers };
  }

  #handleHello(kind: number, body: Uint8Array): HandshakeStep {
    const suite = suiteOf(kind, body);
    if (typeof suite !== "number") return suite;
    const cipher = CIPHER_OF.get(suite);
    if (cipher === undefined) {
      const detail = suite === Suite.PLAIN
        ? "this end has a secret, and the other one has none"
        : `suite ${suite} is not spoken`;
      return refusal("proof-mismatch", detail);
    }
    const preamble = body.subarray(0, PREAMBLE_BYTES);
    const message = body.subarray(PREAMBLE_BYTES);
    const opened = this.#open(cipher, preamble, message);
    if (opened === null) return refusal("proof-mismatch", "the two ends have different secrets");
    const { noise, told } = opened;
    if (!this.#seen.add(message.subarray(0, KEY_BYTES))) {
      return refusal("proof-mismatch", "HELLO came before");
    }
    const to = parseTo(told);
    if (to === null) return refusal("malformed-frame", "HELLO");
    const refused = this.#admitter.admitsTo(to);
    if (refused !== null) return refusal(refused.code, refused.detail);
    if (!this.#admitter.affords()) return refusal("overloaded", "too many handshakes at a time");
    const answer = noise.writeMessage(introduce(this.#self, noise, message));
    if (answer === null) return refusal("proof-mismatch", "HELLO has a key that is none");
    this.#to = to;
    this.#noise = noise;
    return { kind: "send", bytes: handshakeFrame(FrameKind.WELCOME, answer) };
  }

  /** Whichever secret opens it. Without Diffie-Hellman, so each costs a few hashes. */
  #open(
    cipher: CipherName,
    preamble: Uint8Array,
    message: Uint8Array,
  ): { noise: NoiseHandshake; told: Uint8Array } | null {
    for (const preSharedKey of this.#self.preSharedKeys) {
      const noise = newNoise(this.#self, cipher, preSharedKey, preamble, false);
      const told = noise.readMessage(message);
      if (told !== null) return { noise, told };
    }
    return null;
  }
}

function newNoise(
  { primitives, staticKeys, ephemeralKeys }: NoiseSelf,
  cipher: CipherName,
  preSharedKey: Uint8Array,
  prologue: Uint8Array,
  isInitiator: boolean,
): NoiseHandshake {
  return new NoiseHandshake({
    primitives,
    pattern: XX_PSK0,
    cipher,
    isInitiator,
    prologue,
    staticKeys,
    ephemeralKeys,
    preSharedKeys: [preSharedKey],
  });
}

/**
 * The introduction of this end.
 *
 * @param message The other end's last one, which its ephemeral key begins.
 */
function introduce(self: NoiseSelf, noise: NoiseHandshake, message: Uint8Array): Uint8Array {
  const introduction = encodeIntroduction(self.introduction);
  const { lifeKeys = self.staticKeys } = self;
  if (lifeKeys === self.staticKeys) return introduction;
  const ephemeral = message.slice(0, KEY_BYTES);
  const succession = proveLife({ ...self, lifeKeys }, noise.handshakeHash, ephemeral);
  // A key that agrees with nobody's: the message cannot be written, either.
  return succession === null ? introduction : Uint8Array.from([...introduction, ...succession]);
}

/**
 * Who the other end is: what it says, and the life that its key makes of its bootId.
 *
 * @param hash What both ends had hashed before its message.
 */
function introduced(
  self: NoiseSelf,
  noise: NoiseHandshake,
  hash: Uint8Array,
  told: Uint8Array,
): Hello | null {
  const key = noise.remoteStatic!;
  let lifeKey: Uint8Array | null = key;
  let remote = parseIntroduction(told);
  if (remote === null && told.length > SUCCESSION_BYTES) {
    const end = told.length - SUCCESSION_BYTES;
    remote = parseIntroduction(told.subarray(0, end));
    lifeKey = provedLife(self, hash, key, told.subarray(end));
  }
  // Whoever tells this end's own bytes is itself, whatever its key.
  if (remote === null || remote.bootId === self.introduction.bootId) return remote;
  if (lifeKey === null) return null;
  const bootId = lifeOf(self.primitives, lifeKey, bytesOf(remote.bootId));
  return { ...remote, bootId, publicKey: keyText(key) };
}

/** A public key as people write it: base64url. */
export function keyText(key: Uint8Array): string {
  const text = btoa(String.fromCharCode(...key));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function bytesOf(bootId: string): Uint8Array {
  return Uint8Array.from(
    { length: BOOT_ID_BYTES },
    (_, index) => parseInt(bootId.slice(index * 2, index * 2 + 2), 16),
  );
}
