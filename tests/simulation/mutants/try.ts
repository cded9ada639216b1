/** Tries the mutants: each in a copy of the source, by the command that must catch it. */

import { copyTree } from "../../../tools/copy_tree.ts";
import { ROOT } from "../../../tools/project.ts";
import { type Mutant, MUTANTS } from "./list.ts";

/** The last line of `deno task sim --mutants --json`. */
export interface MutantsReport {
  readonly mutants: { readonly tried: number; readonly caught: number };
  readonly survivors: readonly string[];
}

type Search = Exclude<Mutant["by"], `tests/${string}`>;
type TestFile = Exclude<Mutant["by"], Search>;

/** How each kind of search is called, and how long it may take. */
const SEARCHES: Readonly<Record<Search, readonly string[]>> = {
  enumeration: ["--enumerate", "--pipes", "2", "--first"],
  swarm: ["--runs", "600", "--jobs", "2", "--seed", "1", "--first"],
  cuts: ["--scenario", "cuts", "--runs", "20", "--seed", "1", "--first"],
  attacker: ["--scenario", "attacker", "--runs", "20", "--seed", "1", "--first"],
  changing: ["--scenario", "changing", "--runs", "10", "--seed", "1", "--first"],
  crossings: ["--scenario", "crossings", "--runs", "10", "--seed", "1", "--first"],
};
const TIMEOUT_MS = 300_000;

/** How Deno tells of an error outside a test; the path of the file stands behind it. */
const UNCAUGHT = "Uncaught error from ";

/** What the simulations and the tests that catch mutants are made of. */
const COPIED: readonly string[] = ["mod.ts", "src", "tests", "docs/protocol.md", "tools"];

/** Tries those whose names contain a text. */
export async function tryMutants(part: string): Promise<MutantsReport> {
  const chosen = MUTANTS.filter(({ name }) => name.includes(part));
  const survivors: string[] = [];
  const copy = await SourceCopy.make();
  try {
    for (const mutant of chosen) {
      const startMs = performance.now();
      const how = await copy.tryMutant(mutant);
      const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
      console.log(`${how === null ? "SURVIVED" : "caught"}  ${mutant.name} (${seconds} s)`);
      if (how === null) survivors.push(mutant.name);
      else console.log(`        by ${mutant.by}: ${how}`);
    }
  } finally {
    await copy.remove();
  }
  const tried = chosen.length;
  return { mutants: { tried, caught: tried - survivors.length }, survivors };
}

/** A copy of the source for one mutant at a time: what was compiled for one serves the next. */
export class SourceCopy {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Whoever makes one removes it. */
  static async make(): Promise<SourceCopy> {
    const folder = await Deno.makeTempDir({ prefix: "freshlink-mutant-" });
    for (const path of COPIED) await copyTree(`${ROOT}${path}`, `${folder}/${path}`);
    await writeConfig(folder);
    return new SourceCopy(folder);
  }

  /**
   * @returns How it was caught, or `null`.
   * @throws {Error} When the mutant does not fit the source any more.
   */
  async tryMutant(mutant: Mutant): Promise<string | null> {
    const path = `${this.#folder}/src/${mutant.file}`;
    const whole = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, breakText(whole, mutant));
    const { by } = mutant;
    try {
      if (!isTestFile(by)) return await search(by, this.#folder);
      return (await runTests(this.#folder, [by])).failed;
    } finally {
      await Deno.writeTextFile(path, whole);
    }
  }

  /**
   * The other side of the experiment: the tests that caught mutants, on a copy that is whole.
   *
   * @param caught What `tryMutant` has returned.
   * @returns The first test that fails, or `null`.
   * @throws {Error} When one of them did not run.
   */
  async tryWhole(caught: readonly string[]): Promise<string | null> {
    const files = new Set(MUTANTS.map(({ by }) => by).filter(isTestFile));
    const { uncaught = [], title = [] } = Object.groupBy(
      new Set(caught),
      (how) => how.startsWith(UNCAUGHT) ? "uncaught" : "title",
    );
    for (const how of uncaught) {
      const path = how.slice(UNCAUGHT.length).replace(/^\.\//, "");
      const { failed } = await runTests(this.#folder, [path]);
      if (failed !== null) return failed;
    }
    const pattern = title.map((text) => text.replace(/[^\w ]/g, "\\$&")).join("|");
    const { failed, passed } = await runTests(this.#folder, [...files], `/^(?:${pattern})$/`);
    if (failed === null && passed < title.length) {
      throw new Error(`${title.length} tests were to run, and ${passed} did.`);
    }
    return failed;
  }

  remove(): Promise<void> {
    return Deno.remove(this.#folder, { recursive: true });
  }
}

function isTestFile(by: Mutant["by"]): by is TestFile {
  return by.startsWith("tests/");
}

async function search(by: Search, folder: string): Promise<string | null> {
  const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-all",
      "--no-check",
      "--node-modules-dir=none",
      `${folder}/tests/simulation/main.ts`,
      ...SEARCHES[by],
      "--json",
    ],
    cwd: folder,
    stdin: "null",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  const last = lines.at(-1) ?? "";
  if (!last.startsWith("{")) {
    throw new Error(`No report (exit code ${code}): ${new TextDecoder().decode(stderr)}`);
  }
  const report = JSON.parse(last);
  if (report.violations === 0 && report.unconverged === 0) return null;
  const seed = lines.find((line) => line.startsWith("seed "));
  const problem = lines.find((line) => line.trimStart().startsWith("! "))?.trim().slice(2) ?? "";
  return `${seed === undefined ? "" : `${seed.split(":")[0]}: `}${problem.slice(0, 160)}`;
}

/** Runs tests, all of them or those whose titles a filter takes. */
async function runTests(
  folder: string,
  files: readonly string[],
  filter?: string,
): Promise<{ readonly failed: string | null; readonly passed: number }> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--allow-all",
      "--no-check",
      "--node-modules-dir=none",
      ...(filter === undefined ? ["--fail-fast"] : ["--filter", filter]),
      ...files.map((path) => `${folder}/${path}`),
    ],
    cwd: folder,
    stdin: "null",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).output();
  const text = new TextDecoder().decode(stdout);
  const passed = /^\S+ \| (\d+) passed.* \| /m.exec(text)?.[1];
  if (passed === undefined) throw new Error(`The tests did not run: ${text}`);
  const failed = /^(?:(\S.*) \.\.\.|(Uncaught error from \S+)) FAILED/m.exec(text);
  return { failed: failed?.[1] ?? failed?.[2] ?? null, passed: Number(passed) };
}

/**
 * @returns The source as the mutant has it.
 * @throws {Error} When the mutant does not fit the source any more.
 */
export function breakText(source: string, { name, file, find, replace }: Mutant): string {
  const parts = source.split(find);
  if (parts.length !== 2) {
    throw new Error(`"${name}": ${file} has ${parts.length - 1} times: ${find}`);
  }
  return parts.join(replace);
}

/** The project's own, without what the copy does not have. */
async function writeConfig(folder: string): Promise<void> {
  const { imports, compilerOptions } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  // The registry of the tests' own dependency may be out of reach.
  const assertions = { "@std/assert": "./tests/support/assert.ts" };
  await Deno.writeTextFile(
    `${folder}/deno.json`,
    JSON.stringify({ imports: { ...imports, ...assertions }, compilerOptions, lock: false }),
  );
}
