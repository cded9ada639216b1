/** What a run is, whatever its scenario. */

import { takePaths } from "./paths.ts";
import type { World } from "./world.ts";

/** What came of a run. */
export interface RunResult {
  readonly seed: number;
  /** What is wrong; empty: nothing. */
  readonly problems: readonly string[];
  /** The last events in words. */
  readonly trace: readonly string[];
  /** What happened how often. */
  readonly counts: Readonly<Record<string, number>>;
  /** How often each way through the rules of flow was gone. */
  readonly paths: Readonly<Record<string, number>>;
}

/** Plays one seed. */
export type Scenario = (seed: number) => Promise<RunResult>;

/** What a run has found. */
export function resultOf(seed: number, world: World, more: Record<string, number> = {}): RunResult {
  const { simulation, ledger, problems, events, faults } = world;
  return {
    seed,
    problems: [...problems, ...ledger.problems],
    trace: simulation.trace,
    counts: {
      simulatedEvents: simulation.events,
      simulatedMs: simulation.nowMs,
      ...ledger.counts,
      ...prefixed("event", events),
      ...prefixed("fault", faults),
      ...more,
    },
    paths: takePaths(),
  };
}

/** The same with something before each name. */
export function prefixed(
  prefix: string,
  counts: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counts).map(([name, count]) => [`${prefix}: ${name}`, count]),
  );
}
