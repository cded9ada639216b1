// A night on a simulated network, recorded by one endpoint and played again from its dump: the same
// things happen, with another seed.

import { assert, assertEquals } from "@std/assert";
import { Client, DUMP_SERVICE, Endpoint, type FlightDump } from "../../mod.ts";
import { faultsOf, type Host, playFlight, Simulation } from "../../src/simulator/mod.ts";
import { EndpointPair } from "../support/endpoints.ts";

/** What the links went through; the rest depends on chance. */
const STORY: ReadonlySet<unknown> = new Set(["lost", "peer-restarted", "suspect"]);

async function stage(seed: number) {
  const simulation = new Simulation({ seed });
  const hosts = { SP10: simulation.host("SP10"), SP20: simulation.host("SP20") };
  const start = (own: Host, other: Host) =>
    Endpoint.start({
      name: own.name,
      listen: { hostname: "0.0.0.0", port: 11_000 },
      advertise: { hostname: own.address },
      peers: [{ name: other.name, hostname: other.address, port: 11_000 }],
      insecure: true,
      redialMinMs: 10,
      runtime: own.runtime,
    });
  const startRight = () => start(hosts.SP20, hosts.SP10);
  const left = await start(hosts.SP10, hosts.SP20);
  await startRight();
  await simulation.until(() => left.connections().some(({ usable }) => usable), 10_000);
  return { simulation, hosts, left, startRight };
}

const storyOf = ({ events }: FlightDump) =>
  events.filter(({ type }) => STORY.has(type)).map(({ type }) => type);

Deno.test("flight: a night becomes faults, and the faults become the same night", async () => {
  const { simulation, hosts, left, startRight } = await stage(1);
  const { SP10, SP20 } = hosts;
  await simulation.run(5_000);
  SP20.crash();
  await simulation.run(8_000);
  SP20.restart();
  await startRight();
  await simulation.run(5_000);
  simulation.network.forget(SP10, SP20);
  await simulation.run(10_000);
  simulation.network.reset(SP10, SP20);
  await simulation.run(5_000);
  SP20.kill();
  await simulation.run(1_000);
  SP20.restart();
  await startRight();
  await simulation.run(5_000);
  const dump = left.dump();
  assertEquals(
    faultsOf(dump).map(({ kind, peer }) => `${kind} ${peer}`),
    ["crash SP20", "restart SP20", "forget SP20", "reset SP20", "kill SP20", "restart SP20"],
  );
  assertEquals(dump.links["SP20"]!.some(({ text }) => text.includes("attach")), true);

  const again = await stage(99);
  const lastMs = playFlight(again.simulation, dump, again.hosts, () => void again.startRight());
  assert(lastMs > 30_000, `${lastMs}`);
  await again.simulation.run(lastMs + 5_000);
  assertEquals(storyOf(again.left.dump()), storyOf(dump));
});

Deno.test("flight: what is no dump has no faults, and who has no host is left out", () => {
  assertEquals(faultsOf({ name: "SP10", events: [] }), []);
  assertEquals(
    faultsOf({ name: "SP10", events: [{}, { peer: 5 }, { peer: "SP20", type: 7 }] }),
    [],
  );
  const events = [
    { type: "connected", peer: "SP20", atMs: 1_000, newProcess: true },
    { type: "lost", peer: "SP20", atMs: 2_000, reason: "silent" },
  ];
  assertEquals(faultsOf({ name: "SP10", events }), [{ atMs: 1_000, kind: "crash", peer: "SP20" }]);
  const simulation = new Simulation({ seed: 1 });
  const hosts = { SP10: simulation.host("SP10") };
  assertEquals(playFlight(simulation, { name: "SP10", events }, hosts, () => {}), 0);
});

Deno.test("flight: a dump over a link is JSON, with texts of what was thrown", async () => {
  await using pair = await EndpointPair.start();
  const { left: { endpoint: left }, right: { endpoint: right } } = pair;
  left.handle("fail", (what) => {
    throw what === 0 ? Object.create(null) : new Error("no stock");
  });
  await right.notify("SP10", "fail", 0);
  await right.notify("SP10", "fail", 1);
  await pair.left.event("handler-failed", ({ error }) => error instanceof Error);
  const { hostname, port } = left.address;
  await using client = await Client.connect({ hostname, port });
  const dump = await client.request<FlightDump>(DUMP_SERVICE);
  assertEquals([dump.name, dump.version, dump.rows.length], ["SP10", 1, 1]);
  const errors = dump.events.filter(({ type }) => type === "handler-failed")
    .map((event) => (event as { error: unknown }).error);
  assertEquals(errors, ["what was thrown has no text (its type is object)", "no stock"]);
  assert(dump.links["SP20"]!.length >= 3);
});
