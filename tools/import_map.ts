/**
 * Lets tests and type checks run where the JSR registry cannot be reached.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { config, ROOT } from "./project.ts";
import { runDeno } from "./run_deno.ts";

/** What stands in for a package of JSR, as a path below the project's folder. */
const STAND_INS: Readonly<Record<string, string>> = {
  "@std/assert": "tests/support/assert.ts",
  "@deno/dnt": "tests/support/dnt.ts",
};

/** How long one waits for JSR before the stand-ins are used, in milliseconds. */
const PROBE_TIMEOUT_MS = 8_000;

const MAP_FOLDER = ".cache";

/**
 * The arguments by which a `deno` subcommand finds what deno.json's `imports` name: none where
 * `jsr:@std/assert` loads, else an import map with the stand-ins (and one printed line).
 */
export async function importMapArguments(): Promise<readonly string[]> {
  if (await isJsrReachable()) return [];
  console.log("JSR cannot be reached: @std/assert is tests/support/assert.ts in this run.");
  return ["--import-map", await writeImportMap()];
}

/** Whether `@std/assert` is cached or can be fetched. Takes at most 8 seconds. */
export async function isJsrReachable(): Promise<boolean> {
  const { code } = await runDeno(
    ["cache", "--quiet", "--no-config", "--no-lock", config.imports["@std/assert"]],
    { timeoutMs: PROBE_TIMEOUT_MS, output: "capture" },
  );
  return code === 0;
}

/** The import map that deno.json's `imports` become with the stand-ins. */
export function importMapWithStandIns(
  imports: Readonly<Record<string, string>>,
): Record<string, string> {
  const map: Record<string, string> = {};
  for (const [name, target] of Object.entries(imports)) {
    const standIn = STAND_INS[name];
    map[name] = standIn === undefined ? target : pathToFileURL(ROOT + standIn).href;
    // Unlike deno.json, an import map needs an entry of its own for `name/path`.
    if (target.startsWith("npm:")) map[`${name}/`] = `npm:/${target.slice("npm:".length)}/`;
  }
  return map;
}

async function writeImportMap(): Promise<string> {
  const path = `${ROOT}${MAP_FOLDER}/import_map.json`;
  const text = JSON.stringify({ imports: importMapWithStandIns(config.imports) }, null, 2);
  await Deno.mkdir(ROOT + MAP_FOLDER, { recursive: true });
  // Written aside and renamed, so that a run beside this one never reads half a file.
  const aside = await Deno.makeTempFile({ dir: ROOT + MAP_FOLDER, suffix: ".json" });
  await Deno.writeTextFile(aside, text);
  await Deno.rename(aside, path);
  return path;
}
