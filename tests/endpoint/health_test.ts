// Whether an endpoint is live and ready, and why not.

import { assertEquals, assertThrows } from "@std/assert";
import { ConfigurationError, Endpoint } from "../../mod.ts";
import { Simulation } from "../../src/simulator/mod.ts";

const PORT = 11_000;

Deno.test("health(): starting, ready, a group without members, closing, closed", async () => {
  const simulation = new Simulation({ seed: 6 });
  const [one, two] = [simulation.host("one"), simulation.host("two")];
  const endpoint = await Endpoint.start({
    name: "one",
    listen: { hostname: "0.0.0.0", port: PORT },
    advertise: { hostname: one.address },
    insecure: true,
    redialMinMs: 10,
    runtime: one.runtime,
    peers: [{ group: "stock", hostname: two.address, port: PORT }],
  });
  const groups = ["stock"];
  endpoint.handle(
    "slow",
    () => new Promise<void>((resolve) => one.runtime.clock.setTimer(500, () => resolve())),
  );
  assertEquals(endpoint.health(), {
    live: true,
    ready: false,
    reasons: ["it is starting: ready() has not been called"],
  });
  endpoint.ready();
  assertEquals(endpoint.health(), { live: true, ready: true, reasons: [] });
  assertEquals(endpoint.health({ groups: ["stock", "nobody"] }).reasons, [
    "no member of group 'stock' takes calls",
    "group 'nobody' has no member",
  ]);
  const member = await Endpoint.start({
    group: "stock",
    listen: { hostname: "0.0.0.0", port: PORT },
    advertise: { hostname: two.address },
    insecure: true,
    peers: [{ name: "one", hostname: one.address, port: PORT }],
    runtime: two.runtime,
  });
  await simulation.until(() => endpoint.health({ groups }).ready, 10_000);
  const open = member.request("one", "slow");
  await simulation.run(50);
  const closing = endpoint.close();
  // Not ready from the first moment of the drain on; what is open goes on.
  assertEquals(endpoint.health({ groups }), {
    live: true,
    ready: false,
    reasons: ["it is closing"],
  });
  await simulation.settle(Promise.all([open, closing]), 5_000);
  assertEquals(endpoint.health(), { live: false, ready: false, reasons: ["it is closed"] });
  await simulation.settle(member.close(), 20_000);
});

Deno.test("health(): options that cannot work are told", async () => {
  const simulation = new Simulation({ seed: 7 });
  const { runtime } = simulation.host("one");
  const endpoint = await Endpoint.start({ listen: { port: PORT }, runtime });
  for (const options of [{ groups: "stock" }, { group: [] }, 7]) {
    assertThrows(() => endpoint.health(options as never), ConfigurationError);
  }
  await simulation.settle(endpoint.close(), 20_000);
});
