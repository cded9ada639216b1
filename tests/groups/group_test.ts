// A group on simulated hosts: who takes calls, what moves, and what becomes of calls that nobody takes.

import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  Client,
  Endpoint,
  type EndpointOptions,
  type PeerDefinition,
  RequestError,
} from "../../mod.ts";
import { type Host, Simulation } from "../../src/simulator/mod.ts";
import { requestError } from "../support/endpoints.ts";

const PORT = 7_000;

/** Orders, and a group that it asks. */
class Cluster {
  readonly simulation = new Simulation({ seed: 5 });
  readonly orders: Host;
  endpoint!: Endpoint;
  /** Who executed what, in order. */
  readonly executed: { readonly by: string; readonly id: number }[] = [];
  #definitions: PeerDefinition[] = [];

  constructor() {
    this.orders = this.simulation.host("orders");
  }

  static async of(count: number): Promise<Cluster> {
    const cluster = new Cluster();
    cluster.endpoint = await Endpoint.start({
      name: "orders",
      listen: { hostname: "0.0.0.0", port: PORT },
      advertise: { hostname: cluster.orders.address },
      // With a group among them, what chooses is there before virtual time begins.
      peers: [{ group: "stock", hostname: "10.9.9.9", port: PORT }],
      insecure: true,
      redialMinMs: 10,
      runtime: cluster.orders.runtime,
    });
    cluster.endpoint.setPeers([]);
    for (let index = 1; index <= count; index++) await cluster.member(`host-${index}`);
    await cluster.up(count);
    return cluster;
  }

  /** A process on a host becomes a member. */
  async member(
    name: string,
    options: Partial<EndpointOptions> = {},
    port = PORT,
  ): Promise<Endpoint> {
    const host = this.simulation.findHost(name) ?? this.simulation.host(name);
    const { runtime } = host;
    const endpoint = await Endpoint.start({
      group: "stock",
      listen: { hostname: "0.0.0.0", port },
      advertise: { hostname: host.address },
      peers: [{ name: "orders", hostname: this.orders.address, port: PORT }],
      insecure: true,
      redialMinMs: 10,
      runtime,
      handlers: {
        reserve: (id: number) =>
          new Promise((resolve) => {
            this.executed.push({ by: name, id });
            runtime.clock.setTimer(10, () => resolve(name));
          }),
      },
      ...options,
    });
    this.forget(endpoint);
    this.#definitions.push({ group: "stock", hostname: host.address, port });
    this.tell();
    return endpoint;
  }

  forget({ name }: Endpoint): void {
    this.#definitions = this.#definitions.filter(({ hostname, port }) =>
      name !== `stock/${hostname}:${port}`
    );
  }

  tell(): void {
    this.endpoint.setPeers(this.#definitions);
  }

  async up(count: number): Promise<void> {
    const isUp = () => this.stock.members().filter(({ state }) => state === "up").length === count;
    await this.simulation.until(isUp, 10_000);
  }

  get stock() {
    return this.endpoint.group("stock");
  }

  /** So many calls, one each millisecond. @returns How they ended: `ok`, or the code. */
  async load(
    count: number,
    options: { readonly idempotent?: boolean; readonly timeoutMs?: number } = {},
    from = 0,
  ): Promise<Record<string, number>> {
    const ends: Promise<unknown>[] = [];
    const next = (id: number) => {
      ends.push(this.stock.request("reserve", id, options).then(() => "ok", codeOf));
      if (id + 1 < from + count) this.simulation.after(1, () => next(id + 1));
    };
    next(from);
    await this.simulation.until(() => ends.length === count, 60_000);
    const counts: Record<string, number> = {};
    for (const end of await this.simulation.settle(Promise.all(ends), 120_000)) {
      counts[String(end)] = (counts[String(end)] ?? 0) + 1;
    }
    return counts;
  }

  shares(): Record<string, number> {
    const shares: Record<string, number> = {};
    for (const { by } of this.executed) shares[by] = (shares[by] ?? 0) + 1;
    return shares;
  }

  ask(service: string, payload: unknown, options = {}): Promise<unknown> {
    return this.simulation.settle(this.stock.request(service, payload, options), 120_000);
  }
}

