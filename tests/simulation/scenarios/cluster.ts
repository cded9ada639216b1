/**
 * A cluster: endpoints in groups of ten, each with a link to every other one, and what that costs:
 * how long it takes until all are linked, what an idle endpoint sends, what it holds.
 */

import v8 from "node:v8";
import vm from "node:vm";
import { Endpoint, type PeerDefinition } from "../../../mod.ts";
import { type Process, type Runtime, Simulation } from "../../../src/simulator/mod.ts";
import { wrappedRuntime } from "../../support/changed_runtime.ts";

const PORT = 11_000;
const GROUP_SIZE = 10;
const CONVERGED_WITHIN_MS = 120_000;
/** How long the idle cluster is watched, in virtual milliseconds. */
const IDLE_MS = 5_000;
const DELAY_MS = 0.5;
const JITTER_MS = 0.2;

/** What a cluster costs. */
export interface ClusterReport {
  readonly endpoints: number;
  readonly groups: number;
  readonly links: number;
  /** From the start of all until every link is there, in virtual milliseconds. */
  readonly convergedMs: number;
  /** The same after one endpoint was lost without a word and started anew. */
  readonly rejoinedMs: number;
  /** Sockets' writes of one idle endpoint in a second: beats, and pings with their answers. */
  readonly idleWritesPerSecond: number;
  readonly idleBytesPerSecond: number;
  /** Heap of one endpoint, its ends of all links and its share of the simulated network. */
  readonly heapKiBPerEndpoint: number;
  /** How long that took really, in milliseconds. */
  readonly elapsedMs: number;
}

/** Builds it, and measures. @param count How many endpoints; a multiple of ten is best. */
export async function runCluster(count: number, seed: number): Promise<ClusterReport> {
  const startMs = performance.now();
  const collect = garbageCollector();
  const simulation = new Simulation({ seed });
  simulation.network.delay(DELAY_MS, JITTER_MS);
  const traffic = { writes: 0, bytes: 0 };
  const hosts = Array.from({ length: count }, (_, index) => simulation.host(`host-${index}`));
  const definitions: PeerDefinition[] = hosts.map(({ address: hostname }, index) => ({
    group: `group-${Math.floor(index / GROUP_SIZE)}`,
    hostname,
    port: PORT,
  }));
  const start = (index: number) =>
    Endpoint.start({
      group: definitions[index]!.group!,
      listen: { hostname: "0.0.0.0", port: PORT },
      advertise: { hostname: hosts[index]!.address },
      peers: definitions.filter((_, other) => other !== index),
      insecure: true,
      runtime: counted(hosts[index]!.main, traffic),
    });
  collect();
  const before = Deno.memoryUsage().heapUsed;
  const endpoints = await Promise.all(hosts.map((_, index) => start(index)));
  const isWhole = () => endpoints.every((endpoint) => upCount(endpoint) === count - 1);
  const convergedMs = await timeUntil(simulation, isWhole);
  await simulation.run(IDLE_MS);
  collect();
  const heap = Deno.memoryUsage().heapUsed - before;
  const [{ writes, bytes }, fromMs] = [{ ...traffic }, simulation.nowMs];
  await simulation.run(IDLE_MS);
  const seconds = (simulation.nowMs - fromMs) / 1_000;
  const [lost] = hosts;
  lost!.crash();
  lost!.restart();
  endpoints[0] = await start(0);
  const rejoinedMs = await timeUntil(simulation, isWhole);
  return {
    endpoints: count,
    groups: Math.ceil(count / GROUP_SIZE),
    links: count * (count - 1) / 2,
    convergedMs: Math.round(convergedMs),
    rejoinedMs: Math.round(rejoinedMs),
    idleWritesPerSecond: Math.round((traffic.writes - writes) / count / seconds),
    idleBytesPerSecond: Math.round((traffic.bytes - bytes) / count / seconds),
    heapKiBPerEndpoint: Math.round(heap / count / 1_024),
    elapsedMs: Math.round(performance.now() - startMs),
  };
}

/** Some lines for people. */
export function clusterText(report: ClusterReport): string {
  const lines = Object.entries(report).map(([key, value]) =>
    `  ${key.padEnd(22)} ${value.toLocaleString("en-US")}`
  );
  return `\n${lines.join("\n")}\n`;
}

function upCount(endpoint: Endpoint): number {
  return endpoint.peers().filter(({ state }) => state === "up").length;
}

async function timeUntil(simulation: Simulation, isSo: () => boolean): Promise<number> {
  const fromMs = simulation.nowMs;
  const untilMs = fromMs + CONVERGED_WITHIN_MS;
  // Asked after each event, it would cost more than what is measured.
  while (!isSo()) {
    if (simulation.nowMs > untilMs) throw new Error(`not whole after ${CONVERGED_WITHIN_MS} ms`);
    await simulation.run(10);
  }
  return simulation.nowMs - fromMs;
}

/** The process, with what its sockets write. */
function counted(process: Process, traffic: { writes: number; bytes: number }): Runtime {
  return wrappedRuntime(process, (socket, handle) => {
    const write = socket.write.bind(socket);
    socket.write = (bytes) => {
      traffic.writes++;
      traffic.bytes += bytes.length;
      return write(bytes);
    };
    return handle(socket);
  });
}

function garbageCollector(): () => void {
  v8.setFlagsFromString("--expose-gc");
  return vm.runInNewContext("gc");
}
