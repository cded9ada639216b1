// The benchmark works: tiny inputs, all runtimes. Its figures are not looked at, only whether they
// are figures.

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import type { Results } from "../../bench/measure.ts";
import { median } from "../../bench/statistics.ts";
import { HELP, IN_FLIGHT, readPlan, targetRatio } from "../../bench/plan.ts";
import { ROOT } from "../../tools/project.ts";
import { RUNTIME_NAMES } from "../../tools/runtimes.ts";

const TIMEOUT_MS = 120_000;

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
