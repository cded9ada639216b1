// Server processes from definition files, and what call, table and watch say of them.

import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { Endpoint, type EndpointTable } from "../../mod.ts";
import { EXIT } from "../../src/cli/exit_code.ts";
import { FENCED_WAIT_MAX_MS, fencedWaitMs } from "../../src/cli/fenced_wait.ts";
import { freePort } from "../support/endpoints.ts";
import { Program } from "./program.ts";

const HANDLERS = `${import.meta.dirname}/handlers.ts`;

/** Definition files of processes that all know each other. */
class Site implements AsyncDisposable {
  readonly folder: string;
  readonly ports: ReadonlyMap<string, number>;

  private constructor(folder: string, ports: ReadonlyMap<string, number>) {
    this.folder = folder;
    this.ports = ports;
  }

  static async of(...names: string[]): Promise<Site> {
    const site = new Site(
      await Deno.makeTempDir(),
      new Map(names.map((name) => [name, freePort()])),
    );
    for (const name of names) await site.write(name, site.ports.get(name)!);
    return site;
  }

  address(name: string): string {
    return `127.0.0.1:${this.ports.get(name)}`;
  }

  /** @returns The file's path. */
  async write(name: string, port: number, file = name): Promise<string> {
    const peers = [...this.ports].filter(([peer]) => peer !== name)
      .map(([peer, port]) => ({ name: peer, hostname: "127.0.0.1", port }));
    const path = `${this.folder}/${file}.json`;
    await Deno.writeTextFile(
      path,
      JSON.stringify({ name, listen: { port }, peers, redialMaxMs: 200 }),
    );
    return path;
  }

