/**
 * The hash of every runtime, the simulated one too: synchronous and pure.
 *
 * The only module that needs a dependency. Adapters import it and they are loaded when the first
 * endpoint or client starts, so importing freshlink does not wait for it.
 *
 * @module
 */

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Hash } from "./runtime.ts";

/** SHA-256 and HMAC-SHA-256. */
export const pureHash: Hash = Object.freeze({
  sha256: (message: Uint8Array) => sha256(message),
  hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]) {
    const mac = hmac.create(sha256, key);
    for (const part of parts) mac.update(part);
    return mac.digest();
  },
});
