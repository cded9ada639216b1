/**
 * The topology changes under load: members are listed, removed, moved and listed at one end only,
 * while paths break. Then the lists stay as they are. Whoever is listed at both ends has one
 * connection, whoever is not has none; nobody who was removed is called, by name or as a member of
 * the group; nothing is executed twice, and between two ends that were listed all the time nothing
 * is lost. Then one more is removed, and comes back: only its keys move, and they move back.
 */

import type { Endpoint, PeerDefinition } from "../../../mod.ts";
// Loaded before virtual time begins, so that a seed decides everything.
import "../../../src/groups/mod.ts";
import { type SeededRandom, Simulation } from "../../../src/simulator/mod.ts";
import { PLAIN } from "../plan.ts";
import { resultOf, type RunResult } from "../run.ts";
import type { Asker } from "../service.ts";
import { type Member, World } from "../world.ts";

const CHANGES = 40;
const TIMEOUT_MS = 60_000;
/** Longer than an end that is not known waits until it asks again, and then some. */
const CONVERGED_WITHIN_MS = 200_000;
const DRAIN_MS = 1_000;
const PORT = 11_000;
/** All of them are members of it. */
const GROUP = "all";
const KEYS = Array.from({ length: 24 }, (_, index) => `key ${index}`);

/** What one member knows of another one. */
type Knowledge = "right" | "elsewhere" | "nothing";

/** Plays one seed. */
export async function runChanging(seed: number): Promise<RunResult> {
  const simulation = new Simulation({ seed });
  const { random } = simulation;
  const names = Array.from({ length: 3 + random.below(3) }, (_, index) => `SP${10 * (index + 1)}`);
  const world = new World(simulation, names, {
    identifier: random.chance(0.5) ? "counter" : "clock",
    drainMs: DRAIN_MS,
    group: GROUP,
  });
  const topology = new Topology(world, random);
  try {
    await play(world, random, topology);
  } catch (error) {
    world.fail(error);
  }
  return resultOf(seed, world, { changes: topology.changes });
}

async function play(world: World, random: SeededRandom, topology: Topology): Promise<void> {
  const { simulation, members } = world;
  const { network } = simulation;
  network.delay(0.05 + random.float(), random.chance(0.5) ? random.float() : 0);
  for (const member of members) world.start(member);
  await simulation.until(() => world.living().length === members.length, 1_000);
  const calls: Promise<void>[] = [];
  let isOn = true;
  const gapMs = 2 + 20 * random.float();
  const load = () => {
    if (!isOn) return;
    const [caller, target] = topology.pair();
    calls.push(random.chance(0.7) ? topology.call(caller, target) : topology.callGroup(caller));
    simulation.after(2 * gapMs * random.float(), load);
  };
  load();
  for (let change = 0; change < CHANGES; change++) {
    await simulation.run(random.pick([0, 50, 500, 2_000]) * random.float());
    topology.change();
    const [one, other] = topology.pair();
    if (random.chance(0.2)) network.reset(one.host, other.host);
  }
  isOn = false;
  topology.settle();
  await simulation.until(() => topology.unconverged().length === 0, CONVERGED_WITHIN_MS)
    .catch((error) => {
      world.problems.push(`not converged: ${topology.unconverged().join("; ")}`);
      throw error;
    });
  await simulation.settle(Promise.all(calls), 2 * TIMEOUT_MS);
  await simulation.settle(Promise.all(topology.callEverybody()), 2 * TIMEOUT_MS);
  await keysStay(world, topology);
  // A dial that was under way when another one came first is superseded.
  await simulation.until(() => topology.unconverged().length === 0, TIMEOUT_MS);
  for (const type of ["fenced", "duplicate", "peer-restarted"]) {
    if (world.events[type] !== undefined) world.problems.push(`nobody died, and somebody ${type}`);
  }
  // What waited for somebody who was removed is told to its caller; the rest has arrived.
  world.ledger.close(() => true, () => false);
  await world.close(TIMEOUT_MS);
}

