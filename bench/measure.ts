/**
 * Measures one runtime: both sides of each ratio in turns, so that whatever else the machine does
 * hits both. A ratio is the median of the rounds' own ratios.
 *
 * @module
 */

import type { PeerDefinition } from "../mod.ts";
import type { RuntimeName } from "../tools/runtimes.ts";
import type { Carrier, LoadOptions, Measurement } from "./load.ts";
import {
  IN_FLIGHT,
  type Plan,
  TARGET_MEMORY_RATIO,
  TARGET_TAKEOVER_MS,
  targetRatio,
} from "./plan.ts";
import type { Process, Processes } from "./process.ts";
import type { Report } from "./program.ts";
import type { TakeoverSample } from "./takeover.ts";

/** Requests per second of one carrier, and how it compares. */
export interface RateRow {
  readonly runtime: RuntimeName;
  /** Bytes of each payload and answer. */
  readonly payload: number;
  readonly inFlight: number;
  readonly carrier: Carrier;
  /** Requests answered per second: the median of the rounds. */
  readonly perSecond: number;
  /** The latency of the median request, in milliseconds: the median of the rounds. */
  readonly p50Ms: number;
  /** The latency that 99 of 100 requests stayed below, in milliseconds. */
  readonly p99Ms: number;
  /**
   * `perSecond` as a part of the bare echo's; with one in flight the bare echo's `p50Ms` as a part
   * of this one. The median of the rounds' own ratios.
   */
  readonly ratio: number;
  /** The least ratio to reach; `null`: none is stated. */
  readonly target: number | null;
  /** Requests without the right answer. */
  readonly failed: number;
}

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

/** Memory of idle connections. */
export interface MemoryRow {
  readonly runtime: RuntimeName;
  readonly connections: number;
  /** Resident bytes of the accepting process for a bare socket. */
  readonly bareBytes: number;
  /** The same for a freshlink connection with its session. */
  readonly linkBytes: number;
  readonly ratio: number;
  readonly target: number;
}

/** All figures. */
export interface Results {
  readonly rates: RateRow[];
  readonly takeovers: TakeoverRow[];
  readonly memory: MemoryRow[];
}

const CARRIERS: readonly Carrier[] = ["bare", "bytes", "json"];

/** Requests before the first round, so that the code is compiled. */
const WARM_UP_MS = 300;

/** Measures everything that is planned for one runtime. */
export async function measureRuntime(
  plan: Plan,
  runtime: RuntimeName,
  processes: Processes,
  results: Results,
): Promise<void> {
  await using server = await processes.start(runtime);
  await using client = await processes.start(runtime);
  const { port: echoPort } = await server.order<{ port: number }>({ do: "echo" });
  await client.order({ do: "dial", port: echoPort, count: 1 });
  const [nearPort, farPort] = freePorts(2) as [number, number];
  const near = definition("client", nearPort);
  const far = definition("server", farPort);
  await server.order({ do: "endpoint", name: "server", port: far.port, peers: [near] });
  await client.order({ do: "endpoint", name: "client", port: near.port, peers: [far] });
  await untilOpen(server, 1);
  for (const payload of plan.payloads) {
    for (const inFlight of IN_FLIGHT) {
      results.rates.push(...await measureRates(plan, runtime, server, client, payload, inFlight));
    }
  }
  if (plan.takeovers > 0) results.takeovers.push(await measureTakeovers(plan, runtime, processes));
  if (plan.idle > 0) results.memory.push(await measureMemory(plan, runtime, processes));
}

