/**
 * Two or more checkouts of freshlink in one run, to see what a change is worth:
 *
 *     git worktree add ../before HEAD~1
 *     deno run -A bench/compare.ts ../before . --runtime node
 *
 * Each has its own pair of processes, the bare echo of the last one too, and all take turns. Prints the part of the bare echo's rate (with one in flight, of its median latency), and
 * what a request costs either end in microseconds of CPU, which other work on the machine disturbs
 * less.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { OrderedProcess } from "../tools/ordered_process.ts";
import { RUNTIME_NAMES, type RuntimeName } from "../tools/runtimes.ts";
import type { Carrier, LoadOptions, Measurement } from "./load.ts";
import { definition, freePorts } from "./ports.ts";
import type { Order, Report } from "./program.ts";
import { rateOf } from "./rates.ts";
import { median } from "./statistics.ts";
import { untilOpen } from "./wait.ts";

const HELP = `deno run -A bench/compare.ts FOLDER [FOLDER ...] [--runtime NAME] [--payload BYTES]
                             [--in-flight N,N,...] [--rounds N] [--duration MS]`;

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    runtime: { type: "string", default: "node" },
    payload: { type: "string", default: "64" },
    "in-flight": { type: "string", default: "1,64,1024" },
    rounds: { type: "string", default: "12" },
    duration: { type: "string", default: "200" },
  },
});
const runtime = RUNTIME_NAMES.find((name) => name === values.runtime);
if (runtime === undefined || positionals.length === 0) {
  console.error(HELP);
  Deno.exit(2);
}

interface Side {
  readonly folder: string;
  readonly server: OrderedProcess<Order>;
  readonly client: OrderedProcess<Order>;
}

interface Found {
  readonly ratios: number[];
  requests: number;
  clientMs: number;
  serverMs: number;
}

async function open(folder: string, runtime: RuntimeName): Promise<Side> {
  const program = `${await Deno.realPath(folder)}/bench/program.ts`;
  const server = await OrderedProcess.start<Order>({ runtime, program });
  const client = await OrderedProcess.start<Order>({ runtime, program });
  const { port } = await server.order<{ port: number }>({ do: "echo" });
  await client.order({ do: "dial", port, count: 1 });
  const [near, far] = freePorts(2) as [number, number];
  const [clientPeer, serverPeer] = [definition("client", near), definition("server", far)];
  await server.order({ do: "endpoint", name: "server", port: far, peers: [clientPeer] });
  await client.order({ do: "endpoint", name: "client", port: near, peers: [serverPeer] });
  await untilOpen(server, 1);
  return { folder, server, client };
}

/** A rate, or with one in flight what grows and shrinks with it. */
async function measure({ client }: Side, carrier: Carrier, options: LoadOptions) {
  const found = await client.order<Measurement & Record<string, unknown>>({
    do: "load",
    carrier,
    options,
  });
  if (found.failed + found.wrong > 0) throw new Error(`${found.failed + found.wrong} failed`);
  const rate = options.inFlight === 1 ? 1 / found.p50Ms : rateOf(found);
  return { rate, requests: found.ok };
}

async function cpuMs(process: OrderedProcess<Order>): Promise<number> {
  return (await process.order<Report & Record<string, unknown>>({ do: "report" })).cpuMs;
}

/** An older checkout may not tell. */
function microsText(milliseconds: number): string {
  return Number.isFinite(milliseconds) ? (milliseconds * 1_000).toFixed(2) : "-";
}

async function play(
  reference: Side,
  sides: readonly Side[],
  options: LoadOptions,
  rounds: number,
) {
  const found = new Map<Side, Found>(
    sides.map((side) => [side, { ratios: [], requests: 0, clientMs: 0, serverMs: 0 }]),
  );
  for (let round = -1; round < rounds; round++) {
    const bare = await measure(reference, "bare", options);
    for (let index = 0; index < sides.length; index++) {
      // Nobody is always the first.
      const side = sides[(index + round + sides.length) % sides.length]!;
      const before = [await cpuMs(side.client), await cpuMs(side.server)] as const;
      const { rate, requests } = await measure(side, "bytes", options);
      const sums = found.get(side)!;
      // The first round warms up.
      if (round < 0) continue;
      sums.ratios.push(rate / bare.rate);
      sums.requests += requests;
      sums.clientMs += await cpuMs(side.client) - before[0];
      sums.serverMs += await cpuMs(side.server) - before[1];
    }
  }
  return found;
}

const sides: Side[] = [];
for (const folder of positionals) sides.push(await open(folder, runtime));
const reference = await open(positionals.at(-1)!, runtime);
try {
  console.log(`${runtime}, ${values.payload} bytes`);
  console.log("in flight  ratio  client µs  server µs  folder");
  for (const inFlight of values["in-flight"].split(",").map(Number)) {
    const options = {
      inFlight,
      payload: Number(values.payload),
      durationMs: Number(values.duration),
      maxCount: 2 ** 31,
    };
    for (const [side, sums] of await play(reference, sides, options, Number(values.rounds))) {
      const { ratios, requests, clientMs, serverMs } = sums;
      const cells = [
        String(inFlight).padStart(9),
        median(ratios).toFixed(2).padStart(5),
        microsText(clientMs / requests).padStart(9),
        microsText(serverMs / requests).padStart(9),
      ];
      console.log(`${cells.join("  ")}  ${side.folder}`);
    }
  }
} finally {
  for (const { client, server } of [...sides, reference]) {
    await client[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  }
}
