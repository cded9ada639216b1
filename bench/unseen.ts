/**
 * What it costs that calls can be looked at, while nobody does: the source as it is beside a copy of
 * it out of which metadata and what stands around calls are cut.
 *
 * @module
 */

import { copyTree } from "../tools/copy_tree.ts";
import { ROOT } from "../tools/project.ts";
import type { Measurement } from "./load.ts";
import type { Plan } from "./plan.ts";
import { definition, freePorts } from "./ports.ts";
import type { Process, Processes } from "./process.ts";
import type { Report } from "./program.ts";
import { rateOf } from "./rates.ts";
import { median } from "./statistics.ts";
import type { RuntimeName } from "../tools/runtimes.ts";
import { untilOpen } from "./wait.ts";

/** A change to the text of a file below `src/`: what is found stands there exactly once. */
interface Cut {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const CUTS: readonly Cut[] = [
  {
    file: "calls/caller.ts",
    find: '  return typeof service === "string" && interceptors.standAround(service);\n',
    replace: "  return false;\n",
  },
  {
    file: "calls/caller.ts",
    find: "      const metadata = encodedMetadata(peer, service, options);\n" +
      "      if (metadata instanceof RequestError) return reject(metadata);\n" +
      "      const { requestTimeoutMs, whenDown } = this.#defaults;\n",
    replace: "      const metadata = null;\n" +
      "      const { requestTimeoutMs, whenDown } = this.#defaults;\n",
  },
  {
    file: "calls/handler_registry.ts",
    find: "    if (this.#owner.interceptors.standAround(service)) {\n" +
      "      inbound.isBegun = false;\n",
    replace: "    if (false) {\n      inbound.isBegun = false;\n",
  },
  {
    file: "calls/handler_registry.ts",
    find: "    const read = metadata === null ? NO_METADATA : decodeMetadata(metadata);\n" +
      "    if (read === null) return refuse(session, ",
    replace: "    const read = NO_METADATA;\n    if (false) return refuse(session, ",
  },
];

const COPIED: readonly string[] = [
  "deno.json",
  "deno.lock",
  "mod.ts",
  "src",
  "bench",
  "tools",
  "tests/support",
];

/** The rate of the whole source, as a part of that of the copy. */
export interface Unseen {
  /** Of the rates: the median of the rounds' own ratios. */
  readonly ratio: number;
  /** Of the requests for a second of CPU at both ends, which other work disturbs less. */
  readonly cpuRatio: number;
  /** Requests without the right answer. */
  readonly failed: number;
}

/** Two pairs of processes take turns. */
export async function measureUnseen(
  plan: Plan,
  runtime: RuntimeName,
  processes: Processes,
  payload: number,
  inFlight: number,
): Promise<Unseen> {
  // Both are copies, so that nothing else tells them apart.
  const folders = [await copyWithout([]), await copyWithout(CUTS)];
  const sides: [Process, Process][] = [];
  try {
    for (const folder of folders) {
      sides.push(await open(runtime, processes, `${folder}/bench/program.ts`));
    }
    const { durationMs, maxCount } = plan;
    const options = { inFlight, payload, durationMs, maxCount, connections: 1 };
    const cpuMs = async (ends: readonly Process[]) => {
      let sum = 0;
      for (const end of ends) sum += (await end.order<Report>({ do: "report" })).cpuMs;
      return sum;
    };
    const put = async (ends: readonly [Process, Process]) => {
      const before = await cpuMs(ends);
      const found = await ends[0].order<Measurement>({ do: "load", carrier: "bytes", options });
      return { ...found, cpuMs: await cpuMs(ends) - before };
    };
    const [whole, cut] = sides as [[Process, Process], [Process, Process]];
    const ratios: number[] = [];
    const cpuRatios: number[] = [];
    let failed = 0;
    for (let round = -1; round < plan.rounds; round++) {
      // Nobody is always the first; the first round warms up.
      const first = round % 2 === 0 ? await put(whole) : null;
      const without = await put(cut);
      const own = first ?? await put(whole);
      failed += own.failed + own.wrong + without.failed + without.wrong;
      if (round < 0) continue;
      ratios.push(rateOf(own) / rateOf(without));
      cpuRatios.push((without.cpuMs / without.ok) / (own.cpuMs / own.ok));
    }
    return { ratio: median(ratios), cpuRatio: median(cpuRatios), failed };
  } finally {
    for (const process of sides.flat()) await process[Symbol.asyncDispose]();
    for (const folder of folders) await Deno.remove(folder, { recursive: true });
  }
}

/** @returns The client's process, and the server's. */
async function open(
  runtime: RuntimeName,
  processes: Processes,
  program: string,
): Promise<[Process, Process]> {
  const server = await processes.start(runtime, program);
  const client = await processes.start(runtime, program);
  const [near, far] = freePorts(2) as [number, number];
  const [clientPeer, serverPeer] = [definition("client", near), definition("server", far)];
  await server.order({ do: "endpoint", name: "server", port: far, peers: [clientPeer] });
  await client.order({ do: "endpoint", name: "client", port: near, peers: [serverPeer] });
  await untilOpen(server, 1);
  return [client, server];
}

/** Whoever makes it removes it. @returns The folder. */
async function copyWithout(cuts: readonly Cut[]): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "freshlink-unseen-" });
  await Deno.symlink(`${ROOT}node_modules`, `${folder}/node_modules`);
  for (const path of COPIED) {
    await copyTree(`${ROOT}${path}`, `${folder}/${path}`, ["node_modules"]);
  }
  for (const { file, find, replace } of cuts) {
    const path = `${folder}/src/${file}`;
    const parts = (await Deno.readTextFile(path)).split(find);
    if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${find}`);
    await Deno.writeTextFile(path, parts.join(replace));
  }
  return folder;
}
