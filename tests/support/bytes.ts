/** Bytes and numbers for tests: no clock, no real randomness. */

/** One array of many. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Numbers from 0 (included) to 1 (excluded) that a seed decides. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** Pieces of a stream, most of them short, some long. */
export function* cutRandomly(stream: Uint8Array, random: () => number): Iterable<Uint8Array> {
  let offset = 0;
  while (offset < stream.length) {
    const length = 1 + Math.floor(random() ** 4 * 70_000);
    yield stream.subarray(offset, offset + length);
    offset += length;
  }
}

/** Bytes as hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Hexadecimal digits as bytes; white space is passed over. */
export function unhex(digits: string): Uint8Array {
  const clean = digits.replaceAll(/\s/g, "");
  return Uint8Array.from(
    { length: clean.length / 2 },
    (_, index) => parseInt(clean.slice(index * 2, index * 2 + 2), 16),
  );
}
