/**
 * The first half of dnt: the modules that the entry points lead to, as TypeScript for Node.
 *
 * @module
 */

import { dirname, relative, resolve } from "node:path";
import ts from "typescript";
import { type Polyfill, polyfillText, usedPolyfills } from "./polyfills.ts";

const POLYFILL_FILE = "_dnt.polyfills";

/** A module as it stands in the package's `src/`, before it is compiled. */
export interface Module {
  /** Its path below `src/`. */
  readonly path: string;
  readonly text: string;
}

/** What became of the entry points. */
export interface Transformed {
  readonly modules: readonly Module[];
  /** The entry points' paths below `src/`, in their order. */
  readonly entryPoints: readonly string[];
  readonly dependencies: Readonly<Record<string, string>>;
}

/** What is found on the way, by absolute path. */
interface Found {
  readonly texts: Map<string, string>;
  readonly dependencies: Record<string, string>;
  readonly polyfills: Set<Polyfill>;
}

/**
 * Follows the imports of the entry points.
 *
 * @param entryPoints Absolute paths.
 * @param imports deno.json's.
 */
export async function transform(
  entryPoints: readonly string[],
  imports: Readonly<Record<string, string>>,
  enabled: readonly Polyfill[],
): Promise<Transformed> {
  const found: Found = { texts: new Map(), dependencies: {}, polyfills: new Set() };
  const open = [...entryPoints];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (!found.texts.has(path)) open.push(...await readModule(path, imports, enabled, found));
  }
  const base = commonFolder([...found.texts.keys()]);
  const polyfills = [...found.polyfills];
  const modules = [...found.texts].map(([path, text]) => {
    if (polyfills.length === 0 || !entryPoints.includes(path)) {
      return { path: relative(base, path), text };
    }
    const specifier = relative(dirname(path), resolve(base, POLYFILL_FILE));
    const relativeSpecifier = specifier.startsWith(".") ? specifier : `./${specifier}`;
    return { path: relative(base, path), text: `import "${relativeSpecifier}.js";\n${text}` };
  });
  if (polyfills.length > 0) {
    modules.push({ path: `${POLYFILL_FILE}.ts`, text: polyfillText(polyfills) });
  }
  return {
    modules,
    entryPoints: entryPoints.map((path) => relative(base, path)),
    dependencies: found.dependencies,
  };
}

/** Reads one and rewrites its specifiers. @returns The files that it imports. */
async function readModule(
  path: string,
  imports: Readonly<Record<string, string>>,
  enabled: readonly Polyfill[],
  found: Found,
): Promise<string[]> {
  let text = await Deno.readTextFile(path);
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  for (const polyfill of usedPolyfills(file, enabled)) found.polyfills.add(polyfill);
  const files: string[] = [];
  // From the end, so that what was found before stays where it is.
  for (const { fileName, pos, end } of ts.preProcessFile(text).importedFiles.toReversed()) {
    const target = resolveSpecifier(fileName, path, imports, found.dependencies);
    if (target.file !== null) files.push(target.file);
    text = `${text.slice(0, pos)}"${target.specifier}"${text.slice(end + 2)}`;
  }
  found.texts.set(path, text);
  return files;
}

/** A specifier as Node understands it, and the file where it is one of the project's. */
function resolveSpecifier(
  specifier: string,
  from: string,
  imports: Readonly<Record<string, string>>,
  dependencies: Record<string, string>,
): { readonly specifier: string; readonly file: string | null } {
  if (specifier.startsWith("node:")) return { specifier, file: null };
  if (/^\.\.?\//.test(specifier)) {
    const file = resolve(dirname(from), specifier);
    return { specifier: specifier.replace(/\.ts$/, ".js"), file };
  }
  const name = Object.keys(imports).find((key) =>
    specifier === key || specifier.startsWith(`${key}/`)
  );
  const [, packageName, version] = /^npm:(@?[^@]+)@(.+)$/.exec(imports[name ?? ""] ?? "") ?? [];
  if (name === undefined || packageName === undefined || version === undefined) {
    throw new Error(`The stand-in for dnt cannot resolve '${specifier}' in ${from}`);
  }
  dependencies[packageName] = version;
  return { specifier: packageName + specifier.slice(name.length), file: null };
}

function commonFolder(paths: readonly string[]): string {
  let folder = dirname(paths[0] ?? "/");
  while (!paths.every((path) => path.startsWith(`${folder}/`))) folder = dirname(folder);
  return folder;
}
