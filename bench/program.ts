/**
 * One process of the benchmark: does what it is told by lines of JSON on its standard input, and
 * answers each with a line of JSON. Ends when its standard input does. Runs unchanged on Deno, Bun
 * and Node.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { Client, Endpoint, type PeerDefinition } from "../mod.ts";
import { detectRuntime } from "../src/runtime/detect.ts";
import { type BesideOptions, callBeside } from "./beside.ts";
import { EchoClient, type EchoMode, EchoServer } from "./echo.ts";
import { readUint32 } from "./frames.ts";
import { type HandshakeOptions, shakeHands } from "./handshakes.ts";
import { type Carrier, Load, type LoadOptions, type Measurement } from "./load.ts";
import { Machine } from "./machine.ts";
import { timeTable } from "./table.ts";
import {
  bareSender,
  bytesSender,
  clientSender,
  floorJsonSender,
  floorSender,
  jsonSender,
  lateSender,
  metadataSender,
  notifySender,
  spread,
  userSender,
} from "./senders.ts";
import type { ProtectionOptions } from "./protected.ts";
import { look, SEEN, type Seen } from "./seen.ts";
import { restartPeer } from "./takeover.ts";

/** An order to the program, without its number. */
export type Order =
  /** Starts a bare echo's server. Answers `{ port }`. */
  | { do: "echo"; mode?: EchoMode }
  /** Opens connections to a bare echo's server. */
  | { do: "dial"; mode?: EchoMode; port: number; count: number }
  /** Starts an endpoint that echoes. Answers `{ port }`. */
  | {
    do: "endpoint";
    name: string;
    port: number;
    peers: readonly PeerDefinition[];
    /** Whether `cut` may follow. */
    cuttable?: boolean;
    /** Without it, all is in clear. */
    protection?: ProtectionOptions;
  }
  /** Connects so many clients to the endpoint at this port. */
  | { do: "client"; port: number; count: number }
  /** Connects and closes again and again. Answers `Handshakes`. */
  | { do: "handshakes"; carrier: "bare" | "client"; port: number; options: HandshakeOptions }
  /** Works on a connection table with so many rows. Answers `TableTimes`. */
  | { do: "table"; rows: number; operations: number }
  /** Waits and tells what the process used meanwhile. Answers `{ cpuMs }`. */
  | { do: "idle"; durationMs: number }
  /** Cuts the cable of the endpoint's machine: what it writes vanishes, and nothing arrives. */
  | { do: "cut" }
  /** Writes so many notifications to the peer `server`. Answers when all are written. */
  | { do: "notify"; count: number; bytes: number }
  /** Starts endpoints that echo, with these names and ports, each with one peer. */
  | {
    do: "crowd";
    members: readonly PeerDefinition[];
    peer: PeerDefinition;
    protection?: ProtectionOptions;
  }
  /** Puts a load on the peer `server`. Answers a `Measurement`. */
  | { do: "load"; carrier: Carrier; options: LoadOptions }
  /** Makes small calls to the peer `server` beside large ones. Answers a `Beside`. */
  | { do: "beside"; options: BesideOptions }
  /** How much was echoed, and how many connections there are. Answers a `Report`. */
  | { do: "report" }
  /** Collects garbage. Answers `{ rssBytes, liveBytes }`. */
  | { do: "memory" }
  /** Restarts a peer that first has this port. Answers a `TakeoverSample`. */
  | { do: "takeover"; port: number };

/** What the server's process has seen. */
export interface Report {
  /** Requests echoed, by whatever carried them. */
  readonly served: number;
  /** Open connections of the bare echo. */
  readonly sockets: number;
  /** Usable links of the endpoint. */
  readonly links: number;
  /** What the process has used since it began, in milliseconds. */
  readonly cpuMs: number;
}

/** How one in so many requests is answered late, and by how much. */
const LATE_EVERY = 10;
const LATE_MS = 5;

/** How many clients connect at a time. */
const CONNECT_AT_A_TIME = 50;
const QUEUE_MAX_BYTES = 268_435_456;

const runtime = await detectRuntime();
/** Where the endpoint runs once it is to be cut off. */
const machine = new Machine(runtime);
let served = 0;
const crowd: Endpoint[] = [];
let peerNames: readonly string[] = [];
let protection: ProtectionOptions = {};
const clients: Record<EchoMode, EchoClient[]> = { bytes: [], json: [] };
const echoes: EchoServer[] = [];
let endpoint: Endpoint | null = null;
const connectedClients: Client[] = [];

async function startEndpoint(order: Order & { do: "endpoint" }): Promise<Endpoint> {
  peerNames = order.peers.map(({ name }) => name!);
  protection = order.protection ?? {};
  const started = await Endpoint.start({
    name: order.name,
    listen: { port: order.port },
    peers: order.peers,
    ...protection,
    // 1,024 payloads of 64 KiB are more than the default lets wait.
    queueMaxBytes: QUEUE_MAX_BYTES,
    runtime: order.cuttable ? machine.runtime : runtime,
  });
  handleBytes(started);
  started.handle("echo-json", (payload) => {
    served++;
    return payload;
  }, { codec: "json" });
  started.handle("echo-user", async (payload: Uint8Array, { signal }) => {
    served++;
    signal.throwIfAborted();
    return await payload;
  }, { codec: "bytes" });
  started.handle("swallow", () => {
    served++;
  }, { codec: "bytes" });
  started.handle("echo-late", async (payload: Uint8Array) => {
    served++;
    if (readUint32(payload, 0) % LATE_EVERY === 0) {
      await new Promise((resolve) => setTimeout(resolve, LATE_MS));
    }
    return payload;
  }, { codec: "bytes" });
  return started;
}

