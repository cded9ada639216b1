/**
 * What the channel needs of cryptography, and all it needs: whoever runs it hands this in.
 *
 * The real ones come with a runtime (`ChannelPrimitives` in `runtime/runtime.ts` offers these and a
 * little more), the simulator has cheap ones. The names are those of the Noise specification
 * (revision 34), sections 4.1 to 4.3.
 *
 * @module
 */

/** The ciphers, as a protocol name spells them (section 12). */
export type CipherName = "AESGCM" | "ChaChaPoly";

/** Bytes of a public key, of a shared secret, of a hash, of a cipher key and of a pre-shared key. */
export const KEY_BYTES = 32;

/** Bytes of the tag at the end of every sealed piece. */
export const TAG_BYTES = 16;

/** Bytes of a nonce as the ciphers take it. */
export const AEAD_NONCE_BYTES = 12;

/** A cipher with its key. */
export interface Aead {
  /** Writes the ciphertext of `plaintext` and its tag to `target`, from `offset` on. */
  seal(
    nonce: Uint8Array,
    associated: Uint8Array,
    plaintext: Uint8Array,
    target: Uint8Array,
    offset: number,
  ): void;
  /** The plaintext of ciphertext and tag; `null` when the tag is not right. */
  open(nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Uint8Array | null;
}

/** A key pair of X25519. */
export interface KeyPair {
  /** `KEY_BYTES` bytes. */
  readonly publicKey: Uint8Array;
  /** The secret that both share; `null` for a public key that nobody's private key belongs to. */
  agree(publicKey: Uint8Array): Uint8Array | null;
}

/** The functions. */
export interface NoisePrimitives {
  /** A cipher with a key of `KEY_BYTES`. */
  aead(cipher: CipherName, key: Uint8Array): Aead;
  /** SHA-256 over the parts, one after the other. */
  sha256(...parts: readonly Uint8Array[]): Uint8Array;
  /** HMAC-SHA-256 over the parts, one after the other. */
  hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array;
}
