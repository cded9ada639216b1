// A payload of bytes is not copied (docs/calls.md, "Payloads of bytes"): it is freshlink's until its
// call has settled, and the caller's again from then on. Whatever is written into it then, arrives
// nowhere: neither while parts of it were on their way, nor where it is sent again.

import { assert, assertEquals } from "@std/assert";
import { Endpoint } from "../../mod.ts";
import { Simulation } from "../../src/simulator/mod.ts";
import { SeededRandom } from "../../src/simulator/random.ts";

const OVERWRITTEN = 0xee;

interface Outcome {
  readonly answered: number;
  readonly failed: number;
  readonly received: number;
  readonly wrong: string[];
}

/** Calls of any size, under cuts and cancels, each of whose payloads is overwritten at its end. */
async function play(seed: number, settle: "at the end" | "at once"): Promise<Outcome> {
  const simulation = new Simulation({ seed });
  const random = new SeededRandom(seed);
  const [one, two] = [simulation.host("left"), simulation.host("right")];
  const start = (host: typeof one, other: typeof one) =>
    Endpoint.start({
      name: host.name,
      listen: { hostname: "0.0.0.0", port: 11_000 },
      advertise: { hostname: host.address },
      peers: [{ name: other.name, hostname: other.address, port: 11_000 }],
      insecure: true,
      retainMaxBytes: 131_072,
      codec: "bytes",
      runtime: host.runtime,
    });
  const [left, right] = [await start(one, two), await start(two, one)];
  const wrong: string[] = [];
  let received = 0;
  const handler = (payload: Uint8Array) => {
    received++;
    const [first = 1] = payload;
    if (first === OVERWRITTEN || payload.some((byte) => byte !== first)) {
      wrong.push(`${payload.length} bytes of ${[...new Set(payload)].join(", ")}`);
    }
    return payload.slice(0, 1);
  };
  right.handle("check", handler);
  let answered = 0;
  let failed = 0;
  const calls = Array.from({ length: 60 }, async (_, index) => {
    const size = random.float() < 0.5 ? random.float() * 2_000 : random.float() * 400_000;
    const payload = new Uint8Array(Math.ceil(size)).fill(1 + (index % 200));
    const controller = new AbortController();
    if (random.float() < 0.3) simulation.after(random.float() * 400, () => controller.abort());
    const options = {
      timeoutMs: random.float() < 0.2 ? 100 : 60_000,
      signal: controller.signal,
    };
    const call = random.float() < 0.3
      ? left.notify("right", "check", payload, options)
      : left.request("right", "check", payload, { ...options, idempotent: random.float() < 0.5 });
    if (settle === "at once") payload.fill(OVERWRITTEN);
    await call.then(() => answered++, () => failed++);
    payload.fill(OVERWRITTEN);
  });
  // The path falls silent while parts are on their way; then it breaks, again and again.
  const { network } = simulation;
  simulation.after(random.float() * 4, () => network.cut(one, two));
  simulation.after(350, () => network.heal(one, two));
  for (let cut = 0; cut < 3; cut++) simulation.after(400 + cut * 2, () => network.reset(one, two));
  await simulation.settle(Promise.all(calls), 300_000);
  await simulation.settle(Promise.all([left.close(), right.close()]), 30_000);
  return { answered, failed, received, wrong };
}

Deno.test("payloads of bytes: what is written into one after its call has settled arrives nowhere", async () => {
  let [answered, failed] = [0, 0];
  for (let seed = 1; seed <= 4; seed++) {
    const outcome = await play(seed, "at the end");
    assertEquals(outcome.wrong, [], `seed ${seed}`);
    answered += outcome.answered;
    failed += outcome.failed;
  }
  assert(answered > 50 && failed > 10, `${answered} answered, ${failed} failed`);
});

Deno.test("payloads of bytes: the test above sees a payload that is changed too early", async () => {
  const { wrong } = await play(1, "at once");
  assert(wrong.length > 0);
});
