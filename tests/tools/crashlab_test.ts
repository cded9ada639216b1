// What the crash lab finds wrong: each kind of it, planted.

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Client, LinkError } from "../../mod.ts";
import {
  countOutcomes,
  countTwice,
  differences,
  type Entry,
  isInOrder,
} from "../../tools/crashlab/judge.ts";
import { readPlan } from "../../tools/crashlab/plan.ts";
import type { Kind, Order, Outcome, Setup } from "../../tools/crashlab/program.ts";
import { OrderedProcess } from "../../tools/ordered_process.ts";
import { ROOT } from "../../tools/project.ts";
import { freePort } from "../support/endpoints.ts";

function entry(life: string, kind: Kind, number: string): Entry {
  return { life, kind, number };
}

function outcome(kind: Kind, number: string, end: string): Outcome {
  return { kind, number, end };
}

Deno.test("crash lab: executed twice is one life twice, or any life where nobody may repeat", () => {
  const cases: [number, Entry[]][] = [
    [0, [entry("a", "book", "x-1"), entry("a", "book", "x-2")]],
    [0, [entry("a", "read", "x-1"), entry("b", "read", "x-1")]],
    [0, [entry("a", "hold-read", "x-1"), entry("b", "hold-read", "x-1")]],
    [1, [entry("a", "read", "x-1"), entry("a", "read", "x-1")]],
    [1, [entry("a", "book", "x-1"), entry("b", "book", "x-1")]],
    [1, [entry("a", "hold", "x-1"), entry("b", "hold", "x-1")]],
    [1, [entry("a", "note", "x-1"), entry("a", "note", "x-1")]],
  ];
  for (const [twice, entries] of cases) assertEquals(countTwice(entries), twice);
});

Deno.test("crash lab: lost is whoever never hears, or hears what is not so", () => {
  const none = { ok: 0, failed: 0, failures: {}, timedOut: 0, lost: 0 };
  const executed = [entry("a", "book", "x-1")];
  const count = (one: Outcome, entries: readonly Entry[] = [], sameSession = true) =>
    countOutcomes([one], entries, sameSession);
  assertEquals(count(outcome("book", "x-1", "ok"), executed), { ...none, ok: 1 });
  assertEquals(count(outcome("book", "x-1", "ok")), { ...none, ok: 1, lost: 1 });
  assertEquals(count(outcome("book", "x-1", "pending")), { ...none, lost: 1 });
  assertEquals(count(outcome("note", "x-1", "ok")), { ...none, ok: 1, lost: 1 });
  // The process to which the notification went has died.
  assertEquals(count(outcome("note", "x-1", "ok"), [], false), { ...none, ok: 1 });
  const restarted = "peer-restarted maybe-executed";
  assertEquals(count(outcome("book", "x-1", restarted), executed), {
    ...none,
    failed: 1,
    failures: { [restarted]: 1 },
  });
  const down = "peer-down not-sent";
  assertEquals(count(outcome("book", "x-1", down), executed), {
    ...none,
    failed: 1,
    failures: { [down]: 1 },
    lost: 1,
  });
  const late = "timeout not-sent";
  assertEquals(count(outcome("book", "x-1", late)), {
    ...none,
    failures: { [late]: 1 },
    timedOut: 1,
  });
});

Deno.test("crash lab: notifications of one sender are in order, those of two need not be", () => {
  const one = [entry("a", "note", "x-1"), entry("a", "book", "x-7"), entry("a", "note", "x-3")];
  assertEquals(isInOrder([...one, entry("b", "note", "y-1")]), true);
  assertEquals(isInOrder([...one, entry("a", "note", "x-2")]), false);
});

Deno.test("crash lab: what the simulator did not predict is a problem", () => {
  const predicted = { verdictMs: 1_000, failures: ["peer-restarted maybe-executed"] };
  const failures = { "peer-restarted maybe-executed": 5 };
  assertEquals(differences({ verdictMs: 1_080, failures }, predicted), []);
  assertEquals(differences({ verdictMs: 3_000, failures }, predicted).length, 1);
  assertEquals(differences({ verdictMs: null, failures }, predicted).length, 1);
  assertEquals(differences({ verdictMs: 1_000, failures: {} }, predicted).length, 1);
  assertEquals(
    differences({ verdictMs: null, failures: {} }, { verdictMs: null, failures: [] }),
    [],
  );
});

Deno.test("crash lab: every scenario runs with every runtime as the survivor, and mixed", () => {
  const { runs } = readPlan([])!;
  const names = new Set(runs.map(({ scenario }) => scenario.name));
  for (const name of names) {
    const own = runs.filter(({ scenario }) => scenario.name === name);
    assertEquals(new Set(own.map(({ survivor }) => survivor)).size, 3, name);
    assertEquals(own.filter(({ survivor, peer }) => survivor !== peer).length, 1, name);
  }
  assertEquals(readPlan(["--scenario", "reboot", "--runtime", "bun"])!.runs.length, 6);
  assertThrows(() => readPlan(["--scenario", "earthquake"]), Error, "earthquake");
  assertThrows(() => readPlan(["--runtime", "perl"]), Error, "perl");
});

Deno.test("crash lab: its processes run with a secret, and who knows none is refused", async () => {
  const port = freePort();
  const ledgerFile = await Deno.makeTempFile();
  const setup: Setup = {
    name: "SP10",
    hostname: "127.0.0.1",
    port,
    peer: { name: "SP20", hostname: "127.0.0.1", port: freePort() },
    ledgerFile,
    tuning: {},
    clockErrorMs: 0,
  };
  try {
    await using _ = await OrderedProcess.start<Order>({
      runtime: "deno",
      program: `${ROOT}tools/crashlab/program.ts`,
      args: [JSON.stringify(setup)],
    });
    const dial = () => Client.connect({ hostname: "127.0.0.1", port });
    assertEquals((await assertRejects(dial, LinkError)).code, "proof-mismatch");
  } finally {
    await Deno.remove(ledgerFile);
  }
});
