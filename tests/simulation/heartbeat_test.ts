// Ends whose heartbeats differ, over a long quiet time: nobody suspects who is well, and who is
// dead is found out.

import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { Endpoint, type EndpointEvent, type EndpointOptions } from "../../mod.ts";
import { Simulation } from "../../src/simulator/mod.ts";

const SLOW: Partial<EndpointOptions> = { heartbeatIntervalMs: 5_000, deadAfterMs: 15_000 };
const PORT = 11_000;

/** Two endpoints on hosts of their own, connected, and what they report from then on. */
async function pair(options: readonly Partial<EndpointOptions>[]) {
  const simulation = new Simulation({ seed: 3 });
  const hosts = ["SP10", "SP20"].map((name) => simulation.host(name));
  const events: EndpointEvent[] = [];
  const starts = hosts.map((host, index) =>
    Endpoint.start({
      insecure: true,
      name: host.name,
      listen: { hostname: "0.0.0.0", port: PORT },
      advertise: { hostname: host.address },
      peers: hosts.filter((other) => other !== host)
        .map(({ name, address }) => ({ name, hostname: address, port: PORT })),
      runtime: host.runtime,
      ...options[index],
    })
  );
  const endpoints = await simulation.settle(Promise.all(starts), 1_000);
  for (const endpoint of endpoints) endpoint.on((event) => events.push(event));
  const isUp = () => endpoints.every((one) => one.connections().some(({ usable }) => usable));
  await simulation.until(isUp, 5_000);
  // A crossing dial may still be on its way out.
  await simulation.run(1_000);
  events.length = 0;
  return { simulation, hosts, endpoints, events };
}

for (
  const [title, options] of [["the arbiter", [{}, SLOW]], ["the follower", [SLOW, {}]]] as const
) {
  Deno.test(`heartbeats of 5 s at ${title} and of 1 s at the other end: ten quiet minutes`, async () => {
    const { simulation, endpoints, events } = await pair(options);
    await simulation.run(600_000);
    assertEquals(events.map(({ type }) => type), []);
    await simulation.settle(Promise.all(endpoints.map((one) => one.close())), 20_000);
  });
}

Deno.test("heartbeats that differ: a host that dies is found out by the slower end's measure", async () => {
  const { simulation, hosts, endpoints, events } = await pair([{}, SLOW]);
  const startMs = simulation.nowMs;
  hosts[1]!.crash();
  await simulation.until(() => events.some(({ type }) => type === "lost"), 30_000);
  assertGreater(simulation.nowMs - startMs, 10_000);
  assertLess(simulation.nowMs - startMs, 15_500);
  await simulation.settle(endpoints[0]!.close(), 20_000);
});
