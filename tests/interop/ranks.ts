/**
 * Takes ordinals from a state file when it is told to, on whichever runtime it runs: `PATH`, then
 * lines of JSON on its standard input.
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { nextRank } from "../../src/calls/state_file.ts";
import { hostClock, hostRandom } from "../../src/runtime/host.ts";

/** Takes so many ordinals, one after another. */
export interface RankOrder {
  readonly count: number;
}

const [path] = process.argv.slice(2) as [string];

process.stdout.write(`${JSON.stringify({ id: 0 })}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  const { id, count } = JSON.parse(line) as RankOrder & { id: number };
  const ranks: unknown[] = [];
  for (let turn = 0; turn < count; turn++) ranks.push(await nextRank(hostClock, hostRandom, path));
  process.stdout.write(`${JSON.stringify({ id, ranks })}\n`);
}