function codeOf(error: unknown): string {
  return error instanceof RequestError ? error.code : String(error);
}

Deno.test("group: members share the calls, keys stay, and the rows tell of them", async () => {
  const cluster = await Cluster.of(3);
  assertEquals(await cluster.load(900), { ok: 900 });
  const shares = Object.values(cluster.shares());
  assert(Math.max(...shares) < 1.2 * Math.min(...shares), `${shares}`);
  const rows = cluster.stock.members();
  assertEquals(rows.reduce((sum, { calls }) => sum + calls, 0), 900);
  assertEquals(rows.map(({ group, failedCalls }) => [group, failedCalls]), [
    ["stock", 0],
    ["stock", 0],
    ["stock", 0],
  ]);
  assertMatch(rows[0]!.peer, /^stock\/10\.0\.0\.\d+:7000$/);
  const first = await cluster.ask("reserve", 1, { key: "tea" });
  for (let count = 0; count < 10; count++) {
    assertEquals(await cluster.ask("reserve", 1, { key: "tea" }), first);
  }
  await cluster.simulation.settle(cluster.endpoint.close(), 20_000);
});

Deno.test("group: a member that closes in good order costs no call, whatever may move", async () => {
  const cluster = await Cluster.of(2);
  const third = await cluster.member("host-3");
  await cluster.up(3);
  cluster.simulation.after(100, () => {
    cluster.simulation.findHost("host-3")!.main.enter(() => void third.close());
  });
  assertEquals(await cluster.load(600), { ok: 600 });
  assertEquals(cluster.executed.length, 600);
  assertEquals(cluster.stock.members().map(({ state }) => state).sort(), ["down", "up", "up"]);
});

Deno.test("group: deployed anew, start before stop, on another port: no call fails", async () => {
  const cluster = await Cluster.of(0);
  let old = [await cluster.member("host-1"), await cluster.member("host-2")];
  await cluster.up(2);
  const { simulation } = cluster;
  let id = 0;
  for (let round = 1; round <= 3; round++) {
    const names = ["host-1", "host-2"];
    const loading = cluster.load(400, {}, id);
    id += 400;
    const young: Endpoint[] = [];
    for (const [index, name] of names.entries()) {
      young.push(await cluster.member(name, {}, PORT + round));
      await cluster.up(3);
      const leaving = old[index]!;
      cluster.forget(leaving);
      cluster.tell();
      await simulation.run(100);
      simulation.findHost(name)!.main.enter(() => void leaving.close());
      await cluster.up(2);
    }
    assertEquals(await loading, { ok: 400 });
    old = young;
  }
  assertEquals(new Set(cluster.executed.map((entry) => entry.id)).size, cluster.executed.length);
});

Deno.test("group: a machine goes without a word: what may be repeated goes to another member", async () => {
  const cluster = await Cluster.of(3);
  const { simulation } = cluster;
  simulation.after(100, () => simulation.findHost("host-2")!.crash());
  // It is found dead after three seconds; until then it is given calls.
  const ends = await cluster.load(6_000, { idempotent: true, timeoutMs: 10_000 });
  assertEquals(ends, { ok: 6_000 });
  // That it is gone is known: nobody has failed.
  assertEquals(cluster.stock.members().map(({ failedCalls }) => failedCalls), [0, 0, 0]);
  assertEquals(new Set(cluster.executed.map(({ id }) => id)).size, 6_000);
});

Deno.test("group: what may have been executed, and may not be repeated, goes to nobody else", async () => {
  const cluster = await Cluster.of(3);
  const { simulation, stock } = cluster;
  const call = requestError(stock.request("reserve", 1, { timeoutMs: 20_000 }));
  await simulation.until(() => cluster.executed.length === 1, 1_000);
  const host = simulation.findHost(cluster.executed[0]!.by)!;
  host.crash();
  await simulation.run(10_000);
  assertEquals(cluster.executed.length, 1);
  host.restart();
  await cluster.member(host.name);
  const { code, delivery } = await simulation.settle(call, 20_000);
  assertEquals([code, delivery], ["peer-restarted", "maybe-executed"]);
  assertEquals(cluster.executed.length, 1);
});

