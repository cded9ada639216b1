/**
 * What it costs to have freshlink in a program: the time of the import beside an empty program, and
 * the resident memory of an idle endpoint beside an idle bare listener.
 *
 * Node and Bun import the package as npm users get it; Deno imports the sources, as from JSR, in a
 * folder with a configuration of its own: a user has nothing to do with this project's.
 *
 * @module
 */

import { CODE_FOLDER } from "../tools/npm_package.ts";
import { config, ROOT } from "../tools/project.ts";
import { runDeno } from "../tools/run_deno.ts";
import { findRuntime, type RuntimeName } from "../tools/runtimes.ts";
import { type Plan, TARGET_IMPORT_MS } from "./plan.ts";
import { median } from "./statistics.ts";

/** The start of one runtime. */
export interface StartupRow {
  readonly runtime: RuntimeName;
  readonly starts: number;
  /** From the start to the end of a program that is empty: the median, in milliseconds. */
  readonly emptyMs: number;
  /** The same of a program that imports freshlink and does nothing. */
  readonly importMs: number;
  /** What the import adds: the median of the pairs' own differences, in milliseconds. */
  readonly addedMs: number;
  /** The most that it may add, in milliseconds. */
  readonly target: number;
  /** Resident bytes of a process with a bare listener. */
  readonly listenerBytes: number;
  /** Resident bytes of a process with an endpoint that has no peer. */
  readonly endpointBytes: number;
}

const FLAGS: Readonly<Record<RuntimeName, readonly string[]>> = {
  deno: ["run", "--allow-all", "--quiet", "--no-prompt"],
  bun: [],
  node: [],
};

/** What a Deno user's project knows of freshlink's dependencies. */
const DENO_CONFIG = {
  nodeModulesDir: "none",
  imports: Object.fromEntries(
    Object.entries(config.imports).filter(([name]) => name.startsWith("@noble/")).flatMap(
      ([name, target]) => [[name, target], [`${name}/`, `${target.replace("npm:", "npm:/")}/`]],
    ),
  ),
};

const BARE_LISTENER: Readonly<Record<RuntimeName, string>> = {
  deno: `Deno.listen({ hostname: "127.0.0.1", port: 0 });`,
  bun: `Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });`,
  node: `(await import("node:net")).createServer().listen(0, "127.0.0.1");`,
};

/** How long a process idles before its memory is read, in milliseconds. */
const IDLE_MS = 300;
const TIMEOUT_MS = 60_000;

/** Prints the resident bytes and ends. */
const REPORT = `
const { default: process } = await import("node:process");
setTimeout(() => {
  console.log(process.memoryUsage().rss);
  process.exit(0);
}, ${IDLE_MS});
`;

/** Each runtime's start. */
export async function measureStartup(plan: Plan): Promise<StartupRow[]> {
  await Deno.mkdir(`${ROOT}.cache`, { recursive: true });
  // Below the project, so that the package finds its dependency there.
  const folder = await Deno.makeTempDir({ dir: `${ROOT}.cache`, prefix: "startup-" });
  try {
    const { code, text } = await runDeno(
      ["run", "--allow-all", "tools/npm.ts", `${folder}/npm`],
      { timeoutMs: TIMEOUT_MS, output: "capture", cwd: ROOT },
    );
    if (code !== 0) throw new Error(`The package cannot be built:\n${text}`);
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(DENO_CONFIG));
    const rows: StartupRow[] = [];
    for (const runtime of plan.runtimes) rows.push(await measureOne(plan, runtime, folder));
    return rows;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function measureOne(plan: Plan, runtime: RuntimeName, folder: string): Promise<StartupRow> {
  const executable = await findRuntime(runtime);
  const module = runtime === "deno" ? `${ROOT}mod.ts` : `${folder}/npm/${CODE_FOLDER}/mod.js`;
  const specifier = JSON.stringify(`file://${module}`);
  const extension = runtime === "deno" ? "ts" : "mjs";
  const write = async (name: string, text: string): Promise<string> => {
    const path = `${folder}/${runtime}_${name}.${extension}`;
    await Deno.writeTextFile(path, text);
    return path;
  };
  const empty = await write("empty", "export {};\n");
  const imports = await write("import", `import ${specifier};\n`);
  const listener = await write("listener", `${BARE_LISTENER[runtime]}\n${REPORT}`);
  const endpoint = await write(
    "endpoint",
    `import { Endpoint } from ${specifier};
await Endpoint.start({ name: "SP10", listen: { port: 0 } });
${REPORT}`,
  );
  const start = async (path: string): Promise<{ ms: number; out: string }> => {
    const startedAt = performance.now();
    const { success, stdout, stderr } = await new Deno.Command(executable, {
      args: [...FLAGS[runtime], path],
      cwd: folder,
      stdin: "null",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).output();
    const ms = performance.now() - startedAt;
    if (!success) throw new Error(`${runtime}: ${new TextDecoder().decode(stderr)}`);
    return { ms, out: new TextDecoder().decode(stdout) };
  };
  // The first ones fill the caches.
  for (const path of [empty, imports]) await start(path);
  const pairs: { empty: number; imports: number }[] = [];
  for (let count = 0; count < plan.starts; count++) {
    pairs.push({ empty: (await start(empty)).ms, imports: (await start(imports)).ms });
  }
  const resident = async (path: string): Promise<number> => {
    const samples: number[] = [];
    for (let count = 0; count < 3; count++) samples.push(Number((await start(path)).out));
    return median(samples);
  };
  return {
    runtime,
    starts: pairs.length,
    emptyMs: median(pairs.map((pair) => pair.empty)),
    importMs: median(pairs.map((pair) => pair.imports)),
    addedMs: median(pairs.map((pair) => pair.imports - pair.empty)),
    target: TARGET_IMPORT_MS,
    listenerBytes: await resident(listener),
    endpointBytes: await resident(endpoint),
  };
}
