/**
 * Honest ends beside strangers: a peer whose link stays, and newcomers.
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { Client, Endpoint } from "../../mod.ts";

/** An order to the program, without its number. */
export type HonestOrder =
  /** A client and a peer come, ask and go; the link that stays is asked as well. Answers `Came`. */
  { do: "come"; turn: number };

/** What has become of it. */
export interface Came {
  readonly client: boolean;
  readonly peer: boolean;
  readonly link: boolean;
  /** Connections that the link that stays has lost. */
  readonly lost: number;
}

/** Where a kernel has no room for another socket, it asks again after 1 and 3 seconds. */
const PATIENCE_MS = 20_000;

// HOSTNAME PORT SECRET NAME
const [hostname, port, secret, name] = process.argv.slice(2) as [string, string, string, string];
const target = { hostname, port: Number(port) };

function startPeer(own: string): Promise<Endpoint> {
  return Endpoint.start({
    name: own,
    listen: { port: 0 },
    peers: [{ name: "SP10", ...target }],
    secret,
    connectTimeoutMs: PATIENCE_MS,
    handshakeTimeoutMs: PATIENCE_MS,
    requestTimeoutMs: PATIENCE_MS,
    consoleNotices: false,
  });
}

async function asClient(): Promise<boolean> {
  const client = await Client.connect({
    ...target,
    secret,
    connectTimeoutMs: PATIENCE_MS,
    handshakeTimeoutMs: PATIENCE_MS,
  });
  const answer = await client.request("echo", 1, { timeoutMs: PATIENCE_MS });
  await client.close();
  return answer === 1;
}

async function asPeer(turn: number): Promise<boolean> {
  const peer = await startPeer(`${name}-${turn}`);
  const answer = await peer.request("SP10", "echo", turn);
  await peer.close();
  return answer === turn;
}

const link = await startPeer(name);
let lost = 0;
link.on(({ type }) => type === "lost" && lost++);
await link.request("SP10", "echo", 0);

process.stdout.write(`${JSON.stringify({ id: 0 })}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  const { id, turn } = JSON.parse(line) as HonestOrder & { id: number };
  const came = await Promise.all([
    asClient(),
    asPeer(turn),
    link.request("SP10", "echo", turn).then((answer) => answer === turn),
  ]).then(([client, peer, link]) => ({ client, peer, link, lost }), (error) => ({
    failure: String(error),
  }));
  process.stdout.write(`${JSON.stringify({ id, ...came })}\n`);
}
process.exit(0);
