// The benchmark works: tiny inputs, all runtimes. Its figures are not looked at, only whether they
// are figures.

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import type { Results } from "../../bench/measure.ts";
import { withTable } from "../../bench/write.ts";
import { sharesOf } from "../../bench/profile.ts";
import { median, quantile } from "../../bench/statistics.ts";
import { HELP, inFlightOf, readPlan, targetRatio } from "../../bench/plan.ts";
import { CONTENDERS } from "../../tools/peer_packages.ts";
import { ROOT } from "../../tools/project.ts";
import { RUNTIME_NAMES } from "../../tools/runtimes.ts";

/** The first run fetches the other libraries. */
const TIMEOUT_MS = 300_000;

function bench(...args: readonly string[]): ReturnType<typeof runFile> {
  return runFile("main.ts", ...args);
}

async function runFile(
  file: string,
  ...args: readonly string[]
): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", `${ROOT}bench/${file}`, ...args],
    cwd: ROOT,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

/** What takes long is tried with one: the rows are made by the same code for all of them. */
const ONE = "node";

/** Eight libraries are installed for it, which takes more than CI has. */
const IS_CI = Deno.env.get("CI") === "true";
const NOT_IN_CI = IS_CI ? " (not in CI: it installs eight libraries)" : "";

Deno.test("bench --tiny --memory --json: every row, and no request fails", async () => {
  const { code, out, err } = await bench(
    "--tiny",
    "--memory",
    "--json",
    "--payload",
    "64,65536",
    "--runtime",
    ONE,
  );
  assertEquals(code, 0, err);
  const results: Results = JSON.parse(out.trim().split("\n").at(-1)!);
  const keys = results.rows.map((row) =>
    `${row.runtime} ${row.payload} ${row.inFlight} ${row.codec}`
  );
  const expected = [ONE].flatMap((runtime) =>
    [64, 65_536].flatMap((payload) =>
      inFlightOf(payload).flatMap((inFlight) =>
        ["bytes", "json"].map((codec) => `${runtime} ${payload} ${inFlight} ${codec}`)
      )
    )
  );
  assertEquals(keys, expected);
  for (const row of results.rows) {
    assertEquals(row.failed, 0);
    assert(row.bare > 0 && row.floor > 0 && row.freshlink > 0 && row.ratio > 0);
    assert(row.p999Ms >= row.p99Ms && row.p99Ms >= row.p50Ms);
    assert(row.spread[0] <= row.ratioToFloor && row.ratioToFloor <= row.spread[1]);
    assertEquals(row.target !== null, row.codec === "bytes");
  }
  assertEquals(results.users.map(({ runtime }) => runtime), [ONE]);
  for (const row of results.users) {
    assertEquals(row.failed, 0);
    assert(row.bench > 0 && row.user > 0 && row.ratio > 0);
  }
  assertEquals(results.retention.map(({ runtime }) => runtime), [ONE]);
  for (const row of results.retention) {
    assertEquals(row.failed, 0);
    assert(row.with > 0 && row.without > 0 && row.ratio > 0);
  }
  assertEquals(results.takeovers.map(({ runtime }) => runtime), [ONE]);
  for (const row of results.takeovers) {
    assertEquals(row.failed, 0);
    assert(row.oldClosedMs > 0 && row.firstReplyMs > 0);
  }
  const { idle, unacknowledged } = results.memory;
  assertEquals(idle.map(({ runtime }) => runtime), [ONE]);
  for (const row of idle) assert(Number.isFinite(row.ratio));
  assertEquals(unacknowledged.map(({ runtime }) => runtime), [ONE]);
  for (const row of unacknowledged) assert(row.unacknowledgedBytes > 4_000_000);
  assertMatch(out, /in flight.*to reach/);
});

