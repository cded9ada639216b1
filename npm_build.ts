/**
 * Builds the npm package with dnt: `deno task npm`, or `deno run --allow-all npm_build.ts [folder]`.
 *
 * ESM and declarations, no shims and no polyfills: `src/` is written so that it type-checks without
 * a `Deno` or `Bun` global, and runs on the oldest Node that is supported. Needs JSR, where dnt
 * lives; `tools/npm.ts` has the way around it.
 *
 * @module
 */

import { build, emptyDir } from "@deno/dnt";
import {
  COMMAND_MODULE,
  COMMAND_NAME,
  finishPackage,
  NPM_EXPORTS,
  packageDependencies,
  packageFields,
  peerDependencies,
} from "./tools/npm_package.ts";
import { ROOT } from "./tools/project.ts";

const folder = await absolute(Deno.args[0] ?? `${ROOT}npm`);

await emptyDir(folder);
await build({
  cwd: ROOT,
  entryPoints: [
    ...NPM_EXPORTS.map(([name, path]) => ({ name, path })),
    { kind: "bin", name: COMMAND_NAME, path: COMMAND_MODULE },
  ],
  outDir: folder,
  shims: {},
  // They would declare globals, which a package's declarations hand on to whoever imports it.
  polyfills: false,
  scriptModule: false,
  declaration: "inline",
  typeCheck: "single",
  // The tests import the sources; the package itself is tried by tests/package.
  test: false,
  skipSourceOutput: true,
  compilerOptions: {
    // What Node 20 runs as it is.
    target: "ES2022",
    lib: ["ES2023", "ESNext.Disposable"],
    noUncheckedIndexedAccess: true,
    useUnknownInCatchVariables: true,
  },
  package: {
    ...packageFields(),
    dependencies: packageDependencies(),
    // For the type check of the build only; finishPackage writes a manifest without it.
    devDependencies: { "@types/node": "^20.0.0", ...peerDependencies() },
  },
  postBuild: () => finishPackage(folder),
});

async function absolute(path: string): Promise<string> {
  await Deno.mkdir(path, { recursive: true });
  return await Deno.realPath(path);
}
