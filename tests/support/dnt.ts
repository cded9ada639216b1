/**
 * Stands in for `@deno/dnt` where JSR cannot be reached: the part of its options that
 * `npm_build.ts` uses, for the type check, and a `build` that compiles nothing but leaves behind
 * what it was asked for, for tests/tools/npm_build_test.ts.
 *
 * @module
 */

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
  readonly shims: Readonly<Record<string, boolean>>;
  readonly scriptModule?: "cjs" | "umd" | false;
  readonly declaration?: "inline" | "separate" | false;
  readonly typeCheck?: "both" | "single" | false;
  readonly test?: boolean;
  readonly skipSourceOutput?: boolean;
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

/** Writes the options to `dnt_options.json` and an empty module for each entry point. */
export async function build(options: BuildOptions): Promise<void> {
  for (const entryPoint of options.entryPoints) {
    const path = typeof entryPoint === "string" ? entryPoint : entryPoint.path;
    const compiled = `${options.outDir}/esm/${path.replace(/^\.\//, "").replace(/\.ts$/, "")}`;
    await Deno.mkdir(compiled.slice(0, compiled.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(`${compiled}.js`, "export {};\n");
    await Deno.writeTextFile(`${compiled}.d.ts`, "export {};\n");
  }
  // The one compiled module that the manifest is made from.
  const runtime = `${options.outDir}/esm/src/runtime`;
  await Deno.mkdir(runtime, { recursive: true });
  const names = ["bun", "deno", "node"];
  const imports = names.map((name) => `await import("./${name}.js");\n`);
  for (const name of names) await Deno.writeTextFile(`${runtime}/${name}.js`, "export {};\n");
  await Deno.writeTextFile(`${runtime}/detect.js`, imports.join(""));
  await options.postBuild?.();
  await Deno.writeTextFile(`${options.outDir}/dnt_options.json`, JSON.stringify(options));
}
