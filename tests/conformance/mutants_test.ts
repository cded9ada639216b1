// The suite can fail: every broken adapter is caught by one case at least.

import { assert } from "@std/assert";
import { CASES } from "./cases.ts";
import { gapOf } from "./gaps.ts";
import { MUTANTS } from "./mutants.ts";
import { runSimulated } from "./simulated.ts";

for (const { name, change } of MUTANTS) {
  Deno.test(`a broken adapter is caught: ${name}`, async () => {
    const caught: string[] = [];
    for (const one of CASES) {
      if (gapOf("simulator", one.name) !== null || one.name.includes("1,000 conn")) continue;
      try {
        await runSimulated(one, change);
      } catch {
        caught.push(one.name);
        break;
      }
    }
    assert(caught.length > 0, "no case noticed");
  });
}