Deno.test("bench --tiny --more --crowd: other loads, small beside large, links, a crowd, the table", async () => {
  const { code, out, err } = await bench("--tiny", "--more", "--crowd", "--json", "--runtime", ONE);
  assertEquals(code, 0, err);
  const results: Results = JSON.parse(out.trim().split("\n").at(-1)!);
  const { others, latency, links, crowds, tables } = results;
  const whats = ["notifications", "10 % answered 5 ms later", "connecting and closing"];
  for (const runtime of [ONE]) {
    const own = others.filter((row) => row.runtime === runtime);
    for (const what of whats) assertEquals(own.filter((row) => row.what === what).length, 1, what);
    const clients = own.filter(({ what }) => what === "clients");
    assertEquals(clients.map(({ connections }) => connections), [1, 2, 4, 8]);
  }
  assertEquals(results.seen.map(({ runtime }) => runtime), [ONE]);
  for (const { none, unseen, unseenCpu, ratios, failed } of results.seen) {
    assertEquals(failed, 0);
    assert(
      none > 0 && unseen > 0 && unseenCpu > 0 && Object.values(ratios).every((ratio) => ratio > 0),
    );
  }
  for (const row of others) {
    assertEquals(row.failed, 0);
    assert(row.bare > 0 && row.freshlink > 0 && row.ratio > 0, row.what);
  }
  assertEquals(
    latency.map(({ runtime, beside }) => `${runtime} ${beside}`),
    [ONE].flatMap((runtime) => [`${runtime} nothing`, `${runtime} 2 x 16 MiB`]),
  );
  for (const { p50, p99, failed, largeBytes, beside } of latency) {
    assertEquals(failed, 0);
    assert(p50 > 0 && p99 >= p50 && (largeBytes > 0) === (beside !== "nothing"));
  }
  assertEquals(
    links.map(({ runtime, count }) => `${runtime} ${count}`),
    [ONE].flatMap((runtime) => [`${runtime} 1`, `${runtime} 10`]),
  );
  for (const { bare, freshlink, ratio, failed } of links) {
    assertEquals(failed, 0);
    assert(bare > 0 && freshlink > 0 && ratio > 0);
  }
  assertEquals(
    crowds.map(({ runtime, kind }) => `${runtime} ${kind}`),
    [ONE].flatMap((runtime) => [`${runtime} peers`, `${runtime} clients`]),
  );
  for (const row of crowds) assert(row.linkedMs > 0 && row.cpuMsPerSecond >= 0);
  assertEquals(
    tables.map(({ runtime, rows }) => `${runtime} ${rows}`),
    [ONE].flatMap((runtime) => [10, 1_000, 100_000].map((rows) => `${runtime} ${rows}`)),
  );
  for (const row of tables) assert(row.addNs > 0 && row.findNs > 0 && row.removeNs > 0);
  for (const row of results.rows) assert(row.hash > 0, "what came back was looked at");
});

Deno.test("bench --protected --tiny: in clear, under a secret and in TLS", async () => {
  const { code, out, err } = await bench("--protected", "--tiny", "--json", "--runtime", ONE);
  assertEquals(code, 0, err);
  const { rows, protected: found }: Results = JSON.parse(out.trim().split("\n").at(-1)!);
  assertEquals(rows, []);
  assertEquals(found.length, 7);
  for (const row of found) {
    assertEquals(row.failed, 0);
    // So few links are no measurement of memory.
    if (row.what.endsWith("idle")) continue;
    assert(row.plain > 0 && row.secretRatio > 0 && row.tlsRatio > 0, row.what);
  }
});

Deno.test({
  name: `bench --peers --tiny: freshlink and every other library, by name and version${NOT_IN_CI}`,
  ignore: IS_CI,
  fn: tryPeers,
});

