// The benchmark works: tiny inputs, all runtimes. Its figures are not looked at, only whether they
// are figures.

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import type { Results } from "../../bench/measure.ts";
import { median } from "../../bench/statistics.ts";
import { HELP, IN_FLIGHT, readPlan, targetRatio } from "../../bench/plan.ts";
import { CONTENDERS } from "../../tools/peer_packages.ts";
import { ROOT } from "../../tools/project.ts";
import { RUNTIME_NAMES } from "../../tools/runtimes.ts";

/** The first run fetches the other libraries. */
const TIMEOUT_MS = 300_000;

async function bench(
  ...args: readonly string[]
): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", `${ROOT}bench/main.ts`, ...args],
    signal: AbortSignal.timeout(TIMEOUT_MS),
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

Deno.test("bench --tiny --memory --json: every row for every runtime, and no request fails", async () => {
  const { code, out, err } = await bench("--tiny", "--memory", "--json", "--payload", "64,1024");
  assertEquals(code, 0, err);
  const results: Results = JSON.parse(out.trim().split("\n").at(-1)!);
  const keys = results.rows.map((row) =>
    `${row.runtime} ${row.payload} ${row.inFlight} ${row.codec}`
  );
  const expected = RUNTIME_NAMES.flatMap((runtime) =>
    [64, 1_024].flatMap((payload) =>
      IN_FLIGHT.flatMap((inFlight) =>
        ["bytes", "json"].map((codec) => `${runtime} ${payload} ${inFlight} ${codec}`)
      )
    )
  );
  assertEquals(keys, expected);
  for (const row of results.rows) {
    assertEquals(row.failed, 0);
    assert(row.bare > 0 && row.freshlink > 0 && row.ratio > 0 && row.p99Ms >= row.p50Ms);
    assert(row.spread[0] <= row.ratio && row.ratio <= row.spread[1]);
    assertEquals(row.target !== null, row.payload === 64 && row.codec === "bytes");
  }
  assertEquals(results.retention.map(({ runtime }) => runtime), [...RUNTIME_NAMES]);
  for (const row of results.retention) {
    assertEquals(row.failed, 0);
    assert(row.with > 0 && row.without > 0 && row.ratio > 0);
  }
  assertEquals(results.takeovers.map(({ runtime }) => runtime), [...RUNTIME_NAMES]);
  for (const row of results.takeovers) {
    assertEquals(row.failed, 0);
    assert(row.oldClosedMs > 0 && row.firstReplyMs > 0);
  }
  const { idle, unacknowledged } = results.memory;
  assertEquals(idle.map(({ runtime }) => runtime), [...RUNTIME_NAMES]);
  for (const row of idle) assert(Number.isFinite(row.ratio));
  assertEquals(unacknowledged.map(({ runtime }) => runtime), [...RUNTIME_NAMES]);
  for (const row of unacknowledged) assert(row.unacknowledgedBytes > 4_000_000);
  assertMatch(out, /in flight.*to reach/);
});

Deno.test("bench --tiny --more --crowd: other loads, promises, a crowd, the table", async () => {
  const { code, out, err } = await bench("--tiny", "--more", "--crowd", "--json");
  assertEquals(code, 0, err);
  const results: Results = JSON.parse(out.trim().split("\n").at(-1)!);
  const { others, promises, crowds, tables } = results;
  const whats = ["notifications", "10 % answered 5 ms later", "connecting and closing"];
  for (const runtime of RUNTIME_NAMES) {
    const own = others.filter((row) => row.runtime === runtime);
    for (const what of whats) assertEquals(own.filter((row) => row.what === what).length, 1, what);
    const clients = own.filter(({ what }) => what === "clients");
    assertEquals(clients.map(({ connections }) => connections), [1, 2, 4, 8]);
  }
  for (const row of others) {
    assertEquals(row.failed, 0);
    assert(row.bare > 0 && row.freshlink > 0 && row.ratio > 0, row.what);
  }
  assertEquals(promises.length, 2 * RUNTIME_NAMES.length);
  for (const row of promises) {
    assertEquals(row.failed, 0);
    assert(row.promises > 0 && row.ceiling > 0 && row.ratio > 0);
  }
  assertEquals(
    crowds.map(({ runtime, kind }) => `${runtime} ${kind}`),
    RUNTIME_NAMES.flatMap((runtime) => [`${runtime} peers`, `${runtime} clients`]),
  );
  for (const row of crowds) assert(row.linkedMs > 0 && row.cpuMsPerSecond >= 0);
  assertEquals(
    tables.map(({ runtime, rows }) => `${runtime} ${rows}`),
    RUNTIME_NAMES.flatMap((runtime) => [10, 1_000, 100_000].map((rows) => `${runtime} ${rows}`)),
  );
  for (const row of tables) assert(row.addNs > 0 && row.findNs > 0 && row.removeNs > 0);
  for (const row of results.rows) assert(row.hash > 0, "what came back was looked at");
});

Deno.test("bench --peers --tiny: freshlink and every other library, by name and version", async () => {
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
  assertEquals(IN_FLIGHT.map((inFlight) => targetRatio(64, inFlight)), [1 / 1.15, 0.8, 0.5]);
  assertEquals(targetRatio(1_024, 64), null);
});
