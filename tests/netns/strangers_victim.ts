/**
 * The victim of strangers: an endpoint with a secret that echoes and lets in whoever knows it. Runs
 * unchanged on Deno, Bun and Node.
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { Endpoint } from "../../mod.ts";

/** An order to the program, without its number. */
export type VictimOrder =
  /** Answers a `Held`. */
  | { do: "memory" }
  | { do: "close" };

/** What it holds, in bytes. */
export interface Held {
  /** Resident, before a collection. */
  readonly rss: number;
  /** The same after it. */
  readonly rssAfter: number;
  /** Of live objects, after it. */
  readonly live: number;
}

// HOSTNAME PORT SECRET HANDSHAKE-TIMEOUT
const [hostname, port, secret, timeoutMs] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
];

const endpoint = await Endpoint.start({
  name: "SP10",
  listen: { hostname, port: Number(port) },
  secret,
  admit: () => true,
  handlers: { echo: (payload) => payload },
  handshakeTimeoutMs: Number(timeoutMs),
});
endpoint.on(() => {});

async function held(): Promise<Held> {
  const { rss } = process.memoryUsage();
  const host = globalThis as { gc?: () => void; Bun?: { gc(force: boolean): void } };
  for (let turn = 0; turn < 3; turn++) {
    host.Bun?.gc(true);
    host.gc?.();
    // What the collection makes free is given back in a later turn.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { rss: rssAfter, heapUsed, external } = process.memoryUsage();
  return { rss, rssAfter, live: heapUsed + external };
}

process.stdout.write(`${JSON.stringify({ id: 0, ready: endpoint.bootId })}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...order } = JSON.parse(line) as VictimOrder & { id: number };
  if (order.do === "close") await endpoint.close({ drainMs: 0 });
  const result = order.do === "memory" ? await held() : {};
  const text = `${JSON.stringify({ id, ...result })}\n`;
  process.stdout.write(text, () => order.do === "close" && process.exit(0));
}
