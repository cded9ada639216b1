// A flood of sockets that say nothing, or half of something, from one address: honest peers and
// clients get in, from there and from elsewhere, an established link loses nothing, and what all
// that takes is bounded and given back.

import { assert, assertEquals, assertLess } from "@std/assert";
import { checkRequirements, RequirementError } from "../../tools/crashlab/command.ts";
import { Network } from "../../tools/crashlab/network.ts";
import { OrderedProcess } from "../../tools/ordered_process.ts";
import { RUNTIME_NAMES, type RuntimeName } from "../../tools/runtimes.ts";
import { freePort } from "../support/endpoints.ts";
import type { FloodOrder } from "./strangers_flood.ts";
import type { Came, HonestOrder } from "./strangers_honest.ts";
import type { Held, VictimOrder } from "./strangers_victim.ts";

const FOLDER = import.meta.dirname!;
const SECRET = "flsecret1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const STRANGERS = 10_000;
const HONEST = 40;
const MIB = 1_048_576;
const ORDER_TIMEOUT_MS = 60_000;

/** The promise: what one silent socket takes, and how many of one address are kept. */
const SILENT_MAX_BYTES = 12 * 1_024;
const SILENT_PER_ADDRESS = 4_096;

/**
 * By how much the resident memory grows: 4,096 sockets that are kept, and what a runtime lets lie of
 * the 6,000 that have made room. Seen: Deno 140 MiB (40 of them where nothing but `Deno.listen`
 * accepts as many), Bun 46, Node 89.
 */
const GROWTH_MAX_BYTES: Readonly<Record<RuntimeName, number>> = {
  deno: 160 * MIB,
  bun: 64 * MIB,
  node: 112 * MIB,
};

/** How much more may live when all strangers have gone: code that has been compiled, caches. */
const LEFT_MAX_BYTES = 8 * MIB;

const GC: Readonly<Record<RuntimeName, string[]>> = {
  deno: ["--v8-flags=--expose-gc"],
  bun: [],
  node: ["--expose-gc"],
};

/** The young generation stays small: it holds no sockets, but nothing else can be told apart. */
const SMALL: Readonly<Record<RuntimeName, string[]>> = {
  deno: ["--v8-flags=--expose-gc,--max-semi-space-size=1"],
  bun: [],
  node: ["--expose-gc", "--max-semi-space-size=1"],
};

/** Why there are no other addresses here; `null` where there are. */
const missing = await checkRequirements().then(() => null, (error: unknown) => {
  if (error instanceof RequirementError) return error.message;
  throw error;
});
const where = missing === null ? "" : ` (all on loopback: ${missing})`;

/** Where the programs run. */
interface Places {
  readonly address: string;
  readonly port: number;
  readonly victim: string[];
  readonly strangers: string[];
  readonly elsewhere: string[];
}

async function placesOf(stack: AsyncDisposableStack): Promise<Places> {
  const port = freePort();
  if (missing !== null) {
    return { address: "127.0.0.1", port, victim: [], strangers: [], elsewhere: [] };
  }
  const network = stack.use(await Network.make("strangers"));
  const [victim, strangers, elsewhere] = [
    await network.addHost(1),
    await network.addHost(2),
    await network.addHost(3),
  ];
  return {
    address: victim.address,
    port,
    victim: network.startedBy(victim),
    strangers: network.startedBy(strangers),
    elsewhere: network.startedBy(elsewhere),
  };
}

function startVictim(
  runtime: RuntimeName,
  { address, port, victim }: Places,
  flags: readonly string[],
  timeoutMs = 5_000,
): Promise<OrderedProcess<VictimOrder>> {
  return OrderedProcess.start({
    runtime,
    program: `${FOLDER}/strangers_victim.ts`,
    args: [address, String(port), SECRET, String(timeoutMs)],
    flags,
    startedBy: victim,
  });
}

function startFlood({ address, port, strangers }: Places): Promise<OrderedProcess<FloodOrder>> {
  return OrderedProcess.start({
    runtime: "deno",
    program: `${FOLDER}/strangers_flood.ts`,
    args: [address, String(port)],
    startedBy: strangers,
  });
}

