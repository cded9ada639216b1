/**
 * Many at one endpoint: a thousand peers, ten thousand clients, and a connection table of any size.
 *
 * @module
 */

import type { RuntimeName } from "../tools/runtimes.ts";
import { memory } from "./memory.ts";
import type { Plan } from "./plan.ts";
import { definition, freePorts } from "./ports.ts";
import type { Process, Processes } from "./process.ts";
import type { TableTimes } from "./table.ts";
import { untilOpen } from "./wait.ts";

/** Many connections of one kind at one endpoint. */
export interface CrowdRow {
  readonly runtime: RuntimeName;
  readonly kind: "peers" | "clients";
  readonly count: number;
  /** From the first dial until all are linked; all of them run in one other process. */
  readonly linkedMs: number;
  /** Resident bytes of the endpoint's process for each; the first ones load the code. */
  readonly bytesEach: number;
  /** What the endpoint's process computes in one second in which nothing but beats goes on. */
  readonly cpuMsPerSecond: number;
  /** The same for each connection: a second is one beat. */
  readonly beatMicros: number;
}

/** Operations on the table, by rows. */
export interface TableRow extends TableTimes {
  readonly runtime: RuntimeName;
}

const IDLE_MS = 3_000;
const TABLE_ROWS: readonly number[] = [10, 1_000, 100_000];

/** Peers, then clients. */
export async function measureCrowds(
  plan: Plan,
  runtime: RuntimeName,
  processes: Processes,
): Promise<CrowdRow[]> {
  const { peers, clients } = plan.crowd;
  return [
    await crowd("peers", peers, async (server) => {
      const [port, ...others] = freePorts(1 + peers) as [number, ...number[]];
      const members = others.map((other) => definition(`peer-${other}`, other));
      await server.order({ do: "endpoint", name: "server", port, peers: members });
      const peer = definition("server", port);
      return async (client) => {
        await client.order({ do: "crowd", members, peer }, TIMEOUT_MS);
        await untilOpen(server, peers);
      };
    }),
    await crowd("clients", clients, async (server) => {
      const [port] = freePorts(1) as [number];
      await server.order({ do: "endpoint", name: "server", port, peers: [] });
      // A client is connected when the endpoint has proved itself: no row tells of it there.
      return async (client) => {
        await client.order({ do: "client", port, count: clients }, TIMEOUT_MS);
      };
    }),
  ];

  async function crowd(
    kind: CrowdRow["kind"],
    count: number,
    prepare: (server: Process) => Promise<(client: Process) => Promise<void>>,
  ): Promise<CrowdRow> {
    await using server = await processes.startForMemory(runtime);
    await using client = await processes.start(runtime);
    const fill = await prepare(server);
    const before = await resident(server);
    const startedMs = performance.now();
    await fill(client);
    const linkedMs = performance.now() - startedMs;
    const bytesEach = (await resident(server) - before) / count;
    const { cpuMs } = await server.order<{ cpuMs: number }>({ do: "idle", durationMs: IDLE_MS });
    const cpuMsPerSecond = cpuMs / IDLE_MS * 1_000;
    const beatMicros = cpuMsPerSecond * 1_000 / count;
    return { runtime, kind, count, linkedMs, bytesEach, cpuMsPerSecond, beatMicros };
  }
}

const TIMEOUT_MS = 120_000;

/** The table at each size, in turns after a warm-up. */
export async function measureTables(
  plan: Plan,
  runtime: RuntimeName,
  processes: Processes,
): Promise<TableRow[]> {
  await using process = await processes.start(runtime);
  const time = (rows: number) =>
    process.order<TableTimes & Record<string, unknown>>({
      do: "table",
      rows,
      operations: plan.tableOperations,
    });
  for (const rows of TABLE_ROWS) await time(rows);
  const found: TableRow[] = [];
  for (const rows of TABLE_ROWS) {
    const { addNs, findNs, removeNs } = await time(rows);
    found.push({ runtime, rows, addNs, findNs, removeNs });
  }
  return found;
}

async function resident(server: Process): Promise<number> {
  return (await memory(server)).rssBytes;
}
