/**
 * Joins the compiled modules of the npm package into few files: a program that imports the package
 * opens three of them instead of sixty, which is most of what an import costs
 * (`deno task bench --startup`). Declarations stay as they are.
 *
 * @module
 */

import { build, stop } from "esbuild";

/** Where what several entry points share goes. */
export const CHUNK_FOLDER = "chunks";

/**
 * Bundles in place, and removes the modules that are in bundles now.
 *
 * @param folder The package's folder; absolute.
 * @param entryPoints Paths below it that are imported by name.
 */
export async function bundleModules(
  folder: string,
  codeFolder: string,
  entryPoints: readonly string[],
): Promise<void> {
  const root = `${folder}/${codeFolder}`.replace(/\/$/, "");
  try {
    const { metafile } = await build({
      absWorkingDir: folder,
      entryPoints: [...entryPoints],
      bundle: true,
      splitting: true,
      format: "esm",
      target: "es2022",
      platform: "node",
      // The adapters are chosen by whoever loads or bundles the package; dependencies stay such.
      external: ["#*", "node:*", "@noble/*"],
      outdir: root,
      outbase: root,
      chunkNames: `${CHUNK_FOLDER}/[name]-[hash]`,
      allowOverwrite: true,
      metafile: true,
      logLevel: "error",
    });
    const outputs = new Set(Object.keys(metafile.outputs));
    for (const path of Object.keys(metafile.inputs)) {
      if (!outputs.has(path)) await Deno.remove(`${folder}/${path}`);
    }
  } finally {
    await stop();
  }
}
