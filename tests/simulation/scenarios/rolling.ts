/**
 * A rolling restart under load: three endpoints, one after the other closes in good order and comes
 * back as a new process, while paths are reset. No request fails, none is executed twice, handlers
 * call back meanwhile, and every notification that was taken is handled.
 */

import { type SeededRandom, Simulation } from "../../../src/simulator/mod.ts";
import { PLAIN } from "../plan.ts";
import { resultOf, type RunResult } from "../run.ts";
import { type Member, World } from "../world.ts";

const ROUNDS = 2;
const WITHIN_MS = 30_000;
const DRAIN_MS = 5_000;
const RESET_GAP_MS = 300;
const PAIRS = [[0, 1], [0, 2], [1, 2]] as const;

/** Plays one seed. */
export async function runRolling(seed: number): Promise<RunResult> {
  const simulation = new Simulation({ seed });
  const world = new World(simulation, ["SP10", "SP20", "SP30"], {
    identifier: seed % 2 === 0 ? "counter" : "clock",
  });
  let restarts = 0;
  try {
    await play(world, simulation.random, () => restarts++);
  } catch (error) {
    world.fail(error);
  }
  return resultOf(seed, world, { restarts });
}

async function play(world: World, random: SeededRandom, restarted: () => void): Promise<void> {
  const { simulation, members } = world;
  simulation.network.delay(0.05 + random.float(), random.float());
  for (const member of members) world.start(member);
  await simulation.until(() => isWhole(world), WITHIN_MS);
  const calls: Promise<void>[] = [];
  let isOn = true;
  const gapMs = 1 + 10 * random.float();
  const load = () => {
    if (!isOn) return;
    const caller = random.pick(members);
    const target = random.pick(members.filter((other) => other !== caller));
    calls.push(call(world, caller, target.name, random));
    simulation.after(2 * gapMs * random.float(), load);
  };
  load();
  const resets = random.chance(0.5);
  const reset = () => {
    if (!isOn) return;
    const [one, other] = random.pick(PAIRS);
    simulation.network.reset(members[one]!.host, members[other]!.host);
    simulation.after(RESET_GAP_MS * 2 * random.float(), reset);
  };
  if (resets) reset();
  for (let round = 0; round < ROUNDS; round++) {
    for (const member of members) {
      await simulation.run(500 + 1_000 * random.float());
      await restart(world, member, 2_000 * random.float());
      restarted();
    }
  }
  await simulation.run(1_000);
  isOn = false;
  await simulation.settle(Promise.all(calls), WITHIN_MS);
  // Everybody who is gone has closed in good order: nothing that was taken may be lost.
  const everybody = () => true;
  await simulation.until(() => world.ledger.open(everybody, everybody).length === 0, WITHIN_MS)
    .catch(() => {
      // The ledger says what is missing.
    });
  world.ledger.close(everybody, everybody);
  await world.close(WITHIN_MS);
}

/** It closes, its process ends, and another one starts. */
async function restart(world: World, member: Member, downMs: number): Promise<void> {
  const { simulation } = world;
  const life = member.life!;
  life.isOver = true;
  const closed = Promise.withResolvers<void>();
  life.process.enter(() => void life.endpoint!.close({ drainMs: DRAIN_MS }).then(closed.resolve));
  await simulation.settle(closed.promise, DRAIN_MS + 1_000);
  member.host.kill();
  world.gone(member);
  await simulation.run(downMs);
  member.host.restart();
  world.start(member);
  await simulation.until(() => isWhole(world), WITHIN_MS);
}

function isWhole(world: World): boolean {
  return world.living().length === world.members.length && world.unconverged().length === 0;
}

/** Whoever closes asks for nothing new. */
async function call(
  world: World,
  { life, name }: Member,
  to: string,
  random: SeededRandom,
): Promise<void> {
  if (life === null || life.isOver || life.endpoint === null) return;
  const { endpoint, id, process } = life;
  const workMs = random.chance(0.3) ? random.below(100) : 0;
  const drawBytes = () => random.chance(0.05) ? random.below(500_000) : random.below(100);
  if (random.chance(0.2)) {
    const plan = { to, timeoutMs: WITHIN_MS, bytes: drawBytes(), workMs, then: [] };
    const code = await world.notify(endpoint, id, plan);
    if (code !== "ok") world.problems.push(`a notification of ${id} to ${to} failed: ${code}`);
    return;
  }
  const plan = () => ({
    ...PLAIN,
    timeoutMs: WITHIN_MS,
    requestBytes: drawBytes(),
    answerBytes: drawBytes(),
  });
  const code = await world.request(endpoint, id, process, {
    ...plan(),
    to,
    workMs,
    then: random.chance(0.2) ? [{ ...plan(), to: name }] : [],
  });
  if (code !== "ok") world.problems.push(`a request of ${id} to ${to} failed: ${code}`);
}
