/**
 * Secrets: those that `freshlink keygen --secret` made, which are keys, and those of one's own.
 *
 * @module
 */

import type { ChannelPrimitives, Random } from "../runtime/runtime.ts";

/** What a secret begins with that is a key: 32 random bytes in base64url follow. */
const KEY_MARK = "flsecret1-";
const KEY_BYTES = 32;

/** The least that a secret of one's own may have, in bytes. */
export const SECRET_MIN_BYTES = 16;

/** A secret as an option has it, in bytes. */
export function secretBytes(secret: string | Uint8Array): Uint8Array {
  return typeof secret === "string" ? new TextEncoder().encode(secret) : secret;
}

/** What is wrong with a secret; `null`: nothing. The value is not shown: messages end up in logs. */
export function secretProblem(secret: unknown): string | null {
  const isSecret = typeof secret === "string" || secret instanceof Uint8Array;
  if (!isSecret || secretBytes(secret).length < SECRET_MIN_BYTES) {
    return `expected a string or bytes, at least ${SECRET_MIN_BYTES} bytes: \
'freshlink keygen --secret' makes one`;
  }
  const bytes = secretBytes(secret);
  return isMarked(bytes) && keyOf(bytes) === null
    ? "expected all that 'freshlink keygen --secret' printed: a part is missing or changed"
    : null;
}

/** A new secret, as `freshlink keygen --secret` prints it. */
export function newSecret(random: Random): string {
  const digits = btoa(String.fromCharCode(...random.bytes(KEY_BYTES)));
  return KEY_MARK + digits.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * The key that a secret stands for. One that was made as a key is used as it is; any other one is
 * made slow to guess, as whoever records a first message can try guesses on it.
 */
export async function preSharedKeyOf(
  secret: Uint8Array,
  primitives: ChannelPrimitives,
): Promise<Uint8Array> {
  return keyOf(secret) ?? await primitives.stretch(secret);
}

function isMarked(secret: Uint8Array): boolean {
  return [...KEY_MARK].every((letter, index) => secret[index] === letter.charCodeAt(0));
}

/** The bytes of a marked secret; `null` where it is none, or is not whole. */
function keyOf(secret: Uint8Array): Uint8Array | null {
  if (!isMarked(secret)) return null;
  const digits = String.fromCharCode(...secret.subarray(KEY_MARK.length));
  try {
    const text = atob(digits.replaceAll("-", "+").replaceAll("_", "/"));
    const key = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    return key.length === KEY_BYTES ? key : null;
  } catch {
    return null;
  }
}
