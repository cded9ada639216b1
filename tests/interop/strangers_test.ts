// A flood of sockets that say nothing, or half of something, from one address: honest ends get in,
// from there and from elsewhere, an established link loses nothing, and memory stays bounded.

import { assertEquals, assertLess } from "@std/assert";
import { Client, Endpoint } from "../../mod.ts";
import { OrderedProcess } from "../../tools/ordered_process.ts";
import type { RuntimeName } from "../../tools/runtimes.ts";
import { freePort } from "../support/endpoints.ts";
import type { StrangersOrder } from "./strangers_program.ts";

const RUNTIMES: readonly RuntimeName[] = ["deno", "bun", "node"];
const PROGRAM = `${import.meta.dirname}/strangers_program.ts`;
const SECRET = "flsecret1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const STRANGERS = 10_000;
const HONEST = 40;
/** 4,096 silent sockets of 12 KiB, and what a runtime lets lie that has accepted 10,000. */
const GROWTH_MAX_BYTES = (48 + 144) * 1_048_576;

/** Opens sockets that stay half open, in another thread. */
class Flood implements Disposable {
  opened = 0;
  readonly #worker = new Worker(import.meta.resolve("./strangers_worker.ts"), { type: "module" });

  constructor(port: number) {
    this.#worker.onmessage = ({ data }) => this.opened = data;
    this.#worker.postMessage(port);
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

async function endure(runtime: RuntimeName): Promise<void> {
  const ports = [freePort(), freePort()] as const;
  await using victim = await OrderedProcess.start<StrangersOrder>({
    runtime,
    program: PROGRAM,
    args: [String(ports[0]), String(ports[1]), SECRET],
  });
  await using peer = await Endpoint.start({
    name: "SP20",
    listen: { port: ports[1] },
    secret: SECRET,
    peers: [{ name: "SP10", hostname: "127.0.0.1", port: ports[0] }],
  });
  const lost: string[] = [];
  peer.on(({ type }) => type === "lost" && lost.push(type));
  assertEquals(await peer.request("SP10", "echo", 0, { timeoutMs: 20_000 }), 0);
  const { rss: before } = await victim.order<{ rss: number }>({ do: "memory" });
  using flood = new Flood(ports[0]);
  let gotIn = 0;
  for (let turn = 0; turn < HONEST; turn++) {
    // While it lasts, and after it, when all places are taken.
    while (flood.opened < Math.min(2 * turn * STRANGERS / HONEST, STRANGERS)) {
      await peer.request("SP10", "echo", turn, { timeoutMs: 20_000 });
    }
    const client = await Client.connect({
      hostname: "127.0.0.1",
      port: ports[0],
      secret: SECRET,
      // Where the kernel has no room for another socket, it asks again after 1 and 3 seconds.
      connectTimeoutMs: 20_000,
    });
    gotIn += await client.request<number>("echo", 1, { timeoutMs: 20_000 });
    await client.close();
    assertEquals(await peer.request("SP10", "echo", turn, { timeoutMs: 20_000 }), turn);
  }
  const { rss: after } = await victim.order<{ rss: number }>({ do: "memory" });
  assertEquals(gotIn, HONEST);
  assertEquals(flood.opened, STRANGERS);
  assertEquals(lost, []);
  assertLess(after - before, GROWTH_MAX_BYTES, `${runtime}: ${after - before} bytes more`);
}

for (const runtime of RUNTIMES) {
  Deno.test(`${STRANGERS} half-open sockets from one address at ${runtime}: ${HONEST} of ${HONEST} get in`, () =>
    endure(runtime));
}
