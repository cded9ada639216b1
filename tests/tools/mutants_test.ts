// The mutants are text: whoever changes the source learns at once which of them no longer fit it.

import { assertEquals, assertThrows } from "@std/assert";
import { ROOT } from "../../tools/project.ts";
import { MUTANTS } from "../simulation/mutants/list.ts";
import { breakText } from "../simulation/mutants/try.ts";

Deno.test("every mutant fits the source", async () => {
  const misfits: string[] = [];
  for (const mutant of MUTANTS) {
    const source = await Deno.readTextFile(`${ROOT}src/${mutant.file}`);
    try {
      if (breakText(source, mutant) === source) misfits.push(`"${mutant.name}" changes nothing`);
    } catch (error) {
      misfits.push((error as Error).message);
    }
  }
  assertEquals(misfits, []);
});

Deno.test("a mutant that does not fit, or fits twice, is an error", () => {
  const mutant = { name: "m", file: "f.ts", find: "a", replace: "b", by: "swarm" } as const;
  assertEquals(breakText("-a-", mutant), "-b-");
  assertThrows(() => breakText("---", mutant), Error, '"m": f.ts has 0 times: a');
  assertThrows(() => breakText("a-a", mutant), Error, '"m": f.ts has 2 times: a');
});
