/**
 * Requests: bare and freshlink in turns, so that whatever else the machine does hits both.
 *
 * @module
 */

import { SEEN, type Seen, type SeenRow } from "./seen.ts";
import type { RuntimeName } from "../tools/runtimes.ts";
import type { Carrier, LoadOptions, Measurement } from "./load.ts";
import {
  inFlightOf,
  type Plan,
  TARGET_RETENTION_RATIO,
  TARGET_UNSEEN_RATIO,
  TARGET_USER_RATIO,
  targetRatio,
} from "./plan.ts";
import type { Process, Processes } from "./process.ts";
import type { Report } from "./program.ts";
import { median } from "./statistics.ts";
import { measureUnseen } from "./unseen.ts";
import { untilServed } from "./wait.ts";

/** How freshlink compares with the bare echo. Rates are requests answered in a second. */
export interface RateRow {
  readonly runtime: RuntimeName;
  readonly codec: "bytes" | "json";
  /** Bytes of each payload and answer. */
  readonly payload: number;
  readonly inFlight: number;
  /** The bare echo's rate: the median of the rounds. It parses nothing. */
  readonly bare: number;
  /** The floor's rate: the median of the rounds. In a JSON row it parses at both ends. */
  readonly floor: number;
  /** freshlink's rate: the median of the rounds. */
  readonly freshlink: number;
  /**
   * `freshlink` as a part of `bare`; with one in flight the bare echo's median latency as a part of
   * freshlink's. The median of the rounds' own ratios.
   */
  readonly ratio: number;
  /** The same of the floor. */
  readonly ratioToFloor: number;
  /** The least and the greatest of the rounds' own ratios to the floor. */
  readonly spread: readonly [number, number];
  /** The floor's latency in milliseconds that half of the requests stayed below. */
  readonly floorP50Ms: number;
  /** The same of freshlink. */
  readonly p50Ms: number;
  /** freshlink's latency in milliseconds that 99 of 100 requests stayed below. */
  readonly p99Ms: number;
  /** freshlink's latency in milliseconds that 999 of 1,000 requests stayed below. */
  readonly p999Ms: number;
  /** The least ratio to the floor to reach; `null`: none is stated. */
  readonly target: number | null;
  /** Requests without the right answer. */
  readonly failed: number;
  /** Of all payloads that came back, the echoes' too: the numbers in them, added up. */
  readonly hash: number;
}

/** What the way in which users call costs beside the way in which the bench does. */
export interface UserRow {
  readonly runtime: RuntimeName;
  readonly payload: number;
  readonly inFlight: number;
  /** Requests a second in the bench's way: options made once, a handler that returns at once. */
  readonly bench: number;
  /** An async handler that reads its signal; options and an AbortSignal with each call. */
  readonly user: number;
  /** `user` as a part of `bench`: the median of the rounds' own ratios. */
  readonly ratio: number;
  /** The least ratio to reach. */
  readonly target: number;
  /** Requests without the right answer. */
  readonly failed: number;
}

/** What it costs that a session keeps what it has written. */
export interface RetentionRow {
  readonly runtime: RuntimeName;
  readonly payload: number;
  readonly inFlight: number;
  /** Requests a second of a client, whose connection keeps and acknowledges nothing. */
  readonly without: number;
  /** The same of an endpoint with its session. */
  readonly with: number;
  /** `with` as a part of `without`: the median of the rounds' own ratios. */
  readonly ratio: number;
  /** The least ratio to reach. */
  readonly target: number;
  /** Requests without the right answer. */
  readonly failed: number;
}

/** Requests before the first round, so that the code is compiled. */
const WARM_UP_MS = 300;

/** With and without retention are compared at this many in flight. */
const RETENTION_IN_FLIGHT = 64;

/** So many times the rounds, of half the length each. */
const FINER = 4;

/** Both ends of one connection. */
export interface Ends {
  readonly runtime: RuntimeName;
  readonly server: Process;
  readonly client: Process;
}

/** Each payload with each number in flight. */
export async function measureRates(plan: Plan, ends: Ends): Promise<RateRow[]> {
  const carriers = ["bare", "floor", "bytes", "floor-json", "json"] as const;
  const rows: RateRow[] = [];
  for (const payload of plan.payloads) {
    for (const inFlight of inFlightOf(payload)) {
      const rounds = await play(plan, ends, carriers, payload, inFlight);
      const row = { runtime: ends.runtime, payload, inFlight };
      const target = targetRatio(payload, inFlight);
      const bytes = compare(inFlight, rounds.bare, rounds.floor, rounds.bytes);
      const json = compare(inFlight, rounds.bare, rounds["floor-json"], rounds.json);
      rows.push({ ...row, codec: "bytes", ...bytes, target });
      rows.push({ ...row, codec: "json", ...json, target: null });
    }
  }
  return rows;
}

/** The bench's way of calling beside a user's. */
export async function measureUser(plan: Plan, ends: Ends): Promise<UserRow> {
  const payload = plan.payloads[0]!;
  const inFlight = RETENTION_IN_FLIGHT;
  const rounds = await play(finer(plan), ends, ["bytes", "user"], payload, inFlight);
  return {
    runtime: ends.runtime,
    payload,
    inFlight,
    bench: median(rounds.bytes.map(rateOf)),
    user: median(rounds.user.map(rateOf)),
    ratio: median(rounds.user.map((one, round) => rateOf(one) / rateOf(rounds.bytes[round]!))),
    target: TARGET_USER_RATIO,
    failed: failures(rounds.bytes) + failures(rounds.user),
  };
}

