// A client's session: it outlives connections, and ends like that of a peer.

import { assert, assertEquals } from "@std/assert";
import { Client, Endpoint, type EndpointOptions } from "../../mod.ts";
import { type Host, Simulation } from "../../src/simulator/mod.ts";
import { outcomes } from "../support/simulated_pair.ts";

const PORT = 11_000;

/** One endpoint and whoever comes, on hosts of their own. */
class Desk {
  readonly simulation = new Simulation({ seed: 7 });
  readonly server: Host = this.simulation.host("server");
  readonly client: Host = this.simulation.host("client");
  endpoint: Endpoint = null as unknown as Endpoint;
  /** What was executed, by payload. */
  readonly executed = new Map<unknown, number>();

  static async open(options: Partial<EndpointOptions> = {}): Promise<Desk> {
    const desk = new Desk();
    desk.endpoint = await Endpoint.start({
      name: "SP10",
      listen: { hostname: "0.0.0.0", port: PORT },
      advertise: { hostname: desk.server.address },
      insecure: true,
      runtime: desk.server.runtime,
      ...options,
    });
    desk.endpoint.handle("count", (payload) => {
      desk.executed.set(payload, (desk.executed.get(payload) ?? 0) + 1);
      return payload;
    });
    return desk;
  }

  connect(more: object = {}, host = this.client): Promise<Client> {
    const options = { hostname: this.server.address, port: PORT, redialMinMs: 10, ...more };
    const dialling = Client.connect({ ...options, runtime: host.runtime });
    return this.simulation.settle(dialling, 10_000);
  }

  /** The path breaks: each end hears of it, and both may dial again. */
  async cut(forMs: number): Promise<void> {
    const { network } = this.simulation;
    network.cut(this.server, this.client);
    await this.simulation.run(forMs);
    network.heal(this.server, this.client);
  }

  async close(...clients: Client[]): Promise<void> {
    const ends = clients.map((client) => client.close({ drainMs: 0 }));
    await this.simulation.settle(
      Promise.all([...ends, this.endpoint.close({ drainMs: 500 })]),
      20_000,
    );
  }
}

Deno.test("a client's calls outlive its connections: each is executed once", async () => {
  const desk = await Desk.open();
  const client = await desk.connect();
  const calls: Promise<unknown>[] = [];
  for (let round = 0; round < 20; round++) {
    for (let k = 0; k < 20; k++) {
      calls.push(client.request("count", calls.length, { timeoutMs: 60_000 }));
    }
    await desk.simulation.run(3);
    await desk.cut(4_000);
    await desk.simulation.until(() => client.isConnected, 20_000);
  }
  assertEquals(await outcomes(desk.simulation, calls, 60_000), { ok: 400 });
  assertEquals([...desk.executed.values()].filter((count) => count !== 1), []);
  assertEquals(desk.executed.size, 400);
  await desk.close(client);
});

Deno.test("a client's notifications outlive its connections, in their order", async () => {
  const desk = await Desk.open();
  const seen: unknown[] = [];
  desk.endpoint.handle("note", (payload) => void seen.push(payload));
  const client = await desk.connect();
  for (let round = 0; round < 10; round++) {
    for (let k = 0; k < 10; k++) await client.notify("note", round * 10 + k);
    await desk.simulation.run(2);
    await desk.cut(4_000);
    await desk.simulation.until(() => client.isConnected, 20_000);
  }
  await desk.simulation.settle(client.flush({ timeoutMs: 30_000 }), 30_000);
  assertEquals(seen, Array.from({ length: 100 }, (_, k) => k));
  await desk.close(client);
});

Deno.test("session-lost: the endpoint has given the session up; what may have run is not repeated", async () => {
  const desk = await Desk.open({ resumeWindowMs: 5_000 });
  desk.endpoint.handle("slow", () => new Promise(() => {}));
  const client = await desk.connect({ resumeWindowMs: 600_000 });
  const options = { timeoutMs: 60_000 };
  const once = client.request("slow", 1, options);
  const again = client.request("count", "again", { ...options, idempotent: true });
  desk.simulation.network.cut(desk.server, desk.client, { oneWay: true });
  await desk.simulation.run(50);
  desk.simulation.network.heal(desk.server, desk.client);
  await desk.cut(20_000);
  const ends = await desk.simulation.settle(Promise.allSettled([once, again]), 30_000);
  const [first, second] = ends;
  assert(first!.status === "rejected");
  assertEquals([first.reason.code, first.reason.delivery], ["session-lost", "maybe-executed"]);
  assertEquals(second, { status: "fulfilled", value: "again" });
  assertEquals(await outcomes(desk.simulation, [client.request("count", 3)], 5_000), { ok: 1 });
  await desk.close(client);
});

