/** Plays seeds on several processors; with one, in this thread. */

import type { RunResult } from "./run.ts";
import { SCENARIOS } from "./scenarios.ts";
import type { Order } from "./worker.ts";

/** A run takes part of a second; one that takes so long is worth a look. In milliseconds. */
const LONG_MS = 20_000;

/** Takes a result. @returns Whether the next seed is to be played. */
type Take = (result: RunResult) => boolean;

/** Plays a scenario's seeds from one on, until `take` has enough. */
export async function playSeeds(
  scenario: string,
  seed: number,
  runs: number,
  jobs: number,
  take: Take,
): Promise<void> {
  let next = seed;
  let isOn = true;
  const loop = async (play: (seed: number) => Promise<RunResult>) => {
    while (isOn && next < seed + runs) {
      const result = await play(next++);
      isOn = take(result) && isOn;
      // What is referred to weakly is kept until a turn ends; the runs before this one are a lot.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  };
  if (jobs === 1) return await loop(SCENARIOS[scenario]!);
  await Promise.all(Array.from({ length: Math.min(jobs, runs) }, async () => {
    const thread = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    try {
      await loop((one) => playIn(thread, { scenario, seed: one }));
    } finally {
      thread.terminate();
    }
  }));
}

function playIn(thread: Worker, order: Order): Promise<RunResult> {
  const { promise, resolve, reject } = Promise.withResolvers<RunResult>();
  thread.onmessage = ({ data }) => resolve(data);
  thread.onerror = (event) => {
    event.preventDefault();
    reject(new Error(`seed ${order.seed}: ${event.message}`));
  };
  const told = setTimeout(() => console.error(`seed ${order.seed} takes long`), LONG_MS);
  thread.postMessage(order);
  return promise.finally(() => clearTimeout(told));
}
