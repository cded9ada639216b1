/**
 * The npm package as a stranger meets it: built, packed, installed into an empty folder and used
 * from a plain JavaScript program on the Node that is on the path.
 */

import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { missingEntryPoints } from "../../tools/npm_package.ts";
import { ROOT } from "../../tools/project.ts";
import { runDeno } from "../../tools/run_deno.ts";

/** Generous limits: they catch a stray folder, not a new module. */
const UNPACKED_SIZE_MAX_BYTES = 1_500_000;
const FILES_MAX = 200;

const PROGRAM = `
import { Endpoint } from "freshlink";
import * as simulator from "freshlink/simulator";

const secret = "only for this test";
const b = await Endpoint.start({ name: "b", listen: { port: 0 }, secret, peers: [{ name: "a", hostname: "127.0.0.1", port: 1 }] });
b.handle("double", (number, { peer }) => ({ number: number * 2, peer }));
const a = await Endpoint.start({
  name: "a",
  listen: { port: 0 },
  secret,
  peers: [{ name: "b", hostname: "127.0.0.1", port: b.address.port }],
});
const answer = await a.request("b", "double", 21, { timeoutMs: 5_000 });
const rows = a.connections().length;
await a.close();
await b.close();
console.log(JSON.stringify({ answer, rows, simulator: Object.keys(simulator).length > 0 }));
`;

const missing = await missingEntryPoints();
const reason = missing.length === 0 ? "" : ` (skipped: ${missing.join(", ")} is not there yet)`;

async function run(command: string, args: readonly string[], cwd: string) {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    cwd,
    stdin: "null",
    signal: AbortSignal.timeout(120_000),
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), error: decoder.decode(stderr) };
}

async function runWell(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, out, error } = await run(command, args, cwd);
  assertEquals(code, 0, `${command} ${args.join(" ")}\n${out}\n${error}`);
  return out;
}

Deno.test({
  name: `the npm package installs into an empty folder and works on Node${reason}`,
  ignore: missing.length > 0,
  fn: async (t) => {
    const folder = await Deno.makeTempDir();
    const app = `${folder}/app`;
    let tarball = "";
    try {
      await t.step("deno task npm builds it", async () => {
        const { code, text } = await runDeno(
          ["run", "--allow-all", "tools/npm.ts", `${folder}/npm`],
          { timeoutMs: 120_000, output: "capture", cwd: ROOT },
        );
        assertEquals(code, 0, text);
      });

      await t.step("npm pack makes a small tarball without sources", async () => {
        const report = JSON.parse(await runWell("npm", ["pack", "--json"], `${folder}/npm`))[0];
        tarball = `${folder}/npm/${report.filename}`;
        const paths: string[] = report.files.map(({ path }: { path: string }) => path);
        console.log(`${paths.length} files, ${report.unpackedSize} bytes unpacked`);
        for (const path of ["README.md", "LICENSE", "package.json", "bin/freshlink.js"]) {
          assert(paths.includes(path), `${path} is missing`);
        }
        assertEquals(paths.filter((path) => /(?<!\.d)\.ts$|_test\.|^tests\//.test(path)), []);
        assertLess(report.unpackedSize, UNPACKED_SIZE_MAX_BYTES);
        assertLess(paths.length, FILES_MAX);
      });

      await t.step("npm install puts it into an empty folder", async () => {
        await Deno.mkdir(app);
        await Deno.writeTextFile(`${app}/package.json`, '{ "private": true, "type": "module" }');
        await runWell(
          "npm",
          ["install", "--ignore-scripts", "--no-audit", "--no-fund", tarball],
          app,
        );
      });

      await t.step("a plain program uses it and ends by itself", async () => {
        await Deno.writeTextFile(`${app}/program.js`, PROGRAM);
        const out = await runWell("node", ["program.js"], app);
        console.log(`node ${(await runWell("node", ["--version"], app)).trim()}: ${out.trim()}`);
        assertEquals(JSON.parse(out.trim().split("\n").at(-1) ?? ""), {
          answer: { number: 42, peer: "a" },
          rows: 1,
          simulator: true,
        });
      });

      await t.step("the command is installed", async () => {
        const { code, out, error } = await run(
          `${app}/node_modules/.bin/freshlink`,
          ["--help"],
          app,
        );
        assertEquals(code, 0, out + error);
        assertStringIncludes(out, "freshlink");
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
