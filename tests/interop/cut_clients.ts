/**
 * Clients over a path that is cut all the time: on each pair of runtimes a client calls an endpoint
 * through a relay that ends every connection every 400 ms. By hand, with as many calls as one likes:
 * `deno task cuts [--calls N]`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { OrderedProcess } from "../../tools/ordered_process.ts";
import { RUNTIME_NAMES, type RuntimeName } from "../../tools/runtimes.ts";
import { freePort } from "../support/endpoints.ts";
import { TappedRelay } from "../support/tapped_relay.ts";
import type { CallReport, ClientOrder, ServedReport } from "./client_program.ts";

const PROGRAM = `${import.meta.dirname}/client_program.ts`;

/** How often all connections end, in milliseconds. */
const CUT_EVERY_MS = 400;

/** However few calls there are, so many cuts. */
const CUTS_MIN = 3;

const IN_FLIGHT = 16;

/** What became of one pair. */
export interface PairReport {
  readonly pair: string;
  readonly cuts: number;
  readonly client: CallReport;
  readonly server: ServedReport;
  /** What is wrong, in words. */
  readonly problems: readonly string[];
}

/** Plays all pairs of the runtimes side by side. @param calls How many each client makes at least. */
export async function playPairs(
  calls: number,
  timeoutMs: number,
  runtimes: readonly RuntimeName[] = RUNTIME_NAMES,
): Promise<PairReport[]> {
  const servers = await Promise.all(runtimes.map(startServer));
  try {
    const pairs = servers.flatMap((server) =>
      runtimes.map((runtime) => playPair(server, runtime, calls, timeoutMs))
    );
    return await Promise.all(pairs);
  } finally {
    await Promise.all(servers.map(({ process }) => process[Symbol.asyncDispose]()));
  }
}

interface Server {
  readonly runtime: RuntimeName;
  readonly port: number;
  readonly process: OrderedProcess<ClientOrder>;
}

async function startServer(runtime: RuntimeName): Promise<Server> {
  const port = freePort();
  const args = ["serve", "SP10", String(port)];
  return {
    runtime,
    port,
    process: await OrderedProcess.start({ runtime, program: PROGRAM, args }),
  };
}

async function playPair(
  server: Server,
  runtime: RuntimeName,
  calls: number,
  timeoutMs: number,
): Promise<PairReport> {
  await using relay = new TappedRelay(server.port);
  const args = ["call", runtime, String(relay.port)];
  await using client = await OrderedProcess.start<ClientOrder>({ runtime, program: PROGRAM, args });
  let cuts = 0;
  const timer = setInterval(() => {
    relay.cut();
    if (++cuts === CUTS_MIN) client.order({ do: "stop" });
  }, CUT_EVERY_MS);
  const order = { do: "call", count: calls, inFlight: IN_FLIGHT } as const;
  const made = await client.order<CallReport & object>(order, timeoutMs)
    .finally(() => clearInterval(timer));
  const served = await server.process.order({ do: "report" }, timeoutMs);
  const report = served[runtime] as ServedReport;
  const pair = `${runtime} at ${server.runtime}`;
  return { pair, cuts, client: made, server: report, problems: problemsOf(made, report) };
}

/** Each call is answered and was executed once; what was told is there once and in order. */
function problemsOf(client: CallReport, server: ServedReport): string[] {
  const { made, ok, failed, confirmed, confirmedTwice, told } = client;
  const expected: [what: string, is: number, shouldBe: number][] = [
    ["answered", ok, made],
    ["failed", failed.length, 0],
    ["executed", server.booked, made],
    ["executed twice", server.bookedTwice, 0],
    ["asked back twice", confirmedTwice, 0],
    ["asked back", confirmed, told],
    ["told", server.told, told],
    ["told out of order", server.outOfOrder, 0],
  ];
  return expected.filter(([, is, shouldBe]) => is !== shouldBe)
    .map(([what, is, shouldBe]) => `${what}: ${is}, not ${shouldBe}`);
}

async function main(): Promise<number> {
  const options = { calls: { type: "string", default: "100000" } } as const;
  const calls = Number(parseArgs({ args: Deno.args, options }).values.calls);
  const startMs = performance.now();
  let failures = 0;
  for (const { pair, cuts, client, server, problems } of await playPairs(calls, 3_600_000)) {
    failures += problems.length;
    const told = `${client.made} calls, ${client.failed.length} failed, \
${server.bookedTwice} executed twice, ${cuts} cuts`;
    console.log(`${pair.padEnd(13)} ${told}${problems.map((text) => `\n  ${text}`).join("")}`);
  }
  console.log(`${((performance.now() - startMs) / 1_000).toFixed(0)} s`);
  return failures === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
