/**
 * `deno task bench`: what freshlink costs, as ratios; see `plan.ts` for the command line.
 *
 * @module
 */

import { measureRuntime, type Results } from "./measure.ts";
import { measurePeers } from "./peers.ts";
import { HELP, type Plan, readPlan } from "./plan.ts";
import { resultsText } from "./print.ts";
import { measureProfile } from "./profile.ts";
import { Processes } from "./process.ts";
import { measureProtected } from "./protected.ts";
import { measureStartup } from "./startup.ts";
import { writeResults } from "./write.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

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
  const processes = new Processes();
  const interrupted = () => {
    processes.kill();
    Deno.exit(EXIT_FAILED);
  };
  Deno.addSignalListener("SIGINT", interrupted);
  const results: Results = {
    rows: [],
    others: [],
    users: [],
    seen: [],
    latency: [],
    links: [],
    retention: [],
    peers: [],
    crowds: [],
    tables: [],
    takeovers: [],
    memory: { idle: [], unacknowledged: [] },
    startup: [],
    profiles: [],
    protected: [],
  };
  try {
    if (plan.starts > 0) results.startup.push(...await measureStartup(plan));
    if (plan.peers) results.peers.push(...await measurePeers(plan));
    for (const runtime of plan.profile ? plan.runtimes : []) {
      results.profiles.push(await measureProfile(plan, runtime, processes));
    }
    for (const runtime of plan.protected ? plan.runtimes : []) {
      results.protected.push(...await measureProtected(plan, runtime, processes));
    }
    const alone = plan.starts > 0 || plan.peers || plan.profile || plan.protected;
    for (const runtime of alone ? [] : plan.runtimes) {
      console.error(`measuring ${runtime} ...`);
      await measureRuntime(plan, runtime, processes, results);
    }
  } finally {
    Deno.removeSignalListener("SIGINT", interrupted);
    processes.kill();
  }
  console.log(resultsText(results));
  if (plan.write) {
    const args = Deno.args.filter((arg) => arg !== "--write" && arg !== "--json");
    await writeResults(results, args, new Date().toISOString().slice(0, 10));
  }
  if (plan.json) console.log(JSON.stringify(results));
  const { rows, users, seen, others, latency, links, retention, takeovers, profiles } = results;
  const counted = [rows, users, seen, others, latency, links, retention, takeovers, profiles]
    .flat();
  const failed = [...counted, ...results.protected].reduce((sum, row) => sum + row.failed, 0);
  if (failed === 0) return 0;
  console.error(`${failed} requests had no right answer`);
  return EXIT_FAILED;
}

if (import.meta.main) Deno.exit(await main());
