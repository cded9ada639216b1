/** What JSR looks at before it takes the package. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { config, ROOT } from "../../tools/project.ts";
import { runDeno } from "../../tools/run_deno.ts";

const TIMEOUT_MS = 120_000;

Deno.test("JSR: the dry run of publishing is clean, without slow types", async () => {
  const { code, text } = await runDeno(
    ["publish", "--dry-run", "--allow-dirty"],
    { timeoutMs: TIMEOUT_MS, output: "capture", cwd: ROOT },
  );
  assertEquals(code, 0, text);
  assertStringIncludes(text, "Dry run complete");
  for (const path of ["tests/", "tools/", "bench/", "examples/"]) {
    assert(!text.includes(`${ROOT}${path}`), `${path} would be published`);
  }
});

Deno.test("JSR: a slow type is found", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const json = { name: "@freshlink/slow", version: "1.0.0", exports: "./mod.ts", license: "MIT" };
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(json));
    await Deno.writeTextFile(`${folder}/mod.ts`, "export const list = [1].map((n) => ({ n }));\n");
    const { code, text } = await runDeno(
      ["publish", "--dry-run", "--allow-dirty"],
      { timeoutMs: TIMEOUT_MS, output: "capture", cwd: folder },
    );
    assertEquals(code, 1, text);
    assertStringIncludes(text, "slow type");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("JSR: every entry point has a module document with an example that runs", async () => {
  for (const path of Object.values(config.exports)) {
    const text = await Deno.readTextFile(`${ROOT}${path}`);
    const comment = text.slice(0, text.indexOf("*/"));
    assertStringIncludes(comment, "@module", path);
    assert(/\n \* ```ts\n/.test(comment), `${path} has no example that runs`);
  }
});
