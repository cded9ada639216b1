/**
 * deno.lock is used and current. It holds what comes from npm; what comes from JSR is named in it,
 * and Deno adds its versions where JSR can be reached, so the stand-ins are used here everywhere.
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { importMapWithStandIns } from "../../tools/import_map.ts";
import { config, ROOT } from "../../tools/project.ts";
import { runDeno } from "../../tools/run_deno.ts";

/** Modules that lead to every package of npm that deno.json names. */
const MODULES = [
  "mod.ts",
  "npm_build.ts",
  "tests/inspector/browser_test.ts",
  "tests/simulation/model_test.ts",
  "tests/telemetry/opentelemetry_test.ts",
  "tests/tools/workflows_test.ts",
];

/** Loads the modules; fails where the lock file would have to change for it. */
async function loadFrozen(imports: Readonly<Record<string, string>>, folder: string) {
  const importMap = `${folder}/import_map.json`;
  await Deno.writeTextFile(importMap, JSON.stringify({ imports }));
  return await runDeno(
    ["cache", "--quiet", "--frozen", "--import-map", importMap, ...MODULES],
    { timeoutMs: 120_000, output: "capture", cwd: ROOT },
  );
}

Deno.test("the lock file has what deno.json asks for, and another version is refused", async () => {
  const before = await Deno.readTextFile(`${ROOT}deno.lock`);
  const folder = await Deno.makeTempDir();
  try {
    const imports = importMapWithStandIns(config.imports);
    const found = await loadFrozen(imports, folder);
    assertEquals(found.code, 0, found.text);
    const other = await loadFrozen({ ...imports, yaml: "npm:yaml@2.7.0" }, folder);
    assertEquals(other.code === 0, false);
    assertStringIncludes(other.text, "lockfile");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const { specifiers } = JSON.parse(before);
  const locked = Object.keys(specifiers).map((name) => name.replace(/^npm:(@?[^@]+)@.*/, "$1"));
  const asked = Object.entries(config.imports).filter(([, target]) => target.startsWith("npm:"));
  assertEquals(asked.map(([name]) => name).filter((name) => !locked.includes(name)), []);
  assertEquals(await Deno.readTextFile(`${ROOT}deno.lock`), before);
});
