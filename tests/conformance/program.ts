/**
 * Runs the cases under the runtime that it runs on: `program.ts BLACK_HOLE_PORT FOLDER`. Prints one
 * line of JSON for each case.
 */

import process from "node:process";
import { detectRuntime } from "../../src/runtime/detect.ts";
import { CASES } from "./cases.ts";
import { gapOf } from "./gaps.ts";
import { runCase, type Surroundings } from "./kit.ts";
import { readParties } from "./parties.ts";

/** What became of a case. */
export interface Outcome {
  readonly name: string;
  /** What was wrong; `null`: nothing. */
  readonly problem: string | null;
}

const [blackHolePort, folder] = process.argv.slice(2);
const uncaught: unknown[] = [];
process.on("uncaughtException", (error) => uncaught.push(error));

const runtime = await detectRuntime();
const surroundings: Surroundings = {
  runtime,
  wait: withDeadline,
  blackHole: { hostname: "127.0.0.1", port: Number(blackHolePort) },
  folder: folder!,
  tls: readParties(),
  uncaught,
};

async function withDeadline<Value>(
  promise: Promise<Value>,
  what: string,
  withinMs: number,
): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not in ${withinMs} ms`)), withinMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

for (const one of CASES) {
  if (gapOf(runtime.name, one.name) !== null) continue;
  let problem: string | null = null;
  try {
    await runCase(one, surroundings);
    if (uncaught.length > 0) throw uncaught.shift();
  } catch (error) {
    problem = error instanceof Error ? `${error.stack}` : String(error);
  }
  console.log(JSON.stringify({ name: one.name, problem } satisfies Outcome));
}
process.exit(0);
