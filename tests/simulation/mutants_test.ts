// Every mutant that a file of tests must catch is caught by it.

import { assert, assertEquals } from "@std/assert";
import { MUTANTS } from "./mutants/list.ts";
import { SourceCopy } from "./mutants/try.ts";

let copy: SourceCopy;
const caught: string[] = [];

Deno.test.beforeAll(async () => void (copy = await SourceCopy.make()));
Deno.test.afterAll(() => copy.remove());

for (const mutant of MUTANTS.filter(({ by }) => by.startsWith("tests/"))) {
  Deno.test(`a mutant is caught by ${mutant.by}: ${mutant.name}`, async () => {
    const how = await copy.tryMutant(mutant);
    assert(how !== null, "it survived");
    caught.push(how);
  });
}

Deno.test("the tests that caught mutants find nothing in the whole code", async () => {
  assert(caught.length > 0, "no mutant was tried");
  assertEquals(await copy.tryWhole(caught), null);
});
