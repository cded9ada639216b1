// What is searched for races is what runs elsewhere: endpoints under a secret.

import { assertEquals } from "@std/assert";
import { Client } from "../../mod.ts";
import { Simulation } from "../../src/simulator/mod.ts";
import { PORT, World } from "./world.ts";

Deno.test("a simulated world runs with a secret by default: who knows none is refused", async () => {
  const simulation = new Simulation({ seed: 1 });
  const world = new World(simulation, ["SP10", "SP20"], {});
  for (const member of world.members) world.start(member);
  await simulation.until(() => world.unconverged().length === 0, 10_000);
  const { main: runtime } = simulation.host("stranger");
  const [{ host: { address: hostname } }] = world.members as [typeof world.members[0]];
  const dial = Client.connect({ hostname, port: PORT, runtime })
    .then(() => "let in", ({ code }) => code);
  assertEquals(await simulation.settle(dial, 10_000), "proof-mismatch");
  await world.close(10_000);
});
