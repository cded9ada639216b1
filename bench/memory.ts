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
  /** Bytes of live objects in the accepting process for a bare socket. */
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

/** Processes with so many times as many connections are compared with those with a few. */
const FILLS = 4;

/** An idle connection at the accepting end, bare and with freshlink. */
export async function measureIdle(
  plan: Plan,
  runtime: RuntimeName,
  processes: Processes,
): Promise<IdleRow> {
  const { idle } = plan;
  const bareBytes = await perConnection(async (server, client, count) => {
    const { port } = await server.order<{ port: number }>({ do: "echo" });
    await client.order({ do: "dial", port, count });
  });
  const linkBytes = await perConnection(async (server, client, count) => {
    const [port, ...others] = freePorts(1 + count) as [number, ...number[]];
    const members = others.map((other) => definition(`peer-${other}`, other));
    await server.order({ do: "endpoint", name: "server", port, peers: members });
    const peer = definition("server", port);
    while (members.length > 0) {
      await client.order({ do: "crowd", members: members.splice(0, idle), peer });
    }
  });
  // So few sockets that none needed a new page are no measurement; the ratio stays a number.
  const ratio = linkBytes / Math.max(1, bareBytes);
  return { runtime, connections: idle, bareBytes, linkBytes, ratio, target: TARGET_MEMORY_RATIO };

  async function perConnection(fill: Fill): Promise<number> {
    return (await eachTakes(runtime, processes, idle, fill)).liveBytes;
  }
}

/**
 * What each of many connections takes in the accepting process.
 *
 * What all connections share is in both processes that are compared, and cancels out.
 *
 * @param count So many, and `FILLS` times as many.
 */
export async function eachTakes(
  runtime: RuntimeName,
  processes: Processes,
  count: number,
  fill: Fill,
): Promise<Bytes> {
  const few = await filled(count);
  const many = await filled(FILLS * count);
  const each = (bytes: (held: Bytes) => number) =>
    (bytes(many) - bytes(few)) / ((FILLS - 1) * count);
  return {
    rssBytes: each(({ rssBytes }) => rssBytes),
    liveBytes: each(({ liveBytes }) => liveBytes),
  };

  async function filled(connections: number): Promise<Bytes> {
    await using server = await processes.startForMemory(runtime);
    await using client = await processes.start(runtime);
    await fill(server, client, connections);
    await untilOpen(server, connections);
    return await memory(server);
  }
}

/** Resident bytes, and those of live objects. */
export interface Bytes {
  readonly rssBytes: number;
  readonly liveBytes: number;
}

/** Opens so many connections. */
export type Fill = (server: Process, client: Process, count: number) => Promise<void>;

/** Payloads that fit into `retainMaxBytes`, with their headers. */
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
  const before = (await memory(client)).rssBytes;
  await client.order({ do: "cut" });
  await client.order({ do: "notify", count: NOTIFICATIONS, bytes: NOTIFICATION_BYTES });
  const grownBytes = (await memory(client)).rssBytes - before;
  return { runtime, unacknowledgedBytes: NOTIFICATIONS * NOTIFICATION_BYTES, grownBytes };
}

/** See the order `memory`. */
export async function memory(server: Process): Promise<Bytes> {
  return await server.order<Bytes>({ do: "memory" });
}