async function measureRates(
  plan: Plan,
  runtime: RuntimeName,
  server: Process,
  client: Process,
  payload: number,
  inFlight: number,
): Promise<RateRow[]> {
  const { durationMs, maxCount } = plan;
  const rounds: Record<Carrier, Measurement[]> = { bare: [], bytes: [], json: [] };
  const before = await server.order<Report>({ do: "report" });
  const put = (carrier: Carrier, options: LoadOptions) =>
    client.order<Measurement>({ do: "load", carrier, options });
  const warmUpMs = Math.min(WARM_UP_MS, durationMs);
  let warmed = 0;
  for (const carrier of CARRIERS) {
    const found = await put(carrier, { inFlight, payload, durationMs: warmUpMs, maxCount });
    warmed += found.sent;
  }
  for (let round = 0; round < plan.rounds; round++) {
    // Nobody is always the first.
    const order = CARRIERS.map((_, index) => CARRIERS[(index + round) % CARRIERS.length]!);
    for (const carrier of order) {
      rounds[carrier].push(await put(carrier, { inFlight, payload, durationMs, maxCount }));
    }
  }
  const after = await server.order<Report>({ do: "report" });
  const sent = warmed +
    CARRIERS.flatMap((one) => rounds[one]).reduce((sum, one) => sum + one.sent, 0);
  const served = CARRIERS.reduce((sum, one) => sum + after.served[one] - before.served[one], 0);
  // What the load counts is what the server did: no request was measured that was not one.
  if (served !== sent) throw new Error(`${runtime}: ${sent} requests were sent, ${served} served`);
  return CARRIERS.map((carrier) => ({
    runtime,
    payload,
    inFlight,
    carrier,
    perSecond: median(rounds[carrier].map(rateOf)),
    p50Ms: median(rounds[carrier].map(({ p50Ms }) => p50Ms)),
    p99Ms: median(rounds[carrier].map(({ p99Ms }) => p99Ms)),
    ratio: median(rounds[carrier].map((one, round) => ratioOf(inFlight, one, rounds.bare[round]!))),
    target: carrier === "bytes" ? targetRatio(payload, inFlight) : null,
    failed: rounds[carrier].reduce((sum, one) => sum + one.failed + one.wrong, 0),
  }));
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

async function measureMemory(
  plan: Plan,
  runtime: RuntimeName,
  processes: Processes,
): Promise<MemoryRow> {
  const { idle } = plan;
  const bareBytes = await perConnection(async (server) => {
    const { port } = await server.order<{ port: number }>({ do: "echo" });
    return (client) => client.order({ do: "dial", port, count: idle });
  });
  const linkBytes = await perConnection(async (server) => {
    const [port, ...others] = freePorts(1 + 2 * idle) as [number, ...number[]];
    const members = others.map((other) => definition(`peer-${other}`, other));
    await server.order({ do: "endpoint", name: "server", port, peers: members });
    const peer = definition("server", port);
    return (client) => client.order({ do: "crowd", members: members.splice(0, idle), peer });
  });
  // So few sockets that none needed a new page are no measurement; the ratio stays a number.
  const ratio = linkBytes / Math.max(1, bareBytes);
  return { runtime, connections: idle, bareBytes, linkBytes, ratio, target: TARGET_MEMORY_RATIO };

  /** The first so many load what all of them share, and are not counted. */
  async function perConnection(
    prepare: (server: Process) => Promise<(client: Process) => Promise<unknown>>,
  ): Promise<number> {
    await using server = await processes.start(runtime);
    await using client = await processes.start(runtime);
    const fill = await prepare(server);
    await fill(client);
    await untilOpen(server, idle);
    const before = await rss(server);
    await fill(client);
    await untilOpen(server, 2 * idle);
    return (await rss(server) - before) / idle;
  }
}

async function rss(server: Process): Promise<number> {
  return (await server.order<{ rssBytes: number }>({ do: "memory" })).rssBytes;
}

const OPEN_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 50;

/** The kernel accepts before the process does. */
async function untilOpen(server: Process, count: number): Promise<void> {
  const untilMs = performance.now() + OPEN_WITHIN_MS;
  for (;;) {
    const { sockets, links } = await server.order<Report>({ do: "report" });
    if (sockets >= count || links >= count) return;
    if (performance.now() > untilMs) {
      throw new Error(`${count} connections were expected: ${sockets} sockets, ${links} links`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** Below the ports that kernels choose, so that no outgoing connection takes one meanwhile. */
const PORT_MIN = 20_000;
const PORT_MAX = 32_000;

/** Ports on which nobody listens. */
function freePorts(count: number): number[] {
  const listeners: Deno.TcpListener[] = [];
  for (let port = PORT_MIN; port <= PORT_MAX && listeners.length < count; port++) {
    try {
      listeners.push(Deno.listen({ hostname: "127.0.0.1", port }));
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  const ports = listeners.map(({ addr }) => addr.port);
  for (const listener of listeners) listener.close();
  if (ports.length < count) throw new Error(`There are no ${count} free ports`);
  return ports;
}

function definition(name: string, port: number): PeerDefinition {
  return { name, hostname: "127.0.0.1", port };
}

function rateOf({ ok, elapsedMs }: Measurement): number {
  return ok / elapsedMs * 1_000;
}

function ratioOf(inFlight: number, one: Measurement, bare: Measurement): number {
  return inFlight === 1 ? bare.p50Ms / one.p50Ms : rateOf(one) / rateOf(bare);
}

/** The middle one of several numbers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
