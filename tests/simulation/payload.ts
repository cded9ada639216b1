/**
 * Payloads of the simulated load: the number of the call or notification, then a pattern that
 * depends on it. What is to be done stands in the ledger, which sees both ends.
 */

const HEAD_BYTES = 4;

/** The largest payload. */
export const PAYLOAD_MAX_BYTES = 4 * 1_048_576;

/** A prime, so that every piece of a payload looks different. */
const PERIOD = 251;

/** Checked bytes are so far apart: not a divisor of any frame's length. */
const STEP = 4_093;

const PATTERN = Uint8Array.from(
  { length: PAYLOAD_MAX_BYTES + PERIOD },
  (_, index) => index % PERIOD,
);

/** A payload of so many bytes, at least those of its number. */
export function makePayload(id: number, bytes: number): Uint8Array {
  const payload = new Uint8Array(Math.max(HEAD_BYTES, bytes));
  payload.set(PATTERN.subarray(id % PERIOD, id % PERIOD + payload.length));
  new DataView(payload.buffer).setUint32(0, id);
  return payload;
}

/** The number in a payload; -1 where there is none. */
export function idOf(payload: Uint8Array): number {
  if (payload.length < HEAD_BYTES) return -1;
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0);
}

/** What is wrong with a payload of so many bytes, in words; empty: nothing. */
export function damageOf(payload: Uint8Array, bytes: number): string {
  const expected = Math.max(HEAD_BYTES, bytes);
  if (payload.length !== expected) return `${payload.length} bytes instead of ${expected}`;
  const shift = idOf(payload) % PERIOD;
  for (let at = HEAD_BYTES; at < expected; at += STEP) {
    if (payload[at] !== (at + shift) % PERIOD) return `byte ${at} of ${expected} is wrong`;
  }
  if (expected > HEAD_BYTES && payload[expected - 1] !== (expected - 1 + shift) % PERIOD) {
    return `the last byte of ${expected} is wrong`;
  }
  return "";
}
