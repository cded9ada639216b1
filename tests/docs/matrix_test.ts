// The matrix of runtimes in docs/runtimes.md is the one that the cases and the declared gaps give.

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { conformanceMatrix } from "../../tools/matrix.ts";
import { ROOT } from "../../tools/project.ts";
import { CASES } from "../conformance/cases.ts";
import { gapOf } from "../conformance/gaps.ts";

const RUNTIMES = ["deno", "bun", "node", "simulator"];

/** The numbers of each row, without the formatting. */
function figures(markdown: string): string[][] {
  return markdown.split("\n").filter((line) => /^\| (?:bytes|ends|places|tls):/.test(line))
    .map((line) => line.split("|").slice(2, -1).map((cell) => cell.trim()));
}

Deno.test("docs/runtimes.md: the matrix of runtimes is what the conformance tests run", async () => {
  const titles = RUNTIMES.flatMap((runtime) =>
    CASES.map(({ name }) => ({
      title: `conformance on ${runtime}: ${name}`,
      gap: gapOf(runtime, name),
    }))
  );
  const tally = {
    passed: titles.filter(({ gap }) => gap === null).map(({ title }) => title),
    failed: [],
    skipped: titles.flatMap(({ title, gap }) => gap === null ? [] : [`${title} (${gap.reason})`]),
  };
  const expected = conformanceMatrix(tally, {});
  const page = await Deno.readTextFile(`${ROOT}docs/runtimes.md`);
  assertEquals(figures(page), figures(expected));
  const flat = page.replaceAll(/\s+/g, " ");
  for (const { gap } of titles) if (gap !== null) assertStringIncludes(flat, gap.reason);
  assertEquals(figures(expected).length, 4);
});

Deno.test("the matrix: without a conformance test there is none", () => {
  const tally = { passed: ["another test"], failed: [], skipped: [] };
  assertThrows(() => conformanceMatrix(tally, {}), Error, "No such test ran");
});