function startHonest(
  { address, port }: Places,
  name: string,
  startedBy: readonly string[],
): Promise<OrderedProcess<HonestOrder>> {
  return OrderedProcess.start({
    runtime: "deno",
    program: `${FOLDER}/strangers_honest.ts`,
    args: [address, String(port), SECRET, name],
    startedBy,
  });
}

/** Waits until so many have been begun, and where that is asked for until they are open. */
async function until(
  flood: OrderedProcess<FloodOrder>,
  begun: number,
  wantsDone = false,
): Promise<void> {
  for (;;) {
    const { opened, done } = await flood.order<{ opened: number; done: boolean }>({ do: "count" });
    if (opened >= begun && (done || !wantsDone)) return;
  }
}

async function endure(runtime: RuntimeName): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const places = await placesOf(stack);
  const victim = stack.use(await startVictim(runtime, places, GC[runtime]));
  const held = () => victim.order<Held>({ do: "memory" }, ORDER_TIMEOUT_MS);
  const honest = await Promise.all([
    startHonest(places, "beside", places.strangers),
    startHonest(places, "elsewhere", places.elsewhere),
  ]);
  for (const one of honest) stack.use(one);
  const before = await held();
  const flood = await startFlood(places);
  stack.use(flood);
  await flood.order({ do: "open", count: STRANGERS });
  const came: Came[] = [];
  for (let turn = 0; turn < HONEST; turn++) {
    // While it lasts, and after it, when all places are taken.
    await until(flood, Math.min(2 * turn * STRANGERS / HONEST, STRANGERS));
    const come = { do: "come", turn } as const;
    came.push(
      ...await Promise.all(honest.map((one) => one.order<Came>(come, ORDER_TIMEOUT_MS))),
    );
  }
  const during = await held();
  const gotIn = (what: "client" | "peer" | "link") => came.filter((one) => one[what]).length;
  assertEquals([gotIn("client"), gotIn("peer"), gotIn("link")], Array(3).fill(2 * HONEST));
  assertEquals(came.map(({ lost }) => lost), came.map(() => 0));
  await until(flood, STRANGERS, true);
  const grown = during.rss - before.rss;
  assertLess(grown, GROWTH_MAX_BYTES[runtime], `${runtime}: ${grown} bytes more`);
  const live = during.live - before.live;
  assertLess(live, SILENT_PER_ADDRESS * SILENT_MAX_BYTES, `${runtime}: ${live} bytes live`);
  await flood[Symbol.asyncDispose]();
  let left = Infinity;
  for (let look = 0; look < HONEST && left > LEFT_MAX_BYTES; look++) {
    left = (await held()).live - before.live;
  }
  assertLess(left, LEFT_MAX_BYTES, `${runtime}: ${left} bytes are left`);
}

/** What one of many sockets takes, of resident memory. */
async function silentBytes(runtime: RuntimeName): Promise<number> {
  const none = { victim: [], strangers: [], elsewhere: [] };
  const places: Places = { address: "127.0.0.1", port: freePort(), ...none };
  await using victim = await startVictim(runtime, places, SMALL[runtime], ORDER_TIMEOUT_MS);
  await using flood = await startFlood(places);
  const held = async (count: number) => {
    await flood.order({ do: "open", count });
    await until(flood, 0, true);
    return (await victim.order<Held>({ do: "memory" })).rssAfter;
  };
  // The first ones bring what all share.
  const few = await held(500);
  return (await held(3_000) - few) / 3_000;
}

for (const runtime of RUNTIME_NAMES) {
  const title =
    `${STRANGERS} half-open sockets from one address at ${runtime}: ${HONEST} of ${HONEST} get in`;
  Deno.test(`${title}, there and elsewhere${where}`, () => endure(runtime));

  Deno.test(`a socket before its proof takes at most 12 KiB at ${runtime}`, async () => {
    const bytes = await silentBytes(runtime);
    assert(bytes < SILENT_MAX_BYTES, `${runtime}: ${bytes} bytes each`);
  });
}
