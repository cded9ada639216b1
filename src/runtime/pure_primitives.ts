/**
 * The channel's cryptography without a runtime's own, for what that runtime cannot do or does
 * wrong: the audited `@noble/ciphers` and `@noble/curves`, each loaded when it is asked for.
 *
 * @module
 */

import type { Aead, CipherName, KeyPair } from "./runtime.ts";

/** A cipher of the `@noble` family for one message. */
interface OneMessage {
  encrypt(plaintext: Uint8Array): Uint8Array;
  decrypt(sealed: Uint8Array): Uint8Array;
}

/** Makes a cipher of a key of 32 bytes. */
export async function loadPureAead(cipher: CipherName): Promise<(key: Uint8Array) => Aead> {
  const make = cipher === "AESGCM"
    ? (await import("@noble/ciphers/aes.js")).gcm
    : (await import("@noble/ciphers/chacha.js")).chacha20poly1305;
  return (key) => new PureAead((nonce, associated) => make(key, nonce, associated));
}

/** Makes a key pair of a private key of 32 bytes. */
export async function loadPureKeyPair(): Promise<(privateKey: Uint8Array) => KeyPair> {
  const { x25519 } = await import("@noble/curves/ed25519.js");
  return (privateKey) => ({
    publicKey: x25519.getPublicKey(privateKey),
    agree(publicKey) {
      try {
        return x25519.getSharedSecret(privateKey, publicKey);
      } catch {
        // A point of small order.
        return null;
      }
    },
  });
}

class PureAead implements Aead {
  readonly #forOne: (nonce: Uint8Array, associated: Uint8Array) => OneMessage;

  constructor(forOne: (nonce: Uint8Array, associated: Uint8Array) => OneMessage) {
    this.#forOne = forOne;
  }

  seal(
    nonce: Uint8Array,
    associated: Uint8Array,
    plaintext: Uint8Array,
    target: Uint8Array,
    offset: number,
  ): void {
    target.set(this.#forOne(nonce, associated).encrypt(plaintext), offset);
  }

  open(nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Uint8Array | null {
    try {
      return this.#forOne(nonce, associated).decrypt(sealed);
    } catch {
      return null;
    }
  }
}
