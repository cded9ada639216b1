/**
 * `deno task ok [--skip-tests]`: what has to hold before a commit, in a minute or two: format, lint
 * (with the project's plugin), types, documented exports, the fast tests.
 *
 * All of them run, whatever the first ones find; the exit code is 0 only where each passed.
 *
 * @module
 */

import { checkTypes } from "./check.ts";
import { importMapArguments } from "./import_map.ts";
import { config, ROOT } from "./project.ts";
import { runDeno } from "./run_deno.ts";

/** Longer than tools/test.ts gives the fast tests, so that it ends them and not this. */
const TIMEOUT_MS = 6 * 60_000;

/** One thing that has to hold: resolves with an exit code. */
interface Check {
  readonly name: string;
  readonly run: () => Promise<number>;
}

async function deno(...args: readonly string[]): Promise<number> {
  return (await runDeno(args, { timeoutMs: TIMEOUT_MS, cwd: ROOT })).code;
}

async function main(): Promise<number> {
  const checks: Check[] = [
    { name: "format", run: () => deno("fmt", "--check") },
    { name: "lint", run: () => deno("lint") },
    { name: "types", run: async () => await checkTypes(await importMapArguments()) },
    { name: "documentation", run: () => deno("doc", "--lint", ...Object.values(config.exports)) },
  ];
  if (!Deno.args.includes("--skip-tests")) {
    checks.push({
      name: "tests",
      run: () => deno("run", "--allow-all", "tools/test.ts", "--group=fast"),
    });
  }
  let failedCount = 0;
  for (const { name, run } of checks) {
    console.log(`--- ${name}`);
    const startMs = performance.now();
    const code = await run();
    if (code !== 0) failedCount++;
    const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
    console.log(`--- ${name}: ${code === 0 ? "ok" : `failed (${code})`} in ${seconds} s`);
  }
  console.log(`checks: ${checks.length - failedCount} passed, ${failedCount} failed`);
  return failedCount === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
