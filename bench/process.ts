/**
 * The processes of the benchmark, each running `program.ts` on one of the runtimes.
 *
 * @module
 */

import { OrderedProcess } from "../tools/ordered_process.ts";
import type { RuntimeName } from "../tools/runtimes.ts";
import type { Order } from "./program.ts";

/** A process that takes orders. */
export type Process = OrderedProcess<Order>;

const PROGRAM = `${import.meta.dirname}/program.ts`;

/** Memory is measured after a garbage collection. */
const FLAGS: Readonly<Record<RuntimeName, readonly string[]>> = {
  deno: ["--v8-flags=--expose-gc"],
  bun: [],
  node: ["--expose-gc"],
};

/**
 * Where memory is measured, V8's young generation stays small: else it grows by some 16 MiB for the
 * garbage of a thousand handshakes, and never shrinks, whatever the connections hold.
 */
const MEMORY_FLAGS: Readonly<Record<RuntimeName, readonly string[]>> = {
  deno: ["--v8-flags=--expose-gc,--max-semi-space-size=1"],
  bun: [],
  node: ["--expose-gc", "--max-semi-space-size=1"],
};

/** All children that are alive, so that an interrupt ends them. */
export class Processes {
  readonly #alive = new Set<Process>();

  /** Starts the program, or that of a copy; resolves once it takes orders. */
  start(runtime: RuntimeName, program: string = PROGRAM): Promise<Process> {
    return this.#start(runtime, FLAGS[runtime], program);
  }

  /** Starts the program to measure its memory. */
  startForMemory(runtime: RuntimeName): Promise<Process> {
    return this.#start(runtime, MEMORY_FLAGS[runtime]);
  }

  /** Starts the program so that it leaves a profile in a folder when it finishes. */
  startForProfile(runtime: RuntimeName, folder: string): Promise<Process> {
    return this.#start(runtime, ["--cpu-prof", `--cpu-prof-dir=${folder}`]);
  }

  /** Ends them all at once. */
  kill(): void {
    for (const one of this.#alive) one.kill();
  }

  async #start(
    runtime: RuntimeName,
    flags: readonly string[],
    program: string = PROGRAM,
  ): Promise<Process> {
    const options = { runtime, program, flags };
    const one = await OrderedProcess.start<Order>(options);
    this.#alive.add(one);
    one.ended.then(() => this.#alive.delete(one));
    return one;
  }
}
