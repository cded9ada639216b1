/**
 * How payloads become bytes: JSON, bytes as they are, or a codec of one's own.
 *
 * @module
 */

import type { CopyBytes } from "./runtime/runtime.ts";

/**
 * Turns values into bytes and back.
 *
 * @example A codec of one's own
 * ```ts
 * import type { Codec } from "@freshlink/freshlink";
 *
 * const text: Codec = {
 *   name: "text",
 *   encode: (value) => new TextEncoder().encode(String(value)),
 *   decode: (bytes) => new TextDecoder().decode(bytes),
 * };
 * ```
 */
export interface Codec {
  /** For error messages. Both ends must use the same codec for a service. */
  readonly name: string;
  /**
   * What it throws reaches the caller as `codec-failed`, and fails that call only. The bytes must
   * not change afterwards.
   */
  encode(value: unknown): Uint8Array;
  /** The bytes are borrowed: what is kept must be copied. */
  decode(bytes: Uint8Array): unknown;
}

const decoder = new TextDecoder();
const NOTHING = new Uint8Array(0);

const SLAB_BYTES = 8_192;
/** A longer text gets memory of its own. */
const SHARED_MAX_LENGTH = 1_024;
/** The most bytes of a UTF-16 unit in UTF-8. */
const UNIT_MAX_BYTES = 3;

/**
 * Makes short texts into bytes, side by side in slabs: memory of its own for each costs four times
 * as much on Deno and Node (see `src/runtime/copy.ts`).
 */
function newTextEncoder(): (text: string) => Uint8Array {
  const encoder = new TextEncoder();
  let slab = new Uint8Array(0);
  let used = 0;
  return (text) => {
    if (text.length > SHARED_MAX_LENGTH) return encoder.encode(text);
    if (used + text.length * UNIT_MAX_BYTES > slab.length) {
      slab = new Uint8Array(SLAB_BYTES);
      used = 0;
    }
    const start = used;
    used += encoder.encodeInto(text, start === 0 ? slab : slab.subarray(start)).written;
    return slab.subarray(start, used);
  };
}

const encodeText = newTextEncoder();

/** JSON in UTF-8. `undefined` is sent as no bytes at all. The default. */
export const jsonCodec: Codec = Object.freeze({
  name: "json",
  encode(value: unknown): Uint8Array {
    if (value === undefined) return NOTHING;
    const text: string | undefined = JSON.stringify(value);
    if (text === undefined) throw new TypeError(`Cannot write a ${typeof value} as JSON`);
    return encodeText(text);
  },
  decode(bytes: Uint8Array): unknown {
    return bytes.length === 0 ? undefined : JSON.parse(decoder.decode(bytes));
  },
});

/**
 * Bytes as they are: `Uint8Array` in, `Uint8Array` out. What goes in is not copied: it must not
 * change until the call has settled; what a handler returned, never. What comes out is yours to keep and to
 * change; up to 1 KiB it may share its `buffer` with other payloads (Deno, Node), so copy it with
 * `slice()` before you transfer or store the `buffer` itself.
 */
export const bytesCodec: Codec = Object.freeze({
  name: "bytes",
  encode(value: unknown): Uint8Array {
    if (value instanceof Uint8Array) return value;
    if (value === undefined) return NOTHING;
    const found = Object.prototype.toString.call(value).slice("[object ".length, -1);
    throw new TypeError(`Cannot send as bytes: a Uint8Array was expected, found ${found}`);
  },
  decode(bytes: Uint8Array): Uint8Array {
    return bytes.slice();
  },
});

/**
 * Decodes a part of a chunk. What starts at 0 is no part: a chunk has a header there. It is a
 * payload that was put together from its parts, and nobody else has it.
 *
 * @param copy How the runtime copies best, for bytes as they are.
 */
export function decodeRange(
  codec: Codec,
  bytes: Uint8Array,
  start: number,
  end: number,
  copy: CopyBytes,
): unknown {
  if (codec === bytesCodec) return start === 0 ? bytes : copy(bytes, start, end);
  return codec.decode(bytes.subarray(start, end));
}

/** @throws {Error} What the codec throws, or that what it returned is no bytes. */
export function encodeWith(codec: Codec, value: unknown): Uint8Array {
  const bytes: unknown = codec.encode(value);
  // What only has the prototype of one is no view of any memory.
  if (bytes instanceof Uint8Array && ArrayBuffer.isView(bytes)) return bytes;
  throw new TypeError("the codec's encode() returned no Uint8Array");
}

/** What a codec is called on the wire: 0 JSON, 1 bytes, 2 any other. */
export function codecTag(codec: Codec): number {
  return codec === jsonCodec ? 0 : codec === bytesCodec ? 1 : 2;
}

/** The codec that an option names. */
export function resolveCodec(codec: "json" | "bytes" | Codec): Codec {
  if (codec === "json") return jsonCodec;
  return codec === "bytes" ? bytesCodec : codec;
}
