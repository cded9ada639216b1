// What a codec gives away is nobody else's, and nothing is copied twice.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { bytesCodec, type Codec, decodeRange, jsonCodec } from "../../src/codec.ts";
import { copyAlone, newSlabCopy } from "../../src/runtime/copy.ts";
import type { CopyBytes } from "../../src/runtime/runtime.ts";

const COPIES: Readonly<Record<string, CopyBytes>> = {
  "alone": copyAlone,
  "in slabs": newSlabCopy(0),
  "in slabs beyond 64 bytes": newSlabCopy(64),
};

/** Bytes that differ from place to place. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index * 7 + 3);
}

Deno.test("a part of a chunk is copied, whatever happens to the chunk and to other copies", () => {
  for (const [name, copy] of Object.entries(COPIES)) {
    const kept: { copy: Uint8Array; expected: Uint8Array }[] = [];
    for (const length of [0, 1, 63, 64, 65, 95, 96, 97, 1_023, 1_024, 1_025, 70_000]) {
      for (let times = 0; times < 12; times++) {
        const chunk = pattern(length + 20);
        const value = decodeRange(bytesCodec, chunk, 14, 14 + length, copy) as Uint8Array;
        kept.push({ copy: value, expected: chunk.slice(14, 14 + length) });
        chunk.fill(0xdd);
      }
    }
    for (const { copy, expected } of kept) assertEquals(copy, expected, name);
    // Whoever writes into one of them changes no other.
    const [first, ...others] = kept.slice(24);
    first!.copy.fill(0xee);
    for (const { copy, expected } of others) assertEquals(copy, expected, name);
  }
});

Deno.test("a payload that was put together from its parts is handed over as it is", () => {
  const whole = pattern(200_000);
  const copy = () => {
    throw new Error("copied once more");
  };
  assert(decodeRange(bytesCodec, whole, 0, whole.length, copy) === whole);
  assertThrows(() => decodeRange(bytesCodec, whole, 4, whole.length, copy), Error, "once more");
});

Deno.test("JSON texts lie side by side in slabs and do not touch", () => {
  const values = Array.from({ length: 3_000 }, (_, index) => ({
    index,
    text: "ä€𝄞x".repeat(index % 400),
  }));
  const encoded = values.map((value) => jsonCodec.encode(value));
  values.forEach((value, index) => {
    assertEquals(jsonCodec.decode(encoded[index]!), value);
    assertEquals(encoded[index]!, new TextEncoder().encode(JSON.stringify(value)));
  });
  assertEquals([jsonCodec.encode(undefined).length, jsonCodec.decode(new Uint8Array())], [
    0,
    undefined,
  ]);
  assertThrows(() => jsonCodec.encode(() => 0), TypeError, "function");
});

Deno.test("a codec of one's own sees exactly its payload", () => {
  const seen: Uint8Array[] = [];
  const own: Codec = { name: "own", encode: () => new Uint8Array(), decode: (b) => seen.push(b) };
  decodeRange(own, pattern(30), 4, 14, copyAlone);
  decodeRange(own, pattern(30), 0, 30, copyAlone);
  assertEquals(seen, [pattern(30).slice(4, 14), pattern(30)]);
});

Deno.test("codec bytes: what is no Uint8Array is named, and not sent", () => {
  for (
    const [value, found] of [[null, "Null"], ["x", "String"], [new ArrayBuffer(2), "ArrayBuffer"]]
  ) {
    assertThrows(
      () => bytesCodec.encode(value),
      TypeError,
      `Cannot send as bytes: a Uint8Array was expected, found ${found}`,
    );
  }
});
