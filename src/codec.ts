export interface Codec {
  readonly name: string;
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const NOTHING = new Uint8Array(0);
export const jsonCodec: Codec = {
  name: "json",
  encode(value) {
    return value === undefined ? NOTHING : encoder.encode(JSON.stringify(value));
  },
  decode(bytes) {
    return bytes.length === 0 ? undefined : JSON.parse(decoder.decode(bytes));
  },
};
export const bytesCodec: Codec = {
  name: "bytes",
  encode(value) {
    if (value === undefined) return NOTHING;
    if (!(value instanceof Uint8Array)) throw new TypeError("Cannot encode what is no Uint8Array");
    return value;
  },
  decode: (bytes) => bytes.slice(),
};
export function codecTag(codec: Codec): number {
  return codec === jsonCodec ? 0 : codec === bytesCodec ? 1 : 2;
}
export function resolveCodec(codec: "json" | "bytes" | Codec): Codec {
  return codec === "json" ? jsonCodec : codec === "bytes" ? bytesCodec : codec;
}
