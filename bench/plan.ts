/**
 * What is to be measured: the command line, and the numbers to reach.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { RUNTIME_NAMES, type RuntimeName } from "../tools/runtimes.ts";

/** The help text. */
export const HELP = `What freshlink costs, as ratios to a bare framed echo over the same sockets.

  deno task bench [--quick | --tiny] [--runtime NAME] [--payload BYTES] [--more] [--crowd]
                  [--memory] [--peers] [--profile] [--startup] [--json]

  --quick           short rounds: all runtimes in less than a minute
  --tiny            very short rounds, to see that the benchmark works; its figures mean nothing
  --runtime NAME    deno, bun, node or all (the default)
  --payload BYTES   one or more sizes with commas between, each 32 to 1048576 and a multiple of 4;
                    64 by default
  --more            other loads too: notifications, late answers, 1 to 8 connections, handshakes;
                    and what promises cost by themselves
  --crowd           1,000 peers and 10,000 clients at one endpoint, and the table at any size
  --peers           instead: other libraries on Node, freshlink beside them
  --profile         instead: what the client's time goes into, at 1,024 in flight
  --memory          memory too: of idle links, and of a session with 4 MiB unacknowledged
  --startup         instead: the time of an import, the memory of an idle endpoint
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
  /** Programs started for the time of an import; 0: the start is not measured. */
  readonly starts: number;
  /** Whether other loads are measured. */
  readonly more: boolean;
  /** Peers and clients at one endpoint; none: they are not measured. */
  readonly crowd: { readonly peers: number; readonly clients: number };
  /** Operations of each kind on the connection table. */
  readonly tableOperations: number;
  /** Whether other libraries are measured, and nothing else. */
  readonly peers: boolean;
  /** Whether the client's time is looked at, and nothing else. */
  readonly profile: boolean;
  /** Whether the last line is JSON. */
  readonly json: boolean;
}

/** Requests in flight. */
export const IN_FLIGHT: readonly number[] = [1, 64, 1_024];

/** The number to reach: freshlink's part of the bare echo. Stated for 64 bytes only. */
export function targetRatio(payload: number, inFlight: number): number | null {
  if (payload !== 64) return null;
  if (inFlight === 1) return 1 / 1.15;
  return inFlight === 64 ? 0.8 : inFlight === 1_024 ? 0.5 : null;
}

/** The least part of a client's rate, which keeps nothing, that a session reaches. */
export const TARGET_RETENTION_RATIO = 0.9;

/** From a restarted peer's first HELLO until the old connection is gone, in milliseconds. */
export const TARGET_TAKEOVER_MS = 10;

/** An idle link's memory, as a multiple of a bare socket's. */
export const TARGET_MEMORY_RATIO = 2;

/** freshlink's rate as a multiple of the best other library's, at 64 in flight. */
export const TARGET_PEERS_RATIO = 3;

/** What importing freshlink may add to an empty program, in milliseconds. */
export const TARGET_IMPORT_MS = 15;

const UNBOUNDED = 2 ** 31;

const MANY = { idle: 1_000, crowd: { peers: 1_000, clients: 10_000 }, tableOperations: 1_000_000 };
const FEW = { idle: 50, crowd: { peers: 20, clients: 50 }, tableOperations: 2_000 };
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
