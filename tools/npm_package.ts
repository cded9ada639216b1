/**
 * What the npm package says about itself, whichever way its code was built: `npm_build.ts` (dnt)
 * and `tools/npm.ts` (deno pack) both put compiled modules into `esm/` and end with
 * `finishPackage`, which makes one layout of what either left behind.
 *
 * @module
 */

import { ADAPTER_MODULES, mapAdapters, WORKERD } from "./npm_adapters.ts";
import { bundleModules } from "./npm_bundle.ts";
import { bundleDeclarations } from "./npm_declarations.ts";
import { config, exists, ROOT } from "./project.ts";

/** The package's name on npm. */
export const NPM_NAME = "freshlink";

/** Where the project lives, as npm abbreviates it: all addresses in the package follow from it. */
export const REPOSITORY = "github:freshlink/freshlink";

const WEB = REPOSITORY.replace("github:", "https://github.com/");

/** The command that the package installs. */
export const COMMAND_NAME = "freshlink";

/** The oldest Node the package runs on: its dependency needs the minor version. */
export const NODE_VERSION_MIN = "20.19.0";

/** The entry points of deno.json that npm users import; the command is a `bin` there. */
export const NPM_EXPORTS: readonly (readonly [name: string, path: string])[] = Object
  .entries(config.exports).filter(([name]) => name !== "./cli");

/** The module that exports the command's `main(args: readonly string[]): Promise<number>`. */
export const COMMAND_MODULE: string = config.exports["./cli"];

const PEER = "@opentelemetry/api";

const COMMAND_FILE = "bin/freshlink.js";

/** Where the compiled modules lie. */
export const CODE_FOLDER = "esm";

/** Beside the code: what a user reads, and the schemas that `freshlink serve --help` names. */
const DOCUMENTS: readonly string[] = [
  "README.md",
  "CHANGELOG.md",
  "LICENSE",
  "docs/config.schema.json",
  "docs/peers.schema.json",
];

/** The fields of package.json that do not depend on how the code was built. */
export function packageFields(): Record<string, unknown> & { name: string; version: string } {
  return {
    name: NPM_NAME,
    version: config.version,
    description: "One live link to every peer process, and always the right one.",
    keywords: ["tcp", "peer", "connection", "failover", "rpc", "bun", "deno", "node", "workerd"],
    homepage: `${WEB}#readme`,
    bugs: `${WEB}/issues`,
    repository: { type: "git", url: `git+${WEB}.git` },
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

/** What a user installs beside it for one of its entry points, and else not. */
export function peerDependencies(): Record<string, string> {
  const target = config.imports[PEER]!;
  return { [PEER]: target.slice(target.lastIndexOf("@") + 1) };
}

/** The entry points that are not in the project (yet), as paths below its folder. */
export async function missingEntryPoints(): Promise<string[]> {
  const paths = Object.values(config.exports).map((path) => path.replace(/^\.\//, ""));
  const found = await Promise.all(paths.map(exists));
  return paths.filter((_, index) => !found[index]);
}

/**
 * Makes the package of what a builder left behind: one layout, whichever builder it was.
 *
 * @param folder The package's folder; absolute. The compiled modules are in its `esm/`.
 * @throws {Error} When a declaration file that a user's compiler would ask for is missing.
 */
export async function finishPackage(folder: string): Promise<void> {
  await removeLeftovers(folder);
  const imports = await mapAdapters(folder, `./${CODE_FOLDER}/src/runtime`);
  const codeFolder = `${folder}/${CODE_FOLDER}`;
  const adapters = ADAPTER_MODULES.map((name) => `src/runtime/${name}`);
  const entryPoints = NPM_EXPORTS.map(([, path]) => path.replace(/^\.\/|\.ts$/g, ""));
  const files = [
    ...await bundleModules(
      codeFolder,
      [...entryPoints, COMMAND_MODULE.replace(/^\.\/|\.ts$/g, ""), ...adapters],
      `src/runtime/${WORKERD}`,
    ),
    ...await bundleDeclarations(codeFolder, entryPoints),
  ];
  await keepOnly(codeFolder, new Set(files));
  await writeText(`${folder}/package.json`, JSON.stringify(manifest(imports), null, 2) + "\n");
  await writeText(`${folder}/${COMMAND_FILE}`, commandText(compiled(COMMAND_MODULE, ".js")));
  await Deno.chmod(`${folder}/${COMMAND_FILE}`, 0o755);
  for (const path of DOCUMENTS) {
    const text = await Deno.readTextFile(ROOT + path);
    const isPage = path.endsWith(".md");
    await writeText(`${folder}/${path}`, isPage ? await withWholeLinks(text) : text);
  }
}

/** A source file of the project as the package has it, with the `./` that package.json wants. */
function compiled(path: string, extension: string): string {
  return `./${CODE_FOLDER}/${path.replace(/^\.\//, "").replace(/\.ts$/, extension)}`;
}

function manifest(imports: object): object {
  const exports = NPM_EXPORTS.map(([name, path]) => [
    name,
    // "types" has to be the first condition: the first one that matches is taken.
    { types: compiled(path, ".d.ts"), default: compiled(path, ".js") },
  ]);
  return {
    ...packageFields(),
    imports,
    exports: { ...Object.fromEntries(exports), "./package.json": "./package.json" },
    types: compiled(config.exports["."], ".d.ts"),
    bin: { [COMMAND_NAME]: COMMAND_FILE },
    files: ["bin/", `${CODE_FOLDER}/`, ...DOCUMENTS],
    dependencies: packageDependencies(),
    peerDependencies: peerDependencies(),
    peerDependenciesMeta: { [PEER]: { optional: true } },
  };
}

/** Removes manifests, lock files, `node_modules`: whatever is not compiled code. */
async function removeLeftovers(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (name !== CODE_FOLDER) await Deno.remove(`${folder}/${name}`, { recursive: true });
  }
}

/**
 * Removes every other file: modules and declarations that were joined into others, and the
 * package.json that dnt puts into `esm/`, which would be the nearer one and has no `imports`.
 *
 * @returns Whether anything is left below the folder.
 */
async function keepOnly(
  root: string,
  files: ReadonlySet<string>,
  below = "",
): Promise<boolean> {
  let isUsed = false;
  for await (const { name, isDirectory } of Deno.readDir(`${root}/${below}`)) {
    const path = below + name;
    const isKept = isDirectory ? await keepOnly(root, files, `${path}/`) : files.has(path);
    if (!isKept) await Deno.remove(`${root}/${path}`, { recursive: true });
    isUsed ||= isKept;
  }
  return isUsed;
}

/** A page whose links to other files of the project lead to this version of them on the web. */
async function withWholeLinks(text: string): Promise<string> {
  const targets = new Set([...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target));
  let whole = text;
  for (const target of targets) {
    if (/^(?:[a-z]+:|#)/.test(target)) continue;
    const { isDirectory } = await Deno.stat(ROOT + target.replace(/#.*$/, ""));
    const kind = isDirectory ? "tree" : "blob";
    whole = whole.replaceAll(`](${target})`, `](${WEB}/${kind}/v${config.version}/${target})`);
  }
  return whole;
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

async function writeText(path: string, text: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, text);
}
