/** Frames as a hostile end writes them: any kind, any fields. */

import { FrameKind, HEADER_BYTES } from "../../../src/core/wire/frame.ts";
import type { SeededRandom } from "../../../src/simulator/mod.ts";

/** A frame with this body. */
export function frame(kind: number, ...body: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.length);
  bytes.set([kind, body.length >> 16, body.length >> 8, body.length]);
  bytes.set(body, HEADER_BYTES);
  return bytes;
}

/** A number of 8 bytes. */
export function u64(value: number): number[] {
  return [...u32(Math.floor(value / 0x1_0000_0000)), ...u32(value)];
}

/** A number of 4 bytes. */
export function u32(value: number): number[] {
  return [value >>> 24, value >>> 16, value >>> 8, value].map((byte) => byte & 0xff);
}

/** A frame of a kind that sessions know, with nothing that fits. */
export function garbage(random: SeededRandom): Uint8Array {
  const kinds = Object.values(FrameKind).filter((kind) => kind > FrameKind.REFUSE);
  const length = random.below(random.chance(0.1) ? 2_000 : 40);
  return frame(random.pick(kinds), ...random.bytes(length));
}

interface Change {
  readonly at: number;
  readonly value: number;
}

/** A frame with numbers of 4 bytes put over its own: many changed ones share one frame's bytes. */
export class ChangedFrame {
  readonly #bytes: Uint8Array;
  readonly #changes: readonly Change[];

  constructor(bytes: Uint8Array, changes: readonly Change[] = []) {
    this.#bytes = bytes;
    this.#changes = changes;
  }

  get kind(): number {
    return this.#bytes[0]!;
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** The same one where there is no room for the number. */
  with(at: number, value: number): ChangedFrame {
    if (this.length < at + 4) return this;
    return new ChangedFrame(this.#bytes, [...this.#changes, { at, value }]);
  }

  /** Writes its bytes to a place. */
  copyTo(target: Uint8Array, offset: number): void {
    target.set(this.#bytes, offset);
    for (const { at, value } of this.#changes) target.set(u32(value), offset + at);
  }
}

/** Cuts a stream of bytes into frames, and keeps what is unfinished. */
export class FrameCutter {
  #kept: Uint8Array = new Uint8Array(0);

  /** The frames that a chunk completes, each with its header, in bytes of their own. */
  push(chunk: Uint8Array): Uint8Array[] {
    const bytes = new Uint8Array(this.#kept.length + chunk.length);
    bytes.set(this.#kept);
    bytes.set(chunk, this.#kept.length);
    const frames: Uint8Array[] = [];
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const body = bytes[at + 1]! * 0x1_0000 + bytes[at + 2]! * 0x100 + bytes[at + 3]!;
      const end = at + HEADER_BYTES + body;
      if (end > bytes.length) break;
      frames.push(bytes.subarray(at, end));
      at = end;
    }
    this.#kept = bytes.slice(at);
    return frames;
  }
}
