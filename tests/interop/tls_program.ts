/**
 * One process for the TLS interop tests: as many endpoints and clients as it is told to start, by
 * lines of JSON on its standard input. Runs unchanged on Deno, Bun and Node.
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { Client, Endpoint, type PeerDefinition, type RemoteCaller } from "../../mod.ts";
import { party } from "../support/certificates/read.ts";

/** Whose certificate, who has signed it, and the name that is wanted of the other end. */
export interface Certified {
  readonly file: string;
  readonly authority: string;
  readonly serverName?: string;
}

/** An order to the program, without its number. */
export type Order =
  /** Answers the port. */
  | { do: "start"; key: string; name: string; tls: Certified; peers: PeerDefinition[] }
  /** Asks a peer small and large; answers who it says called. */
  | { do: "ask"; key: string; peer: string; bytes: number }
  /** Takes another certificate. */
  | { do: "renew"; key: string; tls: Certified }
  /** Answers the fingerprint of its own certificate, as the peer sees it. */
  | { do: "fingerprint"; key: string; peer: string }
  /** The same as a client of an endpoint elsewhere. */
  | { do: "client"; port: number; to?: string; tls: Certified; bytes: number }
  | { do: "close"; key: string };

/** What the other end saw of whoever called. */
export interface Seen {
  readonly name: string;
  readonly role: string;
  readonly verifiedNames: readonly string[];
  readonly isFingerprinted: boolean;
}

type Ask = (service: string, payload: unknown, codec: "json" | "bytes") => Promise<unknown>;

const TIMEOUT_MS = 60_000;

/** Beside other tests a runtime may get no time for seconds: nobody is dead because of that. */
const DEAD_AFTER_MS = 30_000;
const endpoints = new Map<string, Endpoint>();

function tlsOf({ file, authority, serverName }: Certified) {
  return { ...party(file, authority), ...(serverName === undefined ? {} : { serverName }) };
}

function seen({ name, role, verifiedNames, fingerprint }: RemoteCaller): Seen {
  return { name, role, verifiedNames, isFingerprinted: fingerprint?.length === 95 };
}

/** A small and a large request at once; the large one must come back as it was. */
async function exchange(ask: Ask, bytes: number): Promise<Seen> {
  const payload = new Uint8Array(bytes);
  for (let index = 0; index < bytes; index++) payload[index] = index * 7 + (index >> 8);
  const [who, answer] = await Promise.all([
    ask("who", undefined, "json") as Promise<Seen>,
    ask("echo", payload, "bytes") as Promise<Uint8Array>,
  ]);
  if (answer.length !== bytes || !answer.every((byte, index) => byte === payload[index])) {
    throw new Error(`${answer.length} other bytes came back`);
  }
  return who;
}

async function obey(order: Order): Promise<object> {
  switch (order.do) {
    case "start": {
      const endpoint = await Endpoint.start({
        name: order.name,
        listen: { port: 0 },
        peers: order.peers,
        tls: tlsOf(order.tls),
        redialMinMs: 50,
        redialMaxMs: 500,
        deadAfterMs: DEAD_AFTER_MS,
        connectTimeoutMs: DEAD_AFTER_MS,
        handshakeTimeoutMs: DEAD_AFTER_MS,
      });
      endpoint.handle("who", (_payload, { caller }) => seen(caller));
      endpoint.handle("fingerprint", (_payload, { caller }) => caller.fingerprint);
      endpoint.handle("echo", (payload: Uint8Array) => payload, { codec: "bytes" });
      endpoints.set(order.key, endpoint);
      return { port: endpoint.address.port };
    }
    case "ask": {
      const endpoint = endpoints.get(order.key)!;
      const ask: Ask = (service, payload, codec) =>
        endpoint.request(order.peer, service, payload, { codec, timeoutMs: TIMEOUT_MS });
      return { seen: await exchange(ask, order.bytes) };
    }
    case "renew":
      await endpoints.get(order.key)!.renew({ tls: tlsOf(order.tls) });
      return {};
    case "fingerprint": {
      const ask = endpoints.get(order.key)!.request(order.peer, "fingerprint", undefined, {
        timeoutMs: TIMEOUT_MS,
      });
      return { fingerprint: await ask };
    }
    case "client": {
      const { port, to, tls, bytes } = order;
      const client = await Client.connect({
        hostname: "127.0.0.1",
        port,
        tls: tlsOf(tls),
        deadAfterMs: DEAD_AFTER_MS,
        connectTimeoutMs: DEAD_AFTER_MS,
        handshakeTimeoutMs: DEAD_AFTER_MS,
        ...(to === undefined ? {} : { to }),
      });
      try {
        const ask: Ask = (service, payload, codec) =>
          client.request(service, payload, { codec, timeoutMs: TIMEOUT_MS });
        return { seen: await exchange(ask, bytes) };
      } finally {
        await client.close();
      }
    }
    case "close":
      await endpoints.get(order.key)!.close({ drainMs: 0 });
      endpoints.delete(order.key);
      return {};
  }
}

process.stdout.write(`${JSON.stringify({ id: 0 })}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...order } = JSON.parse(line) as Order & { id: number };
  obey(order as Order).catch((error) => ({ failure: String(error) })).then((result) => {
    process.stdout.write(`${JSON.stringify({ id, ...result })}\n`);
  });
}
process.exit(0);
