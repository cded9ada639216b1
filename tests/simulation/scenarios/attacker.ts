/**
 * Somebody on the path who knows no secret, under load: three processes that live on while what
 * they say is flipped, cut, repeated, reflected, moved, spliced and led elsewhere. Whatever he does,
 * he ends connections and nothing else: no call fails or is executed twice, nobody is fenced or
 * taken for another, and when he stops the links heal.
 */

import type { EndpointOptions } from "../../../mod.ts";
import { type SeededRandom, Simulation } from "../../../src/simulator/mod.ts";
import { Attacker, ATTACKS } from "../attacker/attacker.ts";
import { PLAIN } from "../plan.ts";
import { prefixed, resultOf, type RunResult } from "../run.ts";
import { PORT, World } from "../world.ts";

const NAMES = ["SP10", "SP20", "SP30"];
const ATTACKED_MS = 10_000;
const TIMEOUT_MS = 60_000;
const HEALED_WITHIN_MS = 10_000;

/** As by default, ten times as fast: what breaks is made again in milliseconds. */
const FAST: Partial<EndpointOptions> = {
  heartbeatIntervalMs: 100,
  suspectAfterMs: 100,
  deadAfterMs: 300,
  redialMinMs: 5,
  redialMaxMs: 100,
  connectTimeoutMs: 300,
  handshakeTimeoutMs: 400,
  probeTimeoutMs: 150,
};

/** What may not come of it: nobody's process has changed. */
const IMPOSSIBLE = ["fenced", "peer-restarted", "duplicate", "draining", "notification-dropped"];

/** Plays one seed. */
export async function runAttacker(seed: number): Promise<RunResult> {
  const simulation = new Simulation({ seed });
  const { random } = simulation;
  const world = new World(simulation, NAMES, {
    identifier: seed % 2 === 0 ? "counter" : "clock",
    ...FAST,
  });
  const addresses = world.members.map(({ host }) => ({ hostname: host.address, port: PORT }));
  const attacker = new Attacker(simulation, addresses);
  world.isAttacked = true;
  world.wrap = (runtime) => attacker.runtime(runtime);
  try {
    await play(world, attacker, random);
  } catch (error) {
    world.fail(error);
  }
  return resultOf(seed, world, prefixed("attack", attacker.attempts));
}

async function play(world: World, attacker: Attacker, random: SeededRandom): Promise<void> {
  const { simulation, members, events } = world;
  const { network } = simulation;
  network.delay(0.05 + random.float(), random.chance(0.5) ? random.float() : 0);
  network.shortWrites(random.chance(0.3) ? 0.3 : 0);
  network.splitChunks(random.chance(0.3) ? 0.3 : 0);
  // From the first handshake on, or once there are sessions to break.
  const isEarly = random.chance(0.5);
  const chance = 0.01 + 0.4 * random.float() ** 2;
  if (isEarly) attacker.chance = chance;
  for (const member of members) world.start(member);
  await simulation.until(() => world.living().length === NAMES.length, 1_000);
  if (!isEarly) await simulation.run(500);
  attacker.chance = chance;
  const calls: Promise<void>[] = [];
  const loadGapMs = 5 + random.below(40);
  let isOn = true;
  const load = () => {
    if (!isOn) return;
    const from = random.pick(members);
    const to = random.pick(members.filter((other) => other !== from));
    const { endpoint, id, process } = from.life!;
    const bytes = () => random.chance(0.02) ? random.below(300_000) : random.below(100);
    calls.push(
      world.request(endpoint!, id, process, {
        ...PLAIN,
        to: to.name,
        timeoutMs: TIMEOUT_MS,
        requestBytes: bytes(),
        answerBytes: bytes(),
      }).then((code) => {
        if (code !== "ok") world.problems.push(`a call of ${id} to ${to.name} failed: ${code}`);
      }),
    );
    simulation.after(2 * loadGapMs * random.float(), load);
  };
  load();
  await simulation.run(ATTACKED_MS);
  isOn = false;
  attacker.chance = 0;
  network.calm();
  try {
    await simulation.until(() => world.unconverged().length === 0, HEALED_WITHIN_MS);
  } catch (cause) {
    throw new Error(`not healed: ${world.unconverged().join("; ")}`, { cause });
  }
  await simulation.settle(Promise.all(calls), TIMEOUT_MS);
  for (const type of IMPOSSIBLE) {
    if ((events[type] ?? 0) > 0) world.problems.push(`${events[type]} events '${type}'`);
  }
  world.ledger.close(() => true, () => true);
  await world.close(TIMEOUT_MS);
}

/** Ways of attacking that no run has gone. */
export function missedAttacks(counts: Readonly<Record<string, number>>): string[] {
  return ATTACKS.filter((attack) => (counts[`attack: ${attack}`] ?? 0) === 0);
}
