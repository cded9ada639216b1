/**
 * Collects what is wrong with a set of values, so that all of it is told at once.
 *
 * @module
 */

const encoder = new TextEncoder();

/** The longest name, in UTF-8 bytes. */
const NAME_MAX_BYTES = 255;

/** The longest duration that a timer of all three runtimes can wait, in milliseconds. */
const DURATION_MAX_MS = 2_147_483_647;

/** The problems of one set of values. */
export class Problems {
  /** One sentence each: where, what was expected, what was found. */
  readonly list: string[] = [];

  /** Notes a problem. */
  add(key: string, expected: string, found: unknown): void {
    this.list.push(`${key}: expected ${expected}, found ${show(found)}`);
  }

  /** An object, and no other kind of value. */
  object(key: string, value: unknown): value is Record<string, unknown> {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return true;
    this.add(key, "an object", value);
    return false;
  }

  /** No keys but these; a near miss is named. */
  keys(prefix: string, value: Record<string, unknown>, known: readonly string[]): void {
    for (const key of Object.keys(value)) {
      if (known.includes(key)) continue;
      const near = known.find((candidate) => distance(key, candidate) <= 2);
      const hint = near === undefined ? `one of ${known.join(", ")}` : `'${near}'`;
      this.list.push(`${prefix}${key}: there is no such key, did you mean ${hint}?`);
    }
  }

  /** A whole number in a range, both ends included. */
  integer(key: string, value: unknown, min: number, max: number): value is number {
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) {
      return true;
    }
    this.add(key, `a whole number from ${min} to ${max}`, value);
    return false;
  }

  /** A duration in milliseconds, above nothing unless `min` says otherwise. */
  duration(key: string, value: unknown, min = 1): value is number {
    const isNumber = typeof value === "number" && value >= min && value <= DURATION_MAX_MS;
    if (isNumber) return true;
    this.add(key, `milliseconds from ${min} to ${DURATION_MAX_MS}`, value);
    return false;
  }

  /** A port. */
  port(key: string, value: unknown, min: 0 | 1): value is number {
    return this.integer(key, value, min, 65_535);
  }

  /** A host name or address. */
  hostname(key: string, value: unknown): value is string {
    const fits = typeof value === "string" && value.length > 0 &&
      encoder.encode(value).length <= NAME_MAX_BYTES && !/[\s\p{Cc}[\]]/u.test(value);
    if (!fits) this.add(key, "a host name or an address without brackets", value);
    return fits;
  }

  /** A name of an endpoint, a peer or a client. */
  name(key: string, value: unknown): value is string {
    const bytes = typeof value === "string" ? encoder.encode(value).length : 0;
    const fits = bytes >= 1 && bytes <= NAME_MAX_BYTES && !/\p{Cc}/u.test(value as string);
    if (!fits) this.add(key, "1 to 255 bytes of UTF-8 without control characters", value);
    return fits;
  }

  /** One of some words. */
  oneOf(key: string, value: unknown, words: readonly string[]): void {
    if (words.includes(value as string)) return;
    this.add(key, words.map((word) => `"${word}"`).join(" or "), value);
  }

  /** A string that is not empty. */
  text(key: string, value: unknown): value is string {
    if (typeof value === "string" && value.length > 0) return true;
    this.add(key, "a string that is not empty", value);
    return false;
  }
}

function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "function") return "a function";
  try {
    const text = JSON.stringify(value) ?? String(value);
    return text.length > 60 ? `${text.slice(0, 57)}...` : text;
  } catch {
    return String(value);
  }
}

/** How many letters must change to turn one word into another. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const change = row[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[right.length]!;
}
