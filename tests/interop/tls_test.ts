// Every ordered pair of the three runtimes over TLS: endpoints and clients, EC and RSA, with the
// peer's name, with `serverName` and with the host; small and large payloads, both ways at once.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { OrderedProcess } from "../../tools/ordered_process.ts";
import { ROOT } from "../../tools/project.ts";
import { RUNTIME_NAMES, type RuntimeName } from "../../tools/runtimes.ts";
import type { Certified, Order, Seen } from "./tls_program.ts";

const PROGRAM = `${ROOT}tests/interop/tls_program.ts`;
const BYTES = 1_048_576;

/** How long one order may take, in milliseconds: beside other tests a runtime gets little time. */
const ORDER_TIMEOUT_MS = 70_000;

/** How the two ends and a client show who they are. */
interface Way {
  readonly name: string;
  readonly left: Certified;
  readonly right: Certified;
  readonly client: Certified;
  /** Names beside the common ones in the certificates of the left and the right end. */
  readonly more: readonly [left: readonly string[], right: readonly string[]];
  /** Whether the client names the endpoint; else the host must be in its certificate. */
  readonly isNamed: boolean;
}

const one = (file: string, serverName?: string): Certified =>
  serverName === undefined ? { file, authority: "one" } : { file, authority: "one", serverName };
const rsa = (file: string): Certified => ({ file: `${file}-rsa`, authority: "rsa" });

const WAYS: readonly Way[] = [
  {
    name: "EC",
    left: one("SP10"),
    right: one("SP20"),
    client: one("desk"),
    more: [[], []],
    isNamed: true,
  },
  {
    name: "RSA",
    left: rsa("SP10"),
    right: rsa("SP20"),
    client: rsa("desk"),
    more: [["spiffe://example.org/SP10"], ["spiffe://example.org/SP20"]],
    isNamed: true,
  },
  {
    name: "EC, serverName",
    left: one("SP10", "SP20"),
    right: one("cluster", "SP10"),
    client: one("desk", "cluster"),
    more: [[], []],
    isNamed: true,
  },
  {
    name: "EC, the host",
    left: one("SP10"),
    right: one("host-SP20"),
    client: one("desk"),
    more: [[], []],
    isNamed: false,
  },
];

const running = new Map<RuntimeName, Promise<OrderedProcess<Order>>>();

/** One process of each runtime serves all pairs. */
function processOf(runtime: RuntimeName): Promise<OrderedProcess<Order>> {
  let found = running.get(runtime);
  if (found === undefined) {
    found = OrderedProcess.start<Order>({ runtime, program: PROGRAM });
    running.set(runtime, found);
  }
  return found;
}

async function exchange(left: RuntimeName, right: RuntimeName, way: Way): Promise<void> {
  const [from, to] = [await processOf(left), await processOf(right)];
  const key = `${left} ${right} ${way.name}`;
  const { port } = await to.order<{ port: number }>({
    do: "start",
    key: `${key} right`,
    name: "SP20",
    tls: way.right,
    // The left one dials; where it listens is not known yet.
    peers: [{ name: "SP10", hostname: "127.0.0.1", port: 1 }],
  });
  await from.order({
    do: "start",
    key: `${key} left`,
    name: "SP10",
    tls: way.left,
    peers: [{ name: "SP20", hostname: "127.0.0.1", port }],
  });
  const [there, back] = await Promise.all([
    from.order<{ seen: Seen }>(
      { do: "ask", key: `${key} left`, peer: "SP20", bytes: BYTES },
      ORDER_TIMEOUT_MS,
    ),
    to.order<{ seen: Seen }>(
      { do: "ask", key: `${key} right`, peer: "SP10", bytes: BYTES },
      ORDER_TIMEOUT_MS,
    ),
  ]);
  const isFingerprinted = true;
  assertEquals(there.seen, {
    name: "SP10",
    role: "peer",
    verifiedNames: ["SP10", ...way.more[0]],
    isFingerprinted,
  });
  assertEquals([back.seen.name, back.seen.role], ["SP20", "peer"]);
  assertEquals(back.seen.verifiedNames.includes("SP20"), true);
  const client = await from.order<{ seen: Seen }>({
    do: "client",
    port,
    ...(way.isNamed ? { to: "SP20" } : {}),
    tls: way.client,
    bytes: BYTES,
  }, ORDER_TIMEOUT_MS);
  const verifiedNames = ["desk"];
  assertEquals(client.seen, { name: "desk", role: "client", verifiedNames, isFingerprinted });
  // Whom another authority has signed gets in nowhere.
  const stranger = from.order({
    do: "client",
    port,
    to: "SP20",
    tls: { file: "SP30", authority: way.right.authority, ...serverNameOf(way.client) },
    bytes: 1,
  });
  await assertRejects(() => stranger, Error, "LinkError");
  if (way === WAYS[0]) await renew(from, `${key} left`);
  await from.order({ do: "close", key: `${key} left` });
  await to.order({ do: "close", key: `${key} right` });
}

/** Another certificate at the end that dials: the link is made again, and each call answered. */
async function renew(from: OrderedProcess<Order>, key: string): Promise<void> {
  const look = async () => {
    const order = { do: "fingerprint", key, peer: "SP20" } as const;
    return (await from.order<{ fingerprint: string }>(order, ORDER_TIMEOUT_MS)).fingerprint;
  };
  const before = await look();
  await from.order({ do: "renew", key, tls: one("SP10-renewed") });
  const untilMs = performance.now() + ORDER_TIMEOUT_MS;
  while (await look() === before) assert(performance.now() < untilMs, "the link is the old one");
}

function serverNameOf({ serverName }: Certified): { serverName?: string } {
  return serverName === undefined ? {} : { serverName };
}

for (const left of RUNTIME_NAMES) {
  for (const right of RUNTIME_NAMES) {
    for (const way of WAYS) {
      Deno.test({
        name: `interop over TLS: ${left} with ${right}, ${way.name}`,
        // The processes are shared; the last test ends them.
        sanitizeOps: false,
        sanitizeResources: false,
        fn: () => exchange(left, right, way),
      });
    }
  }
}

Deno.test({
  name: "interop over TLS: the processes end",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    for (const process of running.values()) await (await process)[Symbol.asyncDispose]();
  },
});
