/**
 * The npm package as a stranger meets it: installed into an empty folder and used from plain
 * JavaScript on each Node that is supported, and on Bun.
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ROOT } from "../../tools/project.ts";
import { findNode, findRuntime } from "../../tools/runtimes.ts";
import { type Builder, BUILDERS, run, runWell, Tarball } from "./tarball.ts";
import { assertSeen, TELEMETRY_PACKAGES, TELEMETRY_PROGRAM } from "./telemetry.ts";

const NODE_MAJORS = [20, 22, 24, 26];

/** Serves until its standard input ends, then closes and ends by itself. */
const PEER = `
import { Endpoint } from "freshlink";

const [port, other] = process.argv.slice(2).map(Number);
const peer = await Endpoint.start({
  name: "SP20",
  listen: { port },
  peers: [{ name: "SP10", hostname: "127.0.0.1", port: other }],
});
peer.handle("life", () => process.pid);
process.stdin.resume().on("end", () => peer.close());
`;

/** Start, request, crash of the peer, restart, close; then nothing keeps the process alive. */
const PROGRAM = `
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { Endpoint } from "freshlink";
import * as discovery from "freshlink/discovery";
import { logEvents } from "freshlink/logging";
import * as simulator from "freshlink/simulator";

const probe = createServer().listen(0, "127.0.0.1");
await once(probe, "listening");
const { port } = probe.address();
probe.close();

const own = await Endpoint.start({
  name: "SP10",
  listen: { port: 0 },
});
own.setPeers([{ name: "SP20", group: "lives", hostname: "127.0.0.1", port }]);
const types = [];
own.on(({ type }) => types.push(type));
const lines = [];
const log = (line) => lines.push(line);
logEvents(own, { debug: log, info: log, warn: log, error: log }, { level: "info" });
const start = () =>
  spawn(process.execPath, ["peer.js", String(port), String(own.address.port)], {
    stdio: ["pipe", "inherit", "inherit"],
  });
const options = { timeoutMs: 30_000, idempotent: true };

const first = start();
// What chooses among members is loaded with the first call to a group.
const before = await own.group("lives").request("life", null, options);
first.kill("SIGKILL");
await once(first, "exit");
const waiting = own.request("SP20", "life", null, options);
const second = start();
const after = await waiting;
second.stdin.end();
const [code] = await once(second, "exit");
const inspector = await own.inspect();
const page = await (await fetch(inspector.url)).text();
const snapshot = await (await fetch(inspector.url + "snapshot")).json();
const api = await import("freshlink/opentelemetry").then(() => "found", (error) => String(error));
await own.close();
console.log(JSON.stringify({
  before: before === first.pid,
  after: after === second.pid,
  restarted: types.includes("peer-restarted"),
  code,
  simulator: "Simulation" in simulator,
  discoveries: Object.keys(discovery).sort(),
  logged: lines.some((line) => line.includes("linked with 'SP20'")),
  page: page.includes("<title>freshlink") && snapshot.name === "SP10",
  needsApi: api.includes("@opentelemetry/api"),
}));
`;

/** The README's ten lines, changed as the README says. */
async function tenLines(): Promise<{ ts: string; js: string }> {
  const section = (await Deno.readTextFile(`${ROOT}README.md`)).split("## Ten lines")[1]!;
  const ts = section.split("```ts\n")[1]!.split("```")[0]!
    .replace('"@freshlink/freshlink"', '"freshlink"');
  return { ts, js: ts.replace(": string", "") };
}

for (const builder of BUILDERS) {
  Deno.test(`the npm package by ${builder}: a stranger's program on four Nodes and Bun`, (t) =>
    useAsStranger(t, builder));
}

async function useAsStranger(t: Deno.TestContext, builder: Builder): Promise<void> {
  await using tarball = await Tarball.make(builder);
  // It takes a while, and the other steps do not need it.
  const telemetry = builder === "pack"
    ? tarball.install("telemetry", ...TELEMETRY_PACKAGES)
    : Promise.resolve(null);
  telemetry.catch(() => {});
  const app = await tarball.install("app");
  await Deno.writeTextFile(`${app}/peer.js`, PEER);
  await Deno.writeTextFile(`${app}/program.js`, PROGRAM);
  const { ts, js } = await tenLines();
  await Deno.writeTextFile(`${app}/first.ts`, ts);
  await Deno.writeTextFile(`${app}/first.js`, js);

  await t.step("the command is installed", async () => {
    const { code, out, error } = await run(`${app}/node_modules/.bin/freshlink`, ["--help"], app);
    assertEquals(code, 0, out + error);
    assertStringIncludes(out, "freshlink");
  });

  const hosts: [string, () => Promise<string>][] = [
    ...NODE_MAJORS.map((major): [string, () => Promise<string>] => [
      `Node ${major}`,
      () => findNode(major),
    ]),
    ["Bun", () => findRuntime("bun")],
  ];
  for (const [name, find] of hosts) {
    await t.step(`${name}: start, request, crash of the peer, restart, close, end`, async () => {
      const executable = await find();
      const out = await runWell(executable, ["program.js"], app);
      console.log(`${name}: ${(await runWell(executable, ["--version"], app)).trim()}`);
      assertEquals(JSON.parse(out.trim().split("\n").at(-1) ?? ""), {
        before: true,
        after: true,
        restarted: true,
        code: 0,
        simulator: true,
        discoveries: ["fromDnsSrv", "fromEtcd", "fromFile"],
        logged: true,
        page: true,
        needsApi: true,
      });
    });

    await t.step(`${name}: the README's ten lines`, async () => {
      const file = ["Node 20", "Node 22"].includes(name) ? "first.js" : "first.ts";
      const out = await runWell(await find(), [file], app);
      assertMatch(out, /reserved: "tea"|reserved: 'tea'/);
      assertStringIncludes(out, "SP30");
    });
  }

  const beside = await telemetry;
  if (beside === null) return;
  await Deno.writeTextFile(`${beside}/program.js`, TELEMETRY_PROGRAM);
  for (const runtime of ["node", "bun"] as const) {
    await t.step(
      `${runtime}: @opentelemetry/sdk-node, and Prometheus by its exporter`,
      async () => assertSeen(await runWell(await findRuntime(runtime), ["program.js"], beside)),
    );
  }
}
