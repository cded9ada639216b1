/**
 * `deno task check`: type-checks every file of the project, also where JSR cannot be reached.
 *
 * @module
 */

import { importMapArguments } from "./import_map.ts";
import { filesBelow, ROOT } from "./project.ts";
import { runDeno } from "./run_deno.ts";

const TIMEOUT_MS = 5 * 60_000;

/** Type-checks all files; resolves with the exit code. */
export async function checkTypes(importMap: readonly string[]): Promise<number> {
  const files = (await filesBelow("")).filter((path) => path.endsWith(".ts"));
  const { code } = await runDeno(["check", "--quiet", ...importMap, ...files], {
    timeoutMs: TIMEOUT_MS,
    cwd: ROOT,
  });
  return code;
}

if (import.meta.main) Deno.exit(await checkTypes(await importMapArguments()));