function handleBytes(started: Endpoint): void {
  started.handle("echo-bytes", (payload) => {
    served++;
    return payload;
  }, { codec: "bytes" });
}

async function startCrowd(
  members: readonly PeerDefinition[],
  peer: PeerDefinition,
  protection: ProtectionOptions = {},
): Promise<void> {
  for (const { name, port } of members) {
    const options = { name: name!, listen: { port }, peers: [peer], ...protection };
    const started = await Endpoint.start(options);
    handleBytes(started);
    crowd.push(started);
  }
}

function putLoad(carrier: Carrier, options: LoadOptions): Promise<Measurement> {
  const load = new Load(options);
  const { connections = 1 } = options;
  if (carrier === "bare") {
    const some = clients.bytes.slice(0, connections);
    return load.run(spread(some.map((one) => bareSender(one, load, options))));
  }
  if (carrier === "floor") {
    return load.run(floorSender(clients.bytes[0]!, runtime.copy, load, options));
  }
  if (carrier === "floor-json") {
    return load.run(floorJsonSender(clients.json[0]!, runtime.copy, load, options));
  }
  if (carrier === "client") {
    const some = connectedClients.slice(0, connections);
    return load.run(spread(some.map((one) => clientSender(one, load, options))));
  }
  if (carrier === "links") {
    const some = peerNames.slice(0, connections);
    return load.run(spread(some.map((name) => bytesSender(endpoint!, name, load, options))));
  }
  const run = () => load.run(SENDERS[carrier](endpoint!, "server", load, options));
  return isSeen(carrier) ? lookAt(carrier, run) : run();
}

/** A load whose calls are looked at. */
async function lookAt(how: Seen, run: () => Promise<Measurement>): Promise<Measurement> {
  const end = await look(endpoint!, how);
  try {
    return await run();
  } finally {
    end();
  }
}

function isSeen(carrier: Carrier): carrier is Seen {
  return (SEEN as readonly string[]).includes(carrier);
}

const SENDERS = {
  bytes: bytesSender,
  json: jsonSender,
  late: lateSender,
  notify: notifySender,
  user: userSender,
  intercepted: bytesSender,
  metadata: metadataSender,
  traced: bytesSender,
} as const;

async function connectClients(port: number, count: number): Promise<void> {
  for (let done = 0; done < count; done += CONNECT_AT_A_TIME) {
    const some = Array.from(
      { length: Math.min(CONNECT_AT_A_TIME, count - done) },
      () => Client.connect({ hostname: "127.0.0.1", port }),
    );
    connectedClients.push(...await Promise.all(some));
  }
}

async function idleFor(durationMs: number): Promise<number> {
  const before = cpuMs();
  await new Promise((resolve) => setTimeout(resolve, durationMs));
  return cpuMs() - before;
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

async function notifyAll(count: number, bytes: number): Promise<void> {
  const payload = new Uint8Array(bytes);
  const options = { codec: "bytes", timeoutMs: 10_000 } as const;
  const written: Promise<void>[] = [];
  for (let number = 0; number < count; number++) {
    written.push(endpoint!.notify("server", "swallow", payload, options));
  }
  await Promise.all(written);
}

/**
 * What the process holds after a full collection: resident bytes, and those of live objects. The
 * former vary by megabytes with what lies free between the latter.
 */
async function memoryBytes(): Promise<{ rssBytes: number; liveBytes: number }> {
  const host = globalThis as { gc?: () => void; Bun?: { gc(force: boolean): void } };
  for (let turn = 0; turn < 3; turn++) {
    host.Bun?.gc(true);
    host.gc?.();
    // What the collection makes free is given back in a later turn.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rssBytes: rss, liveBytes: heapUsed + external };
}

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case "echo": {
      const echo = await EchoServer.start(runtime, order.mode ?? "bytes");
      echoes.push(echo);
      return { port: echo.port };
    }
    case "dial":
      for (let index = 0; index < order.count; index++) {
        clients[order.mode ?? "bytes"].push(await EchoClient.connect(runtime, order.port));
      }
      return {};
    case "endpoint":
      endpoint = await startEndpoint(order);
      return { port: endpoint.address.port };
    case "client":
      await connectClients(order.port, order.count);
      return {};
    case "handshakes":
      return await shakeHands(runtime, order.carrier, order.port, order.options, {
        ...protection,
        to: peerNames[0],
      });
    case "table":
      return timeTable(order.rows, order.operations);
    case "idle":
      return { cpuMs: await idleFor(order.durationMs) };
    case "cut":
      machine.die();
      return {};
    case "notify":
      await notifyAll(order.count, order.bytes);
      return {};
    case "crowd":
      await startCrowd(order.members, order.peer, order.protection);
      return {};
    case "load":
      return putLoad(order.carrier, order.options);
    case "beside":
      return await callBeside(endpoint!, "server", order.options);
    case "report":
      return {
        served: echoes.reduce((sum, { echoed }) => sum + echoed, served),
        sockets: echoes.reduce((sum, { open }) => sum + open, 0),
        links: endpoint?.connections().filter(({ usable }) => usable).length ?? 0,
        cpuMs: cpuMs(),
      };
    case "memory":
      return await memoryBytes();
    case "takeover":
      return restartPeer(runtime, order.port);
  }
}

process.stdout.write(`${JSON.stringify({ id: 0 })}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...order } = JSON.parse(line) as Order & { id: number };
  obey(order as Order).catch((error) => ({ failure: String(error?.stack ?? error) }))
    .then((answer) => process.stdout.write(`${JSON.stringify({ id, ...(answer as object) })}\n`));
}
process.exit(0);
