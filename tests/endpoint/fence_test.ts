// Two processes of one name: what a verdict ends.

import { assert, assertEquals } from "@std/assert";
import { Endpoint, type EndpointEvent } from "../../mod.ts";
import { Simulation } from "../../src/simulator/mod.ts";
import { requestError } from "../support/endpoints.ts";

type Host = ReturnType<Simulation["host"]>;

/** SP10 with links to SP20 and SP30, and then another SP10 elsewhere that only SP20 hears of. */
async function takenOver(fence: "process" | "link") {
  const simulation = new Simulation({ seed: 16 });
  const hosts = ["SP10", "SP20", "SP30", "other"].map((name) => simulation.host(name));
  const [one, two, three, other] = hosts as [Host, Host, Host, Host];
  const start = async (name: string, host: Host, peers: readonly Host[]) => {
    const endpoint = await Endpoint.start({
      name,
      listen: { hostname: "0.0.0.0", port: 11_000 },
      advertise: { hostname: host.address },
      peers: peers.map(({ name, address }) => ({ name, hostname: address, port: 11_000 })),
      insecure: true,
      fence,
      runtime: host.runtime,
    });
    endpoint.handle("echo", (payload) => payload);
    return endpoint;
  };
  const sp10 = await start("SP10", one, [two, three]);
  const events: EndpointEvent[] = [];
  sp10.on((event) => events.push(event));
  const [sp20, sp30] = [await start("SP20", two, [one]), await start("SP30", three, [one])];
  await simulation.until(() => sp10.peers().every(({ state }) => state === "up"), 10_000);
  await simulation.run(10);
  const second = await start("SP10", other, [two]);
  const fenced = () => events.filter((event) => event.type === "fenced");
  await simulation.until(() => fenced().length > 0, 10_000);
  await simulation.run(1_000);
  return { simulation, sp10, second, all: [sp10, second, sp20, sp30], fenced };
}

Deno.test('fence "process": one peer\'s verdict ends all links', async () => {
  const { simulation, sp10, all, fenced } = await takenOver("process");
  assertEquals(fenced().map(({ peer }) => peer), [null]);
  assert(sp10.fenced);
  for (const peer of ["SP20", "SP30"]) {
    const error = await simulation.settle(requestError(sp10.request(peer, "echo", 1)), 1_000);
    assertEquals([error.code, error.delivery], ["fenced", "not-sent"]);
  }
  await simulation.settle(Promise.all(all.map((endpoint) => endpoint.close())), 60_000);
});

Deno.test('fence "link": the verdict ends the link to that peer, and the others go on', async () => {
  const { simulation, sp10, second, all, fenced } = await takenOver("link");
  assertEquals(fenced().map(({ peer }) => peer), ["SP20"]);
  assert(!sp10.fenced);
  const error = await simulation.settle(requestError(sp10.request("SP20", "echo", 1)), 1_000);
  assertEquals([error.code, error.delivery], ["fenced", "not-sent"]);
  const states = sp10.peers().map(({ peer, state }) => `${peer} ${state}`);
  assertEquals(states, ["SP20 down", "SP30 up"]);
  assertEquals(
    sp10.peers()[0]!.lastError,
    "fenced: another process has the name 'SP10'",
  );
  assertEquals(await simulation.settle(sp10.request("SP30", "echo", 1), 1_000), 1);
  assertEquals(await simulation.settle(second.request("SP20", "echo", 2), 1_000), 2);
  await simulation.settle(Promise.all(all.map((endpoint) => endpoint.close())), 60_000);
});
