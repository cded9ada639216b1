/**
 * The swarm: from a seed, some endpoints and clients, a load, and a mix of faults; then all faults
 * off, and a bound by which everything must be as if nothing had happened.
 */

import type { EndpointOptions } from "../../../mod.ts";
import { type SeededRandom, Simulation } from "../../../src/simulator/mod.ts";
import { PLAIN, resultOf, type RunResult } from "../run.ts";
import { World } from "../world.ts";
import { type FaultContext, FAULTS } from "./faults.ts";

/** How long after the last fault everything must have converged, in virtual milliseconds. */
const CONVERGED_WITHIN_MS = 30_000;
const MAX_FAULT_GAP_MS = 4_000;
const TIMEOUTS_MS = [100, 1_000, 5_000, 20_000] as const;

/** Plays one seed. */
export async function runSwarm(seed: number): Promise<RunResult> {
  const simulation = new Simulation({ seed });
  const { random } = simulation;
  const names = Array.from({ length: 2 + random.below(5) }, (_, index) => `SP${10 * (index + 1)}`);
  const world = new World(simulation, names, drawOptions(random));
  try {
    await play(world, random);
  } catch (error) {
    world.fail(error);
  }
  return resultOf(seed, world);
}

async function play(world: World, random: SeededRandom): Promise<void> {
  const { simulation } = world;
  const { network } = simulation;
  network.delay(0.05 + 5 * random.float() ** 3, random.chance(0.5) ? 3 * random.float() : 0);
  for (const member of world.members) {
    simulation.after(random.chance(0.5) ? 0 : 500 * random.float(), () => {
      // A fault may have been faster.
      if (member.lives === 0) world.start(member);
    });
  }
  for (let count = random.below(3); count > 0; count--) world.connect(random.pick(world.members));
  const untilMs = 5_000 + 40_000 * random.float();
  putLoad(world, random, untilMs);
  planFaults({ world, random, undo: new Set() }, untilMs);
  await simulation.run(untilMs);
  await restore(world);
  await simulation.until(() => world.unconverged().length === 0, CONVERGED_WITHIN_MS)
    .catch((error) => {
      world.problems.push(`not converged: ${world.unconverged().join("; ")}`);
      throw error;
    });
  await simulation.run(1_000);
  // It is one thing to have a table that looks right, and another to be reached.
  await simulation.settle(Promise.all(callEverybody(world)), CONVERGED_WITHIN_MS);
  await simulation.run(Math.max(...TIMEOUTS_MS) + 1_000);
  const stillBad = world.unconverged();
  if (stillBad.length > 0) world.problems.push(`came apart again: ${stillBad.join("; ")}`);
  const alive = new Set(world.living().map(({ life }) => life.id));
  const steady = new Set(world.members.filter(({ lives }) => lives === 1).map(({ name }) => name));
  world.ledger.close((caller) => alive.has(caller), (name) => steady.has(name));
  await world.close(10_000);
}

function drawOptions(random: SeededRandom): Partial<EndpointOptions> {
  return {
    identifier: random.chance(0.5) ? "counter" : "clock",
    ...(random.chance(0.2) ? { secret: "a secret of the simulated hosts" } : {}),
    ...(random.chance(0.3) ? { maxInFlight: 1 + random.below(8) } : {}),
    ...(random.chance(0.3) ? { retainMaxBytes: 131_072, payloadMaxBytes: 60_000 } : {}),
    ...(random.chance(0.2) ? { resumeWindowMs: 2_000 } : {}),
    ...(random.chance(0.3) ? { redialMinMs: 10, redialMaxMs: 500 } : {}),
  };
}

/** Requests and notifications from everybody to everybody, until then. */
function putLoad(world: World, random: SeededRandom, untilMs: number): void {
  const { simulation } = world;
  const gapMs = 10 + 200 * random.float();
  const cancels = random.chance(0.5) ? 0.1 : 0;
  const plan = (to: string) => ({
    to,
    timeoutMs: random.pick(TIMEOUTS_MS),
    idempotent: random.chance(0.3),
    workMs: random.chance(0.7) ? 0 : Math.floor(random.float() * 300),
    padding: random.chance(0.9) ? random.below(100) : random.below(50_000),
    fails: random.chance(0.05),
    cancelAfterMs: random.chance(cancels) ? random.float() * 200 : null,
  });
  const tick = () => {
    if (simulation.nowMs > untilMs) return;
    const caller = random.pick(world.members);
    const target = random.pick(world.members.filter((other) => other !== caller));
    const life = caller.life;
    if (life !== null && life.endpoint !== null && !life.isOver && !life.process.isFrozen) {
      const { endpoint, id, process } = life;
      process.enter(() => {
        if (random.chance(0.2)) world.notify(endpoint, id, target.name);
        else void world.request(endpoint, id, process, plan(target.name));
      });
    }
    for (const { client, id, process } of world.clients) {
      if (client === null || !random.chance(0.3)) continue;
      const asCaller = {
        request: (_to: string, ...rest: Parameters<typeof client.request>) =>
          client.request(...rest),
        notify: (_to: string, ...rest: Parameters<typeof client.notify>) => client.notify(...rest),
      };
      process.enter(() => void world.request(asCaller as never, id, process, plan(client.peer)));
    }
    simulation.after(gapMs * 2 * random.float(), tick);
  };
  simulation.after(gapMs, tick);
}

/** Each run has its own mix: some faults never come, some often. */
function planFaults(context: FaultContext, untilMs: number): void {
  const { world: { simulation }, random } = context;
  const weights = FAULTS.map(({ weight }) => random.chance(0.5) ? 0 : weight * random.float());
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return;
  const gapMs = 50 + MAX_FAULT_GAP_MS * random.float();
  const tick = () => {
    if (simulation.nowMs > untilMs) return;
    let point = random.float() * total;
    const index = weights.findIndex((weight) => (point -= weight) < 0);
    const fault = FAULTS[index]!;
    context.world.faults[fault.name] = (context.world.faults[fault.name] ?? 0) + 1;
    fault.happen(context);
    simulation.after(gapMs * 2 * random.float(), tick);
  };
  simulation.after(gapMs * random.float(), tick);
}

/** All faults off: every host has power, every name one process that serves. */
async function restore(world: World): Promise<void> {
  const { simulation } = world;
  simulation.network.calm();
  // Whoever is frozen thaws, whoever is to come back has come back.
  await simulation.run(6_000);
  for (const member of world.members) {
    if (!member.host.isUp) member.host.restart();
    if (member.life === null || member.life.isOver) {
      if (member.host.main.isDead) member.host.restart();
      else if (member.life !== null) member.host.restart();
      world.start(member);
    }
  }
  await simulation.run(10);
}

/** Every living process asks every other one, and gets an answer. */
function callEverybody(world: World): Promise<void>[] {
  const calls: Promise<void>[] = [];
  const living = world.living();
  for (const { life: { endpoint, id, process } } of living) {
    for (const { name } of living) {
      if (name === endpoint.name) continue;
      process.enter(() => {
        const call = world.request(endpoint, id, process, { ...PLAIN, to: name });
        calls.push(call.then((code) => {
          if (code === "ok") return;
          world.problems.push(`after all is well ${endpoint.name} cannot ask ${name}: ${code}`);
        }));
      });
    }
  }
  return calls;
}
