/** `npm_build.ts` asks dnt for the right package; a stand-in for dnt writes down what it was asked. */

import { assertEquals, assertMatch } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { ROOT } from "../../tools/project.ts";
import { runDeno } from "../../tools/run_deno.ts";

/** Runs `npm_build.ts` into a new folder; the caller removes it. */
async function buildWithStandIn(): Promise<string> {
  const folder = await Deno.makeTempDir();
  const importMap = `${folder}/import_map.json`;
  const standIn = new URL("../support/dnt.ts", import.meta.url).href;
  const imports = { "@deno/dnt": standIn, esbuild: config.imports.esbuild };
  await Deno.writeTextFile(importMap, JSON.stringify({ imports }));
  const { code, text } = await runDeno(
    ["run", "--allow-all", "--import-map", importMap, "npm_build.ts", `${folder}/npm`],
    { timeoutMs: 60_000, output: "capture", cwd: ROOT },
  );
  assertEquals(code, 0, text);
  return folder;
}

Deno.test("npm_build.ts asks for ESM without shims and writes the manifest", async () => {
  const folder = await buildWithStandIn();
  try {
    const options = JSON.parse(await Deno.readTextFile(`${folder}/npm/dnt_options.json`));
    assertEquals(options.shims, {});
    assertEquals(options.scriptModule, false);
    assertEquals(options.declaration, "inline");
    assertEquals(options.typeCheck, "single");

    const text = await Deno.readTextFile(`${folder}/npm/package.json`);
    const manifest = JSON.parse(text);
    assertEquals(manifest.name, "freshlink");
    assertEquals(manifest.version, config.version);
    assertEquals(manifest.type, "module");
    assertEquals(manifest.sideEffects, false);
    assertEquals(manifest.engines, { node: ">=20.19.0" });
    assertEquals(manifest.dependencies, {
      "@noble/ciphers": "^2.0.0",
      "@noble/hashes": "^2.0.0",
    });
    assertEquals("devDependencies" in manifest || "scripts" in manifest, false);
    assertEquals(Object.keys(manifest.exports), [".", "./simulator", "./package.json"]);
    assertEquals(Object.keys(manifest.exports["."]), ["types", "default"]);
    assertEquals(manifest.bin, { freshlink: "bin/freshlink.js" });
    for (
      const { types, default: code } of [manifest.exports["."], manifest.exports["./simulator"]]
    ) {
      await Deno.stat(`${folder}/npm/${types}`);
      await Deno.stat(`${folder}/npm/${code}`);
    }
    const command = await Deno.readTextFile(`${folder}/npm/bin/freshlink.js`);
    assertMatch(
      command,
      /^#!\/usr\/bin\/env node\nimport \{ main \} from "\.\.\/esm\/src\/cli\.js";/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