  serve(name: string, ...more: string[]): Promise<Program> {
    return Program.start([
      ...["serve", `${this.folder}/${name}.json`, "--handlers", HANDLERS, "--json", ...more],
    ]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("serve, call, table: two processes find each other and answer", async () => {
  await using site = await Site.of("SP10", "SP20");
  await using sp10 = await site.serve("SP10");
  await using sp20 = await site.serve("SP20");
  const listening = await sp10.event("listening");
  assertEquals(sp10.lines[0], JSON.stringify(listening));
  assertEquals(Object.keys(listening), ["type", "name", "bootId", "address"]);
  assertEquals(listening["name"], "SP10");
  assertEquals((await sp10.event("connected"))["peer"], "SP20");
  await sp20.event("connected");
  const address = site.address("SP10");
  const call = (...args: string[]) => Program.run(["call", address, ...args]);
  const [echo, nothing, nested, text, json] = await Promise.all([
    call("echo", '{ "a": [1, "\\u009b"] }', "--idempotent"),
    call("nothing"),
    call("ask", '{ "peer": "SP20", "service": "name" }', "--json"),
    Program.run(["table", address]),
    Program.run(["table", address, "--json"]),
  ]);
  assertEquals(echo.out, '{\n  "a": [\n    1,\n    "\\u009b"\n  ]\n}\n');
  assertEquals(nothing.out, "done\n");
  assertEquals(nested.out, '{"answer":"SP10"}\n');
  assertEquals([echo, nothing, nested, text, json].map(({ code }) => code), [0, 0, 0, 0, 0]);
  const [head, columns, ...rest] = text.out.trimEnd().split("\n");
  // The other commands are clients, too.
  const rows = rest.filter((line) => !/^clients, | {2}client-/.test(line));
  const boot = String(listening["bootId"]).slice(0, 8);
  assertEquals(head, `SP10 on ${address}, boot ${boot}`);
  assertMatch(columns!, /^peer +remote +port +fd +id +since +use +dir +boot +rtt +req$/);
  assertEquals(rows.length, 1);
  assertMatch(
    rows[0]!,
    /^SP20 +127\.0\.0\.1:\d+ +\d+ +- +\d+ +\d\d-\d\d [\d:]{8}Z +\* +(in|out) +/,
  );
  const table: EndpointTable = JSON.parse(json.out);
  assertEquals([table.name, table.bootId], ["SP10", listening["bootId"]]);
  assertEquals(table.rows.map(({ peer, usable }) => [peer, usable]), [["SP20", true]]);
  assertEquals(table.rows[0]!.listeningPort, site.ports.get("SP20"));
});

Deno.test("a request that comes before serve has its handlers waits for them", async () => {
  await using site = await Site.of("SP10", "SP20");
  await Deno.writeTextFile(
    `${site.folder}/late.ts`,
    `export const handlers = (endpoint) =>
      new Promise((resolve) => {
        endpoint.handle("go", () => {
          resolve({ echo: (payload) => payload });
          return "went";
        });
      });`,
  );
  const path = `${site.folder}/SP10.json`;
  const config: object = JSON.parse(await Deno.readTextFile(path));
  await Deno.writeTextFile(path, JSON.stringify({ ...config, startingMs: 60_000 }));
  const starting = Program.start(["serve", path, "--handlers", `${site.folder}/late.ts`, "--json"]);
  await using sp20 = await Endpoint.start({
    name: "SP20",
    listen: { port: site.ports.get("SP20")! },
    peers: [{ name: "SP10", hostname: "127.0.0.1", port: site.ports.get("SP10")! }],
    requestTimeoutMs: 20_000,
    redialMaxMs: 200,
    drainMs: 0,
  });
  // The first one is there before the second one brings its handler about.
  const echo = sp20.request("SP10", "echo", 7);
  assertEquals(await sp20.request("SP10", "go"), "went");
  assertEquals(await echo, 7);
  await using _sp10 = await starting;
});

Deno.test("call tells apart: answered with an error, no answer, sent again", async () => {
  await using site = await Site.of("SP10");
  await using sp10 = await site.serve("SP10");
  await sp10.event("listening");
  const call = (...args: string[]) => Program.run(["call", site.address("SP10"), ...args]);
  const [failed, unknown, timedOut, notified, text] = await Promise.all([
    call("fail", "--json"),
    call("nobody", "--json"),
    call("hang", "--json", "--timeout", "200"),
    call("echo", "1", "--notify", "--json"),
    call("fail"),
  ]);
  assertEquals([failed.code, unknown.code, timedOut.code, notified.code], [
    EXIT.failed,
    EXIT.failed,
    EXIT.noAnswer,
    EXIT.ok,
  ]);
  const { code, message, delivery, details } = JSON.parse(failed.out).error;
  assertEquals([code, delivery, details], ["handler-failed", "executed", { left: 0 }]);
  assertStringIncludes(message, "no stock");
  assertEquals(JSON.parse(unknown.out).error.code, "unknown-service");
  const { error } = JSON.parse(timedOut.out);
  assertEquals([error.code, error.delivery], ["timeout", "maybe-executed"]);
  assertEquals(notified.out, '{"sent":true}\n');
  assertEquals([text.code, text.out], [EXIT.failed, ""]);
  assertMatch(text.err, /^freshlink: .*no stock \(handler-failed, executed\)\n {2}details: /);
});

Deno.test("call --progress shows what the handler tells, and then the answer", async () => {
  await using site = await Site.of("SP10");
  await using sp10 = await site.serve("SP10");
  await sp10.event("listening");
  const call = (...args: string[]) =>
    Program.run(["call", site.address("SP10"), "count", "2", ...args]);
  const [json, text, quiet] = await Promise.all([
    call("--progress", "--json"),
    call("--progress"),
    call(),
  ]);
  assertEquals(json.out, '{"progress":{"done":1}}\n{"progress":{"done":2}}\n{"answer":2}\n');
  assertEquals(text.out, "2\n");
  assertEquals(text.err, 'freshlink: progress: {"done":1}\nfreshlink: progress: {"done":2}\n');
  assertEquals([quiet.out, quiet.err], ["2\n", ""]);
});

Deno.test("call reads its payload from standard input where it is -", async () => {
  await using site = await Site.of("SP10");
  await using sp10 = await site.serve("SP10");
  await sp10.event("listening");
  const call = (input: string, ...more: string[]) =>
    Program.run(["call", site.address("SP10"), "echo", "-", "--json", ...more], { input });
  const large = JSON.stringify(["ä".repeat(200_000)]);
  const [small, long, marked, broken] = await Promise.all([
    call('{ "a":\n 5 }\n'),
    call(large),
    call("\ufeff[1]"),
    call("{"),
  ]);
  assertEquals(small.out, '{"answer":{"a":5}}\n');
  assertEquals(long.out, `{"answer":${large}}\n`);
  assertEquals(marked.out, '{"answer":[1]}\n');
  assertEquals(broken.code, EXIT.usage);
  assertStringIncludes(JSON.parse(broken.out).error.message, "the payload is no JSON");
});

Deno.test("table shows peers without a link, and does not wrap where it is piped", async () => {
  await using site = await Site.of("SP10", "SP20");
  await using sp10 = await site.serve("SP10");
  await sp10.event("dial-failed");
  const address = site.address("SP10");
  const [text, json] = await Promise.all([
    Program.run(["table", address]),
    Program.run(["table", address, "--json"]),
  ]);
  const [, none, head, peer] = text.out.split("\n");
  assertEquals([none, head], ["no connections", "peers without a link:"]);
  const place = `127\\.0\\.0\\.1:${site.ports.get("SP20")}`;
  assertMatch(
    peer!,
    new RegExp(
      `^ {2}SP20 ${place} down since \\d\\d-\\d\\d [\\d:]{8}Z: nobody listens on ${place} `,
    ),
  );
  const { peers }: EndpointTable = JSON.parse(json.out);
  assertEquals(peers.map(({ peer, state, waiting }) => [peer, state, waiting]), [
    ["SP20", "down", 0],
  ]);
});

Deno.test("watch tells at once that the endpoint is gone, and within a second that it is silent", async () => {
  await using site = await Site.of("SP10");
  await using first = await site.serve("SP10");
  await first.event("listening");
  await using watch = await Program.start([
    ...["watch", site.address("SP10"), "--every", "50", "--json"],
  ]);
  const isError = (line: string) => line.startsWith('{"error"');
  await watch.line((line) => line.startsWith('{"name"'));
  first.kill("SIGSTOP");
  let startedMs = performance.now();
  const silent = JSON.parse(await watch.line(isError)).error;
  assertEquals(silent.code, "timeout");
  assertLess(performance.now() - startedMs, 3_000);
  first.kill("SIGKILL");
  await first.ended();
  startedMs = performance.now();
  const gone = (line: string) => isError(line) && line.includes('"peer-down"');
  await watch.line(gone);
  assertLess(performance.now() - startedMs, 2_000);
});

Deno.test("serve ends in good order: what is open is answered, and it exits with 0", async () => {
  await using site = await Site.of("SP10");
  await using sp10 = await site.serve("SP10");
  await sp10.event("listening");
  const answer = Program.run(["call", site.address("SP10"), "slow"]);
  await sp10.line((line) => line === "slow has begun");
  sp10.kill("SIGTERM");
  // A terminal and a parent may both pass one wish on: that is no impatience.
  sp10.kill("SIGINT");
  assertEquals((await answer).out, '"done in good order"\n');
  const { code, err } = await sp10.ended();
  assertEquals([code, err], [EXIT.ok, ""]);
  await sp10.event("closed");
});

Deno.test("watch shows each look, survives a restart and ends with 0", async () => {
  await using site = await Site.of("SP10");
  await using first = await site.serve("SP10");
  const { bootId } = await first.event("listening");
  const args = ["watch", site.address("SP10"), "--every", "50", "--timeout", "300"];
  await using json = await Program.start([...args, "--json"]);
  await using text = await Program.start(args);
  const shows = (id: unknown) => (line: string) => line.includes(`"bootId":"${id}"`);
  await json.line(shows(bootId));
  await text.line((line) => line === "no connections");
  first.kill("SIGKILL");
  await first.ended();
  const error = JSON.parse(await json.line((line) => line.startsWith('{"error"'))).error;
  assertEquals(Object.keys(error), ["code", "message", "delivery", "problems"]);
  await using second = await site.serve("SP10");
  const next = (await second.event("listening"))["bootId"];
  assert(next !== bootId);
  await json.line(shows(next));
  await text.line((line) => line.endsWith(`boot ${String(next).slice(0, 8)}`));
  json.kill("SIGINT");
  text.kill("SIGTERM");
  assertEquals([(await json.ended()).code, (await text.ended()).code], [EXIT.ok, EXIT.ok]);
  assertGreater(json.lines.length, 2);
});

Deno.test("of two processes with one name, one is fenced and exits with 70", async () => {
  await using site = await Site.of("SP10", "SP20");
  await using sp10 = await site.serve("SP10");
  await using sp20 = await site.serve("SP20", "--fenced-wait-max", "0");
  await Promise.all([sp10.event("connected"), sp20.event("connected")]);
  await site.write("SP20", freePort(), "second");
  await using second = await site.serve("second", "--fenced-wait-max", "0");
  const ended = await Promise.race([sp20, second].map((program) => program.ended()));
  assertEquals(ended.code, EXIT.fenced);
  assertEquals(ended.err.match(/is fenced/g)?.length, 1, "said once");
  assertStringIncludes(ended.out, '{"type":"fenced"');
});

Deno.test("a fenced process waits before it ends, and an interruption ends the wait", async () => {
  await using site = await Site.of("SP10", "SP20");
  await using sp10 = await site.serve("SP10");
  await using sp20 = await site.serve("SP20", "--fenced-wait-max", "600000");
  await Promise.all([sp10.event("connected"), sp20.event("connected")]);
  await site.write("SP20", freePort(), "second");
  await using _second = await site.serve("second");
  await sp20.event("fenced");
  await sp20.event("closed");
  const said = await sp20.error();
  assertMatch(said, /^freshlink: 'SP20' is fenced: .* ends with exit code 70 in \d+\.\d s\./);
  sp20.kill("SIGTERM");
  assertEquals((await sp20.ended()).code, EXIT.fenced);
});

Deno.test("of two that take turns, each waits twice as long as the other one did", () => {
  const waits: number[] = [];
  for (let livedMs = 400; waits.length < 12; livedMs = waits.at(-1)!) {
    waits.push(fencedWaitMs(livedMs, FENCED_WAIT_MAX_MS));
  }
  assertEquals(waits.slice(0, 4), [1_000, 2_000, 4_000, 8_000]);
  assertEquals(waits.at(-1), FENCED_WAIT_MAX_MS);
  assertEquals(fencedWaitMs(1e9, 0), 0);
});

for (const runtime of ["bun", "node"] as const) {
  Deno.test(`serve and call on ${runtime}`, async () => {
    await using site = await Site.of("SP10");
    await using server = await Program.start([
      ...["serve", `${site.folder}/SP10.json`, "--handlers", HANDLERS],
    ], { runtime });
    await server.line((line) => line === `SP10 listens on ${site.address("SP10")}`);
    const { code, out } = await Program.run(
      ["call", site.address("SP10"), "echo", "[5]", "--json"],
      {
        runtime,
      },
    );
    assertEquals([code, out], [0, '{"answer":[5]}\n']);
    server.kill("SIGTERM");
    assertEquals((await server.ended()).code, EXIT.ok);
    await server.line((line) => / closed$/.test(line));
  });
}
