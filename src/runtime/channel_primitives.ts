/**
 * The channel's cryptography over `node:crypto`, which all three runtimes have.
 *
 * Loaded when the first endpoint or client with a secret or an identity starts, so that nobody else
 * waits for it. Each part is tried before it is trusted: Bun's `node:crypto` knows no
 * ChaCha20-Poly1305, workerd's seals nothing with it and cannot agree on a secret with a public key
 * that was read. `pure_primitives.ts` does what a runtime cannot.
 *
 * @module
 */

import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  type KeyObject,
  scrypt,
} from "node:crypto";
import type { Buffer } from "node:buffer";
import { loadPureAead, loadPureKeyPair } from "./pure_primitives.ts";
import type { Aead, ChannelPrimitives, CipherName, KeyPair } from "./runtime.ts";

const TAG_BYTES = 16;
const KEY_BYTES = 32;

const ALGORITHMS = Object.freeze({ AESGCM: "aes-256-gcm", ChaChaPoly: "chacha20-poly1305" });

/** What stands before the 32 bytes of an X25519 key in DER (RFC 8410). */
const PRIVATE_PREFIX = Object.freeze([
  ...[0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22],
  ...[0x04, 0x20],
]);
const PUBLIC_PREFIX = Object.freeze(
  [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00],
);

/**
 * How a secret that people chose becomes a key: 32 MiB and about 0.1 s for each guess, the numbers
 * that RFC 7914 and OWASP give for a login. The salt is fixed, as both ends must get the same key
 * before they have said anything.
 */
const SCRYPT = Object.freeze({ N: 2 ** 15, r: 8, p: 1, maxmem: 2 ** 26 });
const SALT = "freshlink 1 secret";

const NOTHING = Object.freeze({ buffer: new ArrayBuffer(0), byteOffset: 0, length: 0 });

/**
 * The primitives.
 *
 * @param preferredCipher The one that this runtime does best: AES-GCM on Node and Bun, and
 * ChaCha20-Poly1305 on Deno, whose AES-GCM takes five times as long for a record of 64 KiB.
 */
export async function newChannelPrimitives(
  preferredCipher: CipherName,
): Promise<ChannelPrimitives> {
  const ciphers = { AESGCM: await loadAead("AESGCM"), ChaChaPoly: await loadAead("ChaChaPoly") };
  return {
    preferredCipher,
    keyPair: await loadKeyPair(),
    aead: (cipher, key) => ciphers[cipher](key),
    sha256: (...parts) => digest(createHash("sha256"), parts),
    hmacSha256: (key, ...parts) => digest(createHmac("sha256", key), parts),
    stretch: (secret) =>
      new Promise((resolve, reject) =>
        scrypt(
          secret,
          SALT,
          KEY_BYTES,
          SCRYPT,
          // Without one, Bun says undefined, and the others null.
          (error, key) => error ? reject(error) : resolve(plain(key)),
        )
      ),
  };
}

async function loadAead(cipher: CipherName): Promise<(key: Uint8Array) => Aead> {
  const native = (key: Uint8Array) => new NativeAead(ALGORITHMS[cipher], key);
  return sealsNothing(native) ? native : await loadPureAead(cipher);
}

/** Whether a message without a byte is sealed and opened: the shortest there is. */
function sealsNothing(newAead: (key: Uint8Array) => Aead): boolean {
  const [nonce, nothing, sealed] = [12, 0, TAG_BYTES].map((bytes) => new Uint8Array(bytes));
  try {
    const aead = newAead(new Uint8Array(KEY_BYTES));
    aead.seal(nonce!, nonce!, nothing!, sealed!, 0);
    return aead.open(nonce!, nonce!, sealed!)?.length === 0;
  } catch {
    return false;
  }
}

async function loadKeyPair(): Promise<(privateKey: Uint8Array) => KeyPair> {
  const native = (privateKey: Uint8Array) => new NativeKeyPair(privateKey);
  return agrees(native) ? native : await loadPureKeyPair();
}

/** Whether a secret comes of a public key that was read. */
function agrees(newKeyPair: (privateKey: Uint8Array) => KeyPair): boolean {
  try {
    const pair = newKeyPair(new Uint8Array(KEY_BYTES).fill(1));
    return pair.agree(pair.publicKey) !== null;
  } catch {
    return false;
  }
}

class NativeAead implements Aead {
  readonly #algorithm: (typeof ALGORITHMS)[CipherName];
  readonly #key: KeyObject;

  constructor(algorithm: (typeof ALGORITHMS)[CipherName], key: Uint8Array) {
    this.#algorithm = algorithm;
    this.#key = createSecretKey(key);
  }

  seal(
    nonce: Uint8Array,
    associated: Uint8Array,
    plaintext: Uint8Array,
    target: Uint8Array,
    offset: number,
  ): void {
    // The types of the one know the other's algorithms only by another name.
    const algorithm = this.#algorithm as "chacha20-poly1305";
    const cipher = createCipheriv(algorithm, this.#key, nonce, { authTagLength: TAG_BYTES });
    if (associated.length > 0) {
      cipher.setAAD(associated, { plaintextLength: plaintext.length });
    }
    // Workerd fails where there is nothing to take.
    if (plaintext.length > 0) target.set(cipher.update(plaintext), offset);
    cipher.final();
    target.set(cipher.getAuthTag(), offset + plaintext.length);
  }

  open(nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Uint8Array | null {
    const end = sealed.length - TAG_BYTES;
    if (end < 0) return null;
    const algorithm = this.#algorithm as "chacha20-poly1305";
    const decipher = createDecipheriv(algorithm, this.#key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAuthTag(sealed.subarray(end));
    if (associated.length > 0) decipher.setAAD(associated, { plaintextLength: end });
    const plaintext = end > 0 ? decipher.update(sealed.subarray(0, end)) : NOTHING;
    try {
      decipher.final();
    } catch {
      return null;
    }
    return plain(plaintext);
  }
}

class NativeKeyPair implements KeyPair {
  readonly publicKey: Uint8Array;
  readonly #privateKey: KeyObject;

  constructor(privateKey: Uint8Array) {
    this.#privateKey = createPrivateKey({
      key: der(PRIVATE_PREFIX, privateKey),
      format: "der",
      type: "pkcs8",
    });
    const publicKey = createPublicKey(this.#privateKey).export({ format: "der", type: "spki" });
    this.publicKey = plain(publicKey).slice(-KEY_BYTES);
  }

  agree(publicKey: Uint8Array): Uint8Array | null {
    try {
      const key = createPublicKey({
        key: der(PUBLIC_PREFIX, publicKey),
        format: "der",
        type: "spki",
      });
      const shared = plain(diffieHellman({ privateKey: this.#privateKey, publicKey: key }));
      // A point of small order: whatever the private key is, this is what comes out.
      return shared.every((byte) => byte === 0) ? null : shared;
    } catch {
      return null;
    }
  }
}

function der(prefix: readonly number[], key: Uint8Array): Buffer {
  const bytes = new Uint8Array([...prefix, ...key]);
  // The types want a Buffer, the functions take any bytes.
  return bytes as Buffer;
}

function digest(
  hash: { update(part: Uint8Array): unknown; digest(): Uint8Array },
  parts: readonly Uint8Array[],
): Uint8Array {
  for (const part of parts) hash.update(part);
  return plain(hash.digest());
}

/** A `Buffer` as the plain array that it is: its `slice` is a view, and nobody above expects that. */
function plain(
  { buffer, byteOffset, length }: Pick<Uint8Array, "buffer" | "byteOffset" | "length">,
): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}
