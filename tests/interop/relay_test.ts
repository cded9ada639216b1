// Somebody on the path of real sockets, on each runtime: he flips, cuts, repeats, reflects, adds and
// moves bytes, knows no secret, and all he can do is to end connections that heal.

import { assert, assertEquals } from "@std/assert";
import { Endpoint } from "../../mod.ts";
import { encodeRefuse } from "../../src/core/channel/handshake.ts";
import { SeededRandom } from "../../src/simulator/mod.ts";
import { OrderedProcess } from "../../tools/ordered_process.ts";
import type { RuntimeName } from "../../tools/runtimes.ts";
import { concat } from "../support/bytes.ts";
import { freePort } from "../support/endpoints.ts";
import { TappedRelay } from "../support/tapped_relay.ts";
import type { Order } from "./program.ts";

const RUNTIMES: readonly RuntimeName[] = ["deno", "bun", "node"];
const PROGRAM = `${import.meta.dirname}/program.ts`;
const SECRET = "flsecret1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const ATTEMPTS = 25;
const CHANCE = 0.3;

type Change = (bytes: Uint8Array, another: Uint8Array, random: SeededRandom) => Uint8Array;

const ATTACKS: Readonly<Record<string, Change>> = {
  flip(bytes, _, random) {
    bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    return bytes;
  },
  cut: (bytes, _, random) => bytes.subarray(0, random.below(bytes.length)),
  drop: () => new Uint8Array(0),
  replay: (bytes) => concat([bytes, bytes]),
  splice: (bytes, another) => concat([another, bytes]),
  replace: (_, another) => another,
  refuse: (bytes) => concat([encodeRefuse("displaced", "I am you"), bytes]),
};

interface Report {
  readonly booked: number;
  readonly events: readonly string[];
}

async function attack(runtime: RuntimeName): Promise<void> {
  const ports = [freePort(), freePort()] as const;
  await using victim = await OrderedProcess.start<Order>({
    runtime,
    program: PROGRAM,
    args: ["SP20", String(ports[0]), "SP10", String(ports[1])],
  });
  await using relay = new TappedRelay(ports[0]);
  // Nobody dials it: all goes through the relay.
  await using endpoint = await Endpoint.start({
    name: "SP10",
    listen: { port: 0 },
    secret: SECRET,
    deadAfterMs: 300,
    redialMinMs: 5,
    redialMaxMs: 50,
    handshakeTimeoutMs: 1_100,
    peers: [{ name: "SP20", hostname: "127.0.0.1", port: relay.port }],
  });
  const events = new Map<string, number>();
  endpoint.on(({ type }) => events.set(type, (events.get(type) ?? 0) + 1));
  const random = new SeededRandom(1);
  const kept: Uint8Array[] = [new Uint8Array(1)];
  let attempts = 0;
  relay.tap = (bytes) => {
    kept.push(bytes.slice());
    if (attempts >= ATTEMPTS || !random.chance(CHANCE)) return bytes;
    attempts++;
    return random.pick(Object.values(ATTACKS))(bytes, random.pick(kept), random);
  };
  let asked = 0;
  while (attempts < ATTEMPTS) {
    const number = String(asked++);
    assertEquals(await endpoint.request("SP20", "book", number, { timeoutMs: 30_000 }), number);
  }
  assertEquals(await endpoint.request("SP20", "book", "last", { timeoutMs: 30_000 }), "last");
  const { booked, events: theirs } = await victim.order<Report & object>({ do: "report" });
  assertEquals(booked, asked + 1, "each was executed once");
  for (const type of ["fenced", "peer-restarted", "duplicate"]) {
    assert(!events.has(type) && !theirs.includes(type), type);
  }
  assert(relay.connections > 5, "he has ended connections");
}

Deno.test(`somebody on the path of each runtime: ${ATTEMPTS} attempts, nothing is executed twice`, async () => {
  await Promise.all(RUNTIMES.map(attack));
});
