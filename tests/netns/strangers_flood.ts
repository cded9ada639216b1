/**
 * Strangers: told how many, it opens sockets that stay half open until the process ends.
 */

import process from "node:process";
import { createInterface } from "node:readline";

/** An order to the program, without its number. */
export type FloodOrder =
  /** Opens so many; answers at once. */
  | { do: "open"; count: number }
  /** Answers `{ opened }`: how many have been begun, and `{ done }`: whether all were opened. */
  | { do: "count" };

/** So many are opened at a time. */
const AT_ONCE = 200;

/** What a stranger may begin with: nothing, a header, half a HELLO. */
const BEGINNINGS = [[], [1, 0, 0, 100], [1, 0, 0, 100, 0x46, 0x52, 0x4c, 0x4b, 0, 1, 1, 7, 7]];

// HOSTNAME PORT
const [hostname, port] = process.argv.slice(2) as [string, string];
const sockets: Deno.TcpConn[] = [];
let wanted = 0;
let opened = 0;
let isDone = false;

async function open(): Promise<void> {
  while (opened < wanted) {
    const turn = opened++;
    try {
      const socket = await Deno.connect({ hostname, port: Number(port) });
      sockets.push(socket);
      const beginning = BEGINNINGS[turn % BEGINNINGS.length]!;
      if (beginning.length > 0) await socket.write(Uint8Array.from(beginning));
    } catch {
      // It was ended while it was opened.
    }
  }
}

process.stdout.write(`${JSON.stringify({ id: 0 })}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...order } = JSON.parse(line) as FloodOrder & { id: number };
  if (order.do === "open") {
    wanted += order.count;
    isDone = false;
    Promise.all(Array.from({ length: AT_ONCE }, open)).then(() => isDone = true);
  }
  process.stdout.write(`${JSON.stringify({ id, opened, done: isDone })}\n`);
}
process.exit(0);
