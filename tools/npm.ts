/**
 * `deno task npm [folder]`: builds the npm package into `npm/`, or the given folder; `npm pack`
 * there makes the tarball.
 *
 * With dnt (`npm_build.ts`) where JSR can be reached, else with `deno pack`.
 *
 * @module
 */

import { isJsrReachable } from "./import_map.ts";
import { finishPackage, missingEntryPoints } from "./npm_package.ts";
import { ROOT } from "./project.ts";
import { runDeno } from "./run_deno.ts";

const TIMEOUT_MS = 5 * 60_000;

async function main(): Promise<number> {
  const missing = await missingEntryPoints();
  if (missing.length > 0) {
    console.error(`Cannot build the package as entry points are missing: ${missing.join(", ")}`);
    return 1;
  }
  const folder = Deno.args[0] ?? `${ROOT}npm`;
  if (await isJsrReachable()) {
    const options = { timeoutMs: TIMEOUT_MS, cwd: ROOT };
    return (await runDeno(["run", "--allow-all", "npm_build.ts", folder], options)).code;
  }
  console.log("JSR cannot be reached: the package is built with deno pack instead of dnt.");
  return await packWithDeno(folder);
}

/** What `deno pack` makes, unpacked, with the manifest that dnt's package has. */
async function packWithDeno(folder: string): Promise<number> {
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(folder, { recursive: true });
  const tarball = await Deno.makeTempFile({ suffix: ".tgz" });
  try {
    const { code, text } = await runDeno(
      ["pack", "--allow-dirty", "--no-source-maps", "--output", tarball],
      { timeoutMs: TIMEOUT_MS, cwd: ROOT, output: "capture" },
    );
    // It says so of every module that no user's compiler can reach; finishPackage has the others.
    const lines = text.split("\n").filter((line) => !line.startsWith("Could not generate types"));
    console.log(lines.join("\n").trim());
    if (code !== 0) return code;
    const unpacked = await new Deno.Command("tar", {
      args: ["-xzf", tarball, "-C", folder, "--strip-components=1"],
      stdin: "null",
    }).output();
    if (!unpacked.success) {
      console.error(new TextDecoder().decode(unpacked.stderr));
      return unpacked.code;
    }
    await finishPackage(await Deno.realPath(folder), "");
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  } finally {
    await Deno.remove(tarball);
  }
}

if (import.meta.main) Deno.exit(await main());
