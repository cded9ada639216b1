// Floods over real sockets, by a client that knows how to shake hands and breaks every rule after:
// the victim's memory stays bounded, and a healthy peer beside it loses nothing.

import { assert, assertEquals, assertLess } from "@std/assert";
import { Client, Endpoint } from "../../mod.ts";
import { FrameKind } from "../../src/core/wire/frame.ts";
import { detectRuntime } from "../../src/runtime/detect.ts";
import { SeededRandom } from "../../src/simulator/mod.ts";
import { OrderedProcess } from "../../tools/ordered_process.ts";
import type { RuntimeName } from "../../tools/runtimes.ts";
import { frame, u32, u64 } from "../simulation/hostile/frames.ts";
import type { Habit } from "../simulation/hostile/habits.ts";
import { hostileRuntime } from "../simulation/hostile/runtime.ts";
import { freePort } from "../support/endpoints.ts";
import type { FloodOrder } from "./flood_program.ts";

const RUNTIMES: readonly RuntimeName[] = ["deno", "bun", "node"];
const PROGRAM = `${import.meta.dirname}/flood_program.ts`;

/** How long each flood lasts, in milliseconds. */
const FLOOD_MS = 3_000;

/** By how much the victim may grow: what one client may make it hold, and the runtime's own. */
const GROWTH_MAX_BYTES = 64 * 1_048_576;

const ECHO_BYTES = 1_000;

/** A service by its name, without a number: codec bytes, no flags. */
function named(service: string): number[] {
  const name = [...new TextEncoder().encode(service)];
  return [0x80, 0x00, 0x01, 0x00, name.length, ...name];
}

function request(slot: number, generation: number, service: string): Uint8Array {
  return frame(
    FrameKind.REQUEST,
    ...u32(slot),
    ...u32(generation),
    ...u32(60_000),
    ...named(service),
  );
}

/** Makes a flood: each time so many of what comes next. */
function flood(
  name: string,
  count: number,
  next: (turn: number) => Uint8Array,
  more: Partial<Habit> = {},
): () => Habit {
  return () => {
    let turn = 0;
    return { name, add: () => Array.from({ length: count }, () => next(turn++)), ...more };
  };
}

const FLOODS: readonly (() => Habit)[] = [
  flood("pings", 500, (turn) => frame(FrameKind.PING, ...u64(turn)), { isDeaf: true }),
  flood("answers that nobody reads, on one place", 50, (turn) => request(0, turn + 1, "large"), {
    isDeaf: true,
  }),
  flood(
    "pieces of nothing, and of one byte",
    1_000,
    (turn) => frame(FrameKind.DATA, 0, ...u32(1), ...u32(1), ...(turn % 2 === 0 ? [] : [7])),
  ),
  flood(
    "empty notifications to a handler that hangs",
    1_000,
    () => frame(FrameKind.NOTIFY, ...named("hang")),
  ),
  flood(
    "unknown services",
    500,
    (turn) => request(turn % 64, 1 + Math.floor(turn / 64), `s${turn}`),
  ),
];

/** Asks one after the other until it is told to stop. */
class Healthy {
  asked = 0;
  wrong: string[] = [];
  #isOn = true;
  readonly #done: Promise<void>;

  constructor(endpoint: Endpoint) {
    this.#done = this.#loop(endpoint);
  }

  async stop(): Promise<void> {
    this.#isOn = false;
    await this.#done;
  }

  async #loop(endpoint: Endpoint): Promise<void> {
    const payload = new Uint8Array(ECHO_BYTES).fill(3);
    while (this.#isOn) {
      this.asked++;
      try {
        const answer = await endpoint.request<Uint8Array>("SP10", "echo", payload, {
          codec: "bytes",
          timeoutMs: 20_000,
        });
        if (answer.length !== ECHO_BYTES || answer[0] !== 3) this.wrong.push("another answer");
      } catch (error) {
        this.wrong.push(String(error));
      }
    }
  }
}

async function endure(runtime: RuntimeName, habit: Habit): Promise<void> {
  const ports = [freePort(), freePort()] as const;
  await using victim = await OrderedProcess.start<FloodOrder>({
    runtime,
    program: PROGRAM,
    args: ["SP10", String(ports[0]), "SP20", String(ports[1])],
  });
  await using peer = await Endpoint.start({
    name: "SP20",
    listen: { port: ports[1] },
    peers: [{ name: "SP10", hostname: "127.0.0.1", port: ports[0] }],
  });
  const healthy = new Healthy(peer);
  const memory = async () => (await victim.order<{ rss: number }>({ do: "memory" })).rss;
  const untilWarm = performance.now() + 1_000;
  while (performance.now() < untilWarm) await memory();
  const before = await memory();
  const own = hostileRuntime(await detectRuntime(), [habit], new SeededRandom(1));
  const dial = () =>
    Client.connect({ hostname: "127.0.0.1", port: ports[0], runtime: own }).catch(() => null);
  let client = await dial();
  let connected = client === null ? 0 : 1;
  let most = 0;
  const untilMs = performance.now() + FLOOD_MS;
  while (performance.now() < untilMs) {
    most = Math.max(most, await memory());
    // Thrown out, it comes again.
    if (client === null || !client.isConnected) {
      await client?.close();
      client = await dial();
      if (client !== null) connected++;
    }
  }
  await client?.close();
  await healthy.stop();
  assert(connected > 0, "nobody flooded anything");
  assertEquals(healthy.wrong, []);
  assert(healthy.asked > 5, `the healthy peer asked ${healthy.asked} times only`);
  const grownMiB = Math.round((most - before) / 1_048_576);
  console.log(`  ${habit.name} on ${runtime}: ${grownMiB} MiB more, ${connected} connections, \
${healthy.asked} answers beside`);
  assertLess(most - before, GROWTH_MAX_BYTES, `${habit.name} on ${runtime}: ${grownMiB} MiB`);
  await victim.order({ do: "close" });
}

for (const runtime of RUNTIMES) {
  for (const make of FLOODS) {
    const habit = make();
    Deno.test(`flood on ${runtime}: ${habit.name}`, () => endure(runtime, habit));
  }
}
