// A peer that takes nothing any more, for ten minutes of virtual time under full load: memory stays
// bounded, and what was accepted before is finished afterwards.

import v8 from "node:v8";
import vm from "node:vm";
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { type Endpoint, RequestError } from "../../mod.ts";
import { Simulation } from "../../src/simulator/mod.ts";
import { World } from "./world.ts";

const MINUTE_MS = 60_000;
const PAYLOAD_BYTES = 10_000;
const GAP_MS = 5;

/** Eight minutes' worth of payloads are 960 MB. */
const GROWTH_MAX_BYTES = 4 * 1_048_576;

/** What is held when the garbage is gone, in bytes. */
function heldBytes(): number {
  collectGarbage();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

v8.setFlagsFromString("--expose-gc");
const collectGarbage: () => void = vm.runInNewContext("gc");

async function pair(): Promise<{ world: World; caller: Endpoint; target: Endpoint }> {
  const world = new World(new Simulation({ seed: 5 }), ["SP10", "SP20"], {});
  for (const member of world.members) world.start(member);
  const isUp = () => world.living().length === 2 && world.unconverged().length === 0;
  await world.simulation.until(isUp, 10_000);
  const [caller, target] = world.living().map(({ life }) => life.endpoint);
  return { world, caller: caller!, target: target! };
}

/** Calls every five milliseconds for ten minutes. @returns By how much memory has grown after two. */
async function load(world: World, call: () => void): Promise<number> {
  const { simulation } = world;
  let isOn = true;
  const tick = () => {
    if (!isOn) return;
    call();
    simulation.after(GAP_MS, tick);
  };
  tick();
  await simulation.run(2 * MINUTE_MS);
  const before = heldBytes();
  await simulation.run(8 * MINUTE_MS);
  isOn = false;
  return heldBytes() - before;
}

Deno.test("stall: a peer whose handlers never end; requests and notifications are bounded", async () => {
  const { world, caller, target } = await pair();
  const { simulation } = world;
  const release = Promise.withResolvers<void>();
  const waiting = new Set<() => void>();
  let isReleased = false;
  let begun = 0;
  let arrived = 0;
  target.handle("stuck", (_payload, { signal }) => {
    begun++;
    // It ends when its caller has given up, as a handler should.
    return new Promise((resolve, reject) => {
      const end = () => resolve(new Uint8Array(1));
      if (isReleased) return end();
      waiting.add(end);
      signal.addEventListener("abort", () => {
        waiting.delete(end);
        reject(signal.reason);
      });
    });
  }, { codec: "bytes" });
  target.handle("swallow", async () => {
    arrived++;
    await release.promise;
  }, { codec: "bytes" });
  const codes: Record<string, number> = {};
  const count = (code: string) => codes[code] = (codes[code] ?? 0) + 1;
  const failed = (error: unknown) => {
    assert(error instanceof RequestError);
    count(`${error.code} ${error.delivery}`);
  };
  const payload = new Uint8Array(PAYLOAD_BYTES);
  const before = { ...world.events };
  let turn = 0;
  const growth = await load(world, () => {
    if (++turn % 2 === 0) {
      caller.request("SP20", "stuck", payload, { codec: "bytes", timeoutMs: 5_000 })
        .then(() => count("ok"), failed);
    } else {
      caller.notify("SP20", "swallow", payload, { codec: "bytes" })
        .then(() => count("written"), failed);
    }
  });
  assertLess(growth, GROWTH_MAX_BYTES);
  const events = { ...world.events };
  assertEquals(events, before, "a handler that takes its time is no broken path");
  assertGreater(codes["overloaded not-sent"]!, 40_000);
  assertGreater(begun, 1_000);
  // All that was written arrives once the handlers end.
  isReleased = true;
  release.resolve();
  for (const end of waiting) end();
  await simulation.run(MINUTE_MS);
  assertEquals(arrived, codes.written);
  const last = caller.request<Uint8Array>("SP20", "stuck", payload, { codec: "bytes" });
  assertEquals((await simulation.settle(last, 10_000)).length, 1);
  await world.close(10_000);
  assertEquals(world.problems, []);
});

Deno.test("stall: a peer that is frozen; what cannot be sent fails typed and is not kept", async () => {
  const { world, caller } = await pair();
  const { simulation } = world;
  const codes: Record<string, number> = {};
  world.freeze(world.members[1]!.host, 10 * MINUTE_MS + 1_000);
  const payload = { id: 0, workMs: 0, fails: false, padding: "x".repeat(PAYLOAD_BYTES) };
  const growth = await load(world, () => {
    caller.request("SP20", "none", payload, { timeoutMs: 5_000 }).catch((error) => {
      assert(error instanceof RequestError);
      codes[`${error.code} ${error.delivery}`] = (codes[`${error.code} ${error.delivery}`] ?? 0) +
        1;
    });
  });
  assertLess(growth, GROWTH_MAX_BYTES);
  const total = Object.values(codes).reduce((sum, count) => sum + count, 0);
  assertGreater(total, 10 * MINUTE_MS / GAP_MS - 10_000);
  const known = ["timeout maybe-executed", "timeout not-sent", "overloaded not-sent"];
  assertEquals(Object.keys(codes).filter((code) => !known.includes(code)), []);
  // It thaws, and is reached again.
  const isUp = () => world.unconverged().length === 0;
  await simulation.run(2_000);
  await simulation.until(isUp, 30_000);
  await world.close(10_000);
  assertEquals(world.problems, []);
});
