/**
 * One server process for the interop tests: an endpoint that is told what to do by lines of JSON on
 * its standard input, and answers each with a line of JSON. Runs unchanged on Deno, Bun and Node.
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { Endpoint, type PeerDefinition, RequestError } from "../../mod.ts";

/** An order to the program, without its number. */
export type Order =
  | { do: "request"; peer: string; service: string; payload: unknown }
  | { do: "large"; peer: string; bytes: number }
  /** Streams so many bytes to the peer, which streams them back. */
  | { do: "stream"; peer: string; bytes: number }
  | { do: "cancel"; peer: string }
  | { do: "notify"; peer: string; count: number }
  | { do: "hang"; peer: string; idempotent: boolean; timeoutMs: number }
  /** Asks all peers in turn, so many requests at a time, until `stop`. */
  | { do: "load"; inFlight: number }
  /** Ends the load; answers what became of it. */
  | { do: "stop" }
  | { do: "report" }
  | { do: "close" };

/** What became of a load. */
export interface LoadReport {
  readonly sent: number;
  readonly ok: number;
  /** Codes of the requests that failed. */
  readonly failed: readonly string[];
}

// NAME PORT, then the same of each peer.
const [name, port, ...others] = process.argv.slice(2) as [string, string, ...string[]];
const peers: PeerDefinition[] = [];
for (let index = 0; index < others.length; index += 2) {
  peers.push({ name: others[index]!, hostname: "127.0.0.1", port: Number(others[index + 1]) });
}

const endpoint = await Endpoint.start({
  name,
  listen: { port: Number(port) },
  peers,
  secret: "flsecret1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
  redialMinMs: 50,
  redialMaxMs: 500,
});

let notified = 0;
let cancelled = 0;
let running = 0;
const events: string[] = [];
endpoint.on((event) => events.push(event.type));
endpoint.handle("echo", (payload) => payload);
endpoint.handleStream("stream-back", async function* (chunks: AsyncIterable<Uint8Array>) {
  yield* chunks;
}, { codec: "bytes" });
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

const booked: string[] = [];
endpoint.handle("book", (number: string) => {
  booked.push(number);
  return number;
});

let isLoading = false;
let loading: Promise<unknown> = Promise.resolve();
let sent = 0;
let ok = 0;
const failed: string[] = [];

/** One request after another, none of them idempotent, each with a number of its own. */
async function load(slot: number): Promise<void> {
  for (let turn = slot; isLoading; turn++) {
    const number = `${endpoint.bootId} ${++sent}`;
    try {
      const peer = peers[turn % peers.length]!.name!;
      const answer = await endpoint.request(peer, "book", number, { timeoutMs: 25_000 });
      if (answer === number) ok++;
      else failed.push(`the answer was ${answer}`);
    } catch (error) {
      failed.push(error instanceof RequestError ? `${error.code} ${error.delivery}` : `${error}`);
    }
  }
}

function describe(error: unknown): unknown {
  if (!(error instanceof RequestError)) return { failure: String(error) };
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
    case "stream":
      return { ok: await streamBack(order.peer, order.bytes) };
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
    case "load":
      isLoading = true;
      loading = Promise.all(Array.from({ length: order.inFlight }, (_, slot) => load(slot)));
      return {};
    case "stop":
      isLoading = false;
      await loading;
      return { sent, ok, failed } satisfies LoadReport;
    case "report":
      return {
        notified,
        cancelled,
        running,
        booked: booked.length,
        events,
        rows: endpoint.connections(),
      };
    case "close":
      await endpoint.close({ drainMs: 1_000 });
      return { ok: true, booked };
  }
}

process.stdout.write(`${JSON.stringify({ id: 0, ready: endpoint.bootId })}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...order } = JSON.parse(line) as Order & { id: number };
  obey(order as Order).catch(describe).then((result) => {
    const line = `${JSON.stringify({ id, ...(result as object) })}\n`;
    // A closed endpoint holds nothing that would keep the process; its standard input does.
    process.stdout.write(line, () => order.do === "close" && process.exit(0));
  });
}

/** Chunks of odd lengths that say which byte they are. @returns Whether all came back in order. */
async function streamBack(peer: string, bytes: number): Promise<boolean> {
  const chunks = async function* () {
    for (let offset = 0; offset < bytes;) {
      const chunk = new Uint8Array(Math.min(bytes - offset, 1 + offset * 31 % 200_000));
      for (let index = 0; index < chunk.length; index++) chunk[index] = (offset + index) % 251;
      offset += chunk.length;
      yield chunk;
    }
  };
  let received = 0;
  let isRight = true;
  const back = endpoint.stream<Uint8Array>(peer, "stream-back", chunks(), {
    codec: "bytes",
    timeoutMs: 20_000,
    idleTimeoutMs: 20_000,
  });
  for await (const chunk of back) {
    for (const byte of chunk) if (byte !== received++ % 251) isRight = false;
  }
  return isRight && received === bytes;
}
