/**
 * `deno task crashlab`: every way a machine goes away, on real kernels; see `plan.ts` for the
 * command line.
 *
 * @module
 */

import { checkRequirements, RequirementError } from "./command.ts";
import { installPeers } from "../peer_packages.ts";
import type { Row } from "./judge.ts";
import { PeerRunner, peerTableText } from "./peers.ts";
import { HELP, type Plan, readPlan } from "./plan.ts";
import { tableText } from "./print.ts";
import { Runner } from "./runner.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** What the lab needs is not here. */
const EXIT_UNAVAILABLE = 69;
const EXIT_INTERRUPTED = 130;

async function main(): Promise<number> {
  let plan: Plan | null;
  try {
    plan = readPlan(Deno.args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
    return EXIT_USAGE;
  }
  if (plan === null) {
    console.log(HELP);
    return 0;
  }
  try {
    await checkRequirements();
  } catch (error) {
    if (!(error instanceof RequirementError)) throw error;
    console.error(`Cannot run: ${error.message}`);
    return EXIT_UNAVAILABLE;
  }
  return plan.peers ? await runPeers(plan) : await runAll(plan);
}

async function runPeers({ scenarioName, json }: Plan): Promise<number> {
  await installPeers();
  const runner = new PeerRunner();
  const rows = await endingWith(runner, () => runner.run(scenarioName));
  console.log(peerTableText(rows));
  if (json) console.log(JSON.stringify({ peers: rows }));
  return 0;
}

/** Cleans up when interrupted, too. */
async function endingWith<Result>(
  runner: { end(): Promise<void> },
  work: () => Promise<Result>,
): Promise<Result> {
  const signals = ["SIGINT", "SIGTERM"] as const;
  const interrupted = () => void runner.end().finally(() => Deno.exit(EXIT_INTERRUPTED));
  for (const signal of signals) Deno.addSignalListener(signal, interrupted);
  try {
    return await work();
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, interrupted);
    await runner.end();
  }
}

async function runAll({ runs, json }: Plan): Promise<number> {
  const runner = new Runner();
  const rows: Row[] = [];
  await endingWith(runner, async () => {
    for (const run of runs) {
      console.error(`${run.scenario.name}: ${run.survivor} and ${run.peer} ...`);
      rows.push(await runner.run(run));
    }
  });
  console.log(tableText(rows));
  const wrong = rows.filter(({ problems }) => problems.length > 0);
  for (const { scenario, runtime, peerRuntime, problems } of wrong) {
    console.error(`${scenario}, ${runtime} and ${peerRuntime}: ${problems.join("; ")}`);
  }
  if (json) console.log(JSON.stringify({ rows }));
  return wrong.length === 0 ? 0 : EXIT_FAILED;
}

if (import.meta.main) Deno.exit(await main());
