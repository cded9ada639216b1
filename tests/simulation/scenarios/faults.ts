/** What may go wrong in a swarm: each fault happens at once and ends by itself. */

import { Endpoint } from "../../../mod.ts";
import type { Host, SeededRandom } from "../../../src/simulator/mod.ts";
import type { Member, World } from "../world.ts";

/** What a fault gets. */
export interface FaultContext {
  readonly world: World;
  readonly random: SeededRandom;
  /** Names that are being brought back. */
  readonly undo: Set<string>;
}

/** One kind of fault. */
export interface Fault {
  readonly name: string;
  /** How often, compared with the others. */
  readonly weight: number;
  happen(context: FaultContext): void;
}

/** A silent path is left after the verdict at the latest; so it lasts, in milliseconds. */
const MAX_BREAK_MS = 6_000;
const MAX_DOWN_MS = 5_000;

/** All of them. */
export const FAULTS: readonly Fault[] = [
  onPair("cut", 3, (context, one, other) => {
    const { network } = context.world.simulation;
    network.cut(one, other, { oneWay: context.random.chance(0.3) });
    healLater(context, one, other);
  }),
  onPair("forget", 4, ({ world, random }, one, other) => {
    world.simulation.network.forget(one, other, { oneWay: random.chance(0.3) });
  }),
  onPair("reset", 2, ({ world }, one, other) => world.simulation.network.reset(one, other)),
  onPair("clog", 2, ({ world, random }, one, other) => {
    const durationMs = MAX_BREAK_MS * random.float();
    world.simulation.network.clog(one, other, durationMs, { oneWay: random.chance(0.3) });
  }),
  onPair("refuse", 1, (context, one, other) => {
    context.world.simulation.network.refuse(one, other);
    healLater(context, one, other);
  }),
  onPair("black hole", 1, (context, one, other) => {
    context.world.simulation.network.blackHole(one, other);
    healLater(context, one, other);
  }),
  {
    name: "partition",
    weight: 1,
    happen(context) {
      const { world, random } = context;
      const hosts = world.members.map(({ host }) => host);
      const left = hosts.filter(() => random.chance(0.5));
      const right = hosts.filter((host) => !left.includes(host));
      world.simulation.network.partition(left, right);
      for (const one of left) for (const other of right) healLater(context, one, other);
    },
  },
  {
    name: "short writes",
    weight: 1,
    happen({ world: { simulation }, random }) {
      simulation.network.shortWrites(random.float());
      simulation.network.splitChunks(random.float());
    },
  },
  onMember("crash", 3, (context, member) => {
    member.host.crash();
    context.world.gone(member);
    comeBack(context, member);
  }),
  onMember("kill", 2, (context, member) => {
    member.host.kill();
    context.world.gone(member);
    comeBack(context, member);
  }),
  onMember("crash, and back at once", 2, (context, member) => {
    member.host.crash();
    context.world.gone(member);
    member.host.restart();
    context.world.start(member);
  }),
  onMember("close", 1, (context, member) => {
    const { life } = member;
    if (life?.endpoint === null || life === null || life.isOver) return;
    const { endpoint, process } = life;
    life.isOver = true;
    process.enter(() => {
      endpoint.close({ drainMs: context.random.pick([0, 100, 2_000]) })
        .then(() => {
          // In between it may have crashed.
          if (member.life !== life) return;
          member.host.kill();
          context.world.gone(member);
          comeBack(context, member);
        }, (error) => context.world.fail(error));
    });
  }),
  onMember("freeze", 2, ({ world, random }, { host }) => {
    world.freeze(host, MAX_BREAK_MS * random.float());
  }),
  onMember("clock", 1, ({ random }, { host }) => {
    host.stepClock((random.float() - 0.5) * 7_200_000);
  }),
  onMember("a second process with the name", 1, ({ world, random }, member) => {
    if (!member.host.isUp) return;
    const process = member.host.process();
    const port = 12_000 + random.below(1_000);
    if (member.host.portOwner(port, "network") !== undefined) return;
    const life = world.start(member, process, port);
    world.simulation.after(2_000 + 3_000 * random.float(), () => {
      if (member.host.main === process) return;
      life.isOver = true;
      member.host.endProcess(process);
    });
  }),
  {
    name: "a stranger with the wrong secret",
    weight: 1,
    happen({ world, random }) {
      const { simulation } = world;
      const target = random.pick(world.members);
      const host = simulation.findHost("stranger") ?? simulation.host("stranger");
      const process = host.process();
      const name = random.pick(world.members).name;
      process.enter(() => {
        Endpoint.start({
          name,
          listen: { hostname: "0.0.0.0", port: 0 },
          advertise: { hostname: host.address, port: 1 },
          secret: "a guess that is certainly wrong",
          consoleNotices: false,
          peers: [{ name: target.name, hostname: target.host.address, port: 11_000 }],
          runtime: process,
        }).catch(() => {
          // It has the name of its target, and may not even start.
        });
      });
      simulation.after(1_000, () => host.endProcess(process));
    },
  },
];

function onPair(
  name: string,
  weight: number,
  happen: (context: FaultContext, one: Host, other: Host) => void,
): Fault {
  return {
    name,
    weight,
    happen(context) {
      const { world, random } = context;
      const hosts = [...world.simulation.hosts];
      const one = random.pick(hosts);
      const other = random.pick(hosts);
      if (one !== other) happen(context, one, other);
    },
  };
}

function onMember(
  name: string,
  weight: number,
  happen: (context: FaultContext, member: Member) => void,
): Fault {
  return {
    name,
    weight,
    happen(context) {
      const member = context.random.pick(context.world.members);
      // Whoever is down is coming back already.
      if (!context.undo.has(member.name)) happen(context, member);
    },
  };
}

function healLater({ world, random }: FaultContext, one: Host, other: Host): void {
  const { simulation } = world;
  simulation.after(MAX_BREAK_MS * random.float(), () => simulation.network.heal(one, other));
}

function comeBack({ world, random, undo }: FaultContext, member: Member): void {
  undo.add(member.name);
  // Now and then with a clock that is behind: its ordinal is lower than the old one's.
  if (random.chance(0.2)) member.host.stepClock(-3_600_000);
  world.simulation.after(MAX_DOWN_MS * random.float(), () => {
    undo.delete(member.name);
    member.host.restart();
    world.start(member);
  });
}
