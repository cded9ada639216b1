// The simulated races in CI: what was found once, fresh seeds, two connections in every order.

import { assert, assertEquals } from "@std/assert";
import { enumerate } from "./enumeration/enumerate.ts";
import { SEARCHED } from "./enumeration/pair.ts";
import type { RunResult } from "./run.ts";
import { SCENARIOS } from "./scenarios.ts";
import { missedAttacks } from "./scenarios/attacker.ts";
import { readSeeds } from "./seeds.ts";
import { failureText, Totals } from "./totals.ts";

/** How many fresh seeds of each scenario CI plays. */
const FRESH: Readonly<Record<string, number>> = {
  swarm: 80,
  cuts: 20,
  crossings: 40,
  rolling: 12,
  changing: 10,
  attacker: 12,
};
/** CI searches two connections whole, `deno task sim --enumerate` three. */
const PIPES = 2;

function check(scenario: string, result: RunResult): void {
  if (result.problems.length > 0) throw new Error(failureText(scenario, result));
}

/** The ways through the rules of flow that recorded seeds of the swarm went, and fresh ones. */
const gone = new Totals();

for (const { scenario, seed, found } of readSeeds()) {
  Deno.test(`recorded: ${scenario} ${seed}: ${found}`, async () => {
    const result = await SCENARIOS[scenario]!(seed);
    check(scenario, result);
    if (scenario === "swarm") gone.add(result);
  });
}

for (const [scenario, runs] of Object.entries(FRESH)) {
  Deno.test(`fresh: ${runs} seeds of ${scenario}`, async () => {
    const first = Math.floor(Math.random() * 2 ** 31);
    const totals = new Totals();
    const missed = () => scenario === "swarm" ? gone.missedPaths() : [];
    // Recorded seeds go every way. Without them it takes more runs: the rarest, 3 in 200.
    const isEnough = (count: number) => count >= (missed().length > 0 ? 8 * runs : runs);
    for (let count = 0; !isEnough(count); count++) {
      const result = await SCENARIOS[scenario]!(first + count);
      check(scenario, result);
      totals.add(result);
      if (scenario === "swarm") gone.add(result);
    }
    assert(totals.counts.answered! > runs, "a run without a load proves nothing");
    assertEquals(missed(), [], "ways that nobody went");
    if (scenario === "attacker") assertEquals(missedAttacks(totals.counts), []);
  });
}

Deno.test("a seed decides everything: the same run twice, to the last event", async () => {
  for (const [scenario, run] of Object.entries(SCENARIOS)) {
    const [one, other] = [await run(7), await run(7)];
    assertEquals(one.trace, other.trace, scenario);
    assertEquals(one.counts, other.counts, scenario);
    assert(one.trace.length === 50, "there is a trace to compare");
    assert((await run(8)).counts.simulatedEvents !== one.counts.simulatedEvents);
  }
});

for (const rises of [false, true]) {
  const whose = rises ? "ordinals that rise" : "any ordinals";
  const title = `every interleaving of ${PIPES} connections, ${whose}, and each can converge`;
  Deno.test(title, () => {
    const { text, isGood, summary } = enumerate({
      maxWrong: 1,
      bounds: { ...SEARCHED, pipes: PIPES, rises },
    });
    assert(isGood, text);
    assert(summary.complete && summary.states > 10_000, text);
  });
}

Deno.test("deno task sim: what it prints, and what it does not understand", async () => {
  const run = async (...args: string[]) => {
    const main = `${import.meta.dirname}/main.ts`;
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--no-check", decodeURIComponent(main), ...args],
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, out: text(stdout), err: text(stderr) };
  };
  const good = await run("--scenario", "cuts", "--runs", "2", "--seed", "5", "--json");
  assertEquals(good.code, 0);
  const report = JSON.parse(good.out.trim().split("\n").at(-1)!);
  const { runs, seed, cuts, executedTwice, lost, outOfOrder, violations } = report;
  assertEquals({ runs, seed, cuts, executedTwice, lost, outOfOrder, violations }, {
    runs: 2,
    seed: 5,
    cuts: 200,
    executedTwice: 0,
    lost: 0,
    outOfOrder: 0,
    violations: 0,
  });
  assert(report.eventsPerSecond > 0 && report.requests > 100);
  const bad = await run("--scenario", "earthquake");
  assertEquals(bad.code, 2);
  assert(
    bad.err.includes(
      "--scenario earthquake: swarm, cuts, crossings, rolling, changing, attacker was expected",
    ),
  );
});
