// Calls that wait for a peer, very many of them: what ends them all costs each the same, however
// many there are. Before, 40,000 blocked the loop for 13 s.

import { assert, assertEquals } from "@std/assert";
import { Endpoint, RequestError } from "../../mod.ts";
import { Simulation } from "../../src/simulator/mod.ts";

const FEW = 10_000;
const MANY = 4 * FEW;

/** Linear is 4, with a logarithm 4.6, each call times all the others 16. */
const RATIO_MAX = 9;

const ROUNDS = 2;

/** Calls to a peer that never comes are made, and end as `end` says. @returns How long, in ms. */
async function play(
  count: number,
  options: (index: number) => { timeoutMs?: number; signal?: AbortSignal },
  end: (simulation: Simulation) => Promise<void>,
  code: string,
): Promise<number> {
  const simulation = new Simulation({ seed: 1 });
  const endpoint = await Endpoint.start({
    name: "SP10",
    listen: { port: 11_000 },
    peers: [{ name: "SP20", hostname: "10.9.9.9", port: 11_000 }],
    runtime: simulation.host("SP10").runtime,
    queueMaxBytes: 1 << 30,
  });
  let ended = 0;
  const handleEnd = (error: unknown) => {
    if (error instanceof RequestError && error.code === code) ended++;
  };
  const startMs = performance.now();
  for (let index = 0; index < count; index++) {
    endpoint.request("SP20", "none", index, options(index)).catch(handleEnd);
  }
  await end(simulation);
  const tookMs = performance.now() - startMs;
  assertEquals(ended, count);
  await simulation.settle(endpoint.close({ drainMs: 0 }), 1_000);
  return tookMs;
}

/** The least of some rounds: what else the machine does is no part of it. */
async function assertLinear(round: (count: number) => Promise<number>): Promise<void> {
  const [few, many] = [[] as number[], [] as number[]];
  await round(FEW);
  for (let turn = 0; turn < ROUNDS; turn++) {
    few.push(await round(FEW));
    many.push(await round(MANY));
  }
  const ratio = Math.min(...many) / Math.min(...few);
  assert(ratio < RATIO_MAX, `${MANY} calls took ${ratio.toFixed(1)} times as long as ${FEW}`);
}

Deno.test("queued calls: 40,000 on one AbortSignal take 4 times as long as 10,000", async () => {
  await assertLinear((count) => {
    const controller = new AbortController();
    const end = async (simulation: Simulation) => {
      controller.abort();
      await simulation.run(0);
    };
    return play(count, () => ({ signal: controller.signal }), end, "cancelled");
  });
});

Deno.test("queued calls: 40,000 with a deadline each take 4 to 5 times as long as 10,000", async () => {
  await assertLinear((count) => {
    // Neither rising nor falling, and none twice.
    const options = (index: number) => ({ timeoutMs: 1_000 + (index * 7_919) % 40_009 / 20 });
    return play(count, options, (simulation) => simulation.run(4_000), "timeout");
  });
});
