/** `deno task test` counts right, says so in its last line, and fails when a test does. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { importMapWithStandIns } from "../../tools/import_map.ts";
import { readJunit, tallyLine } from "../../tools/junit.ts";
import { ROOT } from "../../tools/project.ts";
import { runDeno } from "../../tools/run_deno.ts";

Deno.test("readJunit() counts tests and leaves their steps out", () => {
  const tally = readJunit(`
    <testsuite name="./a_test.ts">
      <testcase name="one" classname="./a_test.ts" time="0.1"><failure message="x">y</failure></testcase>
      <testcase name="one &gt; step" classname="./a_test.ts"><failure message="x"/></testcase>
      <testcase name="two &gt; 1" classname="./a_test.ts"></testcase>
      <testcase name="three &amp; more: needs root" classname="./a_test.ts"><skipped/></testcase>
    </testsuite>
    <testsuite name="./b_test.ts">
      <testcase name="one &gt; step" classname="./b_test.ts"/>
    </testsuite>`);
  assertEquals(tally, {
    passed: ["two > 1", "one > step"],
    failed: ["one"],
    skipped: ["three & more: needs root"],
  });
  assertEquals(tallyLine(tally), "2 passed, 1 failed, 1 skipped");
});

/** Runs `tools/test.ts` on test files with the given sources. */
async function runTests(sources: readonly string[], ...options: readonly string[]) {
  const folder = await Deno.makeTempDir();
  try {
    const files = sources.map((_, index) => `${folder}/case${index}_test.ts`);
    for (const [index, file] of files.entries()) {
      await Deno.writeTextFile(file, sources[index] ?? "");
    }
    const { code, text } = await runDeno(
      ["run", "--allow-all", "tools/test.ts", ...options, ...files],
      { timeoutMs: 60_000, output: "capture", cwd: ROOT, env: { NO_COLOR: "1" } },
    );
    const summaries = text.split("\n").filter((line) => /^\d+ passed, /.test(line));
    return { code, text, summaries };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const PASSES = 'Deno.test("passes", () => {});';
const FAILS = 'Deno.test("fails", () => { throw new Error("on purpose"); });';
const SKIPS = 'Deno.test.ignore("is skipped: no reason", () => {});';

Deno.test("tools/test.ts exits with 0 when all tests pass, and names the skipped", async () => {
  const { code, text, summaries } = await runTests([PASSES + SKIPS]);
  assertEquals({ code, summaries }, { code: 0, summaries: ["1 passed, 0 failed, 1 skipped"] });
  assertStringIncludes(text, "skipped: is skipped: no reason");
});

Deno.test("tools/test.ts exits with 1 when a test fails, and names it", async () => {
  const { code, text, summaries } = await runTests([PASSES + FAILS + SKIPS]);
  assertEquals({ code, summaries }, { code: 1, summaries: ["1 passed, 1 failed, 1 skipped"] });
  assertStringIncludes(text, "failed: fails");
});

Deno.test("tools/test.ts fails when a file cannot be run at all", async () => {
  for (
    const broken of ['throw new Error("at the top");', "const x: string = 1;", "import './no.ts';"]
  ) {
    const { code, summaries } = await runTests([broken]);
    assertEquals({ code, summaries }, { code: 1, summaries: ["0 passed, 1 failed, 0 skipped"] });
  }
});

Deno.test("tools/test.ts forwards --filter and does not call the rest skipped", async () => {
  const { code, summaries } = await runTests([PASSES + FAILS], "--filter", "passes");
  assertEquals({ code, summaries }, { code: 0, summaries: ["1 passed, 0 failed, 0 skipped"] });
});

Deno.test("tools/test.ts refuses a name that chooses nothing", async () => {
  const { code } = await runDeno(
    ["run", "--allow-all", "tools/test.ts", "no-such-test"],
    { timeoutMs: 60_000, output: "capture", cwd: ROOT },
  );
  assertEquals(code, 2);
});

Deno.test("importMapWithStandIns() maps JSR packages to files and npm packages to themselves", () => {
  const map = importMapWithStandIns({
    "@std/assert": "jsr:@std/assert@^1.0.0",
    "fast-check": "npm:fast-check@^4.0.0",
  });
  assertEquals(map, {
    "@std/assert": new URL("../support/assert.ts", import.meta.url).href,
    "fast-check": "npm:fast-check@^4.0.0",
    "fast-check/": "npm:/fast-check@^4.0.0/",
  });
});
