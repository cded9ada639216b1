/**
 * `deno task test [--group fast|simulation|processes|slow|docs] [path or part of a path …] [options of deno test]`
 *
 * Runs the tests in groups: first those that run side by side (the fast ones, simulations, child
 * processes), then the slow ones one after the other, then the examples in the documentation. The
 * last line is `N passed, N failed, N skipped`; the exit code is 0 only where nothing failed.
 *
 * @module
 */

import { importMapArguments } from "./import_map.ts";
import { readJunit, type Tally, tallyLine } from "./junit.ts";
import { exists, filesBelow, isTestFile, ROOT } from "./project.ts";
import { runDeno, TIMED_OUT } from "./run_deno.ts";

/** The folders below tests/ of each group; all others are fast. */
const FOLDERS = {
  simulation: ["simulation"],
  // They start processes, install and build, and measure no time that anything depends on.
  processes: ["bench", "conformance", "interop", "package", "permissions"],
  // They compare times, or need what there is once.
  slow: ["discovery", "examples", "inspector", "netns"],
} as const;

/** What may carry examples that run. */
const DOCUMENTED: readonly string[] = ["mod.ts", "src", "README.md", "docs"];

/** All of them together, in milliseconds: CI has 20 minutes, and other things to do. */
const TOTAL_TIMEOUT_MS = 19 * 60_000;

/** Options of `deno test` whose value is an argument of its own. */
const WITH_VALUE: ReadonlySet<string> = new Set([
  "--filter",
  "--shard",
  "--reporter",
  "--retry",
  "--repeats",
  "--seed",
  "--import-map",
  "--v8-flags",
]);

/** One run of `deno test`. */
interface Step {
  readonly name: string;
  readonly options: readonly string[];
  readonly files: readonly string[];
  readonly timeoutMs: number;
}

/** What the command line asks for. */
interface Request {
  readonly group: string | null;
  readonly paths: readonly string[];
  /** Whether only tests with certain titles run. */
  readonly isFiltered: boolean;
  readonly options: readonly string[];
}

function parseArguments(args: readonly string[]): Request {
  let group: string | null = null;
  const paths: string[] = [];
  const options: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? "";
    if (arg === "--group") group = args[++index] ?? "";
    else if (arg.startsWith("--group=")) group = arg.slice("--group=".length);
    else if (WITH_VALUE.has(arg)) options.push(arg, args[++index] ?? "");
    else if (arg.startsWith("-")) options.push(arg);
    else paths.push(arg);
  }
  const isFiltered = options.some((option) => option.startsWith("--filter"));
  return { group, paths, isFiltered, options };
}

async function planSteps(request: Request): Promise<Step[]> {
  const files = [...await filesBelow("tests"), ...await filesBelow("examples")];
  const tests = files.filter(isTestFile);
  if (request.paths.length > 0) {
    return [step("chosen", 12, [], request, await choose(request.paths, tests))];
  }
  const of = (group: keyof typeof FOLDERS | "fast") =>
    tests.filter((path) => groupOf(path.split("/")[1] ?? "") === group);
  const groups: readonly Step[] = [
    step("fast", 5, ["--parallel"], request, of("fast")),
    step("simulation", 7, ["--parallel"], request, of("simulation")),
    step("processes", 10, ["--parallel"], request, of("processes")),
    step("slow", 6, [], request, of("slow")),
    step("docs", 3, ["--doc"], request, await present(DOCUMENTED)),
  ];
  const { group } = request;
  if (group !== null && !groups.some(({ name }) => name === group)) {
    usage(`There is no group "${group}": ${groups.map(({ name }) => name).join(", ")}.`);
  }
  // A filter is for tests; examples have no titles of their own.
  return groups.filter(({ name, files }) =>
    files.length > 0 && (group === null ? name !== "docs" || !request.isFiltered : name === group)
  );
}

function groupOf(folder: string): keyof typeof FOLDERS | "fast" {
  for (const [group, folders] of Object.entries(FOLDERS)) {
    if ((folders as readonly string[]).includes(folder)) return group as keyof typeof FOLDERS;
  }
  return "fast";
}

function step(
  name: string,
  minutes: number,
  options: readonly string[],
  request: Request,
  files: readonly string[],
): Step {
  return { name, options: [...options, ...request.options], files, timeoutMs: minutes * 60_000 };
}

async function present(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(paths.map(exists));
  return paths.filter((_, index) => found[index]);
}

/** A folder below tests/, a path, or else a part of a test file's path chooses what to run. */
async function choose(wanted: readonly string[], tests: readonly string[]): Promise<string[]> {
  const chosen: string[] = [];
  for (const part of wanted) {
    const path = part.startsWith(ROOT) ? part.slice(ROOT.length) : part;
    const [whole] = path.startsWith("/") ? [path] : await present([`tests/${path}`, path]);
    const found = whole === undefined ? tests.filter((test) => test.includes(part)) : [whole];
    if (found.length === 0) usage(`No test file has "${part}" in its path.`);
    chosen.push(...found);
  }
  return [...new Set(chosen)];
}

function usage(problem: string): never {
  console.error(problem);
  Deno.exit(2);
}

async function runStep(
  { name, options, files }: Step,
  importMap: readonly string[],
  timeoutMs: number,
): Promise<Tally> {
  const folder = await Deno.makeTempDir();
  const report = `${folder}/report.xml`;
  const fixed = ["test", "--allow-all", "--permit-no-files", `--junit-path=${report}`];
  try {
    const { code } = await runDeno(
      [...fixed, ...importMap, ...options, ...files],
      { timeoutMs, cwd: ROOT },
    );
    const tally = readJunit(await readOrNothing(report));
    if (code === 0 || tally.failed.length > 0) return tally;
    const why = code === TIMED_OUT
      ? `${name}: ended at its limit of ${Math.round(timeoutMs / 1_000)} s`
      : `${name}: an error outside a test, see above`;
    return { ...tally, failed: [why] };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function readOrNothing(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    // A run that never came to its tests leaves no report.
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

async function main(): Promise<number> {
  const request = parseArguments(Deno.args);
  const steps = await planSteps(request);
  const importMap = await importMapArguments();
  const deadlineMs = performance.now() + TOTAL_TIMEOUT_MS;
  let total: Tally = { passed: [], failed: [], skipped: [] };
  for (const step of steps) {
    const startMs = performance.now();
    const leftMs = Math.max(1_000, Math.min(step.timeoutMs, deadlineMs - startMs));
    console.log(`--- ${step.name}`);
    const found = await runStep(step, importMap, leftMs);
    // What a filter leaves out is reported like a skipped test, and is none.
    const tally = request.isFiltered ? { ...found, skipped: [] } : found;
    const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
    console.log(`--- ${step.name}: ${tallyLine(tally)} in ${seconds} s`);
    total = {
      passed: [...total.passed, ...tally.passed],
      failed: [...total.failed, ...tally.failed],
      skipped: [...total.skipped, ...tally.skipped],
    };
  }
  for (const title of total.skipped) console.log(`skipped: ${title}`);
  for (const title of total.failed) console.log(`failed: ${title}`);
  console.log(tallyLine(total));
  return total.failed.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
