/**
 * Finds Deno, Bun and Node, for the tests, the demonstration and the benchmarks.
 *
 * A runtime on the path is used when it is new enough. Otherwise a package of the npm registry that
 * runs without an install script is fetched once into `.cache/runtimes/`. By hand:
 * `deno run -A tools/runtimes.ts` prints what it found.
 *
 * @module
 */

import { ROOT } from "./project.ts";

/** A runtime that freshlink supports. */
export type RuntimeName = "deno" | "bun" | "node";

/** The runtimes, in the order in which they are listed everywhere. */
export const RUNTIME_NAMES: readonly RuntimeName[] = Object.freeze(["deno", "bun", "node"]);

/** The runtime is not here and cannot be fetched. */
export class RuntimeUnavailableError extends Error {
  /** The class's name. */
  override readonly name = "RuntimeUnavailableError";
}

/** Node runs TypeScript without a flag from here on; older ones cannot run the sources. */
const NODE_MIN: readonly [number, number] = [22, 18];
/** Fetched where a Node is asked for and none is new enough. */
const NODE_MAJOR = 24;
const BUN_MIN: readonly [number, number] = [1, 3];

const CACHE = `${ROOT}.cache/runtimes`;

/** How long npm may take to fetch a runtime, in milliseconds: some are 100 MB. */
const FETCH_TIMEOUT_MS = 240_000;

/** How long to wait between looks at what another process is fetching, in milliseconds. */
const POLL_MS = 200;

/**
 * The executable of a runtime; fetched when it is not here.
 *
 * @throws {RuntimeUnavailableError} With what was tried.
 */
export async function findRuntime(name: RuntimeName): Promise<string> {
  if (name === "deno") return Deno.execPath();
  const found = await findOnPath(name, name === "node" ? NODE_MIN : BUN_MIN);
  if (found !== null) return found;
  const { folder, specifier, executable } = packageOf(name);
  const path = `${CACHE}/${folder}/node_modules/${executable}`;
  if (!await isFile(path)) await fetchOnce(name, folder, specifier, path);
  return path;
}

/**
 * The executable of a certain Node, whatever is on the path; fetched when it is not here.
 *
 * @param major The major version, 20 or later.
 * @throws {RuntimeUnavailableError} With what was tried.
 */
export async function findNode(major: number): Promise<string> {
  const { folder, specifier, executable } = packageOf("node", major);
  const path = `${CACHE}/${folder}/node_modules/${executable}`;
  if (!await isFile(path)) await fetchOnce("node", folder, specifier, path);
  return path;
}

async function findOnPath(
  name: string,
  [major, minor]: readonly [number, number],
): Promise<string | null> {
  const text = await output(name, ["--version"]);
  const version = text?.match(/(\d+)\.(\d+)/);
  if (!version) return null;
  const [, foundMajor, foundMinor] = version.map(Number);
  const isNew = foundMajor! > major || (foundMajor === major && foundMinor! >= minor);
  return isNew ? name : null;
}

function packageOf(
  name: "bun" | "node",
  nodeMajor: number = NODE_MAJOR,
): { folder: string; specifier: string; executable: string } {
  const { os, arch } = Deno.build;
  const platform = `${os === "windows" ? (name === "node" ? "win" : os) : os}-${
    arch === "aarch64" ? (name === "bun" ? "aarch64" : "arm64") : "x64"
  }`;
  const suffix = os === "windows" ? ".exe" : "";
  return name === "bun"
    ? {
      folder: "bun-1.4.5",
      specifier: `@oven/bun-${platform}@1.4.5`,
      executable: `@oven/bun-${platform}/bin/bun${suffix}`,
    }
    : {
      folder: `node-${nodeMajor}`,
      specifier: `node-${platform}@${nodeMajor}`,
      executable: `node-${platform}/bin/node${suffix}`,
    };
}

/** Fetches into a folder of its own and moves it into place, so that no half is ever seen. */
async function fetchOnce(
  name: string,
  folder: string,
  specifier: string,
  path: string,
): Promise<void> {
  await Deno.mkdir(CACHE, { recursive: true });
  // Another process may be fetching the same: one of them does it, the others wait.
  using lock = await Deno.open(`${CACHE}/${folder}.lock`, { create: true, write: true });
  const untilMs = Date.now() + FETCH_TIMEOUT_MS;
  while (!await lock.tryLock(true)) {
    if (Date.now() > untilMs) {
      throw new RuntimeUnavailableError(`Cannot get ${name}: another process has been fetching it \
for ${FETCH_TIMEOUT_MS / 1000} s; if none is, remove ${CACHE}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  if (await isFile(path)) return;
  console.error(`Fetching ${specifier} from the npm registry, once ...`);
  const fresh = await Deno.makeTempDir({ dir: CACHE, prefix: `${folder}-` });
  try {
    await Deno.writeTextFile(`${fresh}/package.json`, '{"private":true}\n');
    await install(name, fresh, specifier);
    await Deno.remove(`${CACHE}/${folder}`, { recursive: true }).catch(ignoreMissing);
    await Deno.rename(fresh, `${CACHE}/${folder}`);
  } finally {
    await Deno.remove(fresh, { recursive: true }).catch(ignoreMissing);
  }
  if (!await isFile(path)) {
    throw new RuntimeUnavailableError(`Cannot get ${name}: ${specifier} holds no ${path}`);
  }
}

async function install(name: string, folder: string, specifier: string): Promise<void> {
  const npm = Deno.build.os === "windows" ? "npm.cmd" : "npm";
  let result: Deno.CommandOutput;
  try {
    result = await new Deno.Command(npm, {
      args: ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", specifier],
      cwd: folder,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
    }).output();
  } catch (cause) {
    throw new RuntimeUnavailableError(
      `Cannot get ${name}: it is not on the path, and npm cannot be run to fetch ${specifier}: \
${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
  if (result.success) return;
  const text = new TextDecoder().decode(result.stderr).trim().split("\n").slice(0, 5).join("\n");
  throw new RuntimeUnavailableError(
    `Cannot get ${name}: it is not on the path, and npm could not fetch ${specifier} \
(exit code ${result.code}):\n${text}`,
  );
}

async function output(command: string, args: string[]): Promise<string | null> {
  try {
    const result = await new Deno.Command(command, { args, stdin: "null", stderr: "null" })
      .output();
    return result.success ? new TextDecoder().decode(result.stdout) : null;
  } catch {
    // Not there, or not to be run.
    return null;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    ignoreMissing(error);
    return false;
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

if (import.meta.main) {
  for (const name of RUNTIME_NAMES) {
    const path = await findRuntime(name);
    console.log(`${name}: ${path} ${(await output(path, ["--version"]))?.split("\n")[0]}`);
  }
}
