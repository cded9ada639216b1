/**
 * What the client's time goes into: the runtime's own profiler looks on while it keeps requests in
 * flight. Shares are of the time in which it was not idle.
 *
 * @module
 */

import type { RuntimeName } from "../tools/runtimes.ts";
import type { Measurement } from "./load.ts";
import type { Plan } from "./plan.ts";
import { definition, freePorts } from "./ports.ts";
import type { Processes } from "./process.ts";
import { untilOpen } from "./wait.ts";

/** Where a client's time went. */
export interface ProfileRow {
  readonly runtime: RuntimeName;
  readonly inFlight: number;
  /** The part of the whole in which it waited. */
  readonly idle: number;
  /** By what it did, largest first. */
  readonly parts: readonly Share[];
  /** The functions that took most, themselves. */
  readonly functions: readonly Share[];
  readonly failed: number;
}

/** A part of the busy time. */
export interface Share {
  readonly name: string;
  readonly share: number;
}

const IN_FLIGHT = 1_024;
const PAYLOAD = 64;
const FUNCTIONS = 12;
/** Rounds before the one that is looked at weigh little: the profile has no start of its own. */
const ROUNDS_AS_ONE = 6;

/** What a function belongs to, by where it stands; the first that fits. */
const PARTS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["collecting garbage", /^\(garbage collector\)/],
  ["the load itself", /\/bench\/|^(op_now|now) /],
  ["copies of payloads", /\/src\/runtime\/copy\.ts/],
  ["calls, their promises and codecs", /\/src\/(calls\/|endpoint|client|codec)/],
  ["frames, sessions, deadlines", /\/src\/core\//],
  ["connections and what goes out", /\/src\/connection\//],
  ["the adapter", /\/src\/runtime\//],
  ["the runtime and its sockets", /^/],
];

/** What profilers of V8 and JavaScriptCore write. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Looks at one runtime. */
export async function measureProfile(
  plan: Plan,
  runtime: RuntimeName,
  processes: Processes,
): Promise<ProfileRow> {
  const folder = await Deno.makeTempDir();
  try {
    await using server = await processes.start(runtime);
    await using client = await processes.startForProfile(runtime, folder);
    const [near, far] = freePorts(2) as [number, number];
    const peers = [definition("client", near)];
    await server.order({ do: "endpoint", name: "server", port: far, peers });
    const back = [definition("server", far)];
    await client.order({ do: "endpoint", name: "client", port: near, peers: back });
    await untilOpen(server, 1);
    const durationMs = plan.durationMs * ROUNDS_AS_ONE;
    const options = { inFlight: IN_FLIGHT, payload: PAYLOAD, durationMs, maxCount: plan.maxCount };
    const load = { do: "load", carrier: "bytes", options } as const;
    const { failed, wrong } = await client.order<Measurement & Record<string, unknown>>(load);
    await client.finish();
    const shares = sharesOf(await readProfile(folder));
    return { runtime, inFlight: IN_FLIGHT, ...shares, failed: failed + wrong };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function readProfile(folder: string): Promise<CpuProfile> {
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith(".cpuprofile")) {
      return JSON.parse(await Deno.readTextFile(`${folder}/${name}`));
    }
  }
  throw new Error("The runtime has written no profile");
}

/** Adds the samples up. */
export function sharesOf(
  { nodes, samples, timeDeltas }: CpuProfile,
): Pick<ProfileRow, "idle" | "parts" | "functions"> {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const parts = new Map<string, number>();
  const functions = new Map<string, number>();
  let idle = 0;
  let busy = 0;
  samples.forEach((id, index) => {
    const { functionName, url, lineNumber } = byId.get(id)!;
    const micros = timeDeltas[index] ?? 0;
    if (functionName === "(idle)") {
      idle += micros;
      return;
    }
    busy += micros;
    const text = `${functionName} ${url}`;
    add(parts, PARTS.find(([, pattern]) => pattern.test(text))![0], micros);
    const file = url.split("/").at(-1) ?? "";
    const place = file === "" ? "" : ` ${file}:${lineNumber + 1}`;
    add(functions, `${functionName === "" ? "(anonymous)" : functionName}${place}`, micros);
  });
  const largest = (sums: Map<string, number>) =>
    [...sums].sort(([, one], [, other]) => other - one)
      .map(([name, micros]) => ({ name, share: micros / busy }));
  return {
    idle: idle / (idle + busy),
    parts: largest(parts),
    functions: largest(functions).slice(0, FUNCTIONS),
  };
}

function add(sums: Map<string, number>, name: string, micros: number): void {
  sums.set(name, (sums.get(name) ?? 0) + micros);
}
