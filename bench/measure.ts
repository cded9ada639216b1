/**
 * Measures one runtime: both sides of each ratio in turns, so that whatever else the machine does
 * hits both. A ratio is the median of the rounds' own ratios.
 *
 * @module
 */

import type { SeenRow } from "./seen.ts";
import type { RuntimeName } from "../tools/runtimes.ts";
import { type LatencyRow, measureBeside } from "./beside.ts";
import { type CrowdRow, measureCrowds, measureTables, type TableRow } from "./crowd.ts";
import { type LinksRow, measureLinks } from "./links.ts";
import { measureIdle, measureUnacknowledged, type Memory } from "./memory.ts";
import { measureOthers, type OtherRow } from "./others.ts";
import type { PeerRow } from "./peers.ts";
import type { ProfileRow } from "./profile.ts";
import { type Plan, TARGET_TAKEOVER_MS } from "./plan.ts";
import type { ProtectedRow } from "./protected.ts";
import { definition, freePorts } from "./ports.ts";
import type { Processes } from "./process.ts";
import {
  type Ends,
  measureRates,
  measureRetention,
  measureSeen,
  measureUser,
  type RateRow,
  type RetentionRow,
  type UserRow,
} from "./rates.ts";
import type { StartupRow } from "./startup.ts";
import { median } from "./statistics.ts";
import type { TakeoverSample } from "./takeover.ts";
import { untilOpen } from "./wait.ts";

/** How fast a restarted peer takes its link over. */
export interface TakeoverRow {
  readonly runtime: RuntimeName;
  readonly restarts: number;
  /** From the new HELLO until the old connection is gone: the median, in milliseconds. */
  readonly oldClosedMs: number;
  /** The same, the longest one. */
  readonly oldClosedMaxMs: number;
  /** From the new HELLO until the first waiting request is answered: the median. */
  readonly firstReplyMs: number;
  /** Milliseconds. */
  readonly target: number;
  /** Requests that waited and were not answered. */
  readonly failed: number;
}

/** All figures. */
export interface Results {
  readonly rows: RateRow[];
  readonly others: OtherRow[];
  readonly users: UserRow[];
  readonly seen: SeenRow[];
  readonly latency: LatencyRow[];
  readonly links: LinksRow[];
  readonly retention: RetentionRow[];
  readonly peers: PeerRow[];
  readonly crowds: CrowdRow[];
  readonly tables: TableRow[];
  readonly takeovers: TakeoverRow[];
  readonly memory: Memory;
  readonly startup: StartupRow[];
  readonly profiles: ProfileRow[];
  readonly protected: ProtectedRow[];
}

/** Measures everything that is planned for one runtime. */
export async function measureRuntime(
  plan: Plan,
  runtime: RuntimeName,
  processes: Processes,
  results: Results,
): Promise<void> {
  {
    await using server = await processes.start(runtime);
    await using client = await processes.start(runtime);
    const ends: Ends = { runtime, server, client };
    const ports = await open(ends);
    results.rows.push(...await measureRates(plan, ends));
    results.retention.push(await measureRetention(plan, ends));
    results.users.push(await measureUser(plan, ends));
    if (plan.more) {
      results.others.push(...await measureOthers(plan, ends, ports));
      results.latency.push(...await measureBeside(plan, ends));
      results.seen.push(await measureSeen(plan, ends, processes));
    }
  }
  for (const count of plan.more ? plan.links : []) {
    results.links.push(await measureLinks(plan, runtime, processes, count));
  }
  if (plan.takeovers > 0) results.takeovers.push(await measureTakeovers(plan, runtime, processes));
  if (plan.idle > 0) {
    results.memory.idle.push(await measureIdle(plan, runtime, processes));
    results.memory.unacknowledged.push(await measureUnacknowledged(runtime, processes));
  }
  if (plan.crowd.peers > 0) {
    results.crowds.push(...await measureCrowds(plan, runtime, processes));
    results.tables.push(...await measureTables(plan, runtime, processes));
  }
}

/** The bare echoes, a pair of endpoints and a client. */
async function open({ server, client }: Ends): Promise<{ echo: number; endpoint: number }> {
  const ports = { bytes: 0, json: 0 };
  for (const mode of ["bytes", "json"] as const) {
    ports[mode] = (await server.order<{ port: number }>({ do: "echo", mode })).port;
    await client.order({ do: "dial", mode, port: ports[mode], count: 1 });
  }
  const [nearPort, farPort] = freePorts(2) as [number, number];
  const near = definition("client", nearPort);
  const far = definition("server", farPort);
  await server.order({ do: "endpoint", name: "server", port: far.port, peers: [near] });
  await client.order({ do: "endpoint", name: "client", port: near.port, peers: [far] });
  await client.order({ do: "client", port: far.port, count: 1 });
  await untilOpen(server, 1);
  return { echo: ports.bytes, endpoint: far.port };
}

async function measureTakeovers(
  plan: Plan,
  runtime: RuntimeName,
  processes: Processes,
): Promise<TakeoverRow> {
  await using process = await processes.start(runtime);
  const samples: TakeoverSample[] = [];
  for (let count = 0; count < plan.takeovers; count++) {
    samples.push(await process.order<TakeoverSample>({ do: "takeover", port: freePorts(1)[0]! }));
  }
  const closed = samples.map(({ helloToOldClosedMs }) => helloToOldClosedMs);
  return {
    runtime,
    restarts: samples.length,
    oldClosedMs: median(closed),
    oldClosedMaxMs: Math.max(...closed),
    firstReplyMs: median(samples.map(({ helloToFirstReplyMs }) => helloToFirstReplyMs)),
    target: TARGET_TAKEOVER_MS,
    failed: samples.reduce((sum, { waiting, answered }) => sum + waiting - answered, 0),
  };
}
