/**
 * The victim of the half-open flood: an endpoint with a secret that echoes. Runs unchanged on Deno,
 * Bun and Node.
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { Endpoint } from "../../mod.ts";

/** An order to the program, without its number. */
export type StrangersOrder = { do: "memory" } | { do: "close" };

// PORT PEER-PORT SECRET
const [port, peerPort, secret] = process.argv.slice(2) as [string, string, string];

const endpoint = await Endpoint.start({
  name: "SP10",
  listen: { hostname: "127.0.0.1", port: Number(port) },
  peers: [{ name: "SP20", hostname: "127.0.0.1", port: Number(peerPort) }],
  secret,
  handlers: { echo: (payload) => payload },
});
endpoint.on(() => {});

process.stdout.write(`${JSON.stringify({ id: 0, ready: endpoint.bootId })}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...order } = JSON.parse(line) as StrangersOrder & { id: number };
  if (order.do === "close") await endpoint.close({ drainMs: 0 });
  const result = order.do === "memory" ? { rss: process.memoryUsage().rss } : {};
  const text = `${JSON.stringify({ id, ...result })}\n`;
  process.stdout.write(text, () => order.do === "close" && process.exit(0));
}
