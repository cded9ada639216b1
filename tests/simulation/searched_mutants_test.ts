// Every mutant that a search must catch is caught by it.

import { assert } from "@std/assert";
import { MUTANTS } from "./mutants/list.ts";
import { SourceCopy } from "./mutants/try.ts";

/** A swarm that catches one runs for minutes: `deno task sim --mutants` has the time for it. */
const TOO_LONG = "deno task sim --mutants tries it: a swarm for one takes minutes";

let copy: SourceCopy;

Deno.test.beforeAll(async () => void (copy = await SourceCopy.make()));
Deno.test.afterAll(() => copy.remove());

for (const mutant of MUTANTS.filter(({ by }) => !by.startsWith("tests/"))) {
  const isLong = mutant.by === "swarm";
  Deno.test({
    name: `a mutant is caught by ${mutant.by}: ${mutant.name}${isLong ? ` (${TOO_LONG})` : ""}`,
    ignore: isLong,
    fn: async () => assert(await copy.tryMutant(mutant) !== null, "it survived"),
  });
}
