/**
 * How a life goes on under another static key: with a renewed identity.
 *
 * A life is bound to the key that began it. An end whose identity was renewed introduces itself under
 * its new key, and adds the first one with a proof that it still holds it:
 *
 * ```text
 * first public key, HMAC(DH(first private key, the other end's ephemeral key), label, h, new public key)
 * ```
 *
 * `h` is what both ends have hashed before that message. The ephemeral key is fresh, so the proof is
 * worth nothing in another handshake; the new key is in it, so it is worth nothing to anybody else.
 * Only the two ends can compute it, and it travels sealed.
 *
 * Source: docs/protocol.md, "Handshake".
 *
 * @module
 */

import { equalBytes } from "./handshake.ts";
import { KEY_BYTES, type KeyPair, type NoisePrimitives } from "./primitives.ts";

/** Bytes of a succession: a key and a proof. */
export const SUCCESSION_BYTES: number = 2 * KEY_BYTES;

const LABEL = new TextEncoder().encode("freshlink succession 1");

/**
 * What follows an introduction.
 *
 * @param remoteEphemeral The other end's, of this handshake.
 * @returns `null` when that key agrees with nobody's.
 */
export function proveLife(
  self: {
    readonly primitives: NoisePrimitives;
    readonly staticKeys: KeyPair;
    readonly lifeKeys: KeyPair;
  },
  hash: Uint8Array,
  remoteEphemeral: Uint8Array,
): Uint8Array | null {
  const { primitives, staticKeys, lifeKeys } = self;
  const shared = lifeKeys.agree(remoteEphemeral);
  if (shared === null) return null;
  const proof = proofOf(primitives, shared, hash, staticKeys.publicKey);
  return Uint8Array.from([...lifeKeys.publicKey, ...proof]);
}

/**
 * The key with which the other end's life began.
 *
 * @param staticKey The one that it has now.
 * @returns `null` when that is not proved.
 */
export function provedLife(
  self: { readonly primitives: NoisePrimitives; readonly ephemeralKeys: KeyPair },
  hash: Uint8Array,
  staticKey: Uint8Array,
  succession: Uint8Array,
): Uint8Array | null {
  const key = succession.slice(0, KEY_BYTES);
  const shared = self.ephemeralKeys.agree(key);
  if (shared === null) return null;
  const proof = proofOf(self.primitives, shared, hash, staticKey);
  return equalBytes(proof, succession.subarray(KEY_BYTES)) ? key : null;
}

function proofOf(
  { hmacSha256 }: NoisePrimitives,
  shared: Uint8Array,
  hash: Uint8Array,
  staticKey: Uint8Array,
): Uint8Array {
  return hmacSha256(shared, LABEL, hash, staticKey);
}
