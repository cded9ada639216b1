/**
 * Cuts under load: two processes that live on while the path between them breaks again and again.
 * No request may fail, none may be executed twice or come out of order: nobody died.
 */

import type { EndpointOptions } from "../../../mod.ts";
import {
  type Host,
  type Network,
  type SeededRandom,
  Simulation,
} from "../../../src/simulator/mod.ts";
import { PLAIN } from "../plan.ts";
import { resultOf, type RunResult } from "../run.ts";
import { World } from "../world.ts";

const CUTS = 100;
const TIMEOUT_MS = 60_000;

/** The same as by default, twenty times as fast: a cut is noticed in milliseconds. */
const FAST: Partial<EndpointOptions> = {
  heartbeatIntervalMs: 50,
  suspectAfterMs: 40,
  deadAfterMs: 150,
  redialMinMs: 5,
  redialMaxMs: 100,
  connectTimeoutMs: 200,
};

/** How a path breaks. */
const BREAKS: readonly ((network: Network, one: Host, other: Host, ms: number) => void)[] = [
  (network, one, other) => network.forget(one, other),
  (network, one, other) => network.forget(one, other, { oneWay: true }),
  (network, one, other) => network.forget(other, one, { oneWay: true }),
  (network, one, other) => network.reset(one, other),
  (network, one, other, ms) => {
    network.cut(one, other);
    network.simulation.after(ms, () => network.heal(one, other));
  },
  (network, one, other, ms) => network.clog(one, other, ms),
];

/** Plays one seed: a hundred cuts. */
export async function runCuts(seed: number): Promise<RunResult> {
  const simulation = new Simulation({ seed });
  const { random } = simulation;
  const isFast = random.chance(0.95);
  const world = new World(simulation, ["SP10", "SP20"], {
    identifier: seed % 2 === 0 ? "counter" : "clock",
    ...(isFast ? FAST : {}),
    // A window that is full when the path breaks.
    ...(random.chance(0.3) ? { retainMaxBytes: 131_072, payloadMaxBytes: 1_048_576 } : {}),
  });
  try {
    await play(world, random, isFast ? 100 : 2_000);
  } catch (error) {
    world.fail(error);
  }
  return resultOf(seed, world, { cuts: CUTS });
}

async function play(world: World, random: SeededRandom, gapMs: number): Promise<void> {
  const { simulation, members } = world;
  const { network } = simulation;
  network.delay(0.05 + random.float(), random.chance(0.5) ? random.float() : 0);
  network.shortWrites(random.chance(0.3) ? 0.3 : 0);
  network.splitChunks(random.chance(0.3) ? 0.3 : 0);
  for (const member of members) world.start(member);
  const [one, other] = members.map(({ host }) => host) as [Host, Host];
  const calls: Promise<void>[] = [];
  const loadGapMs = gapMs / (4 + random.below(20));
  let isOn = true;
  const load = () => {
    if (!isOn) return;
    const [caller, target] = random.chance(0.5) ? members : members.toReversed();
    calls.push(call(world, caller!.life!, target!.name, random));
    simulation.after(2 * loadGapMs * random.float(), load);
  };
  await simulation.until(() => world.living().length === 2, 1_000);
  load();
  for (let cut = 0; cut < CUTS; cut++) {
    await simulation.run(gapMs * 2 * random.float());
    random.pick(BREAKS)(network, one, other, gapMs * random.float());
  }
  isOn = false;
  network.calm();
  await simulation.settle(Promise.all(calls), TIMEOUT_MS);
  await simulation.until(() => world.unconverged().length === 0, TIMEOUT_MS);
  await simulation.run(2 * gapMs);
  world.ledger.close(() => true, () => true);
  await world.close(TIMEOUT_MS);
}

/** A request that may not fail, or now and then a notification. */
async function call(
  world: World,
  { endpoint, id, process }: NonNullable<World["members"][number]["life"]>,
  to: string,
  random: SeededRandom,
): Promise<void> {
  if (random.chance(0.2)) {
    const bytes = random.chance(0.02) ? random.below(1_000_000) : random.below(100);
    const told = await world.notify(endpoint!, id, {
      to,
      timeoutMs: TIMEOUT_MS,
      bytes,
      workMs: 0,
      then: [],
    });
    if (told !== "ok") world.problems.push(`a notification of ${id} to ${to} was refused: ${told}`);
    return;
  }
  const code = await world.request(endpoint!, id, process, {
    ...PLAIN,
    to,
    timeoutMs: TIMEOUT_MS,
    workMs: random.chance(0.1) ? random.below(50) : 0,
    requestBytes: random.chance(0.02) ? random.below(1_000_000) : random.below(100),
    answerBytes: random.chance(0.02) ? random.below(1_000_000) : random.below(100),
  });
  if (code !== "ok") world.problems.push(`a request of ${id} to ${to} failed: ${code}`);
}