/** One member of a group is taken out of one list, and put back: no other member's keys move. */
async function keysStay(world: World, topology: Topology): Promise<void> {
  const { simulation } = world;
  const converged = () =>
    simulation.until(() => topology.unconverged().length === 0, CONVERGED_WITHIN_MS);
  const owners = async (one: Member) =>
    await simulation.settle(Promise.all(KEYS.map((key) => topology.ownerOf(one, key))), TIMEOUT_MS);
  const one = world.members.find((member) => topology.mutual(member).length >= 2);
  if (one === undefined) return;
  await converged();
  const [leaving] = topology.mutual(one) as [Member];
  const before = await owners(one);
  topology.learn(one, leaving, "nothing");
  await converged();
  const without = await owners(one);
  topology.learn(one, leaving, "right");
  await converged();
  const after = await owners(one);
  for (const [index, key] of KEYS.entries()) {
    if (without[index] === leaving.name) {
      world.problems.push(`${key} went to ${leaving.name}, which has left`);
    }
    if (before[index] !== leaving.name && without[index] !== before[index]) {
      world.problems.push(`${key} moved from ${before[index]} when ${leaving.name} left`);
    }
    if (after[index] !== before[index]) {
      world.problems.push(
        `${key} was with ${before[index]}, and is with ${after[index]} after all`,
      );
    }
  }
}

/** Asks the group. */
function groupAsker(endpoint: Endpoint, key: string): Asker {
  return {
    request: (_to, service, payload, options) => {
      const group = endpoint.group(GROUP);
      return group.request(service, payload, { ...options, key }) as Promise<never>;
    },
  };
}

/** Who knows whom. */
class Topology {
  changes = 0;
  readonly #world: World;
  readonly #random: SeededRandom;
  readonly #known = new Map<Member, Map<Member, Knowledge>>();
  /** How often it was changed what one knows of another one. */
  readonly #versions = new Map<string, number>();

  constructor(world: World, random: SeededRandom) {
    this.#world = world;
    this.#random = random;
    for (const one of world.members) {
      const others = world.members.filter((other) => other !== one);
      this.#known.set(one, new Map(others.map((other) => [other, "right"])));
    }
  }