/** Calls that are looked at beside calls that are not. */
export async function measureSeen(
  plan: Plan,
  ends: Ends,
  processes: Processes,
): Promise<SeenRow> {
  const payload = plan.payloads[0]!;
  const inFlight = RETENTION_IN_FLIGHT;
  const rounds = await play(finer(plan), ends, ["bytes", ...SEEN], payload, inFlight);
  const unseen = await measureUnseen(finer(plan), ends.runtime, processes, payload, inFlight);
  const ratioOf = (how: Seen) =>
    median(rounds[how].map((one, round) => rateOf(one) / rateOf(rounds.bytes[round]!)));
  return {
    runtime: ends.runtime,
    payload,
    inFlight,
    none: median(rounds.bytes.map(rateOf)),
    unseen: unseen.ratio,
    unseenCpu: unseen.cpuRatio,
    target: TARGET_UNSEEN_RATIO,
    ratios: {
      intercepted: ratioOf("intercepted"),
      metadata: ratioOf("metadata"),
      traced: ratioOf("traced"),
    },
    failed: [rounds.bytes, ...SEEN.map((how) => rounds[how])]
      .reduce((sum, some) => sum + failures(some), unseen.failed),
  };
}

/** A session beside a connection that keeps nothing. */
export async function measureRetention(plan: Plan, ends: Ends): Promise<RetentionRow> {
  const payload = plan.payloads[0]!;
  const inFlight = RETENTION_IN_FLIGHT;
  const rounds = await play(finer(plan), ends, ["bytes", "client"], payload, inFlight);
  return {
    runtime: ends.runtime,
    payload,
    inFlight,
    without: median(rounds.client.map(rateOf)),
    with: median(rounds.bytes.map(rateOf)),
    ratio: median(rounds.bytes.map((one, round) => rateOf(one) / rateOf(rounds.client[round]!))),
    target: TARGET_RETENTION_RATIO,
    failed: failures(rounds.bytes) + failures(rounds.client),
  };
}

/** Two that differ by little: many short rounds see it better than few long ones. */
function finer(plan: Plan): Plan {
  return { ...plan, rounds: plan.rounds * FINER, durationMs: plan.durationMs / 2 };
}

function compare(
  inFlight: number,
  bare: readonly Measurement[],
  floor: readonly Measurement[],
  ours: readonly Measurement[],
) {
  const ratiosTo = (others: readonly Measurement[]) =>
    ours.map((one, round) => ratioOf(inFlight, one, others[round]!));
  const toFloor = ratiosTo(floor);
  const all = [...bare, ...floor, ...ours];
  return {
    bare: median(bare.map(rateOf)),
    floor: median(floor.map(rateOf)),
    freshlink: median(ours.map(rateOf)),
    ratio: median(ratiosTo(bare)),
    ratioToFloor: median(toFloor),
    spread: [Math.min(...toFloor), Math.max(...toFloor)] as const,
    floorP50Ms: median(floor.map(({ p50Ms }) => p50Ms)),
    p50Ms: median(ours.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(ours.map(({ p99Ms }) => p99Ms)),
    p999Ms: median(ours.map(({ p999Ms }) => p999Ms)),
    failed: failures(all),
    hash: all.reduce((sum, one) => (sum + one.hash) >>> 0, 0),
  };
}

/** All carriers in turns, after a warm-up. */
export async function play(
  plan: Plan,
  { runtime, server, client }: Ends,
  carriers: readonly Carrier[],
  payload: number,
  inFlight: number,
  connections = 1,
): Promise<Record<Carrier, Measurement[]>> {
  const { durationMs, maxCount } = plan;
  const rounds: Record<Carrier, Measurement[]> = {
    bare: [],
    bytes: [],
    json: [],
    links: [],
    client: [],
    late: [],
    notify: [],
    user: [],
    intercepted: [],
    metadata: [],
    traced: [],
    floor: [],
    "floor-json": [],
  };
  const before = await server.order<Report>({ do: "report" });
  let sent = 0;
  const put = async (carrier: Carrier, options: LoadOptions) => {
    const found = await client.order<Measurement>({ do: "load", carrier, options });
    sent += found.sent;
    return found;
  };
  const warmUpMs = Math.min(WARM_UP_MS, durationMs);
  for (const carrier of carriers) {
    await put(carrier, { inFlight, payload, durationMs: warmUpMs, maxCount, connections });
  }
  for (let round = 0; round < plan.rounds; round++) {
    // Nobody is always the first.
    const order = carriers.map((_, index) => carriers[(index + round) % carriers.length]!);
    for (const carrier of order) {
      const options = { inFlight, payload, durationMs, maxCount, connections };
      rounds[carrier].push(await put(carrier, options));
    }
  }
  // What the load counts is what the server did: no request was measured that was not one.
  await untilServed(server, before.served + sent, runtime);
  return rounds;
}

/** Requests a second. */
export function rateOf({ ok, elapsedMs }: Measurement): number {
  return ok / elapsedMs * 1_000;
}

function ratioOf(inFlight: number, one: Measurement, bare: Measurement): number {
  return inFlight === 1 ? bare.p50Ms / one.p50Ms : rateOf(one) / rateOf(bare);
}

/** How many had no right answer. */
export function failures(measurements: readonly Measurement[]): number {
  return measurements.reduce((sum, { failed, wrong }) => sum + failed + wrong, 0);
}
