/**
 * The swarm: from a seed, some endpoints and clients, a load, and a mix of faults; then all faults
 * off, and a bound by which everything must be as if nothing had happened.
 */

import type { EndpointOptions } from "../../../mod.ts";
import { type SeededRandom, Simulation } from "../../../src/simulator/mod.ts";
import { HOSTILE_NAMES, startHostile } from "../hostile/hostile.ts";
import { PATIENT_MS, PLAIN } from "../plan.ts";
import { resultOf, type RunResult } from "../run.ts";
import { openWork, Watchdog } from "../watchdog.ts";
import { World } from "../world.ts";
import { type FaultContext, FAULTS } from "./faults.ts";
import { drawShape, putLoad } from "./load.ts";

/** How long after the last fault everything must have converged, in virtual milliseconds. */
const CONVERGED_WITHIN_MS = 30_000;
const MAX_FAULT_GAP_MS = 4_000;

/** Runs with somebody who breaks the rules. */
const HOSTILE = 0.6;
/** In so many runs nothing is sealed. */
const IN_CLEAR = 0.33;

/** Runs in which nothing goes wrong: whatever does not end then has no excuse. */
const FAULTLESS = 0.3;

/** The longest deadline that is no patience, and something more. */
const SETTLED_AFTER_MS = 21_000;

/** Room that a dead sender was granted comes back; then a while. */
const ASSEMBLY_TIMEOUT_MS = 4_000;
const STUCK_AFTER_MS = 20_000;

/** By then all that is open must have ended, however much it was. */
const DRAINED_WITHIN_MS = 600_000;

/** Plays one seed. */
export async function runSwarm(seed: number): Promise<RunResult> {
  const simulation = new Simulation({ seed });
  const { random } = simulation;
  const names = Array.from({ length: 2 + random.below(5) }, (_, index) => `SP${10 * (index + 1)}`);
  const options = drawOptions(random);
  const world = new World(simulation, names, options);
  try {
    await play(world, random, options);
  } catch (error) {
    world.fail(error);
  }
  return resultOf(seed, world);
}

async function play(
  world: World,
  random: SeededRandom,
  options: Partial<EndpointOptions>,
): Promise<void> {
  const { simulation, ledger } = world;
  const { network } = simulation;
  const untilMs = 5_000 + 40_000 * random.float() ** 2;
  // Whoever breaks the rules changes frames on their way, so they have to be in clear.
  const isHostile = options.insecure === true && random.chance(HOSTILE);
  if (isHostile) {
    world.hostile = { name: random.pick(HOSTILE_NAMES), host: simulation.host("hostile") };
    startHostile(world, random, untilMs);
  }
  network.delay(0.05 + 5 * random.float() ** 3, random.chance(0.5) ? 3 * random.float() : 0);
  for (const member of world.members) {
    simulation.after(random.chance(0.5) ? 0 : 500 * random.float(), () => {
      // A fault may have been faster.
      if (member.lives === 0) world.start(member);
    });
  }
  for (let count = random.below(3); count > 0; count--) world.connect(random.pick(world.members));
  const watchdog = new Watchdog(world, STUCK_AFTER_MS);
  putLoad(world, random, drawShape(random, options), untilMs);
  if (random.chance(FAULTLESS)) {
    ledger.isFaultless = true;
    watchdog.start();
  } else planFaults({ world, random, undo: new Set() }, untilMs);
  await simulation.run(untilMs);
  await restore(world);
  await simulation.until(() => world.unconverged().length === 0, CONVERGED_WITHIN_MS)
    .catch((error) => {
      world.problems.push(`not converged: ${world.unconverged().join("; ")}`);
      throw error;
    });
  await simulation.run(1_000);
  const lived = new Set(world.living().map(({ name }) => name));
  ledger.calm((caller, to) => world.isAlive(caller) && lived.has(to));
  watchdog.start();
  // It is one thing to have a table that looks right, and another to be reached.
  await simulation.settle(Promise.all(callEverybody(world)), DRAINED_WITHIN_MS);
  await simulation.run(SETTLED_AFTER_MS);
  const isDrained = () => openWork(world).length === 0 || world.problems.length > 0;
  await simulation.until(isDrained, DRAINED_WITHIN_MS);
  const stillBad = world.unconverged();
  if (stillBad.length > 0) world.problems.push(`came apart again: ${stillBad.join("; ")}`);
  const alive = new Set(
    [...world.living().map(({ life }) => life), ...world.clients].map(({ id }) => id),
  );
  watchdog.stop();
  world.ledger.close((caller) => alive.has(caller), (name, caller) => world.lived(name, caller));
  await world.close(10_000);
}

function drawOptions(random: SeededRandom): Partial<EndpointOptions> {
  const maxBytes = random.pick([60_000, 300_000, 1_048_576, 4_194_304, undefined]);
  return {
    identifier: random.chance(0.5) ? "counter" : "clock",
    ...(random.chance(IN_CLEAR) ? { insecure: true } : {}),
    ...(random.chance(0.4) ? { maxInFlight: random.pick([1, 2, 3, 8]) } : {}),
    ...(random.chance(0.4) ? { retainMaxBytes: 131_072 } : {}),
    ...(maxBytes === undefined ? {} : { payloadMaxBytes: maxBytes }),
    // Room and queue for one of the largest, and hardly more.
    ...(maxBytes !== undefined && random.chance(0.6) ? { receiveMaxBytes: maxBytes } : {}),
    ...(maxBytes !== undefined && random.chance(0.2) ? { queueMaxBytes: maxBytes } : {}),
    ...(random.chance(0.4) ? { answersMaxBytes: random.pick([1, 100_000]) } : {}),
    ...(random.chance(0.4) ? { notificationsMax: random.pick([1, 3]) } : {}),
    assemblyTimeoutMs: ASSEMBLY_TIMEOUT_MS,
    ...(random.chance(0.2) ? { resumeWindowMs: 2_000 } : {}),
    ...(random.chance(0.3) ? { redialMinMs: 10, redialMaxMs: 500 } : {}),
  };
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
        const call = world.request(endpoint, id, process, {
          ...PLAIN,
          timeoutMs: PATIENT_MS,
          to: name,
        });
        calls.push(call.then((code) => {
          if (code === "ok") return;
          world.problems.push(`after all is well ${endpoint.name} cannot ask ${name}: ${code}`);
        }));
      });
    }
  }
  return calls;
}