  /** Two members. */
  pair(): [Member, Member] {
    const { members } = this.#world;
    const one = this.#random.pick(members);
    return [one, this.#random.pick(members.filter((other) => other !== one))];
  }

  /** Whom it knows and who knows it. */
  mutual(one: Member): Member[] {
    return [...this.#known.get(one)!.keys()].filter((other) => this.#isMutual(one, other));
  }

  /** Something changes at one member. */
  change(): void {
    this.changes++;
    const [one, other] = this.pair();
    const choices: readonly Knowledge[] = ["right", "right", "nothing", "elsewhere"];
    this.learn(one, other, this.#random.pick(choices));
    // A change is often made at both ends.
    if (this.#random.chance(0.5)) this.learn(other, one, this.#known.get(one)!.get(other)!);
  }

  /** The last lists: nobody is looked for where it is not. */
  settle(): void {
    for (const one of this.#world.members) {
      for (const [other, knowledge] of this.#known.get(one)!) {
        if (knowledge === "elsewhere") this.learn(one, other, "right");
      }
    }
  }

  /** What is not as the lists say. */
  unconverged(): string[] {
    const found: string[] = [];
    for (const one of this.#world.members) {
      for (const other of this.#known.get(one)!.keys()) {
        const isMutual = this.#isMutual(one, other);
        const rows = rowsTo(one, other);
        const isRight = isMutual
          ? rows.length === 1 && rows[0]!.usable &&
            rows[0]!.identifier === rowsTo(other, one)[0]?.identifier
          : rows.length === 0;
        if (!isRight) found.push(`${one.name} has ${rows.length} connections to ${other.name}`);
        const state = one.life!.endpoint!.peers().find(({ peer }) => peer === other.name)?.state;
        if (isMutual && state !== "up") found.push(`${other.name} is ${state} for ${one.name}`);
      }
    }
    return found;
  }

  /** One asks another one, and may be told that it is no peer only where it is none. */
  async call(one: Member, other: Member): Promise<void> {
    const { endpoint, id, process } = one.life!;
    const random = this.#random;
    const version = this.#versionOf(one, other);
    const wasKnown = this.#known.get(one)!.get(other) !== "nothing";
    const before = this.#world.ledger.counts.requests;
    const code = await this.#world.request(endpoint!, id, process, {
      ...PLAIN,
      to: other.name,
      timeoutMs: random.pick([200, 5_000, TIMEOUT_MS]),
      workMs: random.chance(0.2) ? random.below(100) : 0,
      requestBytes: random.chance(0.05) ? random.below(500_000) : random.below(100),
      answerBytes: random.chance(0.05) ? random.below(500_000) : random.below(100),
    });
    const isSame = version === this.#versionOf(one, other);
    if (wasKnown || !isSame) return;
    if (code === "undefined-peer") return;
    this.#world.problems.push(`request ${before + 1}: ${other.name} is no peer of ${one.name}, \
and the call ended as ${code}`);
  }

  /** One asks the group, of which nobody answers who had left before and has not come back. */
  async callGroup(one: Member): Promise<void> {
    const { members } = this.#world;
    const strangers = members.filter((other) => this.#known.get(one)!.get(other) === "nothing");
    const versions = new Map(strangers.map((other) => [other, this.#versionOf(one, other)]));
    const executedBy = await this.#askGroup(one, this.#random.pick(KEYS));
    for (const [other, version] of versions) {
      if (version !== this.#versionOf(one, other) || !executedBy.includes(other)) continue;
      this.#world.problems.push(`${other.name} is no peer of ${one.name}, and was given a call`);
    }
  }

  /** Who gets the calls of that key. */
  async ownerOf(one: Member, key: string): Promise<string> {
    return (await this.#askGroup(one, key)).map(({ name }) => name).join(" and ");
  }

  /** @returns Who executed it. */
  async #askGroup(one: Member, key: string): Promise<Member[]> {
    const { endpoint, id, process } = one.life!;
    const { ledger, members } = this.#world;
    const plan = { ...PLAIN, to: GROUP, timeoutMs: 5_000 };
    const number = ledger.lastId + 1;
    await this.#world.request(groupAsker(endpoint!, key), id, process, plan);
    const lives = ledger.entry(number)!.executedBy;
    return members.filter(({ life }) => life !== null && lives.includes(life.id));
  }

  /** Everybody asks its peers: mutual ones answer. */
  callEverybody(): Promise<void>[] {
    const calls: Promise<void>[] = [];
    for (const one of this.#world.members) {
      for (const other of this.#known.get(one)!.keys()) {
        if (!this.#isMutual(one, other)) continue;
        const { endpoint, id, process } = one.life!;
        const plan = { ...PLAIN, to: other.name, timeoutMs: TIMEOUT_MS };
        calls.push(
          this.#world.request(endpoint!, id, process, plan).then((code) => {
            if (code === "ok") return;
            this.#world.problems.push(`${one.name} cannot ask ${other.name}: ${code}`);
          }),
        );
      }
    }
    return calls;
  }

  #isMutual(one: Member, other: Member): boolean {
    return this.#known.get(one)!.get(other) === "right" &&
      this.#known.get(other)!.get(one) === "right";
  }

  /** From now on one knows that of another one. */
  learn(one: Member, other: Member, knowledge: Knowledge): void {
    const known = this.#known.get(one)!;
    known.set(other, knowledge);
    const key = `${one.name} ${other.name}`;
    this.#versions.set(key, this.#versionOf(one, other) + 1);
    const definitions: PeerDefinition[] = [];
    for (const [{ name, host: { address: hostname } }, what] of known) {
      if (what === "nothing") continue;
      definitions.push({ name, group: GROUP, hostname, port: what === "right" ? PORT : PORT + 1 });
    }
    const { endpoint, process } = one.life!;
    this.#world.simulation.note(one.name, "knows of", other.name, knowledge);
    process.enter(() => endpoint!.setPeers(definitions));
  }

  #versionOf(one: Member, other: Member): number {
    return this.#versions.get(`${one.name} ${other.name}`) ?? 0;
  }
}

function rowsTo({ life }: Member, { name }: Member) {
  return life!.endpoint!.connections().filter(({ peer }) => peer === name);
}
