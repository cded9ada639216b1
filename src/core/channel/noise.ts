/**
 * A Noise handshake: messages that carry keys and payloads until both ends share two ciphers.
 *
 * The state machine takes its pattern as lists of tokens, so one and the same code runs the
 * published vectors of many patterns and the one that freshlink speaks. It draws no random number:
 * the ephemeral key pair is handed in and must be used for one handshake only. Deviations from the
 * specification: none; left out are fallback patterns (section 10) and 448 and BLAKE2 (12).
 *
 * Specified in: the Noise Protocol Framework, revision 34, sections 5.3, 7 and 9.
 * https://noiseprotocol.org/noise.html
 *
 * @module
 */

import type { CipherState } from "./cipher_state.ts";
import {
  type CipherName,
  KEY_BYTES,
  type KeyPair,
  type NoisePrimitives,
  TAG_BYTES,
} from "./primitives.ts";
import { SymmetricState } from "./symmetric_state.ts";

/** The longest message, in bytes (section 3). */
export const NOISE_MESSAGE_MAX_BYTES = 65_535;

/** What a message does, one after the other (7.1, 9.2). */
export type Token = "e" | "s" | "ee" | "es" | "se" | "ss" | "psk";

/** Who knows what before, and what is sent (7.1). */
export interface Pattern {
  /** With its modifiers, as a protocol name spells it: `XXpsk0`. */
  readonly name: string;
  /** Whether the responder knows the initiator's static key before the first message. */
  readonly initiatorIsKnown: boolean;
  /** Whether the initiator knows the responder's static key before the first message. */
  readonly responderIsKnown: boolean;
  /** The messages; the initiator sends the first, then they take turns. */
  readonly messages: readonly (readonly Token[])[];
}

/** Who one is, and what one knows. */
export interface NoiseOptions {
  readonly primitives: NoisePrimitives;
  readonly pattern: Pattern;
  readonly cipher: CipherName;
  readonly isInitiator: boolean;
  /** What both ends have said before, in clear; the handshake fails where it differs (6). */
  readonly prologue: Uint8Array;
  /** The static key pair; for patterns in which this end has none, left out. */
  readonly staticKeys?: KeyPair;
  /** Fresh: used for this handshake and never again. */
  readonly ephemeralKeys: KeyPair;
  /** The other end's static key, where the pattern wants it known. */
  readonly remoteStatic?: Uint8Array;
  /** One for each `psk` token, in their order, of `KEY_BYTES` each. */
  readonly preSharedKeys?: readonly Uint8Array[];
}

/** The name that both ends hash first (8): `Noise_XXpsk0_25519_AESGCM_SHA256`. */
export function protocolName(pattern: Pattern, cipher: CipherName): string {
  return `Noise_${pattern.name}_25519_${cipher}_SHA256`;
}

/** One end of one handshake (`HandshakeState`, 5.3). */
export class NoiseHandshake {
  readonly #pattern: Pattern;
  readonly #isInitiator: boolean;
  readonly #symmetric: SymmetricState;
  readonly #staticKeys: KeyPair | null;
  readonly #ephemeralKeys: KeyPair;
  readonly #preSharedKeys: readonly Uint8Array[];
  /** With pre-shared keys, ephemeral keys are mixed into the key too (9.2). */
  readonly #usesPreSharedKeys: boolean;
  #remoteStatic: Uint8Array | null;
  #remoteEphemeral: Uint8Array | null = null;
  #nextMessage = 0;
  #usedPreSharedKeys = 0;
  #failed = false;