Deno.test("group: what waits for a member that says it is closing goes to another one", async () => {
  const cluster = await Cluster.of(0);
  const members = [
    await cluster.member("host-1", { maxInFlight: 1 }),
    await cluster.member("host-2", { maxInFlight: 1 }),
  ];
  await cluster.up(2);
  const { simulation, stock } = cluster;
  const calls = Array.from({ length: 100 }, (_, id) => stock.request("reserve", id));
  await simulation.run(5);
  const given = () => stock.members()[0]!.calls;
  const before = given();
  assert(before > 40 && cluster.executed.length < 5, `${before}`);
  simulation.findHost("host-1")!.main.enter(() => void members[0]!.close());
  await simulation.run(20);
  const atDrain = given();
  assertEquals((await simulation.settle(Promise.all(calls), 4_000)).length, 100);
  assertEquals([given(), cluster.executed.length], [atDrain, 100]);
});

Deno.test("group: whoever fails at once does not draw all calls, and is tried again", async () => {
  const cluster = await Cluster.of(2);
  await cluster.member("host-3", {
    handlers: {
      reserve: () => {
        throw new Error("the disk is full");
      },
    },
  });
  await cluster.up(3);
  const { ok = 0, "handler-failed": failed = 0 } = await cluster.load(3_000);
  assertEquals(ok + failed, 3_000);
  assert(failed > 2 && failed < 300, `${failed} of 3,000 failed`);
});

Deno.test("group: a member that is busy for others gets less, as it tells", async () => {
  const cluster = await Cluster.of(2);
  const { simulation } = cluster;
  const ends: (() => void)[] = [];
  const busy = await cluster.member("host-3", {
    handlers: {
      reserve: (id: number) => {
        cluster.executed.push({ by: "host-3", id });
        return "host-3";
      },
      hang: () => new Promise<void>((resolve) => ends.push(resolve)),
    },
  });
  await cluster.up(3);
  const { runtime, address } = simulation.findHost("host-3")!;
  const connecting = Client.connect({ hostname: address, port: PORT, runtime });
  const client = await simulation.settle(connecting, 10_000);
  const hanging = Array.from(
    { length: 40 },
    () => client.request("hang", 0, { timeoutMs: 90_000 }),
  );
  await simulation.until(() => ends.length === 40, 10_000);
  // The first choice is made before it has said so.
  await cluster.load(50);
  const before = cluster.shares()["host-3"] ?? 0;
  assertEquals(await cluster.load(600, {}, 50), { ok: 600 });
  assertEquals((cluster.shares()["host-3"] ?? 0) - before, 0);
  for (const end of ends) end();
  await simulation.settle(Promise.all(hanging), 10_000);
  assertEquals(await cluster.load(600, {}, 650), { ok: 600 });
  const after = (cluster.shares()["host-3"] ?? 0) - before;
  assert(after > 150, `${after} of 600`);
  await simulation.settle(Promise.all([client.close(), busy.close()]), 20_000);
});

