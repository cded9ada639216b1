import { assert, assertEquals } from "@std/assert";
import {
  BODY_MAX_BYTES,
  FRAME_MAX_BYTES,
  FrameKind,
  HEADER_BYTES,
  numberFrame,
  readU64,
  writeHeader,
} from "../../src/core/wire/frame.ts";
import { FrameDecoder } from "../../src/core/wire/frame_decoder.ts";
import { concat, cutRandomly, seededRandom } from "../support/bytes.ts";

function frame(kind: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.length);
  writeHeader(bytes, 0, kind, body.length);
  bytes.set(body, HEADER_BYTES);
  return bytes;
}

/** Decodes pieces; each is overwritten after it was handed over, as a runtime may do. */
function decode(
  pieces: Iterable<Uint8Array>,
  decoder: FrameDecoder = new FrameDecoder(),
): string[] {
  const seen: string[] = [];
  for (const piece of pieces) {
    const chunk = piece.slice();
    decoder.push(chunk, {
      onFrame(kind, bytes, start, end) {
        let sum = 0;
        for (let index = start; index < end; index++) sum = (sum * 31 + bytes[index]!) >>> 0;
        seen.push(`${kind}:${end - start}:${sum}`);
        return true;
      },
      onDefect(code) {
        seen.push(code);
      },
    });
    chunk.fill(0xdd);
  }
  return seen;
}

const STREAM = concat([
  frame(FrameKind.BEAT, new Uint8Array(0)),
  numberFrame(FrameKind.ACK, 4_711),
  frame(FrameKind.REQUEST, Uint8Array.from({ length: 300 }, (_, index) => index)),
  frame(FrameKind.DATA, new Uint8Array(BODY_MAX_BYTES).fill(9)),
  frame(FrameKind.RESPONSE, Uint8Array.of(1)),
]);

Deno.test("FrameDecoder.push() finds the same frames whole, byte by byte and cut at random", () => {
  const whole = decode([STREAM]);
  assertEquals(whole.length, 5);
  assertEquals(decode(Array.from(STREAM, (byte) => Uint8Array.of(byte))), whole);
  for (let seed = 1; seed <= 50; seed++) {
    assertEquals(decode(cutRandomly(STREAM, seededRandom(seed))), whole, `seed ${seed}`);
  }
});

/** Remembers what was taken and given back; spoils what is given back. */
class TestPool {
  readonly out = new Set<Uint8Array>();
  readonly spare: Uint8Array[] = [];

  take(): Uint8Array {
    const bytes = this.spare.pop() ?? new Uint8Array(FRAME_MAX_BYTES);
    this.out.add(bytes);
    return bytes;
  }

  give(bytes: Uint8Array): void {
    if (!this.out.delete(bytes)) throw new Error("given back twice, or never taken");
    this.spare.push(bytes.fill(0xee));
  }
}

Deno.test("FrameDecoder takes large tails from its pool, and gives each back once", () => {
  const whole = decode([STREAM]);
  const pool = new TestPool();
  for (let seed = 1; seed <= 50; seed++) {
    const pieces = cutRandomly(STREAM, seededRandom(seed));
    assertEquals(decode(pieces, new FrameDecoder(BODY_MAX_BYTES, pool)), whole, `seed ${seed}`);
    assertEquals(pool.out.size, 0);
  }
  assertEquals(pool.spare.length, 1, "one is enough for one after the other");
  const decoder = new FrameDecoder(BODY_MAX_BYTES, pool);
  const big = frame(FrameKind.DATA, new Uint8Array(BODY_MAX_BYTES));
  let stopped = 0;
  const handler = {
    onFrame: () => {
      decoder.stop();
      stopped++;
      return false;
    },
    onDefect: () => {},
  };
  decoder.push(big.subarray(0, 10_000), handler);
  assertEquals(pool.out.size, 1);
  decoder.push(big.subarray(10_000), handler);
  assertEquals([stopped, pool.out.size], [1, 0], "also where it is stopped meanwhile");
  const cut = new FrameDecoder(BODY_MAX_BYTES, pool);
  cut.push(big.subarray(0, 10_000), handler);
  cut.stop();
  assertEquals(pool.out.size, 0);
});

Deno.test("FrameDecoder.push() reports an unknown kind once and delivers nothing after it", () => {
  for (const kind of [0x00, 0x05, 0x0f, 0x18, 0x1f, 0x2d, 0xff]) {
    const bytes = concat([frame(FrameKind.BEAT, new Uint8Array(0)), frame(kind, STREAM)]);
    const seen = decode([bytes, STREAM]);
    assertEquals(seen, [`${FrameKind.BEAT}:0:0`, "unknown-frame"], `kind ${kind}`);
    assertEquals(decode(Array.from(bytes, (byte) => Uint8Array.of(byte))), seen);
  }
});

Deno.test("FrameDecoder.push() reports an oversize length before it buffers anything of it", () => {
  const header = new Uint8Array(HEADER_BYTES);
  writeHeader(header, 0, FrameKind.REQUEST, BODY_MAX_BYTES + 1);
  assertEquals(decode([header]), ["frame-too-large"]);
  assertEquals(decode(Array.from(header, (byte) => Uint8Array.of(byte))), ["frame-too-large"]);
});

Deno.test("FrameDecoder.push() keeps at most one frame and lets go of it when stopped", () => {
  const decoder = new FrameDecoder();
  const handler = { onFrame: () => true, onDefect: () => {} };
  const big = frame(FrameKind.DATA, new Uint8Array(BODY_MAX_BYTES));
  decoder.push(big.subarray(0, big.length - 1), handler);
  assertEquals(decoder.keptBytes, FRAME_MAX_BYTES - 1);
  decoder.stop();
  assertEquals(decoder.keptBytes, 0);
});

Deno.test("FrameDecoder.push() stops in the middle of a chunk when the handler says so", () => {
  const decoder = new FrameDecoder();
  let count = 0;
  const handler = { onFrame: () => ++count < 2, onDefect: () => {} };
  decoder.push(STREAM, handler);
  decoder.push(STREAM, handler);
  assertEquals(count, 2);
});

Deno.test("readU64() tells a number above 2^53 - 1, writeU64() refuses it", () => {
  const bytes = numberFrame(FrameKind.USE, Number.MAX_SAFE_INTEGER);
  assertEquals(readU64(bytes, HEADER_BYTES), Number.MAX_SAFE_INTEGER);
  bytes[HEADER_BYTES + 1]! |= 0x20;
  assertEquals(readU64(bytes, HEADER_BYTES), -1);
  for (const value of [-1, 0.5, 2 ** 53, Number.NaN]) {
    let message = "";
    try {
      numberFrame(FrameKind.USE, value);
    } catch (error) {
      assert(error instanceof RangeError);
      message = error.message;
    }
    assertEquals(message, `Cannot write a number of 8 bytes: current value is ${value}`);
  }
});
