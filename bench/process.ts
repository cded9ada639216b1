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

const PROGRAM = decodeURIComponent(new URL("./program.ts", import.meta.url).pathname);

/** Memory is measured after a garbage collection. */
const FLAGS: Readonly<Record<RuntimeName, readonly string[]>> = {
  deno: ["--v8-flags=--expose-gc"],
  bun: [],
  node: ["--expose-gc"],
};

/** All children that are alive, so that an interrupt ends them. */
export class Processes {
  readonly #alive = new Set<Process>();

  /** Starts the program; resolves once it takes orders. */
  async start(runtime: RuntimeName): Promise<Process> {
    const options = { runtime, program: PROGRAM, flags: FLAGS[runtime] };
    const one = await OrderedProcess.start<Order>(options);
    this.#alive.add(one);
    one.ended.then(() => this.#alive.delete(one));
    return one;
  }

  /** Ends them all at once. */
  kill(): void {
    for (const one of this.#alive) one.kill();
  }
}
