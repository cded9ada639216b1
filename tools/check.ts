/**
 * `deno task check`: type-checks every file of the project, also where JSR cannot be reached; then
 * the sources once more as the npm build sees them: with the language and the globals of the
 * oldest Node that is supported, and no `Deno`, `Bun` or browser global.
 *
 * @module
 */

import { importMapArguments } from "./import_map.ts";
import { config, filesBelow, ROOT } from "./project.ts";
import { runDeno } from "./run_deno.ts";

const TIMEOUT_MS = 5 * 60_000;

/** Where the second check's configuration is written, below the project's folder. */
const NODE_CONFIG_FOLDER = ".cache/node_types";

/**
 * Deno takes two globals out of Node's types because its own libraries, which are left out here,
 * have them.
 */
const NODE_GLOBALS = `
declare const crypto: import("node:crypto").webcrypto.Crypto;
declare const console: Record<"log" | "error" | "warn" | "table", (...data: unknown[]) => void>;
`;

/** Type-checks all files; resolves with the exit code. */
export async function checkTypes(importMap: readonly string[]): Promise<number> {
  const files = (await filesBelow("")).filter((path) => path.endsWith(".ts"));
  const sources = files.filter((path) => path === "mod.ts" || path.startsWith("src/"));
  const options = { timeoutMs: TIMEOUT_MS, cwd: ROOT };
  const whole = await runDeno(["check", "--quiet", ...importMap, ...files], options);
  if (sources.length === 0) return whole.code;
  const nodeConfig = await writeNodeConfig();
  const node = await runDeno(["check", "--quiet", "--config", nodeConfig, ...sources], options);
  if (node.code !== 0) console.error("(with the types of Node 20 alone, as the npm build sees it)");
  return whole.code || node.code;
}

async function writeNodeConfig(): Promise<string> {
  const folder = ROOT + NODE_CONFIG_FOLDER;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/globals.d.ts`, NODE_GLOBALS);
  const nodeConfig = {
    // This folder gets no node_modules of its own: the packages are read from Deno's cache.
    nodeModulesDir: "none",
    lock: false,
    imports: {
      "@noble/ciphers": config.imports["@noble/ciphers"],
      "@noble/curves": config.imports["@noble/curves"],
      "@opentelemetry/api": config.imports["@opentelemetry/api"],
    },
    compilerOptions: {
      ...config.compilerOptions,
      lib: ["es2023", "esnext.disposable"],
      types: ["npm:@types/node@20", "./globals.d.ts"],
    },
  };
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(nodeConfig, null, 2));
  return `${folder}/deno.json`;
}

if (import.meta.main) Deno.exit(await checkTypes(await importMapArguments()));
