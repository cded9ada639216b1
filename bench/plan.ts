/**
 * What is to be measured: the command line, and the numbers to reach.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { RUNTIME_NAMES, type RuntimeName } from "../tools/runtimes.ts";

/** The help text. */
export const HELP =
  `What freshlink costs, as ratios to two echoes over the same sockets: a bare one with callbacks, and
the floor, which adds what no API like this can do without: a promise a request, a copy an answer.

  deno task bench [--quick | --tiny] [--runtime NAME] [--payload BYTES] [--more] [--crowd]
                  [--memory] [--peers] [--profile] [--protected] [--startup] [--write] [--json]

  --quick           short rounds: all runtimes in less than a minute
  --tiny            very short rounds, to see that the benchmark works; its figures mean nothing
  --runtime NAME    deno, bun, node or all (the default)
  --payload BYTES   one or more sizes with commas between, each 32 to 1048576 and a multiple of 4;
                    64 by default
  --more            other loads too: notifications, late answers, 1 to 8 connections, handshakes;
                    a small call beside large ones, and 1 to 1,000 links
  --crowd           1,000 peers and 10,000 clients at one endpoint, and the table at any size
  --peers           instead: other libraries on Node, freshlink beside them
  --profile         instead: what the client's time goes into, at 1,024 in flight
  --memory          memory too: of idle links, and of a session with 4 MiB unacknowledged
  --protected       instead: the same in clear, under a secret and in TLS
  --startup         instead: the time of an import, the memory of an idle endpoint
  --write           puts the tables into docs/performance.md
  --json            the last line is one JSON object with all figures
  --help            this

Exit code 0: measured, whether the targets were met or not. 1: a request failed. 2: not understood.
`;

/** What is to be measured. Durations are in milliseconds. */
export interface Plan {
  /** The runtimes, one after the other. */
  readonly runtimes: readonly RuntimeName[];
  /** The sizes of payloads, in bytes. */
  readonly payloads: readonly number[];
  /** Each is measured so many times, ... */
  readonly rounds: number;
  /** ... each time for so long, ... */
  readonly durationMs: number;
  /** ... but for no more requests than this. */
  readonly maxCount: number;
  /** How many restarts are measured. */
  readonly takeovers: number;
  /** Idle connections whose memory is measured; 0: none. */
  readonly idle: number;
  /** The same in clear, under a secret and in TLS. */
  readonly protectedIdle: number;
  /** Programs started for the time of an import; 0: the start is not measured. */
  readonly starts: number;
  /** Whether other loads are measured. */
  readonly more: boolean;
  /** Peers and clients at one endpoint; none: they are not measured. */
  readonly crowd: { readonly peers: number; readonly clients: number };
  /** Links over which a load is spread, where other loads are measured. */
  readonly links: readonly number[];
  /** Operations of each kind on the connection table. */
  readonly tableOperations: number;
  /** Whether other libraries are measured, and nothing else. */
  readonly peers: boolean;
  /** Whether the client's time is looked at, and nothing else. */
  readonly profile: boolean;
  /** Whether what protects links is compared, and nothing else. */
  readonly protected: boolean;
  /** Whether docs/performance.md gets the tables. */
  readonly write: boolean;
  /** Whether the last line is JSON. */
  readonly json: boolean;
}

/** Payloads up to so many bytes are small: they go out with others in one write. */
const SMALL_MAX_BYTES = 16_384;
/** Payloads up to so many bytes are of the middle. */
const MIDDLE_MAX_BYTES = 262_144;

/** Requests in flight for a payload of so many bytes. */
export function inFlightOf(payload: number): readonly number[] {
  if (payload <= SMALL_MAX_BYTES) return [1, 64, 1_024];
  return payload <= MIDDLE_MAX_BYTES ? [1, 16] : [1, 4];
}

const TARGETS: Readonly<Record<string, number>> = {
  "64 x 1": 0.9,
  "64 x 64": 0.9,
  "64 x 1024": 0.8,
  "65536 x 1": 0.9,
  "65536 x 16": 0.9,
  "1048576 x 1": 0.8,
  "1048576 x 4": 0.8,
};

