/** A hostile end in a world: as a peer or as a client, with some habits, and things that it asks. */

import { Client, Endpoint, RequestError } from "../../../mod.ts";
import type { SeededRandom } from "../../../src/simulator/mod.ts";
import type { World } from "../world.ts";
import { type Habit, HABITS } from "./habits.ts";
import { hostileRuntime } from "./runtime.ts";

/** Its name: greater or smaller than all others, so that it decides, or follows. */
export const HOSTILE_NAMES = ["SP99", "SP00"] as const;

const MAX_HABITS = 3;
const MAX_BYTES = 900_000;
const ASK_GAP_MS = 100;

/** Draws what it does. */
export function drawHabits(random: SeededRandom): readonly Habit[] {
  return Array.from({ length: 1 + random.below(MAX_HABITS) }, () => random.pick(HABITS));
}

/** Starts one; it asks and tells everybody until its process dies. */
export function startHostile(world: World, random: SeededRandom, untilMs: number): void {
  const { simulation, members } = world;
  const habits = drawHabits(random);
  for (const { name } of habits) count(world.faults, `hostile: ${name}`);
  const { host } = world.hostile!;
  const process = host.main;
  const runtime = hostileRuntime(process, habits, random);
  simulation.after(untilMs, () => host.kill());
  const targets = members.map(({ name, host }) => ({ name, hostname: host.address, port: 11_000 }));
  const ask = (one: Caller) => {
    if (simulation.nowMs > untilMs) return;
    const { name } = random.pick(members);
    const payload = new Uint8Array(random.below(random.chance(0.2) ? MAX_BYTES : 200));
    const options = { codec: "bytes", timeoutMs: 3_000 } as const;
    for (
      const outcome of [
        one.request(name, "large", payload, options),
        one.notify(name, "slow", payload, options),
      ]
    ) {
      outcome.catch((error) => {
        if (!(error instanceof RequestError)) world.fail(error);
      });
    }
    simulation.after(ASK_GAP_MS * 2 * random.float(), () => process.enter(() => ask(one)));
  };
  process.enter(() => {
    if (random.chance(0.5)) {
      Endpoint.start({
        name: world.hostile!.name,
        listen: { hostname: "0.0.0.0", port: 11_000 },
        advertise: { hostname: host.address },
        insecure: true,
        peers: targets,
        runtime,
      }).then((endpoint) => process.enter(() => ask(endpoint)), (error) => world.fail(error));
    } else dial(world, runtime, random, ask);
  });
}

type Caller = Pick<Endpoint, "request" | "notify">;

function dial(
  world: World,
  runtime: ReturnType<typeof hostileRuntime>,
  random: SeededRandom,
  ask: (one: Caller) => void,
): void {
  const { host, name } = world.hostile!;
  Client.connect({ hostname: random.pick(world.members).host.address, port: 11_000, name, runtime })
    .then((client) => {
      host.main.enter(() => ask(world.askerOf({ client })));
    }, () => {
      if (!host.main.isDead) host.main.clock.setTimer(500, () => dial(world, runtime, random, ask));
    });
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