async function tryPeers(): Promise<void> {
  const { code, out, err } = await bench("--peers", "--tiny", "--json");
  assertEquals(code, 0, err);
  const { rows, peers }: Results = JSON.parse(out.trim().split("\n").at(-1)!);
  assertEquals(rows, []);
  const names = CONTENDERS.filter(({ pings }) => !pings).map(({ name }) => name);
  for (const payload of [64, 1_024]) {
    for (const inFlight of [1, 64]) {
      const some = peers.filter((row) => row.payload === payload && row.inFlight === inFlight);
      assertEquals(some.map(({ name }) => name), names);
      for (const { name, version, rate, ratioToFreshlink } of some) {
        assertMatch(version, /^\d+\.\d+\.\d+/);
        assert(rate > 0 && ratioToFreshlink > 0, name);
        assertEquals(ratioToFreshlink === 1, name === "freshlink");
      }
    }
  }
  assertMatch(out, /times the best/);
}

Deno.test("bench --profile --tiny: what each runtime's client does", async () => {
  const { code, out, err } = await bench("--profile", "--tiny", "--json", "--runtime", ONE);
  assertEquals(code, 0, err);
  const { rows, profiles }: Results = JSON.parse(out.trim().split("\n").at(-1)!);
  assertEquals([rows, profiles.map(({ runtime }) => runtime)], [[], [ONE]]);
  for (const { parts, idle, failed } of profiles) {
    const sum = parts.reduce((total, { share }) => total + share, 0);
    assert(Math.abs(sum - 1) < 1e-9 && idle >= 0 && idle < 1);
    assertEquals(failed, 0);
    // However short the load was, freshlink's own modules and the program were loaded.
    assert(parts.some(({ name }) => name === "the runtime and its sockets"));
  }
});

Deno.test("bench: samples of a profile are added up by what they belong to", () => {
  const frame = (functionName: string, url: string, lineNumber = 9) => ({
    functionName,
    url,
    lineNumber,
  });
  const frames = [
    frame("(idle)", ""),
    frame("(garbage collector)", ""),
    frame("add", "file:///x/src/core/deadline_heap.ts"),
    frame("", "file:///x/src/runtime/copy.ts"),
    frame("op_now", ""),
    frame("flush", "file:///x/src/connection/outlet.ts"),
    frame("writeBuffer", "node:net"),
    frame("request", "/x/src/endpoint.ts"),
    frame("write", "file:///x/src/runtime/deno.ts"),
  ];
  const shares = sharesOf({
    nodes: frames.map((callFrame, index) => ({ id: index + 1, callFrame })),
    samples: [1, 2, 3, 3, 4, 5, 6, 7, 8, 9],
    timeDeltas: [900, 10, 10, 30, 10, 10, 10, 10, 5, 5],
  });
  assertEquals(shares.idle, 0.9);
  assertEquals(Object.fromEntries(shares.parts.map(({ name, share }) => [name, share])), {
    "frames, sessions, deadlines": 0.4,
    "collecting garbage": 0.1,
    "copies of payloads": 0.1,
    "the load itself": 0.1,
    "connections and what goes out": 0.1,
    "the runtime and its sockets": 0.1,
    "calls, their promises and codecs": 0.05,
    "the adapter": 0.05,
  });
  assertEquals(shares.functions[0], { name: "add deadline_heap.ts:10", share: 0.4 });
  assertEquals(shares.functions[2]!.name, "(anonymous) copy.ts:10");
});

Deno.test("bench/compare.ts: two checkouts in one run", async () => {
  const few = ["--rounds", "2", "--duration", "30", "--in-flight", "1,64"];
  const { code, out, err } = await runFile("compare.ts", ".", ROOT, "--runtime", "deno", ...few);
  assertEquals(code, 0, err);
  const lines = out.trim().split("\n").slice(2).map((line) => line.trim().split(/ +/));
  assertEquals(lines.map(([inFlight, , , , ...folder]) => [inFlight, folder.join(" ")]), [
    ["1", "."],
    ["1", ROOT],
    ["64", "."],
    ["64", ROOT],
  ]);
  for (const [, ...cells] of lines) {
    for (const cell of cells.slice(0, 3)) assert(Number(cell) > 0, cell);
  }
  assertEquals((await runFile("compare.ts", "--runtime", "deno")).code, 2);
});

