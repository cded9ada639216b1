/** What many runs have found together, in words and as JSON. */

import { prefixed, type RunResult } from "./run.ts";

/** The last line of `deno task sim --json`. */
export interface Report {
  readonly scenario: string;
  readonly runs: number;
  /** The first seed. */
  readonly seed: number;
  /** Crossing dials that were played. */
  readonly crossings: number;
  /** Processes that died, with or without a word. */
  readonly crashes: number;
  /** Paths that broke while both processes lived. */
  readonly cuts: number;
  /** Simulated events. */
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly requests: number;
  readonly notifications: number;
  readonly executedTwice: number;
  readonly lost: number;
  readonly outOfOrder: number;
  /** Runs in which something was wrong. */
  readonly violations: number;
  /** Runs of those that did not converge in time. */
  readonly unconverged: number;
  /** Calls and notifications of patient callers that ended although nobody died. */
  readonly unanswered: number;
  /** Runs in which what was open did not move any more. */
  readonly stuck: number;
  /** Payload bytes that arrived whole. */
  readonly bytes: number;
  /** How often each way through the rules of flow was gone: see `paths.ts`. */
  readonly paths: Readonly<Record<string, number>>;
  /** Those that were never gone, though enough runs were played. */
  readonly missed: readonly string[];
}

const CRASHES = ["fault: crash", "fault: kill", "fault: crash, and back at once"];
const CUTS = [
  "cuts",
  "fault: cut",
  "fault: forget",
  "fault: reset",
  "fault: clog",
  "fault: partition",
];

/** So many runs of the swarm go every way through the rules of flow; the rarest, 3 in 200. */
const PATHS_AFTER_RUNS = 1_000;

/** Adds up. */
export class Totals {
  readonly counts: Record<string, number> = {};
  readonly paths: Record<string, number> = {};
  readonly failed: RunResult[] = [];
  #runs = 0;

  add(result: RunResult): void {
    this.#runs++;
    for (const [name, count] of Object.entries(result.counts)) {
      this.counts[name] = (this.counts[name] ?? 0) + count;
    }
    for (const [name, count] of Object.entries(result.paths)) {
      this.paths[name] = (this.paths[name] ?? 0) + count;
    }
    if (result.problems.length > 0) this.failed.push(result);
  }

  report(scenario: string, seed: number, elapsedMs: number): Report {
    const of = (name: string) => this.counts[name] ?? 0;
    const sum = (names: readonly string[]) => names.reduce((total, name) => total + of(name), 0);
    const events = of("simulatedEvents");
    return {
      scenario,
      runs: this.#runs,
      seed,
      crossings: of("crossings"),
      crashes: sum(CRASHES),
      cuts: sum(CUTS),
      events,
      eventsPerSecond: Math.round(events / elapsedMs * 1_000),
      requests: of("requests"),
      notifications: of("notifications"),
      executedTwice: of("executedTwice"),
      lost: of("lost"),
      outOfOrder: of("outOfOrder"),
      violations: this.failed.length,
      unconverged: this.failed.filter(({ problems }) => problems.some(isUnconverged)).length,
      unanswered: of("unanswered"),
      stuck: this.failed.filter(({ problems }) => problems.some(isStuck)).length,
      bytes: of("bytes"),
      paths: this.paths,
      missed: scenario === "swarm" && this.#runs >= PATHS_AFTER_RUNS ? this.missedPaths() : [],
    };
  }

  /** The ways that were never gone. */
  missedPaths(): string[] {
    return Object.entries(this.paths).filter(([, count]) => count === 0).map(([name]) => name);
  }

  /** All counts, a line each. */
  text(): string {
    const counts = { ...this.counts, ...prefixed("path", this.paths) };
    const width = Math.max(...Object.keys(counts).map((name) => name.length));
    return Object.entries(counts)
      .map(([name, count]) =>
        `  ${name.padEnd(width)}  ${Math.round(count).toLocaleString("en-US")}`
      )
      .join("\n");
  }
}

function isStuck(problem: string): boolean {
  return problem.startsWith("stuck");
}

function isUnconverged(problem: string): boolean {
  return problem.startsWith("not converged");
}

/** A failed run: the seed, what is wrong, the last events, and how to play it again. */
export function failureText(scenario: string, { seed, problems, trace }: RunResult): string {
  return `
seed ${seed} of ${scenario}: ${problems.length} problems
${problems.slice(0, 10).map((problem) => `  ! ${problem}`).join("\n")}
The last events:
${trace.map((line) => `  ${line}`).join("\n")}
Again: deno task sim --scenario ${scenario} --seed ${seed} --runs 1
`;
}
