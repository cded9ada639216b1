/** Tries the mutants: each in a copy of the source, by the command that must catch it. */

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
  crossings: ["--scenario", "crossings", "--runs", "10", "--seed", "1", "--first"],
};
const TIMEOUT_MS = 300_000;

/** What the simulations and the tests that catch mutants are made of. */
const COPIED: readonly string[] = ["mod.ts", "src", "tests", "docs/protocol.md", "tools"];

/** Tries those whose names contain a text. */
export async function tryMutants(part: string): Promise<MutantsReport> {
  const chosen = MUTANTS.filter(({ name }) => name.includes(part));
  const survivors: string[] = [];
  for (const mutant of chosen) {
    const startMs = performance.now();
    const how = await tryMutant(mutant);
    const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
    console.log(`${how === null ? "SURVIVED" : "caught"}  ${mutant.name} (${seconds} s)`);
    if (how === null) survivors.push(mutant.name);
    else console.log(`        by ${mutant.by}: ${how}`);
  }
  const tried = chosen.length;
  return { mutants: { tried, caught: tried - survivors.length }, survivors };
}

/**
 * @returns How it was caught, or `null`.
 * @throws {Error} When the mutant does not fit the source any more.
 */
export async function tryMutant(mutant: Mutant): Promise<string | null> {
  return await inCopy(async (folder) => {
    await mutate(mutant, `${folder}/src/${mutant.file}`);
    const { by } = mutant;
    return isTestFile(by) ? await test(folder, [by]) : await search(by, folder);
  });
}

/**
 * The other side of the experiment: the tests that must catch mutants, on a copy that is whole.
 *
 * @returns The first test that fails, or `null`.
 */
export async function tryWhole(): Promise<string | null> {
  const files = new Set(MUTANTS.map(({ by }) => by).filter(isTestFile));
  return await inCopy((folder) => test(folder, [...files]));
}

function isTestFile(by: Mutant["by"]): by is TestFile {
  return by.startsWith("tests/");
}

/** Gives a copy of the source to a function, and removes it. */
async function inCopy<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "freshlink-mutant-" });
  try {
    for (const path of COPIED) await copy(`${ROOT}${path}`, `${folder}/${path}`);
    await writeConfig(folder);
    return await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
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

/** Runs tests. @returns The first one that fails, or `null`. */
async function test(folder: string, files: readonly string[]): Promise<string | null> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--allow-all",
      "--no-check",
      "--node-modules-dir=none",
      ...files.map((path) => `${folder}/${path}`),
    ],
    cwd: folder,
    stdin: "null",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (!/^\S+ \| \d+ passed.* \| /m.test(text)) throw new Error(`The tests did not run: ${text}`);
  const failed = /^(?:(\S.*) \.\.\.|(Uncaught error from \S+)) FAILED/m.exec(text);
  return failed === null ? null : failed[1] ?? failed[2]!;
}

async function mutate(mutant: Mutant, path: string): Promise<void> {
  await Deno.writeTextFile(path, breakText(await Deno.readTextFile(path), mutant));
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

async function copy(from: string, to: string): Promise<void> {
  const { isDirectory } = await Deno.stat(from);
  if (!isDirectory) {
    await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
    await Deno.copyFile(from, to);
    return;
  }
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) await copy(`${from}/${name}`, `${to}/${name}`);
}