  /** `Initialize(...)`. */
  constructor(options: NoiseOptions) {
    const { pattern, primitives, cipher, isInitiator } = options;
    this.#pattern = pattern;
    this.#isInitiator = isInitiator;
    this.#staticKeys = options.staticKeys ?? null;
    this.#ephemeralKeys = options.ephemeralKeys;
    this.#remoteStatic = options.remoteStatic ?? null;
    this.#preSharedKeys = options.preSharedKeys ?? [];
    this.#usesPreSharedKeys = pattern.messages.some((tokens) => tokens.includes("psk"));
    this.#symmetric = new SymmetricState(primitives, protocolName(pattern, cipher), cipher);
    this.#symmetric.mixHash(options.prologue);
    const own = this.#staticKeys?.publicKey ?? null;
    const [initiator, responder] = isInitiator
      ? [own, this.#remoteStatic]
      : [this.#remoteStatic, own];
    if (pattern.initiatorIsKnown) this.#symmetric.mixHash(initiator!);
    if (pattern.responderIsKnown) this.#symmetric.mixHash(responder!);
  }

  /** Whether the last message was written or read: `split` is next. */
  get isComplete(): boolean {
    return !this.#failed && this.#nextMessage === this.#pattern.messages.length;
  }

  /** The same at both ends of this handshake, and of no other (11.2). */
  get handshakeHash(): Uint8Array {
    return this.#symmetric.hash;
  }

  /** The other end's static key, once it was told or where it was known; else `null`. */
  get remoteStatic(): Uint8Array | null {
    return this.#remoteStatic;
  }

  /**
   * The next message, with this payload (`WriteMessage`).
   *
   * @returns `null` when the other end's key agrees with nobody's: the handshake has failed.
   */
  writeMessage(payload: Uint8Array): Uint8Array | null {
    const tokens = this.#take();
    // Each key and the payload may get a tag; what is not used is cut off.
    const room = tokens.length * (KEY_BYTES + TAG_BYTES) + payload.length + TAG_BYTES;
    const message = new Uint8Array(room);
    let offset = 0;
    for (const token of tokens) {
      if (token === "e") {
        message.set(this.#ephemeralKeys.publicKey, offset);
        offset += KEY_BYTES;
        this.#mixEphemeral(this.#ephemeralKeys.publicKey);
      } else if (token === "s") {
        offset = this.#symmetric.encryptAndHash(this.#staticKeys!.publicKey, message, offset);
      } else if (!this.#mix(token)) {
        return null;
      }
    }
    offset = this.#symmetric.encryptAndHash(payload, message, offset);
    return message.subarray(0, offset);
  }

  /**
   * The payload of the other end's next message (`ReadMessage`).
   *
   * @returns `null` when it is too short, does not open, or its key agrees with nobody's: the
   * handshake has failed, and everything it knows is worth nothing.
   */
  readMessage(message: Uint8Array): Uint8Array | null {
    const tokens = this.#take();
    let offset = 0;
    for (const token of tokens) {
      if (token === "e" || token === "s") {
        const size = KEY_BYTES + (token === "s" ? this.#symmetric.tagBytes : 0);
        if (message.length < offset + size) return this.#fail();
        const piece = message.subarray(offset, offset + size);
        offset += size;
        if (token === "e") {
          // Borrowed bytes: this one is needed again.
          this.#remoteEphemeral = piece.slice();
          this.#mixEphemeral(this.#remoteEphemeral);
        } else {
          this.#remoteStatic = this.#symmetric.decryptAndHash(piece)?.slice() ?? null;
          if (this.#remoteStatic === null) return this.#fail();
        }
      } else if (!this.#mix(token)) {
        return null;
      }
    }
    return this.#symmetric.decryptAndHash(message.subarray(offset)) ?? this.#fail();
  }

  /** The ciphers of both directions, once the handshake is complete (`Split`). */
  split(): { readonly send: CipherState; readonly receive: CipherState } {
    if (!this.isComplete) throw new Error("Cannot split a handshake that is not complete");
    const [first, second] = this.#symmetric.split();
    return this.#isInitiator ? { send: first, receive: second } : { send: second, receive: first };
  }

  /** The tokens of the next message, which is done with whatever comes of it. */
  #take(): readonly Token[] {
    const tokens = this.#pattern.messages[this.#nextMessage];
    if (tokens === undefined || this.#failed) {
      throw new Error("Cannot go on with a handshake that is over");
    }
    this.#nextMessage++;
    return tokens;
  }

  #mixEphemeral(publicKey: Uint8Array): void {
    this.#symmetric.mixHash(publicKey);
    if (this.#usesPreSharedKeys) this.#symmetric.mixKey(publicKey);
  }

  /** Mixes what a token names in; `false` when the handshake has failed. */
  #mix(token: Exclude<Token, "e" | "s">): boolean {
    if (token === "psk") {
      this.#symmetric.mixKeyAndHash(this.#preSharedKeys[this.#usedPreSharedKeys++]!);
      return true;
    }
    // The first letter is the initiator's key, the second the responder's.
    const own = this.#isInitiator ? token[0] : token[1];
    const others = this.#isInitiator ? token[1] : token[0];
    const keys = own === "e" ? this.#ephemeralKeys : this.#staticKeys!;
    const publicKey = others === "e" ? this.#remoteEphemeral! : this.#remoteStatic!;
    const shared = keys.agree(publicKey);
    if (shared === null) {
      this.#fail();
      return false;
    }
    this.#symmetric.mixKey(shared);
    return true;
  }

  #fail(): null {
    this.#failed = true;
    return null;
  }
}
