/**
 * Collects what is wrong with a set of values, so that all of it is told at once.
 *
 * @module
 */

import { ConfigurationError } from "../errors.ts";
import { nearKeys } from "./hints.ts";

const encoder = new TextEncoder();

/** The longest name, in UTF-8 bytes. */
const NAME_MAX_BYTES = 255;

/** More of a value than that is not shown, in UTF-16 units. */
const SHOWN_MAX_LENGTH = 60;

/** The problems of one set of values. */
export class Problems {
  /** One sentence each: where, what was expected, what was found. */
  readonly list: string[] = [];

  /** Notes a problem. */
  add(key: string, expected: string, found: unknown): void {
    this.list.push(`${key}: expected ${expected}, found ${show(found)}`);
  }

  /** @throws {ConfigurationError} `invalid-options`, when there is any. */
  check(): void {
    if (this.list.length > 0) throw new ConfigurationError("invalid-options", this.list);
  }

  /** An object, and no other kind of value. */
  object(key: string, value: unknown, example = "an object"): value is Record<string, unknown> {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return true;
    this.add(key, example, value);
    return false;
  }

  /** No keys but these; a near miss is named. */
  keys(prefix: string, value: object, known: readonly string[]): void {
    for (const key of Object.keys(value)) {
      if (known.includes(key)) continue;
      const near = nearKeys(key, known).map((candidate) => `'${candidate}'`).join(" or ");
      const hint = near === "" ? `one of ${known.join(", ")}` : near;
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

  /** A duration in milliseconds, in a range, both ends included. */
  duration(key: string, value: unknown, min: number, max: number): value is number {
    if (typeof value === "number" && value >= min && value <= max) return true;
    this.add(key, `milliseconds from ${min} to ${max}`, value);
    return false;
  }

  /** A port. */
  port(key: string, value: unknown, min: 0 | 1): value is number {
    return this.integer(key, value, min, 65_535);
  }

  /** A host name or address: no URL, no brackets, no port. */
  hostname(key: string, value: unknown): value is string {
    const fits = typeof value === "string" && isHostname(value);
    if (!fits) this.add(key, "a host name or an address without scheme, brackets and port", value);
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

  /** Yes or no. */
  flag(key: string, value: unknown): value is boolean {
    if (typeof value === "boolean") return true;
    this.add(key, "true or false", value);
    return false;
  }

  /** A codec, or the name of one. */
  codec(key: string, value: unknown): void {
    if (value === "json" || value === "bytes" || isCodec(value)) return;
    this.add(key, '"json", "bytes" or { name, encode, decode }', value);
  }
}

/** Letters of a host name or an address; of colons none, or as many as an IPv6 address has. */
function isHostname(value: string): boolean {
  const bytes = encoder.encode(value).length;
  return bytes >= 1 && bytes <= NAME_MAX_BYTES && !/[\s\p{Cc}[\]/\\?#@]/u.test(value) &&
    !/^[^:]*:[^:]*$/.test(value);
}

/** Whether it can be a codec. */
export function isCodec(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  try {
    const { name, encode, decode } = value as Record<string, unknown>;
    return typeof name === "string" && typeof encode === "function" && typeof decode === "function";
  } catch {
    return false;
  }
}

/** A value in words: short, and of no danger to a log. Never throws. */
function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "function") return "a function";
  try {
    // JSON knows neither NaN and the infinities nor bigints.
    const text = typeof value === "number" ? String(value) : JSON.stringify(value) ?? String(value);
    return text.length > SHOWN_MAX_LENGTH ? `${text.slice(0, SHOWN_MAX_LENGTH - 3)}...` : text;
  } catch {
    return typeof value === "bigint" ? `${value}n` : `a ${typeof value}`;
  }
}
