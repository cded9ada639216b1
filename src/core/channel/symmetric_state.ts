/**
 * What both ends of a handshake have hashed and mixed so far.
 *
 * Specified in: the Noise Protocol Framework, revision 34, sections 4.3 and 5.2.
 *
 * @module
 */

import { CipherState } from "./cipher_state.ts";
import { type CipherName, KEY_BYTES, type NoisePrimitives, TAG_BYTES } from "./primitives.ts";

const encoder = new TextEncoder();
const NOTHING = new Uint8Array(0);

/** A chaining key, a hash, and a cipher once something secret was mixed in (5.2). */
export class SymmetricState {
  readonly #primitives: NoisePrimitives;
  readonly #cipherName: CipherName;
  readonly #cipher: CipherState;
  #chainingKey: Uint8Array;
  #hash: Uint8Array;

  /** `InitializeSymmetric(protocol_name)`. */
  constructor(primitives: NoisePrimitives, protocolName: string, cipherName: CipherName) {
    this.#primitives = primitives;
    this.#cipherName = cipherName;
    this.#cipher = new CipherState(primitives, cipherName);
    const name = encoder.encode(protocolName);
    this.#hash = new Uint8Array(KEY_BYTES);
    if (name.length <= KEY_BYTES) this.#hash.set(name);
    else this.#hash = primitives.sha256(name);
    this.#chainingKey = this.#hash;
  }

  /** `GetHandshakeHash()`: the same at both ends of one handshake, and of no other. */
  get hash(): Uint8Array {
    return this.#hash;
  }

  /** How many bytes `encryptAndHash` adds. */
  get tagBytes(): number {
    return this.#cipher.hasKey ? TAG_BYTES : 0;
  }

  /** `MixKey(input_key_material)`. */
  mixKey(material: Uint8Array): void {
    const [chainingKey, key] = this.#derive(material, 2);
    this.#chainingKey = chainingKey!;
    this.#cipher.initializeKey(key!);
  }

  /** `MixHash(data)`. */
  mixHash(data: Uint8Array): void {
    this.#hash = this.#primitives.sha256(this.#hash, data);
  }

  /** `MixKeyAndHash(input_key_material)`: for pre-shared keys (9.2). */
  mixKeyAndHash(material: Uint8Array): void {
    const [chainingKey, hashed, key] = this.#derive(material, 3);
    this.#chainingKey = chainingKey!;
    this.mixHash(hashed!);
    this.#cipher.initializeKey(key!);
  }

  /** `EncryptAndHash(plaintext)`, to `target` from `offset` on; returns the offset after it. */
  encryptAndHash(plaintext: Uint8Array, target: Uint8Array, offset: number): number {
    const end = offset + this.#cipher.seal(this.#hash, plaintext, target, offset);
    this.mixHash(target.subarray(offset, end));
    return end;
  }

  /** `DecryptAndHash(ciphertext)`; `null` when it does not open. */
  decryptAndHash(sealed: Uint8Array): Uint8Array | null {
    const plaintext = this.#cipher.open(this.#hash, sealed);
    if (plaintext !== null) this.mixHash(sealed);
    return plaintext;
  }

  /** `Split()`: the initiator's sending direction first. */
  split(): [CipherState, CipherState] {
    const [first, second] = this.#derive(NOTHING, 2);
    return [this.#cipherOf(first!), this.#cipherOf(second!)];
  }

  #cipherOf(key: Uint8Array): CipherState {
    const cipher = new CipherState(this.#primitives, this.#cipherName);
    cipher.initializeKey(key);
    return cipher;
  }

  /** `HKDF(chaining_key, input_key_material, num_outputs)` (4.3). */
  #derive(material: Uint8Array, count: 2 | 3): Uint8Array[] {
    const { hmacSha256 } = this.#primitives;
    const temporary = hmacSha256(this.#chainingKey, material);
    const outputs: Uint8Array[] = [];
    let last: Uint8Array = NOTHING;
    for (let index = 1; index <= count; index++) {
      last = hmacSha256(temporary, last, Uint8Array.of(index));
      outputs.push(last);
    }
    return outputs;
  }
}
