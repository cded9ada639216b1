/**
 * What the simulator says will come of a scenario. Where a real kernel shows something else, one of
 * the two is wrong.
 *
 * @module
 */

import { Endpoint, type EndpointEvent, RequestError } from "../../mod.ts";
import { type Host, Simulation } from "../../src/simulator/mod.ts";
import type { Scenario } from "./scenarios.ts";

/** What is to be expected. */
export interface Prediction {
  /** From the fault to the end of the connection that it struck; `null`: it goes on. */
  readonly verdictMs: number | null;
  /** The ends of the requests that fail, sorted: code and delivery. */
  readonly failures: readonly string[];
}

const PORT = 11_000;
const PAUSE_MS = 5;
const HOLD_MS = 150;
const DEADLINE_MS = 60_000;
const WARM_UP_MS = 500;
const SETTLE_MS = 15_000;
const KINDS = ["book", "read", "hold", "hold-read"] as const;

/** The two machines, simulated. */
class World {
  readonly simulation = new Simulation({ seed: 1 });
  readonly survivor: Host;
  readonly peer: Host;
  readonly failures = new Set<string>();
  readonly events: EndpointEvent[] = [];
  readonly #options: Scenario["options"];
  readonly #names: Map<Host, string>;

  constructor(options: Scenario["options"]) {
    this.#options = options;
    this.survivor = this.simulation.host("survivor");
    this.peer = this.simulation.host("peer");
    const [survivorName, peerName] = options.peerDecides ? ["SP10", "SP30"] : ["SP30", "SP10"];
    this.#names = new Map([[this.survivor, survivorName], [this.peer, peerName]]);
  }

  /** A process on a host, which asks the other end without pause. */
  start(host: Host, name: string = this.#names.get(host)!): void {
    const other = host === this.survivor ? this.peer : this.survivor;
    const otherName = this.#names.get(other)!;
    Endpoint.start({
      name,
      listen: { hostname: "0.0.0.0", port: PORT },
      advertise: { hostname: host.address },
      peers: [{ name: otherName, hostname: other.address, port: PORT }],
      identifier: this.#options.identifier,
      insecure: true,
      runtime: host.runtime,
    }).then((endpoint) => this.#load(host, endpoint, otherName));
  }

  async rebootPeer(outageMs: number): Promise<void> {
    this.peer.crash();
    await this.simulation.run(outageMs);
    this.peer.restart();
    this.start(this.peer);
  }

  #load(host: Host, endpoint: Endpoint, otherName: string): void {
    if (host === this.survivor) endpoint.on((event) => this.events.push(event));
    for (const kind of KINDS) {
      endpoint.handle(kind, async () => {
        if (kind.startsWith("hold")) await this.#pause(HOLD_MS);
        return 0;
      });
      const ask = async (): Promise<void> => {
        const options = { timeoutMs: DEADLINE_MS, idempotent: kind.endsWith("read") };
        for (;;) {
          await endpoint.request(otherName, kind, 0, options).catch((error: unknown) => {
            if (host !== this.survivor || !(error instanceof RequestError)) return;
            this.failures.add(`${error.code} ${error.delivery}`);
          });
          await this.#pause(PAUSE_MS);
        }
      };
      ask();
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.simulation.after(ms, resolve));
  }
}

type Fault = (world: World, seconds: number) => void | Promise<void>;

const reboot: Fault = (world, seconds) => world.rebootPeer(seconds * 1_000);

const FAULTS: Readonly<Record<string, Fault>> = {
  reboot,
  "reboot-silent"(world, seconds) {
    world.simulation.network.forget(world.survivor, world.peer);
    return world.rebootPeer(seconds * 1_000);
  },
  blackhole: ({ simulation, survivor, peer }) => simulation.network.forget(survivor, peer),
  "one-way sent": ({ simulation, survivor, peer }) =>
    simulation.network.forget(survivor, peer, { oneWay: true }),
  "one-way received": ({ simulation, survivor, peer }) =>
    simulation.network.forget(peer, survivor, { oneWay: true }),
  "one-way survivor-dials"({ simulation: { network }, survivor, peer }) {
    network.blackHole(peer, survivor, { oneWay: true });
    network.forget(survivor, peer);
  },
  "one-way peer-dials"({ simulation: { network }, survivor, peer }) {
    network.blackHole(survivor, peer, { oneWay: true });
    network.forget(survivor, peer);
  },
  async flap({ simulation, survivor, peer }, seconds) {
    simulation.network.cut(survivor, peer);
    await simulation.run(seconds * 1_000);
    simulation.network.heal(survivor, peer);
  },
  freeze: ({ peer }, seconds) => peer.freeze(seconds * 1_000),
  async kill(world) {
    world.peer.kill();
    await world.simulation.run(500);
    world.peer.restart();
    world.start(world.peer);
  },
  arbiter: (world) => world.rebootPeer(500),
  clock(world) {
    world.peer.stepClock(-3_600_000);
    return world.rebootPeer(500);
  },
  "twins newer"(world) {
    world.start(world.simulation.host("twin"), "SP10");
  },
  "twins older"(world) {
    const twin = world.simulation.host("twin");
    twin.stepClock(-3_600_000);
    world.start(twin, "SP10");
  },
};

/** @returns `null` where nothing is predicted: both ends of `both` are new. */
export async function predict({ name, options }: Scenario): Promise<Prediction | null> {
  const [base, detail] = name.split(" ") as [string, string | undefined];
  const fault = FAULTS[name] ?? FAULTS[base];
  if (fault === undefined) return null;
  const world = new World(options);
  const { simulation } = world;
  world.start(world.survivor);
  world.start(world.peer);
  await simulation.run(WARM_UP_MS);
  const before = world.events.findLast((event) => event.type === "connected");
  world.events.length = 0;
  const faultAtMs = simulation.nowMs;
  await fault(world, Number(detail));
  await simulation.run(SETTLE_MS);
  const end = world.events.find((event) =>
    (event.type === "lost" || event.type === "superseded") &&
    event.identifier === before?.identifier
  );
  return {
    verdictMs: end === undefined ? null : end.atMs - faultAtMs,
    failures: [...world.failures].sort(),
  };
}
