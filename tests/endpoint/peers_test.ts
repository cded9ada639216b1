// What an endpoint tells of its peers, with and without a connection.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Endpoint } from "../../mod.ts";
import { Simulation } from "../../src/simulator/mod.ts";
import { requestError } from "../support/endpoints.ts";

Deno.test("peers(): state, since when, last error, open and waiting calls of each definition", async () => {
  const simulation = new Simulation({ seed: 9 });
  const [one, two] = [simulation.host("SP10"), simulation.host("SP20")];
  const start = (host: typeof one, other: typeof one) =>
    Endpoint.start({
      name: host.name,
      listen: { hostname: "0.0.0.0", port: 11_000 },
      advertise: { hostname: host.address },
      peers: [
        { name: other.name, hostname: other.address, port: 11_000 },
        { hostname: "10.9.9.9", port: 7 },
      ],
      insecure: true,
      runtime: host.runtime,
    });
  const sp10 = await start(one, two);
  const startedMicros = simulation.wallMicros;
  const early = requestError(sp10.request("SP20", "none", 1, { timeoutMs: 3_000 }));
  await sp10.notify("SP20", "none", 1);
  await simulation.run(2_000);
  const [down, nowhere] = sp10.peers();
  const { lastError, sinceMicros, ...rest } = down!;
  assertEquals(rest, {
    peer: "SP20",
    group: null,
    hostname: two.address,
    port: 11_000,
    state: "down",
    bootId: null,
    inFlight: 0,
    waiting: 2,
    creditBytes: null,
  });
  assert(Math.abs(sinceMicros - startedMicros) < 1_000_000, `${sinceMicros}`);
  assertMatch(lastError!, /^nobody listens on 10\.0\.0\.2:11000 \(ECONNREFUSED\)/);
  assertEquals([nowhere!.peer, nowhere!.state], ["10.9.9.9:7", "down"]);
  await simulation.settle(early, 2_000);
  const sp20 = await start(two, one);
  sp20.handle("hang", () => new Promise(() => {}));
  await simulation.until(() => sp10.peers()[0]!.state === "up", 10_000);
  const hanging = requestError(sp10.request("SP20", "hang", 1, { timeoutMs: 60_000 }));
  await simulation.run(100);
  const [up] = sp10.peers();
  assertEquals([up!.bootId, up!.lastError, up!.inFlight, up!.waiting], [sp20.bootId, null, 1, 0]);
  assert(up!.sinceMicros > sinceMicros);
  const closing = sp20.close({ drainMs: 1_000 });
  await simulation.run(500);
  assertEquals(sp10.peers()[0]!.state, "closing");
  await simulation.settle(closing, 5_000);
  await simulation.settle(hanging, 5_000);
  await simulation.until(() => sp10.peers()[0]!.state === "down", 10_000);
  assertEquals(sp10.peers()[0]!.bootId, sp20.bootId);
  await simulation.settle(sp10.close(), 15_000);
});
