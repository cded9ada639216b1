/**
 * The proof that an end knows the shared secret: HMAC-SHA-256 over both ends' introductions.
 *
 * Source: docs/protocol.md, "Handshake".
 *
 * @module
 */

import type { Prove } from "../core/channel/handshake.ts";
import { PROTOCOL_VERSION } from "../core/wire/hello.ts";
import type { Hash } from "../runtime/runtime.ts";

const encoder = new TextEncoder();

/**
 * Proves with one secret.
 *
 * @param secret Empty where there is none.
 */
export function proverOf(hash: Hash, secret: Uint8Array): Prove {
  return (role, hello, welcome) =>
    hash.hmacSha256(
      secret,
      encoder.encode(`freshlink ${PROTOCOL_VERSION} ${role}\n`),
      hash.sha256(hello),
      hash.sha256(welcome),
    );
}
