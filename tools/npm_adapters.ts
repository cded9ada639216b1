/**
 * Which adapter the npm package takes: conditions decide, so that whoever bundles for one runtime
 * carries no other's adapter. Where nothing is known of the target, Node's works.
 *
 * @module
 */

/** The adapters that `detect.ts` imports. */
const ADAPTERS: readonly string[] = ["bun", "deno", "node"];

/** Node's adapter on Cloudflare's workerd, where `node:` modules are there by a flag only. */
export const WORKERD = "workerd";

/** The modules of `src/runtime/` that are entry points of the package's own. */
export const ADAPTER_MODULES: readonly string[] = [...ADAPTERS, WORKERD, "absent"];

/** What a target without sockets gets in the place of an adapter. */
const ABSENT_TEXT =
  `/** Stands for the adapters where a bundle is made for a runtime without sockets. */
export function newRuntime() {
  throw new Error("Cannot open sockets on this runtime: give Endpoint.start or Client.connect the option 'runtime'");
}
`;

/** `tools/npm_bundle.ts` makes of it a copy of Node's adapter that tells what is missing. */
const WORKERD_TEXT = `export { newRuntime } from "./node.js";\n`;

/**
 * Gives the specifiers of `detect.ts` names that conditions can decide on.
 *
 * @param folder The package's folder; absolute.
 * @param runtimeFolder Where the adapters lie, as package.json names it.
 * @returns The `imports` of package.json.
 */
export async function mapAdapters(folder: string, runtimeFolder: string): Promise<object> {
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
  await Deno.writeTextFile(`${folder}/${runtimeFolder}/${WORKERD}.js`, WORKERD_TEXT);
  const file = (name: string) => `${runtimeFolder}/${name}.js`;
  // Bundlers for workerd set all three: the first condition that matches is taken.
  const none = { workerd: file(WORKERD), worker: file("absent"), browser: file("absent") };
  return {
    "#bun": { bun: file("bun"), ...none, default: file("node") },
    "#deno": { deno: file("deno"), ...none, default: file("node") },
    "#node": { ...none, default: file("node") },
  };
}
