/**
 * Memory: of idle connections, and of a session that keeps what nobody acknowledges.
 *
 * @module
 */

import type { RuntimeName } from "../tools/runtimes.ts";
import { type Plan, TARGET_MEMORY_RATIO } from "./plan.ts";
import { definition, freePorts } from "./ports.ts";
import type { Process, Processes } from "./process.ts";
import { untilOpen } from "./wait.ts";

/** Memory of idle connections. */
export interface IdleRow {
  readonly runtime: RuntimeName;
  /** So many connections or sessions were counted. */
  readonly connections: number;
  /** Resident bytes of the accepting process for a bare socket. */
  readonly bareBytes: number;
  /** The same for a freshlink connection with its session. */
  readonly linkBytes: number;
  readonly ratio: number;
  readonly target: number;
}

/** Memory of one session whose path is cut. */
export interface UnacknowledgedRow {
  readonly runtime: RuntimeName;
  /** Bytes of payloads that were written and not acknowledged. */
  readonly unacknowledgedBytes: number;
  /** By how much the resident memory of the writing process grew. */
  readonly grownBytes: number;
}

/** All that is measured of memory. */
export interface Memory {
  readonly idle: IdleRow[];
  readonly unacknowledged: UnacknowledgedRow[];
}

/** A heap grows by leaps: the more is counted, the less they matter. */
const MEASURED_FILLS = 3;

/** An idle connection at the accepting end, bare and with freshlink. */
export async function measureIdle(
  plan: Plan,
  runtime: RuntimeName,
  processes: Processes,
): Promise<IdleRow> {
  const { idle } = plan;
  const bareBytes = await perConnection(async (server) => {
    const { port } = await server.order<{ port: number }>({ do: "echo" });
    return (client) => client.order({ do: "dial", port, count: idle });
  });
  const linkBytes = await perConnection(async (server) => {
    const [port, ...others] = freePorts(1 + (1 + MEASURED_FILLS) * idle) as [number, ...number[]];
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
    await using server = await processes.startForMemory(runtime);
    await using client = await processes.start(runtime);
    const fill = await prepare(server);
    await fill(client);
    await untilOpen(server, idle);
    const before = await rss(server);
    for (let fills = 1; fills <= MEASURED_FILLS; fills++) {
      await fill(client);
      await untilOpen(server, (1 + fills) * idle);
    }
    return (await rss(server) - before) / (MEASURED_FILLS * idle);
  }
}

/** Payloads that fit into the 4 MiB of `retainMaxBytes`, with their headers. */
const NOTIFICATIONS = 4_000;
const NOTIFICATION_BYTES = 1_024;

/** One session with nearly 4 MiB that nobody acknowledges, as its path is cut. */
export async function measureUnacknowledged(
  runtime: RuntimeName,
  processes: Processes,
): Promise<UnacknowledgedRow> {
  await using server = await processes.start(runtime);
  await using client = await processes.start(runtime);
  const [near, far] = freePorts(2) as [number, number];
  const peers = [definition("client", near)];
  await server.order({ do: "endpoint", name: "server", port: far, peers });
  const back = [definition("server", far)];
  const cuttable = true;
  await client.order({ do: "endpoint", name: "client", port: near, peers: back, cuttable });
  await untilOpen(server, 1);
  const before = await rss(client);
  await client.order({ do: "cut" });
  await client.order({ do: "notify", count: NOTIFICATIONS, bytes: NOTIFICATION_BYTES });
  const grownBytes = await rss(client) - before;
  return { runtime, unacknowledgedBytes: NOTIFICATIONS * NOTIFICATION_BYTES, grownBytes };
}

async function rss(server: Process): Promise<number> {
  return (await server.order<{ rssBytes: number }>({ do: "memory" })).rssBytes;
}