/** The number to reach: freshlink's part of the floor; `null` where none is stated. */
export function targetRatio(payload: number, inFlight: number): number | null {
  return TARGETS[`${payload} x ${inFlight}`] ?? null;
}

/** The least part of the rate in the bench's own way that a user's way of calling reaches. */
export const TARGET_USER_RATIO = 0.85;

/** A small call beside two of 16 MiB on the same link: 99 of 100 below so many milliseconds. */
export const TARGET_BESIDE_P99_MS = 3;

/** 1,024 in flight over 1,000 links, of the bare echo over as many sockets. */
export const TARGET_LINKS_RATIO = 0.7;

/** Calls at which nobody looks, as a part of what they were if nobody could. */
export const TARGET_UNSEEN_RATIO = 0.98;

/** The least part of a client's rate, which keeps nothing, that a session reaches. */
export const TARGET_RETENTION_RATIO = 0.9;

/** From a restarted peer's first HELLO until the old connection is gone, in milliseconds. */
export const TARGET_TAKEOVER_MS = 10;

/** An idle link's memory, as a multiple of a bare socket's. */
export const TARGET_MEMORY_RATIO = 2;

/** freshlink's rate as a multiple of the best other library's, at 64 in flight. */
export const TARGET_PEERS_RATIO = 5;

/** What importing freshlink may add to an empty program, in milliseconds. */
export const TARGET_IMPORT_MS = 15;

const UNBOUNDED = 2 ** 31;

const MANY = {
  links: [1, 10, 100, 1_000],
  idle: 1_000,
  protectedIdle: 100,
  crowd: { peers: 1_000, clients: 10_000 },
  tableOperations: 1_000_000,
};
const FEW = {
  links: [1, 10],
  idle: 50,
  protectedIdle: 10,
  crowd: { peers: 20, clients: 50 },
  tableOperations: 2_000,
};
const NOBODY = { peers: 0, clients: 0 };

const EFFORTS = {
  full: {
    ...MANY,
    rounds: 9,
    durationMs: 500,
    maxCount: UNBOUNDED,
    takeovers: 15,
    starts: 25,
  },
  quick: {
    ...MANY,
    rounds: 5,
    durationMs: 200,
    maxCount: UNBOUNDED,
    takeovers: 7,
    starts: 15,
  },
  tiny: { ...FEW, rounds: 2, durationMs: 50, maxCount: 2_000, takeovers: 1, starts: 2 },
};

/**
 * Reads the command line.
 *
 * @returns The plan, or `null` when help is asked for.
 * @throws {TypeError} When it cannot be understood.
 */
export function readPlan(args: readonly string[]): Plan | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      tiny: { type: "boolean", default: false },
      runtime: { type: "string", default: "all" },
      payload: { type: "string", default: "64" },
      memory: { type: "boolean", default: false },
      startup: { type: "boolean", default: false },
      more: { type: "boolean", default: false },
      crowd: { type: "boolean", default: false },
      peers: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      protected: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  const effort = values.tiny ? EFFORTS.tiny : values.quick ? EFFORTS.quick : EFFORTS.full;
  return {
    ...effort,
    idle: values.memory ? effort.idle : 0,
    starts: values.startup ? effort.starts : 0,
    runtimes: readRuntimes(values.runtime),
    payloads: values.payload.split(",").map(readPayload),
    more: values.more,
    crowd: values.crowd ? effort.crowd : NOBODY,
    peers: values.peers,
    profile: values.profile,
    protected: values.protected,
    write: values.write,
    json: values.json,
  };
}

function readRuntimes(text: string): readonly RuntimeName[] {
  if (text === "all") return RUNTIME_NAMES;
  const found = RUNTIME_NAMES.find((name) => name === text);
  if (found !== undefined) return [found];
  throw new TypeError(`--runtime ${text}: deno, bun, node or all was expected`);
}

function readPayload(text: string): number {
  const bytes = Number(text);
  if (Number.isInteger(bytes / 4) && bytes >= 32 && bytes <= 1_048_576) return bytes;
  throw new TypeError(`--payload ${text}: multiples of 4 from 32 to 1048576 were expected`);
}
