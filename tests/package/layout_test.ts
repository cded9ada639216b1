/**
 * What is in the npm package: the same whichever builder made it, and nothing of this machine, of
 * the builder or of the house's inside.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { config, ROOT } from "../../tools/project.ts";
import { runDeno } from "../../tools/run_deno.ts";
import { BUILDERS, Tarball } from "./tarball.ts";

/** Generous limits: they catch a stray folder, not a new module. */
const UNPACKED_SIZE_MAX_BYTES = 1_000_000;

const FILES = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "bin/freshlink.js",
  "docs/config.schema.json",
  "docs/peers.schema.json",
  "esm/mod.d.ts",
  "esm/mod.js",
  "esm/src/cli.js",
  "esm/src/discovery/mod.d.ts",
  "esm/src/discovery/mod.js",
  "esm/src/runtime/absent.js",
  "esm/src/runtime/bun.js",
  "esm/src/runtime/deno.js",
  "esm/src/runtime/node.js",
  "esm/src/runtime/workerd.js",
  "esm/src/simulator/mod.d.ts",
  "esm/src/simulator/mod.js",
  "esm/src/telemetry/logging.d.ts",
  "esm/src/telemetry/logging.js",
  "esm/src/telemetry/opentelemetry.d.ts",
  "esm/src/telemetry/opentelemetry.js",
  "package.json",
];

/** What both have to agree on. */
interface Contents {
  readonly manifest: unknown;
  readonly exports: readonly string[];
}

Deno.test("the npm package: one layout, by dnt and by pack", async (t) => {
  const found: Contents[] = [];
  for (const builder of BUILDERS) {
    await t.step(builder, async () => {
      await using tarball = await Tarball.make(builder);
      found.push(await checkContents(tarball));
    });
  }
  await t.step("the same manifest, and the same exports declared", () => {
    assertEquals(found.length, BUILDERS.length);
    for (const other of found.slice(1)) assertEquals(other, found[0]);
  });
});

async function checkContents(tarball: Tarball): Promise<Contents> {
  const paths = tarball.report.files.map(({ path }) => path);
  const isChunk = (path: string) => /^esm\/chunks\/(?:\w+-\w{8}\.js|\w+\.d\.ts)$/.test(path);
  assertEquals(paths.filter((path) => !isChunk(path)).sort(), FILES);
  assert(paths.some(isChunk), "nothing is shared between the entry points");
  assert(tarball.report.unpackedSize < UNPACKED_SIZE_MAX_BYTES, `${tarball.report.unpackedSize}`);
  console.log(`${paths.length} files, ${tarball.report.unpackedSize} bytes unpacked`);

  const read = (path: string) => Deno.readTextFile(`${tarball.folder}/npm/${path}`);
  for (const path of paths) {
    const text = await read(path);
    assert(!text.includes(tarball.folder) && !text.includes(ROOT), `${path} names this machine`);
    assert(!/ponyfill|dntShim|_dnt\./.test(text), `${path} has what dnt adds`);
    if (path.endsWith(".d.ts")) {
      assert(!/declare global|declare module/.test(text), `${path} declares for everybody`);
    }
  }
  const manifest = JSON.parse(await read("package.json"));
  checkManifest(manifest);
  await checkPages(read);
  return { manifest, exports: await declared(read) };
}

// deno-lint-ignore no-explicit-any -- JSON
function checkManifest(manifest: any): void {
  assertEquals(manifest.name, "freshlink");
  assertEquals(manifest.version, config.version);
  assertEquals(manifest.type, "module");
  assertEquals(manifest.sideEffects, false);
  assertEquals(manifest.engines, { node: ">=20.19.0" });
  assertEquals(Object.keys(manifest.dependencies), ["@noble/ciphers", "@noble/curves"]);
  assertEquals("devDependencies" in manifest || "scripts" in manifest, false);
  assertEquals(Object.keys(manifest.exports), [
    ".",
    "./discovery",
    "./simulator",
    "./logging",
    "./opentelemetry",
    "./package.json",
  ]);
  assertEquals(manifest.peerDependencies, { "@opentelemetry/api": "^1.9.0" });
  assertEquals(manifest.peerDependenciesMeta, { "@opentelemetry/api": { optional: true } });
  assertEquals(Object.keys(manifest.exports["."]), ["types", "default"]);
  assertEquals(manifest.bin, { freshlink: "bin/freshlink.js" });
  assertEquals(manifest.repository.url, "git+https://github.com/freshlink/freshlink.git");
  assertEquals(manifest.homepage, "https://github.com/freshlink/freshlink#readme");
  assertEquals(manifest.bugs, "https://github.com/freshlink/freshlink/issues");
  assert(manifest.keywords.length > 3);
}

/** Links lead somewhere for whoever reads the page beside the package; the help's schema is there. */
async function checkPages(read: (path: string) => Promise<string>): Promise<void> {
  for (const path of ["README.md", "CHANGELOG.md"]) {
    const links = [...(await read(path)).matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target!);
    assertEquals(links.filter((target) => !/^(?:https:\/\/|#)/.test(target)), [], path);
  }
  const web = `https://github.com/freshlink/freshlink/blob/v${config.version}/docs/`;
  assertStringIncludes(await read("README.md"), `](${web}protocol.md)`);
  const { text: help } = await runDeno(
    ["run", "--allow-all", "src/cli.ts", "serve", "--help"],
    { timeoutMs: 60_000, output: "capture", cwd: ROOT },
  );
  const [, schema = ""] = /(docs\/\S+\.json)/.exec(help) ?? [];
  assertMatch(schema, /^docs\/config\.schema\.json$/);
  assertEquals(await read(schema), await Deno.readTextFile(ROOT + schema));
}

/** The names that the entry points' declarations export. */
async function declared(read: (path: string) => Promise<string>): Promise<string[]> {
  const names: string[] = [];
  const entries = [
    "mod",
    "src/discovery/mod",
    "src/simulator/mod",
    "src/telemetry/logging",
    "src/telemetry/opentelemetry",
  ];
  for (const path of entries.map((entry) => `esm/${entry}.d.ts`)) {
    for (const [, list = ""] of (await read(path)).matchAll(/^export (?:type )?\{([^}]*)\}/gm)) {
      for (const item of list.split(",")) names.push(item.replace(/^.* as |^\s*type |\s/g, ""));
    }
  }
  for (const name of ["Endpoint", "Simulation", "logEvents", "instrument"]) {
    assert(names.includes(name), names.join());
  }
  return names.sort();
}

Deno.test("deno task npm: a builder that it does not know is a usage error", async () => {
  const { code, text } = await runDeno(
    ["run", "--allow-all", "tools/npm.ts", "--by=hand"],
    { timeoutMs: 60_000, output: "capture", cwd: ROOT },
  );
  assertEquals([code, text.trim()], [2, "usage: deno task npm [--by=dnt|pack] [folder]"]);
});
