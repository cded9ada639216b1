/**
 * What the npm package says about itself, whichever way its code was built: `npm_build.ts` (dnt)
 * and `tools/npm.ts` (deno pack) both end with `finishPackage`, so the two packages differ in
 * nothing but where the compiled files lie.
 *
 * @module
 */

import { resolvePath } from "./lint/zones.ts";
import { bundleModules, CHUNK_FOLDER } from "./npm_bundle.ts";
import { config, exists, ROOT } from "./project.ts";

/** The package's name on npm. */
export const NPM_NAME = "freshlink";

/** The command that the package installs. */
export const COMMAND_NAME = "freshlink";

/** The oldest Node the package runs on: its dependency needs the minor version. */
export const NODE_VERSION_MIN = "20.19.0";

/** The entry points of deno.json that npm users import; the command is a `bin` there. */
export const NPM_EXPORTS: readonly (readonly [name: string, path: string])[] = Object
  .entries(config.exports).filter(([name]) => name !== "./cli");

/** The module that exports the command's `main(args: readonly string[]): Promise<number>`. */
export const COMMAND_MODULE: string = config.exports["./cli"];

const COMMAND_FILE = "bin/freshlink.js";

/** The fields of package.json that do not depend on how the code was built. */
export function packageFields(): Record<string, unknown> & { name: string; version: string } {
  return {
    name: NPM_NAME,
    version: config.version,
    description: "One live link to every peer process, and always the right one.",
    keywords: ["tcp", "peer", "connection", "failover", "rpc", "bun", "deno", "node"],
    license: config.license,
    type: "module",
    sideEffects: false,
    engines: { node: `>=${NODE_VERSION_MIN}` },
  };
}

/** The project's run-time dependencies, as npm names them. */
export function packageDependencies(): Record<string, string> {
  const ours = Object.entries(config.imports).filter(([name]) => name.startsWith("@noble/"));
  return Object.fromEntries(
    ours.map(([name, target]) => [name, target.slice(target.lastIndexOf("@") + 1)]),
  );
}

/** The entry points that are not in the project (yet), as paths below its folder. */
export async function missingEntryPoints(): Promise<string[]> {
  const paths = Object.values(config.exports).map((path) => path.replace(/^\.\//, ""));
  const found = await Promise.all(paths.map(exists));
  return paths.filter((_, index) => !found[index]);
}

/**
 * Writes package.json and the command, and adds README and LICENSE.
 *
 * @param folder The package's folder; absolute.
 * @param codeFolder Where the compiled files lie in it: `""` or a folder's name with a slash.
 * @throws {Error} When a declaration file that a user's compiler would ask for is missing.
 */
export async function finishPackage(folder: string, codeFolder: string): Promise<void> {
  const compiled = (path: string, extension: string) =>
    `./${codeFolder}${path.replace(/^\.\//, "").replace(/\.ts$/, extension)}`;
  const exports = NPM_EXPORTS.map(([name, path]) => [
    name,
    // "types" has to be the first condition: the first one that matches is taken.
    { types: compiled(path, ".d.ts"), default: compiled(path, ".js") },
  ]);
  const runtimeFolder = compiled("./src/runtime", "");
  const imports = await mapAdapters(folder, runtimeFolder);
  const modules = [...NPM_EXPORTS.map(([, path]) => path), COMMAND_MODULE];
  await bundleModules(folder, codeFolder, [
    ...modules.map((path) => compiled(path, ".js")),
    ...ADAPTERS.map((name) => `${runtimeFolder}/${name}.js`),
  ]);
  const manifest = {
    ...packageFields(),
    imports,
    exports: { ...Object.fromEntries(exports), "./package.json": "./package.json" },
    types: compiled(config.exports["."], ".d.ts"),
    bin: { [COMMAND_NAME]: COMMAND_FILE },
    files: ["bin/", ...codeFiles(codeFolder), "README.md", "LICENSE"],
    dependencies: packageDependencies(),
  };
  await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify(manifest, null, 2) + "\n");
  await Deno.mkdir(`${folder}/bin`, { recursive: true });
  await Deno.writeTextFile(
    `${folder}/${COMMAND_FILE}`,
    commandText(compiled(COMMAND_MODULE, ".js")),
  );
  await Deno.chmod(`${folder}/${COMMAND_FILE}`, 0o755);
  for (const name of ["README.md", "LICENSE"]) {
    if (await exists(name)) await Deno.copyFile(ROOT + name, `${folder}/${name}`);
  }
  await checkDeclarations(folder, NPM_EXPORTS.map(([, path]) => compiled(path, ".d.ts")));
}

const ADAPTERS: readonly string[] = ["bun", "deno", "node"];

/** What a target without sockets gets in the place of an adapter. */
const ABSENT_TEXT =
  `/** Stands for the adapters where a bundle is made for a runtime without sockets. */
export function newRuntime() {
  throw new Error("Cannot open sockets on this runtime: give Endpoint.start or Client.connect the option 'runtime'");
}
`;

/**
 * Lets conditions decide which adapter a specifier of `detect.ts` stands for: who bundles for one
 * runtime carries no other's adapter. Where nothing is known of the target, Node's works.
 *
 * @param runtimeFolder Where the adapters lie, as package.json names it.
 * @returns The `imports` of package.json.
 */
async function mapAdapters(folder: string, runtimeFolder: string): Promise<object> {
  const path = `${folder}/${runtimeFolder}/detect.js`;
  let text = await Deno.readTextFile(path);
  for (const name of ADAPTERS) {
    const parts = text.split(`import("./${name}.js")`);
    if (parts.length !== 2) {
      throw new Error(`Cannot map the adapter '${name}': ${path} does not import it once`);
    }
    text = parts.join(`import("#${name}")`);
  }
  await Deno.writeTextFile(path, text);
  await Deno.writeTextFile(`${folder}/${runtimeFolder}/absent.js`, ABSENT_TEXT);
  const file = (name: string) => `${runtimeFolder}/${name}.js`;
  const absent = file("absent");
  const none = { workerd: absent, worker: absent, browser: absent };
  return {
    "#bun": { bun: file("bun"), ...none, default: file("node") },
    "#deno": { deno: file("deno"), ...none, default: file("node") },
    "#node": { ...none, default: file("node") },
  };
}

function codeFiles(codeFolder: string): string[] {
  return codeFolder === "" ? ["mod.js", "mod.d.ts", `${CHUNK_FOLDER}/`, "src/"] : [codeFolder];
}

function commandText(module: string): string {
  return [
    "#!/usr/bin/env node",
    `import { main } from ".${module}";`,
    "",
    "process.exitCode = await main(process.argv.slice(2));",
    "",
  ].join("\n");
}

/** Follows the declarations from the entry points: each file that one names has to be there. */
async function checkDeclarations(folder: string, entryPoints: readonly string[]): Promise<void> {
  const open = entryPoints.map((path) => path.replace(/^\.\//, ""));
  const seen = new Set(open);
  const missing: string[] = [];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const text = await Deno.readTextFile(`${folder}/${path}`).catch(() => null);
    if (text === null) missing.push(path);
    for (const [, specifier = ""] of (text ?? "").matchAll(/["'](\.\.?\/[^"']+)["']/g)) {
      const target = resolvePath(path, specifier).replace(/(?:\.d\.ts|\.[jt]s)$/, ".d.ts");
      if (!seen.has(target)) open.push(target);
      seen.add(target);
    }
  }
  if (missing.length > 0) {
    throw new Error(`Cannot finish the package as declarations are missing: ${missing.join(", ")}`);
  }
}
