// The rules of flow, searched: no load stops under them, and each one that is left out is missed.

import { assert, assertEquals } from "@std/assert";
import { CASES, searchCase } from "./flow_model/cases.ts";

const STATES_MAX = 50_000;

for (const one of CASES.filter(({ isBig }) => !isBig)) {
  const { name, broken, stops } = one;
  const without = broken.length === 0 ? "" : `, without: ${broken.join(", ")}`;
  Deno.test(`flow: ${stops ? "it stops" : "nothing stops"}: ${name}${without}`, () => {
    const { problem, isComplete, final, trace } = searchCase(one, STATES_MAX);
    if (stops) {
      assert(problem !== null, "the rule is not missed");
      assert(trace.length > 0 || problem.includes("nothing moves"), "there is a way to it");
      return;
    }
    assertEquals(problem, null, trace.join("\n"));
    assert(isComplete && final > 0, "all states were seen, and all work can be done");
  });
}

Deno.test("flow: every rule that can be left out is missed by a case", async () => {
  const source = await Deno.readTextFile(new URL("./flow_model/rules.ts", import.meta.url));
  const rules = [...source.matchAll(/^ {2}\| "([^"]+)"/gm)].map(([, rule]) => rule!);
  const missed = new Set(CASES.filter(({ stops }) => stops).flatMap(({ broken }) => broken));
  assert(rules.length > 15);
  assertEquals(rules.filter((rule) => !(missed as Set<string>).has(rule)), []);
});
