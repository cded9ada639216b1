/**
 * Metadata: a few short texts by their names that a call or a notification carries beside its
 * payload.
 *
 * Source: docs/protocol.md, "Metadata".
 *
 * @module
 */

import { readU16, writeU16 } from "./frame.ts";

/** Short texts by their names. What is received has no prototype. */
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

/** Longer texts are encoded by the runtime: a loop is faster up to here ... */
const LOOP_MAX_LENGTH = 128;

/** ... and to join units to a text, up to here: 0.4 µs for a name; 3.9 µs for 55, 0.9 by it. */
const JOIN_MAX_LENGTH = 12;

/**
 * Encodes metadata.
 *
 * @returns Its bytes; `null` where there is nothing to say; or, in words, why it cannot be sent.
 */
export function encodeMetadata(metadata: Metadata): Uint8Array | string | null {
  const names = Object.keys(metadata);
  let bound = 0;
  // Three bytes at most become of each UTF-16 unit.
  for (const name of names) bound += 3 + 3 * (name.length + metadata[name]!.length);
  if (bound === 0) return null;
  // More than that is over the limit, whatever it becomes: it need not be written to be refused.
  const room = new Uint8Array(Math.min(bound, 4 * METADATA_MAX_BYTES));
  let offset = 0;
  for (const name of names) {
    const text = metadata[name]!;
    if (offset + 3 * (1 + name.length + text.length) > room.length) return TOO_LARGE;
    const nameBytes = writeText(room, offset + 1, name);
    if (nameBytes === 0 || nameBytes > KEY_MAX_BYTES) {
      return `a name of ${nameBytes} bytes in the metadata: 1 to ${KEY_MAX_BYTES} fit`;
    }
    room[offset] = nameBytes;
    const textFrom = offset + 3 + nameBytes;
    const textBytes = writeText(room, textFrom, text);
    writeU16(room, textFrom - 2, textBytes);
    offset = textFrom + textBytes;
    if (offset > METADATA_MAX_BYTES) return TOO_LARGE;
  }
  return room.subarray(0, offset);
}

const TOO_LARGE = `the metadata is over ${METADATA_MAX_BYTES} bytes`;

/** @returns How many bytes it has become. */
function writeText(target: Uint8Array, offset: number, text: string): number {
  const { length } = text;
  if (length <= LOOP_MAX_LENGTH) {
    let index = 0;
    for (; index < length; index++) {
      const unit = text.charCodeAt(index);
      if (unit > 0x7f) break;
      target[offset + index] = unit;
    }
    if (index === length) return length;
  }
  return encoder.encodeInto(text, target.subarray(offset)).written;
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
      const name = readText(bytes, offset + 1, nameEnd);
      if (name in metadata) return null;
      metadata[name] = readText(bytes, nameEnd + 2, end);
      offset = end;
    }
  } catch {
    return null;
  }
  return metadata;
}

/** @throws {TypeError} When it is no UTF-8. */
function readText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  if (end - start <= JOIN_MAX_LENGTH) {
    let index = start;
    for (; index < end; index++) {
      const byte = bytes[index]!;
      if (byte > 0x7f) break;
      text += String.fromCharCode(byte);
    }
    if (index === end) return text;
  }
  return strictDecoder.decode(bytes.subarray(start, end));
}
