/**
 * A rolling restart under load: three endpoints, one after the other closes in good order and comes
 * back as a new process. No request fails, none is executed twice.
 */

import { type SeededRandom, Simulation } from "../../../src/simulator/mod.ts";
import { PLAIN, resultOf, type RunResult } from "../run.ts";
import { type Member, World } from "../world.ts";

const ROUNDS = 2;
const WITHIN_MS = 30_000;
const DRAIN_MS = 5_000;

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
  const alive = new Set(world.living().map(({ life }) => life.id));
  world.ledger.close((caller) => alive.has(caller), () => false);
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
  { life }: Member,
  to: string,
  random: SeededRandom,
): Promise<void> {
  if (life === null || life.isOver || life.endpoint === null) return;
  const code = await world.request(life.endpoint, life.id, life.process, {
    ...PLAIN,
    to,
    timeoutMs: WITHIN_MS,
    workMs: random.chance(0.3) ? random.below(100) : 0,
  });
  if (code !== "ok") world.problems.push(`a request of ${life.id} to ${to} failed: ${code}`);
}
