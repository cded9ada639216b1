/**
 * Joins the compiled modules of the npm package into few files: a program that imports the package
 * opens three of them instead of sixty, which is most of what an import costs
 * (`deno task bench --startup`). Declarations stay as they are.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { build, type Plugin, stop } from "esbuild";

/** Where what several entry points share goes. */
export const CHUNK_FOLDER = "chunks";

/** What a worker is told that may not use Node's modules. */
const FLAG_TEXT = "Cannot open sockets on this worker: it needs the compatibility flag " +
  "'nodejs_compat', or the option 'runtime' of Endpoint.start and Client.connect";

/**
 * Bundles in place.
 *
 * @param folder The folder of the compiled modules; absolute.
 * @param entryPoints The modules that are imported by name, as paths below it without extension.
 * @param guarded The one of them whose `node:` modules may be missing.
 * @returns The files that are the package's code now, as paths below the folder.
 */
export async function bundleModules(
  folder: string,
  entryPoints: readonly string[],
  guarded: string,
): Promise<string[]> {
  try {
    const { metafile } = await build({
      absWorkingDir: folder,
      entryPoints: entryPoints.map((path) => `${path}.js`),
      bundle: true,
      splitting: true,
      format: "esm",
      target: "es2022",
      platform: "node",
      // The adapters are chosen by whoever loads or bundles the package; the dependencies stay.
      external: ["#*", "node:*", "@noble/*", "@opentelemetry/api"],
      plugins: [guardNodeModules(join(folder, `${guarded}.js`))],
      outdir: folder,
      outbase: folder,
      chunkNames: `${CHUNK_FOLDER}/[name]-[hash]`,
      allowOverwrite: true,
      metafile: true,
      logLevel: "error",
    });
    return Object.keys(metafile.outputs);
  } finally {
    await stop();
  }
}

/**
 * Gives one entry point a copy of its folder's modules in which a static import of a `node:` module
 * is a dynamic one: a static one that is missing ends a whole worker before it runs a line, with
 * nothing but the module's name.
 */
function guardNodeModules(entryPoint: string): Plugin {
  const folder = dirname(entryPoint);
  return {
    name: "guard-node-modules",
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^\.\.?\// }, ({ importer, namespace, path }) => {
        if (importer !== entryPoint && namespace !== "guarded") return undefined;
        const target = join(folder, path);
        // A name, not a path: it stands in a comment of the bundle.
        return dirname(target) === folder
          ? { path: basename(target), namespace: "guarded" }
          : { path: target };
      });
      onResolve(
        { filter: /^node:/, namespace: "guarded" },
        ({ path, kind }) =>
          kind === "dynamic-import" ? { path, external: true } : { path, namespace: "node-module" },
      );
      onLoad({ filter: /./, namespace: "guarded" }, async ({ path }) => ({
        contents: await Deno.readTextFile(join(folder, path)),
        resolveDir: folder,
      }));
      onLoad({ filter: /./, namespace: "node-module" }, async ({ path }) => ({
        contents: await guardedText(path),
      }));
    },
  };
}

/** A module with the exports that Node's has. */
async function guardedText(specifier: string): Promise<string> {
  const names = Object.keys(await import(specifier)).filter((name) => name !== "default");
  return `const load = () => import("${specifier}");
const missing = (cause) => { throw new Error(${JSON.stringify(FLAG_TEXT)}, { cause }); };
const found = await load().catch(missing);
export const { ${names.join(", ")} } = found;
export default found.default;
`;
}
