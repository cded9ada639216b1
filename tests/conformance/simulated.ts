/** Runs a case in the simulator, where no real time passes. */

import type { Runtime } from "../../src/runtime/runtime.ts";
import { Simulation } from "../../src/simulator/mod.ts";
import { type Case, runCase } from "./kit.ts";

const TIMEOUT_MS = 120_000;

/**
 * Runs one.
 *
 * @param change What the case gets instead of the simulator's runtime, for instance a broken one.
 */
export async function runSimulated(
  one: Case,
  change: (runtime: Runtime) => Runtime = (runtime) => runtime,
): Promise<void> {
  const simulation = new Simulation({ seed: 1 });
  const host = simulation.host("SP10");
  const hole = simulation.host("SP20");
  simulation.network.blackHole(host, hole);
  const { clock } = host.runtime;
  const uncaught: unknown[] = [];
  const wait = <Value>(promise: Promise<Value>, what: string, withinMs: number) =>
    new Promise<Value>((resolve, reject) => {
      const late = () => reject(new Error(`${what}: not in ${withinMs} ms`));
      const timer = clock.setTimer(withinMs, late);
      promise.then(resolve, reject).finally(() => clock.clearTimer(timer));
    });
  const running = runCase(one, {
    runtime: change(host.runtime),
    wait,
    blackHole: { hostname: hole.address, port: 1 },
    folder: null,
    tls: null,
    uncaught,
  });
  for (;;) {
    try {
      await simulation.settle(running, TIMEOUT_MS);
      if (uncaught.length > 0) throw uncaught.shift();
      return;
    } catch (error) {
      if (!isThrownByCase(error)) throw error;
      uncaught.push(error);
    }
  }
}

/** The simulator throws what a callback threw; the case that throws wants to hear of it. */
function isThrownByCase(error: unknown): boolean {
  return error instanceof Error && error.message === "thrown by a case";
}
