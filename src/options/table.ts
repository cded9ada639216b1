/**
 * Every option of an endpoint and of a client, in one table: who takes it, what fits, what is used
 * where it is left out, and which other one it must stay below. Defaults, checks and hints follow
 * from it; the schema and docs/options.md are compared with it. What an option means,
 * and why its default is what it is, stands beside its type in `../options.ts`.
 *
 * @module
 */

import type { ClientOptions, EndpointOptions } from "../options.ts";

/** The longest duration that a timer of all three runtimes can wait, in milliseconds. */
export const DURATION_MAX_MS = 2_147_483_647;

/** What fits into four bytes of a frame. */
const U32_MAX = 0xffff_ffff;

/** The least window, in bytes: two segments, so that one is filled while the other is sent. */
const RETAIN_MIN_BYTES = 131_072;

/** The name of an option. */
export type OptionKey = keyof EndpointOptions | keyof ClientOptions;

/** Who takes an option. */
export type OptionOf = "both" | "endpoint" | "client";

/** A number. */
export interface NumberRow {
  readonly of: OptionOf;
  readonly kind: "number";
  readonly unit:
    | "ms"
    | "bytes"
    | "requests"
    | "notifications"
    | "connections"
    | "clients"
    | "streams";
  /** What is used where it is left out. */
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** The option that it must be less than. */
  readonly below?: OptionKey;
  /** The options that it must not be more than. */
  readonly atMost?: readonly OptionKey[];
}

/** One of some words. */
export interface WordRow {
  readonly of: OptionOf;
  readonly kind: "word";
  readonly words: readonly string[];
  readonly default: string;
}

/** What is checked by a rule of its own, which `resolve.ts` names. */
export interface OtherRow {
  readonly of: OptionOf;
  readonly kind: "name" | "text" | "flag" | "port" | "hostname" | "other";
}

/** What is known of one option. */
export type OptionRow = NumberRow | WordRow | OtherRow;

/** The table. A number is checked against those that it must stay below, defaults included. */
export const OPTIONS: Readonly<Record<OptionKey, OptionRow>> = Object.freeze({
  hostname: { of: "client", kind: "hostname" },
  port: { of: "client", kind: "port" },
  to: { of: "client", kind: "name" },
  name: { of: "both", kind: "name" },
  listen: { of: "endpoint", kind: "other" },
  advertise: { of: "endpoint", kind: "other" },
  peers: { of: "endpoint", kind: "other" },
  admit: { of: "endpoint", kind: "other" },
  watchPeers: { of: "endpoint", kind: "flag" },
  group: { of: "endpoint", kind: "name" },
  handlers: { of: "both", kind: "other" },
  startingMs: duration("both", 1_000, 0),
  secret: { of: "both", kind: "other" },
  secrets: { of: "both", kind: "other" },
  identity: { of: "both", kind: "other" },
  tls: { of: "both", kind: "other" },
  allow: { of: "both", kind: "other" },
  insecure: { of: "endpoint", kind: "flag" },
  identifier: word("endpoint", "counter", "clock"),
  fence: word("endpoint", "process", "link"),
  stateFile: { of: "endpoint", kind: "text" },
  consoleNotices: { of: "endpoint", kind: "flag" },
  codec: { of: "both", kind: "other" },
  whenDown: word("both", "wait", "fail"),
  heartbeatIntervalMs: { ...duration("both", 1_000), below: "deadAfterMs" },
  deadAfterMs: duration("both", 3_000),
  suspectAfterMs: duration("both", 1_000),
  probeTimeoutMs: { ...duration("both", 1_000), below: "handshakeTimeoutMs" },
  connectTimeoutMs: duration("both", 3_000),
  handshakeTimeoutMs: duration("both", 5_000),
  redialMinMs: { ...duration("both", 100, 0), atMost: ["redialMaxMs"] },
  redialMaxMs: duration("both", 5_000),
  requestTimeoutMs: duration("both", 5_000),
  resumeWindowMs: duration("both", 30_000),
  drainMs: duration("both", 10_000, 0),
  maxInFlight: number("both", "requests", 1_024, 1, 1_000_000),
  payloadMaxBytes: {
    ...number("both", "bytes", 16_777_216, 1, U32_MAX),
    atMost: ["queueMaxBytes", "receiveMaxBytes", "streamMaxBytes"],
  },
  maxClients: number("endpoint", "clients", 10_000, 1, 1_000_000),
  clientMaxInFlight: number("endpoint", "requests", 64, 1, 1_000_000),
  clientPayloadMaxBytes: number("endpoint", "bytes", 1_048_576, 1, U32_MAX),
  receiveMaxBytes: number("both", "bytes", 67_108_864, 1, Number.MAX_SAFE_INTEGER),
  creditBytes: number("both", "bytes", 262_144, 0, 1_073_741_824),
  answersMaxBytes: number("both", "bytes", 33_554_432, 1, Number.MAX_SAFE_INTEGER),
  assemblyTimeoutMs: duration("both", 30_000),
  notificationsMax: number("both", "notifications", 1_024, 1, 1_000_000),
  maxStreams: number("both", "streams", 256, 1, 1_000_000),
  clientMaxStreams: number("endpoint", "streams", 16, 1, 1_000_000),
  streamMaxBytes: number("both", "bytes", 67_108_864, 1, Number.MAX_SAFE_INTEGER),
  retainMaxBytes: number("both", "bytes", 16_777_216, RETAIN_MIN_BYTES, U32_MAX),
  queueMaxBytes: number("both", "bytes", 33_554_432, 1, Number.MAX_SAFE_INTEGER),
  maxConnectionsPerPeer: number("endpoint", "connections", 16, 2, 1_000),
  runtime: { of: "both", kind: "other" },
});

/** The options that one of the two takes, in the order of the table. */
export function keysOf(of: "endpoint" | "client"): OptionKey[] {
  return (Object.keys(OPTIONS) as OptionKey[]).filter((key) => {
    const row = OPTIONS[key];
    return row.of === of || row.of === "both";
  });
}

/** What is used where options are left out: those of the table that have a default. */
export function defaultsOfTable(): Record<string, number | string> {
  const defaults: Record<string, number | string> = {};
  for (const [key, row] of Object.entries(OPTIONS)) {
    if ("default" in row) defaults[key] = row.default;
  }
  return defaults;
}

function number(
  of: OptionOf,
  unit: NumberRow["unit"],
  fallback: number,
  min: number,
  max: number,
): NumberRow {
  return { of, kind: "number", unit, default: fallback, min, max };
}

function duration(of: OptionOf, fallback: number, min = 1): NumberRow {
  return number(of, "ms", fallback, min, DURATION_MAX_MS);
}

function word(of: OptionOf, fallback: string, ...others: readonly string[]): WordRow {
  return { of, kind: "word", words: [fallback, ...others], default: fallback };
}
