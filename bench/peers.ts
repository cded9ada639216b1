/**
 * Other libraries, in the same run as freshlink: one client and one server process each, on Node,
 * where all of them run. `bench/peers` has the adapters and the versions.
 *
 * @module
 */

import { OrderedProcess } from "../tools/ordered_process.ts";
import {
  type Contender,
  CONTENDERS,
  installPeers,
  PEER_PROGRAM,
  versionOf,
} from "../tools/peer_packages.ts";
import { findRuntime } from "../tools/runtimes.ts";
import type { Plan } from "./plan.ts";
import { freePorts } from "./ports.ts";
import { median } from "./statistics.ts";

/** A library at one payload and one number in flight. */
export interface PeerRow {
  readonly name: string;
  readonly version: string;
  readonly runtime: "node";
  readonly payload: number;
  readonly inFlight: number;
  /** Requests a second: the median of the rounds. */
  readonly rate: number;
  /** `rate` as a part of freshlink's: the median of the rounds' own ratios. */
  readonly ratioToFreshlink: number;
}

type Order = { do: "measure"; bytes: number; inFlight: number; durationMs: number };

interface Found {
  readonly rate: number;
  readonly failed: number;
}

/** A library that runs. */
interface Runner {
  readonly contender: Contender;
  readonly version: string;
  readonly server: OrderedProcess<Order>;
  readonly client: OrderedProcess<Order>;
}

const PAYLOADS: readonly number[] = [64, 1_024];
const IN_FLIGHT: readonly number[] = [1, 64];
const FRESHLINK = "freshlink";

/** All libraries in turns, so that whatever else the machine does hits all of them. */
export async function measurePeers(plan: Plan): Promise<PeerRow[]> {
  await installPeers();
  const runners: Runner[] = [];
  try {
    for (const contender of CONTENDERS) {
      // Pings are for dead connections; these live.
      if (!contender.pings) runners.push(await start(contender));
    }
    const rows: PeerRow[] = [];
    for (const payload of PAYLOADS) {
      for (const inFlight of IN_FLIGHT) rows.push(...await play(plan, runners, payload, inFlight));
    }
    return rows;
  } finally {
    for (const { client, server } of runners) {
      await client[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    }
  }
}

async function start(contender: Contender): Promise<Runner> {
  const [one, other] = freePorts(2).map((port) => ({ hostname: "127.0.0.1", port }));
  const run = (role: "serve" | "call", own: unknown, peer: unknown) =>
    OrderedProcess.start<Order>({
      runtime: "node",
      program: PEER_PROGRAM,
      args: [role, contender.name, JSON.stringify({ own, other: peer, pings: false })],
    });
  const version = await versionOf(await findRuntime("node"), contender.name);
  const server = await run("serve", one, other);
  return { contender, version, server, client: await run("call", other, one) };
}

async function play(
  { rounds, durationMs }: Plan,
  runners: readonly Runner[],
  payload: number,
  inFlight: number,
): Promise<PeerRow[]> {
  const rates = new Map<Runner, number[]>(runners.map((runner) => [runner, []]));
  const measure = async (runner: Runner) => {
    const order: Order = { do: "measure", bytes: payload, inFlight, durationMs };
    const found = await runner.client.order<Found & Record<string, unknown>>(order);
    if (found.failed > 0) {
      throw new Error(`${runner.contender.name}: ${found.failed} wrong answers`);
    }
    return found.rate;
  };
  for (const runner of runners) await measure(runner);
  for (let round = 0; round < rounds; round++) {
    for (const runner of runners) rates.get(runner)!.push(await measure(runner));
  }
  const ours = rates.get(runners.find(({ contender }) => contender.name === FRESHLINK)!)!;
  return runners.map((runner) => ({
    name: runner.contender.name,
    version: runner.version,
    runtime: "node",
    payload,
    inFlight,
    rate: median(rates.get(runner)!),
    ratioToFreshlink: median(rates.get(runner)!.map((rate, round) => rate / ours[round]!)),
  }));
}

/** freshlink's rate as a multiple of the best peer's, at so many in flight. */
export function timesTheBest(rows: readonly PeerRow[], payload: number, inFlight: number): number {
  const others = rows.filter((row) =>
    row.payload === payload && row.inFlight === inFlight && row.name !== FRESHLINK
  );
  return 1 / Math.max(...others.map(({ ratioToFreshlink }) => ratioToFreshlink));
}
