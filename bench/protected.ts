/**
 * What it costs to protect a link: the same load in clear, under a secret, and in TLS, in turns.
 *
 * @module
 */

import { ROOT } from "../tools/project.ts";
import type { RuntimeName } from "../tools/runtimes.ts";
import type { LoadOptions, Measurement } from "./load.ts";
import { type Bytes, eachTakes, type Fill } from "./memory.ts";
import type { Plan } from "./plan.ts";
import { definition, freePorts } from "./ports.ts";
import type { Process, Processes } from "./process.ts";
import { failures, rateOf } from "./rates.ts";
import { median } from "./statistics.ts";
import { untilOpen } from "./wait.ts";

/** What protects the endpoints of a process. */
export interface ProtectionOptions {
  readonly secret?: string;
  readonly tls?: {
    readonly certificate: string;
    readonly privateKey: string;
    readonly authorities: string;
  };
}

/** One load in three ways: requests or handshakes in a second, or bytes of an idle link. */
export interface ProtectedRow {
  readonly runtime: RuntimeName;
  /** What is measured, in words. */
  readonly what: string;
  readonly plain: number;
  readonly secret: number;
  readonly tls: number;
  /** Of the plain one: the medians of the rounds' own ratios; of memory there is one round. */
  readonly secretRatio: number;
  readonly tlsRatio: number;
  /** The least part that is to be reached under a secret; `null`: none is stated. */
  readonly target: number | null;
  readonly failed: number;
}

const WAYS = ["plain", "secret", "tls"] as const;
type Way = typeof WAYS[number];

/** A server and a client with a link between them. */
interface Ends {
  readonly server: Process;
  readonly client: Process;
  readonly port: number;
}

const LOADS: readonly (readonly [payload: number, inFlight: number, target: number | null])[] = [
  [64, 1, null],
  [64, 64, 0.85],
  [64, 1_024, null],
  [65_536, 16, 0.6],
];

const SECRET = "flsecret1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const HANDSHAKES_AT_A_TIME = 8;
const HANDSHAKES_MAX = 1_000;
const CROWD_AT_A_TIME = 250;

/** The names are those of the certificates that the tests have. */
const [SERVER, CLIENT] = ["SP10", "SP20"] as const;

async function protectionOf(way: Way, name: string): Promise<ProtectionOptions> {
  if (way === "plain") return {};
  if (way === "secret") return { secret: SECRET };
  const read = (file: string) => Deno.readTextFile(`${ROOT}tests/support/certificates/${file}`);
  const [certificate, privateKey, authorities] = await Promise.all([
    read(`${name}.pem`),
    read(`${name}.key.pem`),
    read("one.pem"),
  ]);
  return { tls: { certificate, privateKey, authorities } };
}

/** Measures one runtime. */
export async function measureProtected(
  plan: Plan,
  runtime: RuntimeName,
  processes: Processes,
): Promise<ProtectedRow[]> {
  await using stack = new AsyncDisposableStack();
  const ends = new Map<Way, Ends>();
  for (const way of WAYS) {
    const server = stack.use(await processes.start(runtime));
    const client = stack.use(await processes.start(runtime));
    const [port, clientPort] = freePorts(2) as [number, number];
    const open = async (process: Process, name: string, own: number, peer: [string, number]) =>
      await process.order({
        do: "endpoint",
        name,
        port: own,
        peers: [definition(...peer)],
        protection: await protectionOf(way, name),
      });
    await open(server, SERVER, port, [CLIENT, clientPort]);
    await open(client, CLIENT, clientPort, [SERVER, port]);
    await untilOpen(client, 1);
    ends.set(way, { server, client, port });
  }
  const rows: ProtectedRow[] = [];
  for (const [payload, inFlight, target] of LOADS) {
    const { durationMs, maxCount } = plan;
    const options: LoadOptions = { inFlight, payload, durationMs, maxCount, connections: 1 };
    const found = await inTurns(plan, async (way) => {
      const { client } = ends.get(way)!;
      const one = await client.order<Measurement>({ do: "load", carrier: "links", options });
      return { rate: rateOf(one), failed: failures([one]) };
    });
    rows.push({ runtime, what: `${payload} bytes, ${inFlight} in flight`, ...found, target });
  }
  const handshakes = await inTurns(plan, async (way) => {
    const { client, port } = ends.get(way)!;
    const { count, elapsedMs } = await client.order<{ count: number; elapsedMs: number }>({
      do: "handshakes",
      carrier: "client",
      port,
      options: {
        atATime: HANDSHAKES_AT_A_TIME,
        durationMs: plan.durationMs,
        maxCount: HANDSHAKES_MAX,
      },
    });
    return { rate: count / elapsedMs * 1_000, failed: 0 };
  });
  rows.push({ runtime, what: "clients that connect", ...handshakes, target: null });
  return [...rows, ...await measureIdleLinks(plan, runtime, processes)];
}

/** The memory of an idle link at the accepting end. */
async function measureIdleLinks(
  { protectedIdle }: Plan,
  runtime: RuntimeName,
  processes: Processes,
): Promise<ProtectedRow[]> {
  const found = new Map<Way, Bytes>();
  for (const way of WAYS) {
    // One certificate for all: it is for the host, and the ends are known by their addresses.
    const protection = await protectionOf(way, "host");
    const known = (port: number) => definition(`127.0.0.1:${port}`, port);
    const fill: Fill = async (server, client, count) => {
      const [port, ...others] = freePorts(1 + count) as [number, ...number[]];
      const members = others.map(known);
      const own = known(port);
      await server.order({ do: "endpoint", name: own.name!, port, peers: members, protection });
      while (members.length > 0) {
        const some = members.splice(0, CROWD_AT_A_TIME);
        await client.order({ do: "crowd", members: some, peer: own, protection });
      }
    };
    found.set(way, await eachTakes(runtime, processes, protectedIdle, fill));
  }
  const rowOf = (what: string, bytes: (taken: Bytes) => number): ProtectedRow => {
    const [plain, secret, tls] = WAYS.map((way) => bytes(found.get(way)!)) as [
      number,
      number,
      number,
    ];
    const ratios = { secretRatio: secret / plain, tlsRatio: tls / plain };
    return { runtime, what, plain, secret, tls, ...ratios, target: null, failed: 0 };
  };
  return [
    rowOf("bytes of live objects, idle", ({ liveBytes }) => liveBytes),
    rowOf("resident bytes, idle", ({ rssBytes }) => rssBytes),
  ];
}

/** All three ways in turns, after a warm-up. */
async function inTurns(
  { rounds }: Plan,
  measure: (way: Way) => Promise<{ readonly rate: number; readonly failed: number }>,
): Promise<Omit<ProtectedRow, "runtime" | "what" | "target">> {
  const rates: Record<Way, number[]> = { plain: [], secret: [], tls: [] };
  let failed = 0;
  for (let round = -1; round < rounds; round++) {
    // Nobody is always the first.
    for (const index of WAYS.keys()) {
      const way = WAYS[(index + round + 1) % WAYS.length]!;
      const found = await measure(way);
      failed += found.failed;
      if (round >= 0) rates[way].push(found.rate);
    }
  }
  const ratioOf = (way: Way) => median(rates[way].map((rate, round) => rate / rates.plain[round]!));
  return {
    plain: median(rates.plain),
    secret: median(rates.secret),
    tls: median(rates.tls),
    secretRatio: ratioOf("secret"),
    tlsRatio: ratioOf("tls"),
    failed,
  };
}
