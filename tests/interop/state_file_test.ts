// Processes of all three runtimes that start on one state file at the same time, and the lock of one
// that was killed.

import { assert, assertEquals } from "@std/assert";
import type { Rank } from "../../src/calls/state_file.ts";
import { OrderedProcess } from "../../tools/ordered_process.ts";
import type { RuntimeName } from "../../tools/runtimes.ts";
import type { RankOrder } from "./ranks.ts";

const RUNTIMES: readonly RuntimeName[] = ["deno", "bun", "node", "deno"];
const PROGRAM = `${import.meta.dirname}/ranks.ts`;
const EACH = 10;

Deno.test("stateFile: four processes at once, ten ordinals each, none twice, each one's own rise", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/state.json`;
  const processes: OrderedProcess<RankOrder>[] = [];
  try {
    // Beyond the clock, so that all of them want the same one.
    const far = Date.now() * 2_000;
    await Deno.writeTextFile(path, JSON.stringify({ ordinal: far }));
    for (const runtime of RUNTIMES) {
      processes.push(await OrderedProcess.start({ runtime, program: PROGRAM, args: [path] }));
    }
    await Deno.writeTextFile(`${path}.lock`, "one that was killed");
    const answers = await Promise.all(
      processes.map((process) => process.order<{ ranks: Rank[] }>({ count: EACH })),
    );
    for (const { ranks } of answers) {
      const ordinals = ranks.map(({ ordinal }) => ordinal);
      assertEquals(ordinals, ordinals.toSorted((a, b) => a - b));
      assert(ranks.every(({ rises }) => rises));
    }
    const all = answers.flatMap(({ ranks }) => ranks.map(({ ordinal }) => ordinal - far));
    const count = EACH * RUNTIMES.length;
    assertEquals(all.toSorted((a, b) => a - b), Array.from({ length: count }, (_, at) => at + 1));
  } finally {
    for (const process of processes) await process[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  }
});
