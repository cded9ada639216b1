/**
 * The declarations of the npm package: one for each entry point, with what it exports and nothing
 * of what lies behind; and whatever they need of the language they ask for themselves.
 *
 * @module
 */

import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";
import { CHUNK_FOLDER } from "./npm_bundle.ts";

/**
 * Not every target's library has `await using`. With this line a declaration brings what it speaks
 * of, whatever `lib` a user has chosen.
 */
const DISPOSABLE = '/// <reference lib="esnext.disposable" />\n';

/**
 * Joins the declarations in place.
 *
 * @param folder The folder of the compiled modules; absolute.
 * @param entryPoints The modules that users import by name, as paths below it without extension.
 * @returns The files that are the package's declarations now, as paths below the folder.
 * @throws {Error} When a declaration that a user's compiler would ask for is missing.
 */
export async function bundleDeclarations(
  folder: string,
  entryPoints: readonly string[],
): Promise<string[]> {
  const bundle = await rollup({
    input: Object.fromEntries(entryPoints.map((path) => [path, `${folder}/${path}.d.ts`])),
    // What a user has installed beside it.
    external: ["@opentelemetry/api"],
    plugins: [dts()],
    onwarn: ({ message }) => {
      throw new Error(`Cannot join the declarations of the package: ${message}`);
    },
  });
  const { output } = await bundle.generate({
    format: "es",
    entryFileNames: "[name].d.ts",
    chunkFileNames: ({ name }) => `${CHUNK_FOLDER}/${name.replace(/\.d$/, "")}.d.ts`,
  });
  await bundle.close();
  for (const file of output) {
    if (file.type !== "chunk") throw new Error(`Unexpected file of declarations: ${file.fileName}`);
    const isDisposable = /\b(?:asyncDispose|AsyncDisposable|dispose|Disposable)\b/.test(file.code);
    const path = `${folder}/${file.fileName}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, isDisposable ? DISPOSABLE + file.code : file.code);
  }
  return output.map(({ fileName }) => fileName);
}