Deno.test("group: ten that choose do not all turn to the least busy member at once", async () => {
  const cluster = await Cluster.of(0);
  const { simulation } = cluster;
  const open = { "host-1": 0, "host-2": 0 };
  for (const name of ["host-1", "host-2"] as const) {
    const reserve = () =>
      new Promise<string>((resolve) => {
        open[name]++;
        simulation.findHost(name)!.runtime.clock.setTimer(50, () => {
          open[name]--;
          resolve(name);
        });
      });
    await cluster.member(name, { admit: () => true, handlers: { reserve } });
  }
  await cluster.up(2);
  const peers = cluster.stock.members().map(({ hostname, port }) => ({
    group: "stock",
    hostname,
    port,
  }));
  const callers: Endpoint[] = [];
  for (let index = 0; index < 10; index++) {
    const { name, address: hostname, runtime } = simulation.host(`caller-${index}`);
    const listen = { hostname: "0.0.0.0", port: PORT };
    const more = { insecure: true, redialMinMs: 10, runtime, advertise: { hostname } };
    callers.push(await Endpoint.start({ name, listen, peers, ...more }));
  }
  const isUp = (endpoint: Endpoint) => endpoint.peers().every(({ state }) => state === "up");
  await simulation.until(() => callers.every(isUp), 20_000);
  // Each keeps ten calls open, so there are a hundred.
  let isOn = true;
  let furthest = 0;
  const keep = async (endpoint: Endpoint): Promise<void> => {
    while (isOn) await endpoint.group("stock").request("reserve", 0);
  };
  const loops = callers.flatMap((endpoint) => Array.from({ length: 10 }, () => keep(endpoint)));
  await simulation.run(500);
  for (let look = 0; look < 200; look++) {
    await simulation.run(10);
    furthest = Math.max(furthest, Math.abs(open["host-1"] - open["host-2"]));
  }
  isOn = false;
  await simulation.settle(Promise.all(loops), 10_000);
  assert(furthest < 25, `one had ${furthest} of 100 calls more than the other`);
});

Deno.test("group: what no handler has begun goes on to another member", async () => {
  const cluster = await Cluster.of(1);
  await cluster.member("host-2", { handlers: {} });
  await cluster.up(2);
  assertEquals(await cluster.load(50), { ok: 50 });
  assertEquals(cluster.shares(), { "host-1": 50 });
  const error = await requestError(cluster.ask("nobody has it", 1));
  assertEquals([error.code, error.delivery], ["unknown-service", "not-executed"]);
});

Deno.test("group: without a member a call waits: for one, groupTimeoutMs, its deadline, its signal", async () => {
  const cluster = await Cluster.of(0);
  const { simulation } = cluster;
  const waiting = cluster.stock.request("reserve", 1, { timeoutMs: 30_000 });
  await simulation.run(1_000);
  await cluster.member("host-1");
  assertEquals(await simulation.settle(waiting, 10_000), "host-1");
  simulation.findHost("host-1")!.kill();
  await simulation.run(100);
  const nowMs = simulation.nowMs;
  const alone = await requestError(cluster.ask("reserve", 2, { groupTimeoutMs: 500 }));
  assertEquals([alone.code, alone.delivery, alone.peer], ["peer-down", "not-sent", "stock"]);
  assert(simulation.nowMs - nowMs < 700);
  const late = await requestError(cluster.ask("reserve", 3, { timeoutMs: 300 }));
  assertEquals([late.code, late.delivery], ["timeout", "not-sent"]);
  const controller = new AbortController();
  simulation.after(50, () => controller.abort(new Error("enough")));
  const given = await requestError(cluster.ask("reserve", 4, { signal: controller.signal }));
  assertEquals([given.code, (given.cause as Error).message], ["cancelled", "enough"]);
});

Deno.test("group: notify takes one member, notifyAll all of them", async () => {
  const cluster = await Cluster.of(0);
  const heard: string[] = [];
  for (const name of ["host-1", "host-2", "host-3"]) {
    await cluster.member(name, { handlers: { note: (text: string) => heard.push(name + text) } });
  }
  await cluster.up(3);
  const { simulation, stock } = cluster;
  await simulation.settle(stock.notify("note", "!", { key: "k" }), 1_000);
  await simulation.run(100);
  assertEquals(heard.length, 1);
  const { taken, failed } = await simulation.settle(stock.notifyAll("note", "?"), 1_000);
  await simulation.run(100);
  assertEquals([taken.length, failed.length, heard.length], [3, 0, 4]);
});

Deno.test("group: options that cannot work are told", async () => {
  const cluster = await Cluster.of(0);
  for (const options of [{ key: 7 }, { groupTimeoutMs: -1 }, { whenDown: "fail" }, { kee: "" }]) {
    const end = await cluster.stock.request("reserve", 1, options as never).catch(codeOf);
    assertMatch(String(end), /^ConfigurationError: options\./);
  }
  assertEquals(cluster.stock.members(), []);
});