Deno.test("bench/parts.ts: copies and deadlines", async () => {
  const { code, out, err } = await runFile("parts.ts", "2000");
  assertEquals(code, 0, err);
  const lines = out.trimEnd().split("\n");
  assertEquals(lines.length, 11);
  const kinds = [
    /^64 bytes: slice, in a slab/,
    /^a deadline: setTimeout, heap/,
    /^of two durations/,
  ];
  for (const kind of [...kinds, /^each of another duration/]) {
    assertEquals(lines.filter((line) => kind.test(line)).length, 1, `${kind}`);
  }
  for (const line of lines.slice(1)) assertMatch(line, /.+ +\d+ +\d+ +\d+\.\d+$/);
});

Deno.test("bench --startup --tiny: every runtime's start and idle memory", async () => {
  const { code, out, err } = await bench("--startup", "--tiny", "--json");
  assertEquals(code, 0, err);
  const { rows, startup }: Results = JSON.parse(out.trim().split("\n").at(-1)!);
  assertEquals([rows, startup.map(({ runtime }) => runtime)], [[], [...RUNTIME_NAMES]]);
  for (const row of startup) {
    assert(row.emptyMs > 0 && row.importMs > 0 && Number.isFinite(row.addedMs));
    assert(row.listenerBytes > 1_000_000 && row.endpointBytes > 1_000_000);
  }
});

Deno.test("bench --write: a table takes its place in the page, and nothing else changes", () => {
  const table = { name: "x", title: "", head: ["what", "count"], rows: [["a", "1"]] };
  const page = "before <!-- x -->old<!-- /x --> after <!-- y -->kept<!-- /y -->";
  assertEquals(
    withTable(page, table, "deno task bench"),
    "before <!-- x -->\n\n    deno task bench\n\n| what | count |\n| --- | --: |\n| a | 1 |\n\n" +
      "<!-- /x --> after <!-- y -->kept<!-- /y -->",
  );
  assertEquals(withTable(page, { ...table, name: "z" }, "deno task bench"), page);
});

Deno.test("docs/performance.md: each table has its place, once", async () => {
  const page = await Deno.readTextFile(`${ROOT}docs/performance.md`);
  for (
    const name of ["rates", "user", "seen", "beside", "links", "libraries", "other-loads", "crowd"]
  ) {
    assertEquals(page.split(`<!-- ${name} -->`).length, 2, name);
    assertEquals(page.split(`<!-- /${name} -->`).length, 2, name);
  }
});

Deno.test("bench: what it does not understand is told, with the help", async () => {
  const { code, err } = await bench("--runtime", "rhino");
  assertEquals(code, 2);
  assertMatch(err, /--runtime rhino: deno, bun, node or all was expected/);
  assertMatch(err, /--quick/);
});

Deno.test("bench: the command line", () => {
  assertEquals(readPlan(["--help"]), null);
  assertMatch(HELP, /deno task bench/);
  const plan = readPlan(["--quick", "--runtime", "node", "--payload", "64,65536"])!;
  assertEquals([plan.runtimes, plan.payloads, plan.idle, plan.json], [
    ["node"],
    [64, 65_536],
    0,
    false,
  ]);
  assert(plan.durationMs < readPlan([])!.durationMs);
  for (const payload of ["0", "30", "65", "x", "2000000"]) {
    assertThrows(() => readPlan(["--payload", payload]), TypeError, "multiples of 4");
  }
  assertThrows(() => readPlan(["--fast"]), TypeError);
});

Deno.test("bench: medians, and the numbers to reach", () => {
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(median([4, 1, 2, 3]), 2.5);
  assertEquals(quantile([4, 1, 3, 2], 0.5), 2);
  const targets = (payload: number) =>
    inFlightOf(payload).map((inFlight) => targetRatio(payload, inFlight));
  assertEquals(targets(64), [0.9, 0.9, 0.8]);
  assertEquals(targets(1_024), [null, null, null]);
  assertEquals(targets(65_536), [0.9, 0.9]);
  assertEquals(targets(1_048_576), [0.8, 0.8]);
});