Deno.test("the endpoint keeps a client's session for its window, and ends its handlers' calls then", async () => {
  const desk = await Desk.open({ resumeWindowMs: 5_000 });
  const { clock } = desk.server.runtime;
  let abortedMs = 0;
  desk.endpoint.handle("wait", (_payload, { signal }) => {
    const startMs = clock.nowMs();
    signal.addEventListener("abort", () => abortedMs = clock.nowMs() - startMs);
    return new Promise(() => {});
  });
  const client = await desk.connect();
  const call = outcomes(
    desk.simulation,
    [client.request("wait", 1, { timeoutMs: 600_000 })],
    60_000,
  );
  await desk.simulation.run(100);
  desk.client.crash();
  await desk.simulation.run(15_000);
  // The connection is found dead after 3 s at the earliest; then its window runs.
  assert(abortedMs >= 7_000 && abortedMs <= 12_000, `${abortedMs} ms`);
  void call.catch(() => {});
  await desk.close();
});

Deno.test("maxClients counts those that are attached; who has gone keeps nobody out", async () => {
  const desk = await Desk.open({ maxClients: 2 });
  const hosts = Array.from({ length: 3 }, (_, k) => desk.simulation.host(`till-${k}`));
  const one = await desk.connect({}, hosts[0]);
  const two = await desk.connect({}, hosts[1]);
  const refused = await desk.connect({}, hosts[2]).then(() => "in", ({ code }) => code);
  assertEquals(refused, "overloaded");
  await desk.simulation.settle(one.close(), 1_000);
  await desk.simulation.run(10);
  const three = await desk.connect({}, hosts[2]);
  hosts[1]!.crash();
  await desk.simulation.run(10_000);
  const again = await desk.connect({}, desk.client);
  assertEquals(await outcomes(desk.simulation, [again.request("count", 1)], 1_000), { ok: 1 });
  void two;
  await desk.close(three, again);
});

Deno.test("what a client says of names fences no endpoint", async () => {
  const desk = await Desk.open();
  const client = await desk.connect({ name: "SP10" });
  const other = await desk.connect({ name: "SP10" }, desk.simulation.host("second"));
  const calls = [client, other].map((one, k) => one.request("count", k));
  assertEquals(await outcomes(desk.simulation, calls, 5_000), { ok: 2 });
  assertEquals(desk.endpoint.fenced, false);
  await desk.close(client, other);
});

Deno.test("what detached clients hold is bounded: the sessions that went away first are given up", async () => {
  const desk = await Desk.open({ answersMaxBytes: 67_108_864 });
  const { simulation } = desk;
  const large = new Uint8Array(16_000_000);
  const { clock } = desk.server.runtime;
  // When it answers, all of them are away.
  const slowly = () =>
    new Promise<typeof large>((done) => clock.setTimer(5_000, () => done(large)));
  desk.endpoint.handle("large", slowly, { codec: "bytes" });
  const hosts = Array.from({ length: 6 }, (_, k) => simulation.host(`till-${k}`));
  const clients: Client[] = [];
  for (const host of hosts) clients.push(await desk.connect({ resumeWindowMs: 600_000 }, host));
  const options = { codec: "bytes", timeoutMs: 600_000 } as const;
  const calls = clients.map((client) =>
    client.request("large", undefined, options).then(() => "ok", ({ code }) => code)
  );
  await simulation.run(50);
  for (const host of hosts) {
    simulation.network.cut(desk.server, host);
    await simulation.run(50);
  }
  await simulation.run(10_000);
  for (const host of hosts) simulation.network.heal(desk.server, host);
  const ends = await simulation.settle(Promise.all(calls), 120_000);
  assertEquals(ends, ["session-lost", "session-lost", "ok", "ok", "ok", "ok"]);
  await desk.close(...clients);
});
