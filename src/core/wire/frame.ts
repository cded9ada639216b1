/**
 * Frames: the units on the wire, their kinds, their header and the numbers inside.
 *
 * A frame is a header of 4 bytes (kind, then the length of the body in 3 bytes) and a body. All
 * numbers are big-endian. Three families: handshake frames open a connection; control frames
 * belong to one connection and are never repeated on another; message frames belong to the
 * session, are counted in each direction and replayed when a connection breaks.
 *
 * Source: docs/protocol.md, "Frames".
 *
 * @module
 */

/** The kinds of frames. The numbers are the protocol; they are never reused. */
export const FrameKind = {
  // Handshake.
  HELLO: 0x01,
  WELCOME: 0x02,
  CONFIRM: 0x03,
  REFUSE: 0x04,
  // Control: of one connection.
  USE: 0x10,
  USEACK: 0x11,
  START: 0x12,
  ACK: 0x13,
  BEAT: 0x14,
  PING: 0x15,
  PONG: 0x16,
  DRAIN: 0x17,
  // Messages: of the session, numbered.
  REQUEST: 0x20,
  RESPONSE: 0x21,
  ERROR: 0x22,
  CANCEL: 0x23,
  NOTIFY: 0x24,
  DATA: 0x25,
  GRANT: 0x26,
  CREDIT: 0x27,
  OPEN: 0x28,
  ITEM: 0x29,
  END: 0x2a,
  STOP: 0x2b,
  WINDOW: 0x2c,
} as const;

/** Bytes before the body of a frame. */
export const HEADER_BYTES = 4;

/**
 * The largest piece of a payload in one frame, in bytes: 64 KiB, so that a beat waits behind one
 * frame and never behind a whole payload; at 1 Gbit/s it takes half a millisecond. HTTP/2 starts at
 * 16 KiB, SSH at 32 KiB.
 */
export const PIECE_MAX_BYTES = 65_536;

/** The largest frame with its header, in bytes: a piece of a payload, and room for the fields. */
export const FRAME_MAX_BYTES: number = PIECE_MAX_BYTES + 1_024;

/** The largest body of a frame, in bytes. */
export const BODY_MAX_BYTES: number = FRAME_MAX_BYTES - HEADER_BYTES;

/** The largest body of a frame before the other end has proved who it is, in bytes. */
export const HANDSHAKE_BODY_MAX_BYTES = 1_024;

/** The largest number that a field of 8 bytes may carry: beyond it doubles lose whole numbers. */
export const NUMBER_MAX = Number.MAX_SAFE_INTEGER;

/** Whether frames of this kind are numbered and replayed. */
export function isMessageKind(kind: number): boolean {
  return kind >= FrameKind.REQUEST;
}

/** Whether the kind is one of `FrameKind`. */
export function isKnownKind(kind: number): boolean {
  return (kind >= FrameKind.HELLO && kind <= FrameKind.REFUSE) ||
    (kind >= FrameKind.USE && kind <= FrameKind.DRAIN) ||
    (kind >= FrameKind.REQUEST && kind <= FrameKind.WINDOW);
}

/** Writes the header of a frame whose body has `bodyBytes` bytes. */
export function writeHeader(
  target: Uint8Array,
  offset: number,
  kind: number,
  bodyBytes: number,
): void {
  target[offset] = kind;
  target[offset + 1] = bodyBytes >>> 16;
  target[offset + 2] = bodyBytes >>> 8;
  target[offset + 3] = bodyBytes;
}

/** Reads the length of the body out of the header at `offset`. */
export function readBodyBytes(source: Uint8Array, offset: number): number {
  return source[offset + 1]! << 16 | source[offset + 2]! << 8 | source[offset + 3]!;
}

/** Writes an unsigned number of 2 bytes. */
export function writeU16(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value >>> 8;
  target[offset + 1] = value;
}

/** Reads an unsigned number of 2 bytes. */
export function readU16(source: Uint8Array, offset: number): number {
  return source[offset]! << 8 | source[offset + 1]!;
}

/** Writes an unsigned number of 4 bytes. */
export function writeU32(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value >>> 24;
  target[offset + 1] = value >>> 16;
  target[offset + 2] = value >>> 8;
  target[offset + 3] = value;
}

/** Reads an unsigned number of 4 bytes. */
export function readU32(source: Uint8Array, offset: number): number {
  return (source[offset]! << 24 | source[offset + 1]! << 16 | source[offset + 2]! << 8 |
    source[offset + 3]!) >>> 0;
}

/**
 * Writes an unsigned number of 8 bytes.
 *
 * @throws {RangeError} When it is not a whole number from 0 to `NUMBER_MAX` (caused by the caller):
 * a counter refuses at its end, it never wraps.
 */
export function writeU64(target: Uint8Array, offset: number, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`Cannot write a number of 8 bytes: current value is ${value}`);
  }
  writeU32(target, offset, Math.floor(value / 0x1_0000_0000));
  writeU32(target, offset + 4, value % 0x1_0000_0000);
}

/** Reads an unsigned number of 8 bytes; -1 when it is above `NUMBER_MAX`. */
export function readU64(source: Uint8Array, offset: number): number {
  const high = readU32(source, offset);
  if (high > 0x1F_FFFF) return -1;
  return high * 0x1_0000_0000 + readU32(source, offset + 4);
}

/** Makes a frame whose body is one number of 8 bytes (USE, USEACK, ACK, PING, PONG). */
export function numberFrame(kind: number, value: number): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + 8);
  writeHeader(frame, 0, kind, 8);
  writeU64(frame, HEADER_BYTES, value);
  return frame;
}

/** Makes USE: the proposed number, and for a client the number of its session. */
export function useFrame(number: number, session?: number): Uint8Array {
  if (session === undefined) return numberFrame(FrameKind.USE, number);
  const frame = new Uint8Array(HEADER_BYTES + 16);
  writeHeader(frame, 0, FrameKind.USE, 16);
  writeU64(frame, HEADER_BYTES, number);
  writeU64(frame, HEADER_BYTES + 8, session);
  return frame;
}

/** In START: this end is closing. */
export const STATE_CLOSING = 0x01;

/** Makes START: the number of the next message frame, and the state of the session. */
export function startFrame(number: number, isClosing: boolean): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + 9);
  writeHeader(frame, 0, FrameKind.START, 9);
  writeU64(frame, HEADER_BYTES, number);
  frame[HEADER_BYTES + 8] = isClosing ? STATE_CLOSING : 0;
  return frame;
}

/** Makes a frame without a body (BEAT, DRAIN). */
export function emptyFrame(kind: number): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES);
  writeHeader(frame, 0, kind, 0);
  return frame;
}

/** Frames in one piece, for one write. */
export function joinFrames(frames: readonly Uint8Array[]): Uint8Array {
  if (frames.length === 1) return frames[0]!;
  const whole = new Uint8Array(frames.reduce((sum, frame) => sum + frame.length, 0));
  let offset = 0;
  for (const frame of frames) {
    whole.set(frame, offset);
    offset += frame.length;
  }
  return whole;
}
