/**
 * Stands in for `@deno/dnt` 0.43 where JSR cannot be reached: the part of its options that
 * `npm_build.ts` uses, and a package as dnt leaves it behind, written from what dnt 0.43.2 wrote
 * for this project. In particular:
 *
 * - The code is in `esm/`, which gets a `package.json` of its own: Node looks for `imports` there.
 * - `import.meta` is rewritten wherever it stands, unless the polyfill is off.
 * - Polyfills declare globals, which reach the package's users.
 * - Every module has a declaration, whether somebody can import it or not.
 * - The manifest that it writes has `devDependencies`, and they are installed.
 *
 * @module
 */

import { resolve } from "node:path";
import ts from "typescript";
import { enabledPolyfills, rewriteImportMeta } from "./dnt/polyfills.ts";
import { type Module, transform, type Transformed } from "./dnt/transform.ts";

/** An entry point of the package. */
export interface EntryPoint {
  readonly kind?: "bin" | "export";
  readonly name?: string;
  readonly path: string;
}

/** The options that are used here; dnt has more. */
export interface BuildOptions {
  readonly cwd?: string;
  readonly entryPoints: readonly (string | EntryPoint)[];
  readonly outDir: string;
  readonly shims: Readonly<Record<string, never>>;
  readonly scriptModule: false;
  readonly declaration: "inline";
  readonly typeCheck: "single";
  readonly test: false;
  readonly skipSourceOutput: true;
  readonly polyfills?: boolean | Readonly<Record<string, boolean>>;
  readonly compilerOptions?: {
    readonly target?: "ES2021" | "ES2022" | "ES2023" | "Latest";
    readonly lib?: readonly ("ES2023" | "ESNext.Disposable" | "DOM")[];
    readonly noUncheckedIndexedAccess?: boolean;
    readonly useUnknownInCatchVariables?: boolean;
  };
  readonly package: {
    readonly name: string;
    readonly version: string;
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly devDependencies?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly postBuild?: () => void | Promise<void>;
}

/** Makes the folder if need be, and empties it. */
export async function emptyDir(path: string): Promise<void> {
  await Deno.mkdir(path, { recursive: true });
  for await (const { name } of Deno.readDir(path)) {
    await Deno.remove(`${path}/${name}`, { recursive: true });
  }
}

/**
 * Builds the package.
 *
 * @throws {Error} With what the compiler says, where the sources are wrong.
 */
export async function build(options: BuildOptions): Promise<void> {
  const cwd = resolve(options.cwd ?? ".");
  const outDir = resolve(cwd, options.outDir);
  const target = options.compilerOptions?.target ?? "ES2021";
  const entryPoints = options.entryPoints.map((entry) =>
    typeof entry === "string" ? { path: entry, name: "." } : entry
  );
  const polyfills = enabledPolyfills(options.polyfills, target);
  const { imports } = JSON.parse(await Deno.readTextFile(`${cwd}/deno.json`));
  const paths = entryPoints.map(({ path }) => resolve(cwd, path));
  console.log("[dnt] Transforming... (the stand-in)");
  const transformed = await transform(paths, imports, polyfills);
  const isBin = (path: string) =>
    entryPoints.some(({ kind }, index) =>
      kind === "bin" && transformed.entryPoints[index] === path
    );
  const modules = transformed.modules.map(({ path, text }) =>
    isBin(path) ? { path, text: `#!/usr/bin/env node\n${text}` } : { path, text }
  );
  await writeText(`${outDir}/package.json`, manifest(options, entryPoints, transformed));
  await writeText(`${outDir}/.npmignore`, "/src/\n/test_runner.cjs\nyarn.lock\npnpm-lock.yaml\n");
  await installDependencies(outDir);
  const rewrites = polyfills.some(({ name }) => name === "importMeta");
  for (const [path, text] of compile(outDir, modules, options, rewrites)) {
    await writeText(path, text);
  }
  await writeText(`${outDir}/esm/package.json`, '{\n  "type": "module"\n}\n');
  await options.postBuild?.();
  console.log("[dnt] Complete! (the stand-in)");
}

/** Type-checks and compiles. @returns The emitted files: absolute path and text. */
function compile(
  outDir: string,
  modules: readonly Module[],
  options: BuildOptions,
  rewrites: boolean,
): Map<string, string> {
  const { target = "ES2021", lib = [target], ...flags } = options.compilerOptions ?? {};
  const compilerOptions: ts.CompilerOptions = {
    ...{ strictNullChecks: true, strictFunctionTypes: true, strictBindCallApply: true },
    ...{ strictPropertyInitialization: true, noImplicitAny: true, noImplicitThis: true },
    ...flags,
    ...{ isolatedModules: true, useDefineForClassFields: true, skipLibCheck: true },
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    target: ts.ScriptTarget[target === "Latest" ? "ESNext" : target],
    lib: lib.map((name) => `lib.${name.toLowerCase()}.d.ts`),
    types: options.package.devDependencies?.["@types/node"] === undefined ? [] : ["node"],
    declaration: true,
    rootDir: `${outDir}/src`,
    outDir: `${outDir}/esm`,
  };
  const texts = new Map(modules.map(({ path, text }) => [`${outDir}/src/${path}`, text]));
  const host = ts.createCompilerHost(compilerOptions);
  const { readFile, fileExists } = host;
  host.readFile = (path) => texts.get(path) ?? readFile(path);
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  // The folder of the sources is nowhere but in `texts`; without this, files alone are asked for.
  delete host.directoryExists;
  host.getCurrentDirectory = () => outDir;
  const program = ts.createProgram([...texts.keys()], compilerOptions, host);
  const emitted = new Map<string, string>();
  const before = rewrites ? [rewriteImportMeta] : [];
  const problems = [...ts.getPreEmitDiagnostics(program)];
  program.emit(undefined, (path, text) => emitted.set(path, text), undefined, false, { before });
  if (problems.length > 0) throw new Error(ts.formatDiagnostics(problems, host));
  return emitted;
}

/** The manifest as dnt writes it; `npm_build.ts` writes another one over it. */
function manifest(
  options: BuildOptions,
  entryPoints: readonly EntryPoint[],
  transformed: Transformed,
): string {
  const compiled = (index: number) =>
    `./esm/${transformed.entryPoints[index]}`.replace(/ts$/, "js");
  const named = entryPoints.map(({ kind = "export", name = "." }, index) => ({
    kind,
    name,
    index,
  }));
  const exports = named.filter(({ kind }) => kind === "export");
  const bins = named.filter(({ kind }) => kind === "bin");
  const json = {
    module: compiled(0),
    ...options.package,
    bin: Object.fromEntries(bins.map(({ name, index }) => [name, compiled(index)])),
    exports: Object.fromEntries(
      exports.map(({ name, index }) => [name, { import: compiled(index) }]),
    ),
    scripts: {},
    dependencies: { ...transformed.dependencies, ...options.package.dependencies },
    _generatedBy: "the stand-in for dnt",
  };
  return JSON.stringify(json, null, 2);
}

async function installDependencies(folder: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(
    Deno.build.os === "windows" ? "npm.cmd" : "npm",
    {
      args: ["install", "--ignore-scripts", "--no-audit", "--no-fund"],
      cwd: folder,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    },
  ).output();
  if (!success) throw new Error(`npm install: ${new TextDecoder().decode(stderr)}`);
}

async function writeText(path: string, text: string): Promise<void> {
  await Deno.mkdir(resolve(path, ".."), { recursive: true });
  await Deno.writeTextFile(path, text);
}
