// Peers that come, go, move and come back while the endpoint runs.

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  ConfigurationError,
  Endpoint,
  type EndpointEvent,
  type PeerDefinition,
} from "../../mod.ts";
import { type Host, Simulation } from "../../src/simulator/mod.ts";
import { requestError } from "../support/endpoints.ts";

const PORT = 11_000;

function definition(host: Host, port = PORT): PeerDefinition {
  return { name: host.name, hostname: host.address, port };
}

/** Endpoints by the names of their hosts, who know those that they are told. */
class Cluster {
  readonly simulation = new Simulation({ seed: 21 });
  readonly events: EndpointEvent[] = [];
  readonly #secret: string | undefined;

  constructor(secret?: string) {
    this.#secret = secret;
  }

  host(name: string): Host {
    return this.simulation.findHost(name) ?? this.simulation.host(name);
  }

  async start(name: string, ...peers: string[]): Promise<Endpoint> {
    const host = this.host(name);
    const endpoint = await Endpoint.start({
      name,
      listen: { hostname: "0.0.0.0", port: PORT },
      advertise: { hostname: host.address },
      peers: peers.map((peer) => definition(this.host(peer))),
      ...(this.#secret === undefined ? { insecure: true } : { secret: this.#secret }),
      redialMinMs: 10,
      drainMs: 2_000,
      runtime: host.runtime,
      handlers: {
        echo: (value: unknown) => value,
        slow: (value: unknown) =>
          new Promise((resolve) => host.runtime.clock.setTimer(500, () => resolve(value))),
      },
    });
    endpoint.on((event) => this.events.push(event));
    return endpoint;
  }

  async up(...pairs: (readonly [Endpoint, string])[]): Promise<void> {
    const isUp = () => pairs.every(([one, peer]) => usable(one, peer) === 1);
    await this.simulation.until(isUp, 30_000);
  }

  ask(from: Endpoint, to: string, service = "echo"): Promise<unknown> {
    return this.simulation.settle(from.request(to, service, 7, { timeoutMs: 3_000 }), 10_000);
  }

  async close(...endpoints: Endpoint[]): Promise<void> {
    await this.simulation.settle(Promise.all(endpoints.map((one) => one.close())), 30_000);
  }
}

function usable(endpoint: Endpoint, peer: string): number {
  return endpoint.connections().filter((row) => row.peer === peer && row.usable).length;
}

Deno.test("setPeers(): who is new is dialled, who left is drained, ended and not dialled again", async () => {
  const cluster = new Cluster();
  const { simulation } = cluster;
  const a = await cluster.start("A", "B");
  const b = await cluster.start("B", "A");
  const c = await cluster.start("C", "A");
  await cluster.up([a, "B"]);
  assertEquals((await requestError(cluster.ask(a, "C"))).code, "undefined-peer");
  a.setPeers([definition(cluster.host("B")), definition(cluster.host("C"))]);
  await cluster.up([a, "C"], [a, "B"]);
  assertEquals(await cluster.ask(a, "C"), 7);
  // What is open with B goes on in both directions, and nothing new is taken.
  const open = a.request("B", "slow", 1, { timeoutMs: 5_000 });
  const back = b.request("A", "slow", 2, { timeoutMs: 5_000 });
  await simulation.run(50);
  a.setPeers([definition(cluster.host("C"))]);
  assertEquals((await requestError(cluster.ask(a, "B"))).code, "undefined-peer");
  assertEquals(a.peers().map(({ peer }) => peer), ["C"]);
  assertEquals(await simulation.settle(Promise.all([open, back]), 5_000), [1, 2]);
  await simulation.until(() => a.connections().every(({ peer }) => peer !== "B"), 5_000);
  await simulation.run(60_000);
  assertEquals([usable(a, "B"), usable(b, "A")], [0, 0]);
  const changes = cluster.events.filter(({ type }) => type === "peers-changed");
  assertEquals(
    changes.map((event) => event.type === "peers-changed" && [event.added, event.removed]),
    [[["C"], []], [[], ["B"]]],
  );
  await cluster.close(a, b, c);
});

Deno.test("setPeers(): whoever is not known there is asked again, at last once a minute", async () => {
  for (const secret of [undefined, "a secret of all hosts"]) await askStranger(secret);
});

async function askStranger(secret: string | undefined): Promise<void> {
  const cluster = new Cluster(secret);
  const { simulation } = cluster;
  const a = await cluster.start("A", "B");
  const b = await cluster.start("B");
  const refused = () =>
    cluster.events.filter((event) =>
      event.type === "handshake-failed" && event.code === "unknown-peer" && event.peer === "B"
    );
  await simulation.run(600_000);
  const before = refused().length;
  await simulation.run(600_000);
  const times = refused().slice(before).map(({ atMs }) => atMs);
  // Full jitter between nothing and a minute: about 20 in ten minutes.
  assert(times.length >= 10 && times.length <= 40, `${times.length} in ten minutes`);
  b.setPeers([definition(cluster.host("A"))]);
  await cluster.up([a, "B"], [b, "A"]);
  await cluster.close(a, b);
}

Deno.test("setPeers(): the same life comes back: its session goes on, and no call is lost or doubled", async () => {
  const cluster = new Cluster();
  const { simulation } = cluster;
  for (const [one, other] of [["A", "B"], ["B", "A"]] as const) {
    const left = await cluster.start(one, other);
    const right = await cluster.start(other, one);
    await cluster.up([left, other]);
    for (let round = 0; round < 3; round++) {
      for (let count = 0; count < 5; count++) {
        assertEquals(await cluster.ask(left, other), 7);
        assertEquals(await cluster.ask(right, one), 7);
      }
      left.setPeers([]);
      if (round === 0) await simulation.until(() => left.connections().length === 0, 10_000);
      // Gone for longer and longer: still draining, just ended, ended for minutes.
      else await simulation.run(round === 1 ? 0 : 200_000);
      left.setPeers([definition(cluster.host(other))]);
      await cluster.up([left, other], [right, one]);
      await simulation.until(
        () => right.peers()[0]!.state === "up" && left.peers()[0]!.state === "up",
        10_000,
      );
    }
    assertEquals(await cluster.ask(left, other), 7);
    assertEquals(await cluster.ask(right, one), 7);
    const bad = cluster.events.filter(({ type }) =>
      ["protocol-error", "peer-restarted", "fenced", "duplicate"].includes(type)
    );
    assertEquals(bad, []);
    await cluster.close(left, right);
    for (const name of [one, other]) {
      cluster.host(name).kill();
      cluster.host(name).restart();
    }
  }
});

Deno.test("setPeers(): who moved is dialled at the new place while the old connection lives", async () => {
  const cluster = new Cluster();
  const { simulation } = cluster;
  const a = await cluster.start("A", "B");
  const b = await cluster.start("B", "A");
  await cluster.up([a, "B"], [b, "A"]);
  const [before] = a.connections();
  a.setPeers([definition(cluster.host("B"), 12_000)]);
  await simulation.run(3_000);
  assertEquals(a.connections()[0]!.identifier, before!.identifier);
  assertEquals(await cluster.ask(a, "B"), 7);
  const failed = cluster.events.filter(({ type }) => type === "dial-failed");
  assert(failed.length > 0);
  a.setPeers([definition(cluster.host("B"))]);
  await simulation.until(() => a.connections()[0]!.identifier > before!.identifier, 10_000);
  await simulation.run(100);
  assertEquals(usable(b, "A"), 1);
  assertEquals(await cluster.ask(b, "A"), 7);
  await cluster.close(a, b);
});

Deno.test("setPeers(): one process under another name keeps its session", async () => {
  const cluster = new Cluster();
  const { simulation } = cluster;
  const a = await cluster.start("A", "B");
  const b = await cluster.start("B", "A");
  await cluster.up([a, "B"], [b, "A"]);
  for (let count = 0; count < 10; count++) await cluster.ask(b, "A");
  const { address } = cluster.host("B");
  const place = `${address}:${PORT}`;
  for (const name of [place, "B"]) {
    a.setPeers([name === "B" ? definition(cluster.host("B")) : { hostname: address, port: PORT }]);
    await cluster.up([a, name]);
    assertEquals(await cluster.ask(a, name), 7);
    assertEquals(await cluster.ask(b, "A"), 7);
  }
  // Listed by its name, then by its address alone, with nothing in between.
  a.setPeers([]);
  await simulation.run(100);
  a.setPeers([{ hostname: address, port: PORT }]);
  await cluster.up([a, place]);
  assertEquals(await cluster.ask(a, place), 7);
  await simulation.until(() => b.peers()[0]!.state === "up", 10_000);
  assertEquals(await cluster.ask(b, "A"), 7);
  await cluster.close(a, b);
});

Deno.test("setPeers(): a list that cannot be taken changes nothing", async () => {
  const cluster = new Cluster();
  const a = await cluster.start("A", "B");
  const twice = [{ hostname: "h", port: 1 }, { hostname: "h", port: 1, group: "g" }];
  for (const list of [null, [{}], [{ name: "A", hostname: "h", port: 1 }], twice]) {
    assertThrows(() => a.setPeers(list as never), ConfigurationError);
  }
  assertEquals(a.peers().map(({ peer }) => peer), ["B"]);
  await cluster.close(a);
});
