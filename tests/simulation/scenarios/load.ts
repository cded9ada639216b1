/** The load of a swarm, drawn from its seed: who asks whom for what, until when. */

import { type Client, DEFAULTS, type EndpointOptions } from "../../../mod.ts";
import type { SeededRandom } from "../../../src/simulator/mod.ts";
import { CALLER, type NotePlan, PATIENT_MS, type RequestPlan } from "../plan.ts";
import { PAYLOAD_MAX_BYTES } from "../payload.ts";
import type { World } from "../world.ts";

const TIMEOUTS_MS = [100, 1_000, 5_000, 20_000] as const;

/** As deep as there are places on top. */
const DEPTH_MAX = 4;
/** Where there are places for everybody. */
const DEEPER_MAX = 6;

/** What a client may send by default. */
const CLIENT_MAX_BYTES = 900_000;

/** A handler that seems never to end, and does when nobody waits any more. */
const HANGING_MS = 8_000;

/** What one run asks for. */
export interface LoadShape {
  /** The mean time between two ticks, in milliseconds. */
  readonly gapMs: number;
  /** The chance that many things are asked at once. */
  readonly bursts: number;
  /** The chance that a caller gives up. */
  readonly cancels: number;
  /** The chance that a caller can wait for ever. */
  readonly patience: number;
  /** The chance that a payload is not small, and the largest one. */
  readonly large: number;
  readonly maxBytes: number;
  /** The chance that a handler asks, and how deep it goes at most. */
  readonly nesting: number;
  readonly depthMax: number;
  /** The chance that a handler takes its time, or hangs. */
  readonly slow: number;
  readonly hangs: number;
}

/** Draws the shape of a load for endpoints with these options. */
export function drawShape(random: SeededRandom, options: Partial<EndpointOptions>): LoadShape {
  const { maxInFlight = DEFAULTS.maxInFlight, payloadMaxBytes = PAYLOAD_MAX_BYTES } = options;
  const isHeavy = random.chance(0.5);
  return {
    gapMs: (isHeavy ? 60 : 10) + 200 * random.float(),
    bursts: random.chance(0.4) ? 0.05 : 0,
    cancels: random.chance(0.5) ? 0.1 : 0,
    patience: random.pick([0.2, 0.5, 0.9]),
    large: isHeavy ? 0.3 : 0.05,
    maxBytes: Math.min(PAYLOAD_MAX_BYTES, payloadMaxBytes),
    nesting: random.pick([0, 0.1, 0.3]),
    depthMax: maxInFlight >= 64 ? DEEPER_MAX : DEPTH_MAX,
    slow: random.pick([0.05, 0.3]),
    hangs: random.chance(0.2) ? 0.02 : 0,
  };
}

/** Requests and notifications from everybody to everybody, until then. */
export function putLoad(
  world: World,
  random: SeededRandom,
  shape: LoadShape,
  untilMs: number,
): void {
  const { simulation } = world;
  const tick = () => {
    if (simulation.nowMs > untilMs) return;
    const count = random.chance(shape.bursts) ? 2 + random.below(20) : 1;
    for (let index = 0; index < count; index++) askOnce(world, random, shape);
    simulation.after(shape.gapMs * 2 * random.float(), tick);
  };
  simulation.after(shape.gapMs, tick);
}

function askOnce(world: World, random: SeededRandom, shape: LoadShape): void {
  const caller = random.pick(world.members);
  const names = world.members.map(({ name }) => name);
  const target = random.pick(names.filter((name) => name !== caller.name));
  const { life } = caller;
  if (life !== null && life.endpoint !== null && !life.isOver && !life.process.isFrozen) {
    const { endpoint, id, process } = life;
    process.enter(() => {
      if (random.chance(0.25)) {
        void world.notify(endpoint, id, drawNote(random, shape, names, target));
      } else {void world.request(
          endpoint,
          id,
          process,
          drawRequest(random, shape, names, target, 0),
        );}
    });
  }
  for (const { client, id, process } of world.clients) {
    if (client === null || !random.chance(0.3)) continue;
    const asker = world.askerOf({ client });
    const small = { ...shape, maxBytes: Math.min(shape.maxBytes, CLIENT_MAX_BYTES) };
    const isNote = random.chance(0.25);
    process.enter(() => {
      if (isNote) void world.notify(asker, id, drawNote(random, small, names, client.peerName));
      else void world.request(asker, id, process, drawAsked(random, small, names, client));
    });
  }
}

/** A client's request; its handler may ask the client back first. */
function drawAsked(
  random: SeededRandom,
  shape: LoadShape,
  names: readonly string[],
  { peerName }: Client,
): RequestPlan {
  const plan = drawRequest(random, shape, names, peerName, 0);
  if (!random.chance(0.4)) return plan;
  const back = { ...drawRequest(random, shape, names, peerName, 1), to: CALLER, then: [] };
  return { ...plan, then: [back, ...plan.then] };
}

function drawRequest(
  random: SeededRandom,
  shape: LoadShape,
  names: readonly string[],
  to: string,
  depth: number,
): RequestPlan {
  const hangs = random.chance(shape.hangs);
  const isPatient = !hangs && random.chance(depth === 0 ? shape.patience : 0.9);
  const workMs = random.chance(shape.slow) ? Math.floor(random.float() * 300) : 0;
  return {
    to,
    timeoutMs: hangs ? 1_000 : isPatient ? PATIENT_MS : random.pick(TIMEOUTS_MS),
    idempotent: random.chance(0.3),
    workMs: hangs ? HANGING_MS : workMs,
    requestBytes: drawBytes(random, shape),
    answerBytes: drawBytes(random, shape),
    fails: random.chance(0.03),
    cancelAfterMs: random.chance(shape.cancels) ? random.float() ** 2 * 200 : null,
    then: drawNested(random, shape, names, to, depth),
  };
}

function drawNote(
  random: SeededRandom,
  shape: LoadShape,
  names: readonly string[],
  to: string,
): NotePlan {
  return {
    to,
    timeoutMs: random.chance(shape.patience) ? PATIENT_MS : random.pick(TIMEOUTS_MS),
    bytes: drawBytes(random, shape),
    workMs: random.chance(shape.slow) ? Math.floor(random.float() * 300) : 0,
    then: drawNested(random, shape, names, to, 0),
  };
}

/** What the handler at `at` asks: now and then a chain down to the bottom. */
function drawNested(
  random: SeededRandom,
  shape: LoadShape,
  names: readonly string[],
  at: string,
  depth: number,
): RequestPlan[] {
  const chance = depth === 0 ? shape.nesting : 0.5;
  if (shape.nesting === 0 || depth >= shape.depthMax || !random.chance(chance)) return [];
  const others = names.filter((name) => name !== at);
  return Array.from(
    { length: random.chance(0.2) ? 2 : 1 },
    () => drawRequest(random, shape, names, random.pick(others), depth + 1),
  );
}

/** Most are small, some take several frames, few are as large as may be. */
function drawBytes(random: SeededRandom, { large, maxBytes }: LoadShape): number {
  if (!random.chance(large)) return random.below(Math.min(300, maxBytes));
  const kind = random.float();
  if (kind < 0.6) return random.below(Math.min(100_000, maxBytes));
  if (kind < 0.9) return random.below(Math.min(600_000, maxBytes));
  return random.below(maxBytes);
}
