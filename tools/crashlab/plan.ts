/**
 * The command line of the crash lab, and which runs it asks for.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { RUNTIME_NAMES, type RuntimeName } from "../runtimes.ts";
import { type Scenario, SCENARIOS } from "./scenarios.ts";

/** What `--help` prints. */
export const HELP =
  `Usage: deno task crashlab [--runtime deno|bun|node] [--scenario NAME] [--fast] [--json] [--peers]

Breaks a real network under real processes, in network namespaces of its own, and prints what became
of every request. Needs Linux, root and 'ip'. Exit code 1 where something that should hold does not.

  --runtime NAME   only this runtime as the survivor
  --scenario NAME  only this scenario, by its whole name or its first word
  --fast           the short ones, each once, the runtimes taking turns (about a minute)
  --json           the last line is {"rows": [...]}
  --peers          other libraries beside freshlink, under the same rules

Scenarios: ${SCENARIOS.map(({ name }) => name).join(", ")}`;

/** One run. */
export interface Run {
  readonly scenario: Scenario;
  readonly survivor: RuntimeName;
  readonly peer: RuntimeName;
}

/** What is asked for. */
export interface Plan {
  readonly runs: readonly Run[];
  readonly json: boolean;
  readonly peers: boolean;
  readonly scenarioName: string | null;
}

/**
 * Reads the command line.
 *
 * @returns `null` where help is asked for.
 * @throws {Error} When it is wrong.
 */
export function readPlan(args: readonly string[]): Plan | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", default: false },
      runtime: { type: "string" },
      scenario: { type: "string" },
      fast: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      peers: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  const runtimes = RUNTIME_NAMES.filter((name) => name === (values.runtime ?? name));
  if (runtimes.length === 0) {
    throw new Error(`There is no runtime "${values.runtime}": ${RUNTIME_NAMES.join(", ")}`);
  }
  const scenarios = SCENARIOS.filter(({ name, isFast }) =>
    isWanted(name, values.scenario) && (isFast || !values.fast)
  );
  if (scenarios.length === 0) throw new Error(`There is no scenario "${values.scenario}"`);
  const runs = scenarios.flatMap((scenario, index): Run[] => {
    const mixed = mixedPair(scenario, index, runtimes);
    if (values.fast) return [mixed];
    return [...runtimes.map((name) => ({ scenario, survivor: name, peer: name })), mixed];
  });
  return { runs, json: values.json, peers: values.peers, scenarioName: values.scenario ?? null };
}

/** Whether a scenario is asked for: by its whole name, its first word, or not at all. */
export function isWanted(name: string, wanted: string | null | undefined): boolean {
  return wanted === undefined || wanted === null || name === wanted ||
    name.split(" ")[0] === wanted;
}

/** Two different runtimes: others with every scenario. */
function mixedPair(scenario: Scenario, index: number, survivors: readonly RuntimeName[]): Run {
  const survivor = survivors[index % survivors.length]!;
  const others = RUNTIME_NAMES.filter((name) => name !== survivor);
  return { scenario, survivor, peer: others[Math.floor(index / survivors.length) % 2]! };
}
