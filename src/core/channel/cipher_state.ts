/**
 * The cipher of one direction: a key and the number of its next nonce.
 *
 * Specified in: the Noise Protocol Framework, revision 34, sections 5.1, 11.3 and 12.
 *
 * @module
 */

import {
  type Aead,
  AEAD_NONCE_BYTES,
  type CipherName,
  KEY_BYTES,
  type NoisePrimitives,
  TAG_BYTES,
} from "./primitives.ts";

/** The last nonce that seals anything: beyond it doubles lose whole numbers; no counter wraps. */
export const NONCE_MAX = Number.MAX_SAFE_INTEGER - 1;

const NOTHING = new Uint8Array(0);

/** The nonce of `REKEY`, 2^64 - 1, is the same in either byte order. */
const REKEY_NONCE: readonly number[] = Object.freeze([0, 0, 0, 0, ...Array(8).fill(0xff)]);

/** A cipher, its key and its counter (5.1). */
export class CipherState {
  readonly #primitives: NoisePrimitives;
  readonly #cipher: CipherName;
  readonly #nonce = new Uint8Array(AEAD_NONCE_BYTES);
  readonly #nonceView = new DataView(this.#nonce.buffer);
  #aead: Aead | null = null;
  #next = 0;

  /** `InitializeKey(empty)`: without a key, plaintext passes as it is. */
  constructor(primitives: NoisePrimitives, cipher: CipherName) {
    this.#primitives = primitives;
    this.#cipher = cipher;
  }

  /** Whether there is a key (`HasKey`). */
  get hasKey(): boolean {
    return this.#aead !== null;
  }

  /** The number of the next nonce. */
  get nextNonce(): number {
    return this.#next;
  }

  /** Starts again with a key (`InitializeKey`). */
  initializeKey(key: Uint8Array): void {
    this.#aead = this.#primitives.aead(this.#cipher, key);
    this.#next = 0;
  }

  /** Goes on from another nonce (`SetNonce`); for what is far away in the life of a key. */
  setNonce(next: number): void {
    this.#next = next;
  }

  /**
   * Writes ciphertext and tag to `target` (`EncryptWithAd`).
   *
   * @returns How many bytes were written: `TAG_BYTES` more than the plaintext has, with a key.
   * @throws {RangeError} When the nonces are used up: one is never used twice.
   */
  seal(
    associated: Uint8Array,
    plaintext: Uint8Array,
    target: Uint8Array,
    offset: number,
  ): number {
    if (this.#aead === null) {
      target.set(plaintext, offset);
      return plaintext.length;
    }
    if (this.#next > NONCE_MAX) throw new RangeError("Cannot seal as the nonces are used up");
    this.#aead.seal(this.#encodeNonce(this.#next), associated, plaintext, target, offset);
    this.#next++;
    return plaintext.length + TAG_BYTES;
  }

  /**
   * The plaintext (`DecryptWithAd`).
   *
   * @returns `null` when the tag is not right or the nonces are used up; the nonce stays then.
   */
  open(associated: Uint8Array, sealed: Uint8Array): Uint8Array | null {
    if (this.#aead === null) return sealed;
    if (sealed.length < TAG_BYTES || this.#next > NONCE_MAX) return null;
    const plaintext = this.#aead.open(this.#encodeNonce(this.#next), associated, sealed);
    if (plaintext !== null) this.#next++;
    return plaintext;
  }

  /** Puts another key in the place of this one; the nonce counts on (`Rekey`, 4.2 and 11.3). */
  rekey(): void {
    const sealed = new Uint8Array(KEY_BYTES + TAG_BYTES);
    this.#aead!.seal(Uint8Array.from(REKEY_NONCE), NOTHING, new Uint8Array(KEY_BYTES), sealed, 0);
    this.#aead = this.#primitives.aead(this.#cipher, sealed.subarray(0, KEY_BYTES));
  }

  /** 32 bits of zeros, then the number: big-endian for AESGCM, little-endian for ChaChaPoly (12). */
  #encodeNonce(value: number): Uint8Array {
    const isLittle = this.#cipher === "ChaChaPoly";
    const high = Math.floor(value / 0x1_0000_0000);
    const low = value % 0x1_0000_0000;
    this.#nonceView.setUint32(4, isLittle ? low : high, isLittle);
    this.#nonceView.setUint32(8, isLittle ? high : low, isLittle);
    return this.#nonce;
  }
}
