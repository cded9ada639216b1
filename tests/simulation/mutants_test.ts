// Every mutant is caught, by the tests or the search that it names.

import { assert, assertEquals } from "@std/assert";
import { MUTANTS } from "./mutants/list.ts";
import { SourceCopy } from "./mutants/try.ts";

/** A swarm that catches one runs for minutes: `deno task sim --mutants` has the time for it. */
const TOO_LONG = "deno task sim --mutants tries it: a swarm for one takes minutes";

let copy: SourceCopy;
const caught: string[] = [];

Deno.test.beforeAll(async () => void (copy = await SourceCopy.make()));
Deno.test.afterAll(() => copy.remove());

for (const mutant of MUTANTS) {
  const isLong = mutant.by === "swarm";
  Deno.test({
    name: `a mutant is caught by ${mutant.by}: ${mutant.name}${isLong ? ` (${TOO_LONG})` : ""}`,
    ignore: isLong,
    async fn() {
      const how = await copy.tryMutant(mutant);
      assert(how !== null, "it survived");
      if (mutant.by.startsWith("tests/")) caught.push(how);
    },
  });
}

Deno.test("the tests that caught mutants find nothing in the whole code", async () => {
  assert(caught.length > 0, "no mutant was tried");
  assertEquals(await copy.tryWhole(caught), null);
});
