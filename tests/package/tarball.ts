/** The package as a stranger gets it: built, packed, and installed into empty folders. */

import { assertEquals, assertMatch } from "@std/assert";
import { importMapArguments } from "../../tools/import_map.ts";
import { ROOT } from "../../tools/project.ts";
import { runDeno } from "../../tools/run_deno.ts";

const TIMEOUT_MS = 240_000;

/**
 * The two ways to build it: dnt, where JSR cannot be reached its stand-in; and the project's own,
 * with `deno pack`. Whatever is asked of the package is asked of both.
 */
export const BUILDERS = ["dnt", "pack"] as const;

/** One of them. */
export type Builder = (typeof BUILDERS)[number];

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

  static async make(builder: Builder): Promise<Tarball> {
    const folder = await Deno.makeTempDir();
    const args = builder === "dnt"
      ? [...await importMapArguments(), "npm_build.ts", `${folder}/npm`]
      : ["tools/npm.ts", "--by=pack", `${folder}/npm`];
    const { code, text } = await runDeno(
      ["run", "--allow-all", ...args],
      { timeoutMs: TIMEOUT_MS, output: "capture", cwd: ROOT },
    );
    assertEquals(code, 0, text);
    assertMatch(text, builder === "dnt" ? /\[dnt\] Complete!/ : /^Built by pack: /m);
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
