// The crash lab's fast rows, on a real kernel; and a lab whose endpoints are too slow is told so.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { checkRequirements, command, RequirementError } from "../../tools/crashlab/command.ts";
import { readPlan } from "../../tools/crashlab/plan.ts";
import { tableText } from "../../tools/crashlab/print.ts";
import type { Row } from "../../tools/crashlab/judge.ts";
import { Runner } from "../../tools/crashlab/runner.ts";

/** Why no namespaces can be made here; `null` where they can. */
const missing = await checkRequirements().then(() => null, (error: unknown) => {
  if (error instanceof RequirementError) return error.message;
  throw error;
});
const ignore = missing !== null;
const because = ignore ? ` (${missing})` : "";

async function namespaces(): Promise<string[]> {
  const text = await command("ip", "netns", "list");
  return text.split("\n").filter((line) => line.startsWith(`freshlink-${Deno.pid}-`));
}

Deno.test({ name: `the crash lab's fast rows${because}`, ignore }, async (t) => {
  const rows: Row[] = [];
  for (const run of readPlan(["--fast"])!.runs) {
    await t.step(`${run.scenario.name}: ${run.survivor} and ${run.peer}`, async () => {
      const row = await new Runner().run(run);
      rows.push(row);
      assertEquals(row.problems, []);
      assert(row.ok > 200, `${row.ok} requests were answered`);
    });
  }
  console.log(tableText(rows));
  assertEquals(await namespaces(), []);
});

Deno.test(
  { name: `the crash lab finds an endpoint that is too slow${because}`, ignore },
  async () => {
    const [run] = readPlan(["--fast", "--scenario", "blackhole"])!.runs;
    const row = await new Runner({ suspectAfterMs: 9_000, deadAfterMs: 11_000 }).run(run!);
    assertStringIncludes(row.problems.join(), "instead of 4000 at most");
  },
);
