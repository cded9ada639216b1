/**
 * The victim of the flood tests: an endpoint that is asked and told by anybody, and says how much
 * memory its process takes. Runs unchanged on Deno, Bun and Node.
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { Endpoint } from "../../mod.ts";

/** An order to the program, without its number. */
export type FloodOrder = { do: "memory" } | { do: "close" };

const LARGE_BYTES = 200_000;

// NAME PORT, then the same of its peer.
const [name, port, peer, peerPort] = process.argv.slice(2) as [string, string, string, string];

const endpoint = await Endpoint.start({
  name,
  listen: { port: Number(port) },
  peers: [{ name: peer, hostname: "127.0.0.1", port: Number(peerPort) }],
});
const bytes = { codec: "bytes" } as const;
endpoint.handle("echo", (payload: Uint8Array) => payload, bytes);
endpoint.handle("large", () => new Uint8Array(LARGE_BYTES), bytes);
endpoint.handle("hang", () => new Promise<void>(() => {}), bytes);

async function obey(order: FloodOrder): Promise<unknown> {
  if (order.do === "memory") return { rss: process.memoryUsage().rss };
  await endpoint.close({ drainMs: 0 });
  return {};
}

process.stdout.write(`${JSON.stringify({ id: 0, ready: endpoint.bootId })}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...order } = JSON.parse(line) as FloodOrder & { id: number };
  obey(order as FloodOrder).then((result) => {
    const text = `${JSON.stringify({ id, ...(result as object) })}\n`;
    process.stdout.write(text, () => order.do === "close" && process.exit(0));
  });
}
