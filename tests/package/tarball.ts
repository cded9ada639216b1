/** The package as a stranger gets it: built, packed, and installed into empty folders. */

import { assertEquals, assertMatch } from "@std/assert";
import { copyTree } from "../../tools/copy_tree.ts";
import { importMapArguments } from "../../tools/import_map.ts";
import { exists, filesBelow, ROOT } from "../../tools/project.ts";
import { runDeno } from "../../tools/run_deno.ts";

const TIMEOUT_MS = 240_000;

/**
 * The two ways to build it: dnt, where JSR cannot be reached its stand-in; and the project's own,
 * with `deno pack`. Whatever is asked of the package is asked of both.
 */
export const BUILDERS = ["dnt", "pack"] as const;

/** One of them. */
export type Builder = (typeof BUILDERS)[number];

/** Where what was built is kept for other tests, below the project's folder. */
const BUILT = ".cache/package";

/** What the package is made of. */
const SOURCE_FOLDERS = ["src", "tools", "tests/support"] as const;
const SOURCES = [
  "mod.ts",
  "npm_build.ts",
  "deno.json",
  "deno.lock",
  "README.md",
  "CHANGELOG.md",
  "LICENSE",
] as const;

/** What `npm pack --json` tells. */
export interface PackReport {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** Runs a program to its end. */
export async function run(command: string, args: readonly string[], cwd: string) {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    cwd,
    stdin: "null",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), error: decoder.decode(stderr) };
}

/** Runs a program that has to succeed. @returns What it printed. */
export async function runWell(
  command: string,
  args: readonly string[],
  cwd: string,
): Promise<string> {
  const { code, out, error } = await run(command, args, cwd);
  assertEquals(code, 0, `${command} ${args.join(" ")}\n${out}\n${error}`);
  return out;
}

/** The built and packed package; disposing of it removes everything. */
export class Tarball implements AsyncDisposable {
  /** Everything is below it; the package itself is in `npm`. */
  readonly folder: string;
  readonly report: PackReport;

  private constructor(folder: string, report: PackReport) {
    this.folder = folder;
    this.report = report;
  }

  /** Where the tarball is. */
  get path(): string {
    return `${this.folder}/npm/${this.report.filename}`;
  }

  /** Builds it, unless another test has already built the same sources, and packs it. */
  static async make(builder: Builder): Promise<Tarball> {
    const folder = await Deno.makeTempDir();
    await copyTree(ROOT + await built(builder), `${folder}/npm`);
    const [report] = JSON.parse(await runWell("npm", ["pack", "--json"], `${folder}/npm`));
    return new Tarball(folder, report);
  }

  /** An empty folder with the package and others installed in it. @returns The folder. */
  async install(name: string, ...others: readonly string[]): Promise<string> {
    const app = `${this.folder}/${name}`;
    await Deno.mkdir(app);
    await Deno.writeTextFile(`${app}/package.json`, '{ "private": true, "type": "module" }');
    const options = ["--ignore-scripts", "--no-audit", "--no-fund"];
    await runWell("npm", ["install", ...options, this.path, ...others], app);
    return app;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Where the package is that a builder has made of the sources as they are. */
async function built(builder: Builder): Promise<string> {
  const place = `${BUILT}/${builder}`;
  await Deno.mkdir(ROOT + place, { recursive: true });
  using lock = await Deno.open(`${ROOT}${place}.lock`, { create: true, write: true });
  // Whoever comes meanwhile waits, and finds it.
  await lock.lock(true);
  const folder = `${place}/${await digestOfSources()}`;
  if (await exists(folder)) return folder;
  // Older ones are of no use any more.
  await Deno.remove(ROOT + place, { recursive: true });
  const unfinished = `${ROOT}${place}/unfinished`;
  await build(builder, unfinished);
  await Deno.rename(unfinished, ROOT + folder);
  return folder;
}

async function build(builder: Builder, folder: string): Promise<void> {
  const args = builder === "dnt"
    ? [...await importMapArguments(), "npm_build.ts", folder]
    : ["tools/npm.ts", "--by=pack", folder];
  const { code, text } = await runDeno(
    ["run", "--allow-all", ...args],
    { timeoutMs: TIMEOUT_MS, output: "capture", cwd: ROOT },
  );
  assertEquals(code, 0, text);
  assertMatch(text, builder === "dnt" ? /\[dnt\] Complete!/ : /^Built by pack: /m);
}

/** A name for the content of everything that a package is made of, the builders among it. */
async function digestOfSources(): Promise<string> {
  const paths: string[] = [...SOURCES];
  for (const folder of SOURCE_FOLDERS) paths.push(...await filesBelow(folder));
  const texts = await Promise.all(paths.map((path) => Deno.readTextFile(ROOT + path)));
  const all = new TextEncoder().encode(JSON.stringify([paths, texts, Deno.version]));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", all));
  return digest.toHex();
}
