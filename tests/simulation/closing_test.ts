// Endpoints that close while something else happens to them.

import { assertEquals, assertLess } from "@std/assert";
import { Endpoint, type EndpointEvent, type EndpointOptions } from "../../mod.ts";
import { type Host, type Process, Simulation } from "../../src/simulator/mod.ts";

const PORT = 11_000;

function start(process: Process, host: Host, others: readonly Host[], port = PORT) {
  const options: EndpointOptions = {
    insecure: true,
    name: host.name,
    listen: { hostname: "0.0.0.0", port },
    advertise: { hostname: host.address },
    peers: others.map(({ name, address }) => ({ name, hostname: address, port: PORT })),
    runtime: process,
  };
  return Endpoint.start(options);
}

Deno.test("close() settles when another process takes the name over while it drains", async () => {
  const simulation = new Simulation({ seed: 4 });
  const [one, two] = ["SP10", "SP20"].map((name) => simulation.host(name)) as [Host, Host];
  const [old, peer] = await simulation.settle(
    Promise.all([start(one.main, one, [two]), start(two.main, two, [one])]),
    1_000,
  );
  old.handle("hang", () => new Promise(() => {}));
  const events: EndpointEvent["type"][] = [];
  old.on(({ type }) => events.push(type));
  await simulation.until(() => peer.connections().some(({ usable }) => usable), 5_000);
  const call = peer.request("SP10", "hang", null, { timeoutMs: 60_000 }).catch(({ code }) => code);
  await simulation.run(100);
  const closing = old.close({ drainMs: 30_000 });
  await simulation.run(100);
  const next = await simulation.settle(start(one.process(), one, [two], PORT + 1), 1_000);
  const startMs = simulation.nowMs;
  await simulation.settle(closing, 60_000);
  assertLess(simulation.nowMs - startMs, 5_000);
  assertEquals(events.slice(-2), ["fenced", "closed"]);
  assertEquals(await simulation.settle(call, 1_000), "peer-restarted");
  assertEquals([one.main.armedTimers, one.main.openListeners], [0, 0]);
  await simulation.settle(Promise.all([next.close(), peer.close()]), 30_000);
});

Deno.test("close() lets what is open finish for as long as it says", async () => {
  const simulation = new Simulation({ seed: 4 });
  const [one, two] = ["SP10", "SP20"].map((name) => simulation.host(name)) as [Host, Host];
  const [target, peer] = await simulation.settle(
    Promise.all([start(one.main, one, [two]), start(two.main, two, [one])]),
    1_000,
  );
  target.handle("hang", () => new Promise(() => {}));
  await simulation.until(() => peer.connections().some(({ usable }) => usable), 5_000);
  const call = peer.request("SP10", "hang", null, { timeoutMs: 60_000 }).catch(({ code }) => code);
  await simulation.run(100);
  const startMs = simulation.nowMs;
  await simulation.settle(target.close({ drainMs: 2_000 }), 30_000);
  assertEquals(Math.round(simulation.nowMs - startMs), 2_000);
  assertEquals(await simulation.settle(call, 1_000), "peer-down");
  await simulation.settle(peer.close(), 30_000);
});
