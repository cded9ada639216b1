// flush() tells when the other end has what was taken for it, and what is not known otherwise.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ConfigurationError, Endpoint, RequestError } from "../../mod.ts";
import { Simulation } from "../../src/simulator/mod.ts";
import { SimulatedPair } from "../support/simulated_pair.ts";

/** How a flush ended: `there`, or its code and what is known of the delivery. */
async function ending(pair: SimulatedPair, flush: Promise<void>): Promise<string> {
  const [end] = await pair.simulation.settle(Promise.allSettled([flush]), 60_000);
  if (end!.status === "fulfilled") return "there";
  const error: unknown = end!.reason;
  if (!(error instanceof RequestError)) throw error;
  return `${error.code} ${error.delivery}`;
}

Deno.test("flush: resolves when the other end has all that was taken before", async () => {
  const pair = await SimulatedPair.start();
  const { left, right, simulation } = pair;
  const seen: number[] = [];
  right.handle("note", (payload: { k: number }) => {
    seen.push(payload.k);
  });
  assertEquals(await ending(pair, left.flush("SP20")), "there", "with nothing to tell");
  // More than one connection's log keeps, so that it has to wait.
  const text = "x".repeat(100_000);
  for (let k = 0; k < 100; k++) void left.notify("SP20", "note", { k, text });
  let isThere = false;
  const flush = left.flush("SP20", { timeoutMs: 20_000 }).then(() => isThere = true);
  await Promise.resolve();
  assertEquals([isThere, seen.length], [false, 0]);
  await simulation.settle(flush, 20_000);
  assertEquals(seen, Array.from({ length: 100 }, (_, k) => k));
  await pair.close();
});

Deno.test("flush: without options, with all of them, and with what cannot work", async () => {
  const pair = await SimulatedPair.start();
  const { left, simulation } = pair;
  const { signal } = new AbortController();
  for (const options of [undefined, {}, { timeoutMs: 50 }, { timeoutMs: Infinity }, { signal }]) {
    await simulation.settle(left.flush("SP20", options), 1_000);
  }
  for (const wrong of [500, null, { timeoutMs: "5" }, { timeoutMs: NaN }, { signal: {} }]) {
    const error = await assertRejects(
      () => left.flush("SP20", wrong as never),
      ConfigurationError,
    );
    assertEquals([error.code, error.problems.length], ["invalid-options", 1]);
  }
  const throwing = Object.defineProperty({}, "timeoutMs", {
    enumerable: true,
    get: () => {
      throw new Error("not today");
    },
  });
  const error = await assertRejects(() => left.flush("SP20", throwing), ConfigurationError);
  assertStringIncludes(error.message, "options: they cannot be read: not today");
  const near = await assertRejects(
    () => left.flush("SP20", { whenDown: "fail" } as never),
    ConfigurationError,
  );
  assertStringIncludes(near.message, "options.whenDown: there is no such key");
  assertEquals(await ending(pair, left.flush("nobody")), "undefined-peer not-sent");
  await pair.close();
});

Deno.test("flush: timeout, cancelled, peer-restarted and closed say what is not known", async () => {
  const pair = await SimulatedPair.start();
  const { left, hosts, simulation } = pair;
  simulation.network.cut(...hosts);
  void left.notify("SP20", "note", 1).catch(() => {});
  await simulation.run(50);
  const controller = new AbortController();
  const flushes = [
    left.flush("SP20", { timeoutMs: 300 }),
    left.flush("SP20", { signal: controller.signal }),
    left.flush("SP20", { timeoutMs: Infinity }),
  ].map((flush) => ending(pair, flush));
  controller.abort();
  assertEquals(await flushes[1], "cancelled maybe-executed");
  assertEquals(
    await ending(pair, left.flush("SP20", { signal: controller.signal })),
    "cancelled not-sent",
  );
  assertEquals(await flushes[0], "timeout maybe-executed");
  // Its process is gone with what it was sent, and the next one never has it.
  hosts[1].crash();
  hosts[1].restart();
  simulation.network.heal(...hosts);
  pair.right = await simulation.settle(pair.startEnd(1), 1_000);
  assertEquals(await flushes[2], "peer-restarted maybe-executed");
  await pair.connected();
  simulation.network.cut(...hosts);
  void left.notify("SP20", "note", 2).catch(() => {});
  await simulation.run(50);
  const last = ending(pair, left.flush("SP20", { timeoutMs: 20_000 }));
  await simulation.settle(left.close({ drainMs: 0 }), 1_000);
  assertEquals(await last, "closed maybe-executed");
  assertEquals(await ending(pair, left.flush("SP20")), "closed not-sent");
  simulation.network.heal(...hosts);
  await simulation.settle(pair.right.close({ drainMs: 0 }), 5_000);
});

Deno.test("flush: waits for a peer that is not there yet", async () => {
  const simulation = new Simulation({ seed: 3 });
  const [here, there] = [simulation.host("SP10"), simulation.host("SP20")];
  const start = (own: typeof here, other: typeof here) =>
    Endpoint.start({
      name: own.name,
      listen: { hostname: "0.0.0.0", port: 11_000 },
      advertise: { hostname: own.address },
      peers: [{ name: other.name, hostname: other.address, port: 11_000 }],
      insecure: true,
      runtime: own.runtime,
    });
  const left = await start(here, there);
  const seen: unknown[] = [];
  void left.notify("SP20", "note", "early");
  const flush = left.flush("SP20", { timeoutMs: 20_000 });
  await simulation.run(2_000);
  assertEquals(seen, []);
  const right = await start(there, here);
  right.handle("note", (payload) => {
    seen.push(payload);
  });
  await simulation.settle(flush, 20_000);
  await simulation.until(() => seen.length > 0, 1_000);
  assertEquals(seen, ["early"]);
  await simulation.settle(Promise.all([left.close(), right.close()]), 20_000);
});
