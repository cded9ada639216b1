/**
 * What applications throw, as text and bytes: anything can be thrown, also what throws when it is
 * looked at.
 *
 * @module
 */

import { jsonCodec } from "../codec.ts";

/** More of a text than any frame carries, in UTF-16 units. */
const TEXT_MAX_LENGTH = 4_096;

const NOTHING = new Uint8Array(0);

/** What was thrown, in words. Never throws. */
export function messageOf(thrown: unknown): string {
  try {
    const text: unknown = thrown instanceof Error ? thrown.message : thrown;
    return String(text).slice(0, TEXT_MAX_LENGTH);
  } catch {
    return `what was thrown has no text (its type is ${typeof thrown})`;
  }
}

/** What was attached to an error as `details`, as JSON; nothing where that is not possible. */
export function detailsOf(thrown: unknown): Uint8Array {
  if (typeof thrown !== "object" || thrown === null) return NOTHING;
  try {
    return jsonCodec.encode((thrown as { readonly details?: unknown }).details);
  } catch {
    return NOTHING;
  }
}

/**
 * Whether it has to be waited for. What throws when it is asked counts as such: waiting for it is
 * what tells the error.
 */
export function isThenable(value: unknown): boolean {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  try {
    return typeof (value as { readonly then?: unknown }).then === "function";
  } catch {
    return true;
  }
}

/**
 * Waits for a promise, or for what only looks like one: exactly one of the two is called, once, and
 * never in this call, whatever the object does.
 */
export function waitFor(
  value: unknown,
  done: (value: unknown) => void,
  failed: (error: unknown) => void,
): void {
  let promise: Promise<unknown>;
  try {
    promise = Promise.resolve(value);
    // A promise's own `then` may have been replaced.
    Promise.prototype.then.call(promise, done, failed);
  } catch (error) {
    Promise.reject(error).then(done, failed);
  }
}
