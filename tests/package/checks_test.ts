/**
 * What others' tools say of the package: publint and attw; TypeScript's first version that has
 * `await using`, its last major version and its present one; and a bundler.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Builder, BUILDERS, run, runWell, Tarball } from "./tarball.ts";

const TOOLS = [
  "publint@^0.3.0",
  "@arethetypeswrong/cli@^0.18.0",
  "esbuild@^0.28.0",
  "typescript-first@npm:typescript@~5.2.0",
  "typescript-last@npm:typescript@~5.9.0",
  "typescript-present@npm:typescript@latest",
  "@types/node@^24.0.0",
];

/** Every entry point, as a strict consumer uses it. */
const CONSUMER = `
import {
  Client,
  type ConnectionRow,
  Endpoint,
  type EndpointEvent,
  type HandlerContext,
  type Peer,
  RequestError,
} from "freshlink";
import { Simulation } from "freshlink/simulator";

interface Stock {
  reserve(order: { item: string }, context: HandlerContext): { reserved: string };
}

export async function main(): Promise<readonly ConnectionRow[]> {
  await using endpoint = await Endpoint.start({ name: "SP10", listen: { port: 0 } });
  endpoint.handle("reserve", ({ item }: { item: string }) => ({ reserved: item }));
  endpoint.on((event: EndpointEvent) => console.log(event.type));
  const stock: Peer<Stock> = endpoint.peer<Stock>("SP30");
  const port = endpoint.address.port;
  await using client = await Client.connect({ hostname: "127.0.0.1", port });
  try {
    const answer = await client.request<{ reserved: string }>("reserve", { item: "tea" });
    const other: { reserved: string } = await stock.request("reserve", { item: "tea" });
    console.log(answer.reserved, other.reserved);
    // @ts-expect-error This service takes an order, not a number.
    await stock.request("reserve", 5);
  } catch (error) {
    if (error instanceof RequestError) console.log(error.code, error.delivery);
  }
  console.log(new Simulation({ seed: 1 }).nowMs);
  return endpoint.connections();
}
`;

/** Module, resolution, and where the types of the platform come from: Node's package or the DOM. */
const SETTINGS = [
  ["nodenext", "nodenext", ["node"]],
  ["esnext", "bundler", []],
] as const;

const ADAPTERS = /\/(absent|bun|deno|node|workerd)\.js$/;

for (const builder of BUILDERS) {
  Deno.test(`the package by ${builder}: publint, attw, two TypeScripts, esbuild`, (t) =>
    checkWithTools(t, builder));
}

async function checkWithTools(t: Deno.TestContext, builder: Builder): Promise<void> {
  await using tarball = await Tarball.make(builder);
  const app = await tarball.install("app", ...TOOLS);
  const bin = (name: string) => `${app}/node_modules/.bin/${name}`;

  await t.step("publint is content, and knows a broken package", async () => {
    assertMatch(await runWell(bin("publint"), ["--strict", tarball.path], app), /All good/);
    const manifest = `${tarball.folder}/npm/package.json`;
    const text = await Deno.readTextFile(manifest);
    await Deno.writeTextFile(
      manifest,
      text.replace('"default": "./esm/mod.js"', '"default": "./esm/x.js"'),
    );
    const { code } = await run(bin("publint"), ["--strict", `${tarball.folder}/npm`], app);
    await Deno.writeTextFile(manifest, text);
    assertEquals(code, 1);
  });

  // The profile leaves out what cannot import ESM: Node before 12, and CommonJS by require.
  await t.step("attw finds no wrong types", async () => {
    const out = await runWell(bin("attw"), [tarball.path, "--profile", "esm-only"], app);
    assertStringIncludes(out, "bundler");
  });

  await Deno.writeTextFile(`${app}/use.ts`, CONSUMER);
  for (const typescript of ["typescript-first", "typescript-last", "typescript-present"]) {
    for (const [module, moduleResolution, types] of SETTINGS) {
      const names = `types ${types.join() || "of the DOM"}`;
      await t.step(`${typescript}, ${moduleResolution}, ${names}: a consumer`, async () => {
        // Without `esnext.disposable`, as projects are set up: the package asks for it itself.
        const lib = ["es2022", ...types.length === 0 ? ["dom"] : []];
        const compilerOptions = {
          ...{ module, moduleResolution, lib, types, target: "es2022" },
          ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true },
        };
        const config = { compilerOptions, include: ["use.ts"] };
        await Deno.writeTextFile(`${app}/tsconfig.json`, JSON.stringify(config));
        const path = `${app}/node_modules/${typescript}`;
        const { version, bin } = JSON.parse(await Deno.readTextFile(`${path}/package.json`));
        console.log(`TypeScript ${version}`);
        await runWell("node", [`${path}/${bin.tsc}`, "--project", "."], app);
      });
    }
  }

  await Deno.writeTextFile(
    `${app}/entry.js`,
    `import { Endpoint } from "freshlink";
const endpoint = await Endpoint.start({ name: "SP10", listen: { port: 0 } })
  .catch((error) => console.log(error.message));
await endpoint?.close();
console.log("done");
`,
  );
  const bundle = async (name: string, ...options: readonly string[]): Promise<string[]> => {
    const files = [`--outfile=${name}.js`, `--metafile=${name}.json`];
    const all = ["entry.js", "--bundle", "--format=esm", ...files, ...options];
    await runWell(bin("esbuild"), all, app);
    const { inputs } = JSON.parse(await Deno.readTextFile(`${app}/${name}.json`));
    return Object.keys(inputs).filter((path) => path.includes("/src/runtime/"))
      .flatMap((path) => ADAPTERS.exec(path)?.[1] ?? []);
  };

  await t.step("esbuild for Node: Node's adapter only, and it runs", async () => {
    assertEquals(await bundle("for_node", "--platform=node"), ["node"]);
    assertMatch(await runWell("node", ["for_node.js"], app), /^done/);
  });

  await t.step("esbuild for Bun: Bun's adapter, and Node's for TLS", async () => {
    const found = await bundle("for_bun", "--platform=node", "--conditions=bun");
    assertEquals(found.sort(), ["bun", "node"]);
  });

  await t.step("esbuild for a browser's worker: no adapter, and the error says so", async () => {
    const options = ["--platform=neutral", "--conditions=worker,browser", "--external:node:*"];
    assertEquals(await bundle("for_worker", ...options), ["absent"]);
    const text = await Deno.readTextFile(`${app}/for_worker.js`);
    assert(!text.includes('"node:net"') && !text.includes('"node:tls"'));
    assertMatch(await runWell("node", ["for_worker.js"], app), /the option 'runtime'/);
  });

  await t.step("esbuild for workerd: Node's adapter, which asks for its modules late", async () => {
    const conditions = "--conditions=workerd,worker,browser";
    const options = ["--platform=neutral", conditions, "--external:node:*"];
    assertEquals(await bundle("for_workerd", ...options), ["workerd"]);
    const text = await Deno.readTextFile(`${app}/for_workerd.js`);
    assert(!/^import .*"node:/m.test(text), "a static import of a module that may be missing");
    assertMatch(await runWell("node", ["for_workerd.js"], app), /^done/);
  });
}
