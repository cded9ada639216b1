// Every mutant is caught, by the tests or the search that it names.

import { assert, assertEquals } from "@std/assert";
import { MUTANTS } from "./mutants/list.ts";
import { tryMutant, tryWhole } from "./mutants/try.ts";

/** A swarm that catches one runs for minutes: `deno task sim --mutants` has the time for it. */
const TOO_LONG = "deno task sim --mutants tries it: a swarm for one takes minutes";

Deno.test("the tests that must catch mutants find nothing in the whole code", async () => {
  assertEquals(await tryWhole(), null);
});

for (const mutant of MUTANTS) {
  const isLong = mutant.by === "swarm";
  Deno.test({
    name: `a mutant is caught by ${mutant.by}: ${mutant.name}${isLong ? ` (${TOO_LONG})` : ""}`,
    ignore: isLong,
    fn: async () => assert(await tryMutant(mutant) !== null, "it survived"),
  });
}
