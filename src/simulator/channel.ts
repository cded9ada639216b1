/**
 * The channel's cryptography as the simulator has it: cheap, decided by its inputs, and worth
 * nothing against anybody who can compute. What is flipped, cut, repeated, moved or comes from
 * elsewhere does not open, and that is all a simulated attacker tries.
 *
 * @module
 */

import type { Aead, ChannelPrimitives, KeyPair } from "../runtime/runtime.ts";

const KEY_BYTES = 32;
const TAG_BYTES = 16;

/** The primitives of every simulated process. */
export const cheapPrimitives: ChannelPrimitives = Object.freeze({
  preferredCipher: "AESGCM",
  keyPair: (privateKey: Uint8Array) => new CheapKeyPair(privateKey),
  aead: (cipher: string, key: Uint8Array) => new CheapAead(cipher === "AESGCM" ? 1 : 2, key),
  sha256: (...parts: readonly Uint8Array[]) => mix(KEY_BYTES, 3, parts),
  hmacSha256: (key: Uint8Array, ...parts: readonly Uint8Array[]) =>
    mix(KEY_BYTES, 4, [key, ...parts]),
  stretch: (secret: Uint8Array) => Promise.resolve(mix(KEY_BYTES, 5, [secret])),
});

class CheapAead implements Aead {
  readonly #seed: number;
  readonly #key: Uint8Array;

  constructor(seed: number, key: Uint8Array) {
    this.#seed = seed;
    this.#key = key.slice();
  }

  seal(
    nonce: Uint8Array,
    associated: Uint8Array,
    plaintext: Uint8Array,
    target: Uint8Array,
    offset: number,
  ): void {
    const end = offset + plaintext.length;
    target.set(plaintext, offset);
    const sealed = target.subarray(offset, end);
    this.#mask(nonce, sealed);
    target.set(this.#tag(nonce, associated, sealed), end);
  }

  open(nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Uint8Array | null {
    const end = sealed.length - TAG_BYTES;
    if (end < 0) return null;
    const plaintext = sealed.slice(0, end);
    const expected = this.#tag(nonce, associated, plaintext);
    for (let index = 0; index < TAG_BYTES; index++) {
      if (expected[index] !== sealed[end + index]) return null;
    }
    this.#mask(nonce, plaintext);
    return plaintext;
  }

  /** The tag is over the ciphertext. */
  #tag(nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Uint8Array {
    return mix(TAG_BYTES, this.#seed, [this.#key, nonce, associated, sealed]);
  }

  #mask(nonce: Uint8Array, bytes: Uint8Array): void {
    const stream = words(mix(KEY_BYTES, this.#seed + 8, [this.#key, nonce]));
    const view = words(bytes);
    const whole = bytes.length & ~3;
    for (let index = 0; index < whole; index += 4) {
      const mask = stream.getUint32(index % KEY_BYTES, true) ^ Math.imul(index >>> 5, 0x01010101);
      view.setUint32(index, view.getUint32(index, true) ^ mask, true);
    }
    for (let index = whole; index < bytes.length; index++) {
      bytes[index] = bytes[index]! ^ stream.getUint8(index % KEY_BYTES) ^ (index >>> 5);
    }
  }
}

/** The public key is the private one, scrambled by what both ends know; the secret is the sum. */
class CheapKeyPair implements KeyPair {
  readonly publicKey: Uint8Array;
  readonly #privateKey: Uint8Array;

  constructor(privateKey: Uint8Array) {
    this.#privateKey = privateKey.slice();
    this.publicKey = privateKey.map((byte) => byte ^ SCRAMBLE);
  }

  agree(publicKey: Uint8Array): Uint8Array | null {
    if (publicKey.every((byte) => byte === 0)) return null;
    const sum = this.#privateKey.map((byte, index) => byte ^ publicKey[index]! ^ SCRAMBLE);
    return mix(KEY_BYTES, 6, [sum]);
  }
}

const SCRAMBLE = 0x5a;

function words({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Four lanes of 32 bits, stirred with every word, byte of what is left, and length. */
function mix(byteCount: number, seed: number, parts: readonly Uint8Array[]): Uint8Array {
  let a = 0x9e3779b9 ^ seed;
  let b = 0x85ebca6b;
  let c = 0xc2b2ae35;
  let d = 0x27d4eb2f;
  for (const part of parts) {
    const { length } = part;
    const view = words(part);
    let index = 0;
    while (index < length) {
      const isWord = index + 4 <= length;
      const next = isWord ? view.getUint32(index, true) : part[index]!;
      index += isWord ? 4 : 1;
      a = Math.imul(a ^ next, 0x01000193);
      b = Math.imul(b + a, 0x5bd1e995) ^ (a >>> 15);
    }
    c = (c ^ b) + (d << 3 | d >>> 29) | 0;
    d = Math.imul(d ^ c, 0x2c1b3c6d) + a | 0;
    a = Math.imul(a ^ length, 0x297a2d39);
    b ^= a >>> 13;
  }
  const output = new Uint8Array(byteCount);
  for (let index = 0; index < byteCount; index++) {
    a = Math.imul(a ^ d ^ index, 0x01000193);
    b = Math.imul(b + a, 0x5bd1e995) ^ (a >>> 15);
    c = (c ^ b) + (d << 3 | d >>> 29) | 0;
    d = Math.imul(d ^ c, 0x2c1b3c6d) ^ (b >>> 11);
    output[index] = (a ^ b >>> 8 ^ c >>> 16 ^ d >>> 24) & 0xff;
  }
  return output;
}
