/**
 * Crossing dials: both ends lose their connection in the same moment and dial each other. However
 * the messages cross, one connection survives, the same at both ends.
 */

import { type Host, type SeededRandom, Simulation } from "../../../src/simulator/mod.ts";
import { PLAIN } from "../plan.ts";
import { resultOf, type RunResult } from "../run.ts";
import { World } from "../world.ts";

const ROUNDS = 100;
const WITHIN_MS = 20_000;

/** Plays one seed: a hundred rounds. */
export async function runCrossings(seed: number): Promise<RunResult> {
  const simulation = new Simulation({ seed });
  const { random } = simulation;
  const world = new World(simulation, ["SP10", "SP20"], {
    identifier: seed % 2 === 0 ? "counter" : "clock",
    redialMinMs: 4,
    redialMaxMs: 50,
  });
  const counts = { rounds: 0, crossings: 0 };
  try {
    await play(world, random, counts);
  } catch (error) {
    world.fail(error);
  }
  return resultOf(seed, world, counts);
}

async function play(
  world: World,
  random: SeededRandom,
  counts: { rounds: number; crossings: number },
): Promise<void> {
  const { simulation, members } = world;
  const { network } = simulation;
  network.delay(2 + 4 * random.float(), random.chance(0.7) ? 4 * random.float() : 0);
  for (const member of members) world.start(member);
  const [one, other] = members.map(({ host }) => host) as [Host, Host];
  for (let round = 0; round < ROUNDS; round++) {
    const before = members.map(({ name }) => world.dials[name] ?? 0);
    if (round > 0) network.reset(one, other);
    const hasLink = () => world.living().length === 2 && world.unconverged().length === 0;
    await simulation.until(hasLink, WITHIN_MS);
    // What is still on its way arrives, and changes nothing.
    await simulation.run(200);
    if (!hasLink()) world.problems.push(`came apart again: ${world.unconverged().join("; ")}`);
    counts.rounds++;
    const isCrossing = members.every(({ name }, index) => world.dials[name]! > before[index]!);
    if (isCrossing) counts.crossings++;
    if (round % 10 > 0) continue;
    const { endpoint, id, process } = members[round % 2]!.life!;
    const to = members[1 - round % 2]!.name;
    const code = await simulation.settle(
      world.request(endpoint!, id, process, { ...PLAIN, to }),
      WITHIN_MS,
    );
    if (code !== "ok") world.problems.push(`a request to ${to} failed: ${code}`);
  }
  world.ledger.close(() => true, () => true);
  await world.close(WITHIN_MS);
}
