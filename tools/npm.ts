/**
 * `deno task npm [--by=dnt|pack] [folder]`: builds the npm package into `npm/`, or the given
 * folder; `npm pack` there makes the tarball.
 *
 * By default with dnt (`npm_build.ts`) where JSR can be reached, else with `deno pack`. The package
 * has the same files either way, and its last line says which way it was.
 *
 * @module
 */

import { isJsrReachable } from "./import_map.ts";
import { CODE_FOLDER, finishPackage, missingEntryPoints } from "./npm_package.ts";
import { ROOT } from "./project.ts";
import { runDeno } from "./run_deno.ts";

const TIMEOUT_MS = 5 * 60_000;

const USAGE = "usage: deno task npm [--by=dnt|pack] [folder]";

/** Builds with one of the two, and says so. */
const BUILDERS: Readonly<Record<string, (folder: string) => Promise<number>>> = Object.freeze({
  dnt: buildWithDnt,
  pack: packWithDeno,
});

async function main(): Promise<number> {
  const options = Deno.args.filter((arg) => arg.startsWith("-"));
  const [folder = `${ROOT}npm`, ...others] = Deno.args.filter((arg) => !arg.startsWith("-"));
  const [by = await defaultBuilder(), ...more] = options.map((arg) => /^--by=(.*)$/.exec(arg)?.[1]);
  const build = Object.hasOwn(BUILDERS, by) ? BUILDERS[by] : undefined;
  if (build === undefined || more.length > 0 || others.length > 0) {
    console.error(USAGE);
    return 2;
  }
  const missing = await missingEntryPoints();
  if (missing.length > 0) {
    console.error(`Cannot build the package as entry points are missing: ${missing.join(", ")}`);
    return 1;
  }
  const code = await build(folder);
  if (code === 0) console.log(`Built by ${by}: ${folder}`);
  return code;
}

async function defaultBuilder(): Promise<string> {
  if (await isJsrReachable()) return "dnt";
  console.log("JSR cannot be reached: the package is built with deno pack instead of dnt.");
  return "pack";
}

async function buildWithDnt(folder: string): Promise<number> {
  const args = ["run", "--allow-all", "npm_build.ts", folder];
  return (await runDeno(args, { timeoutMs: TIMEOUT_MS, cwd: ROOT })).code;
}

/** What `deno pack` compiles, unpacked, and then the package that dnt makes. */
async function packWithDeno(folder: string): Promise<number> {
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(`${folder}/${CODE_FOLDER}`, { recursive: true });
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
      args: ["-xzf", tarball, "-C", `${folder}/${CODE_FOLDER}`, "--strip-components=1"],
      stdin: "null",
    }).output();
    if (!unpacked.success) {
      console.error(new TextDecoder().decode(unpacked.stderr));
      return unpacked.code;
    }
    await finishPackage(await Deno.realPath(folder));
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  } finally {
    await Deno.remove(tarball);
  }
}

if (import.meta.main) Deno.exit(await main());
