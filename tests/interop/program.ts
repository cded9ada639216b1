/**
 * One server process for the interop tests: an endpoint that is told what to do by lines of JSON on
 * its standard input, and answers each with a line of JSON. Runs unchanged on Deno, Bun and Node.
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { Endpoint, RequestError } from "../../mod.ts";

/** An order to the program. */
export type Order =
  | { id: number; do: "request"; peer: string; service: string; payload: unknown }
  | { id: number; do: "large"; peer: string; bytes: number }
  | { id: number; do: "cancel"; peer: string }
  | { id: number; do: "notify"; peer: string; count: number }
  | { id: number; do: "hang"; peer: string; idempotent: boolean; timeoutMs: number }
  | { id: number; do: "report" }
  | { id: number; do: "close" };

const [name, port, peerName, peerPort] = process.argv.slice(2) as [string, string, string, string];

const endpoint = await Endpoint.start({
  name,
  listen: { port: Number(port) },
  peers: [{ name: peerName, hostname: "127.0.0.1", port: Number(peerPort) }],
  secret: "interop",
});

let notified = 0;
let cancelled = 0;
let running = 0;
const events: string[] = [];
endpoint.on((event) => events.push(event.type));
endpoint.handle("echo", (payload) => payload);
endpoint.handle("echo-bytes", (payload: Uint8Array) => payload, { codec: "bytes" });
endpoint.handle("count", () => {
  notified++;
});
endpoint.handle("fail", () => {
  throw Object.assign(new Error("no stock"), { details: { left: 0 } });
});
endpoint.handle("wait", (_payload, { signal }) =>
  new Promise((_resolve, reject) => {
    running++;
    signal.addEventListener("abort", () => {
      cancelled++;
      reject(signal.reason);
    });
  }));

function describe(error: unknown): unknown {
  if (!(error instanceof RequestError)) return { error: String(error) };
  const { code, delivery, details, peer } = error;
  return { code, delivery, details, peer };
}

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case "request":
      return { ok: await endpoint.request(order.peer, order.service, order.payload) };
    case "large": {
      const payload = new Uint8Array(order.bytes);
      for (let index = 0; index < payload.length; index++) payload[index] = index * 7;
      const answer = await endpoint.request<Uint8Array>(order.peer, "echo-bytes", payload, {
        codec: "bytes",
        timeoutMs: 20_000,
      });
      return { ok: answer.length === payload.length && answer.every((b, k) => b === payload[k]) };
    }
    case "cancel": {
      const controller = new AbortController();
      const pending = endpoint.request(order.peer, "wait", null, {
        signal: controller.signal,
        timeoutMs: 20_000,
      });
      // The handler is known to run once an echo that was sent after it has come back.
      await endpoint.request(order.peer, "echo", 1);
      controller.abort(new Error("changed my mind"));
      return pending;
    }
    case "notify":
      for (let index = 0; index < order.count; index++) {
        await endpoint.notify(order.peer, "count", index);
      }
      return { ok: true };
    case "hang":
      return endpoint.request(order.peer, "wait", null, {
        idempotent: order.idempotent,
        timeoutMs: order.timeoutMs,
      });
    case "report":
      return { notified, cancelled, running, events, rows: endpoint.connections() };
    case "close":
      await endpoint.close({ drainMs: 1_000 });
      return { ok: true };
  }
}

process.stdout.write(`${JSON.stringify({ id: 0, ready: endpoint.bootId })}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order;
  obey(order).catch(describe).then((result) => {
    process.stdout.write(`${JSON.stringify({ id: order.id, ...(result as object) })}\n`);
    if (order.do === "close") process.stdin.destroy();
  });
}
