/**
 * Metadata: a few short texts by their names that a call or a notification carries beside its
 * payload.
 *
 * Source: docs/protocol.md, "Metadata".
 *
 * @module
 */

import { readU16, writeU16 } from "./frame.ts";

/** Short texts by their names. What is received has no prototype and is frozen. */
export type Metadata = Readonly<Record<string, string>>;

/** The most that one message may carry, as it is encoded, in bytes. */
export const METADATA_MAX_BYTES = 8_192;

/** The longest name, in UTF-8 bytes. */
const KEY_MAX_BYTES = 255;

/** No metadata. */
export const NO_METADATA: Metadata = Object.freeze(Object.create(null));

/** Stands for what was too large to be kept. */
export const METADATA_REFUSED: Uint8Array = new Uint8Array(0);

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Encodes metadata.
 *
 * @returns Its bytes; `null` where there is nothing to say; or, in words, why it cannot be sent.
 */
export function encodeMetadata(metadata: Metadata): Uint8Array | string | null {
  const parts: Uint8Array[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(metadata)) {
    const name = encoder.encode(key);
    if (name.length === 0 || name.length > KEY_MAX_BYTES) {
      return `a name of ${name.length} bytes in the metadata: 1 to ${KEY_MAX_BYTES} fit`;
    }
    const text = encoder.encode(value);
    parts.push(name, text);
    size += 3 + name.length + text.length;
    if (size > METADATA_MAX_BYTES) {
      return `the metadata is over ${METADATA_MAX_BYTES} bytes`;
    }
  }
  if (size === 0) return null;
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (let index = 0; index < parts.length; index += 2) {
    const name = parts[index]!;
    const text = parts[index + 1]!;
    bytes[offset] = name.length;
    bytes.set(name, offset + 1);
    writeU16(bytes, offset + 1 + name.length, text.length);
    bytes.set(text, offset + 3 + name.length);
    offset += 3 + name.length + text.length;
  }
  return bytes;
}

/** Decodes metadata; `null` when it is none: a name twice, no UTF-8, fields that do not fit. */
export function decodeMetadata(bytes: Uint8Array): Metadata | null {
  if (bytes.length === 0 || bytes.length > METADATA_MAX_BYTES) return null;
  const metadata: Record<string, string> = Object.create(null);
  let offset = 0;
  try {
    while (offset < bytes.length) {
      const nameEnd = offset + 1 + bytes[offset]!;
      if (nameEnd === offset + 1 || nameEnd + 2 > bytes.length) return null;
      const end = nameEnd + 2 + readU16(bytes, nameEnd);
      if (end > bytes.length) return null;
      const name = strictDecoder.decode(bytes.subarray(offset + 1, nameEnd));
      if (name in metadata) return null;
      metadata[name] = strictDecoder.decode(bytes.subarray(nameEnd + 2, end));
      offset = end;
    }
  } catch {
    return null;
  }
  return Object.freeze(metadata);
}
