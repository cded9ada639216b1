// How long a takeover takes, in round trips of the path.

import { assert, assertEquals } from "@std/assert";
import type { EndpointEvent } from "../../mod.ts";
import { SimulatedPair } from "../support/simulated_pair.ts";

const ONE_WAY_MS = 50;

/** Round trips from the hello of SP20's next process to its adoption at SP10. */
async function takeoverTrips(stateFile: string | null): Promise<number> {
  const options = stateFile === null ? {} : { stateFile };
  const pair = await SimulatedPair.start({}, options);
  const { simulation, hosts, left } = pair;
  simulation.network.delay(ONE_WAY_MS);
  const connected: Extract<EndpointEvent, { type: "connected" }>[] = [];
  left.on((event) => {
    if (event.type === "connected") connected.push(event);
  });
  // SP20's machine dies without a word, and its next process dials SP10.
  hosts[1].crash();
  hosts[1].restart();
  pair.right = await pair.startEnd(1, options);
  await pair.connected();
  const first = connected[0]!;
  assert(first.newProcess && first.direction === "inbound");
  await pair.close();
  return (first.atMs - first.helloAtMs) / (2 * ONE_WAY_MS);
}

Deno.test("takeover: a hello, an answer, a probe; with a state file the probe is left out", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, '{"ordinal":1}');
  try {
    const trips = [await takeoverTrips(null), await takeoverTrips(file)];
    assertEquals(trips.map(Math.round), [2, 1], `${trips}`);
  } finally {
    await Deno.remove(file);
  }
});
