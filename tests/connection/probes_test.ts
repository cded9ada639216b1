// The deadline of a probe is its claimant's own.

import { assertEquals } from "@std/assert";
import type { ConnectionContext } from "../../src/connection/context.ts";
import { Probes } from "../../src/connection/probes.ts";
import { Timers } from "../../src/connection/timers.ts";
import { Simulation } from "../../src/simulator/mod.ts";

const PROBE_TIMEOUT_MS = 1_000;

Deno.test("Probes: a claimant that calls again and again does not put off another's verdict", async () => {
  const simulation = new Simulation({ seed: 1 });
  const { clock } = simulation.host("10.0.0.1").process();
  const context = {
    settings: { probeTimeoutMs: PROBE_TIMEOUT_MS },
    timers: new Timers(clock),
  } as unknown as ConnectionContext;
  const probes = new Probes(context);
  const verdicts: string[] = [];
  const start = (claimant: number) =>
    probes.start(claimant, () => verdicts.push(`${claimant} at ${clock.nowMs()}`));
  start(1);
  for (const atMs of [300, 600, 900]) simulation.after(atMs, () => start(2 + atMs));
  simulation.after(950, () => probes.end(902));
  await simulation.run(5_000);
  assertEquals(verdicts, ["1 at 1000", "302 at 1300", "602 at 1600"]);
  start(7);
  probes.stop();
  await simulation.run(5_000);
  assertEquals(verdicts.length, 3);
});
