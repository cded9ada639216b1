/**
 * One server process of the crash lab: an endpoint that serves its peer and asks it without pause.
 * Takes orders as lines of JSON (see `tools/ordered_process.ts`). Runs unchanged on Deno, Bun and
 * Node.
 *
 * Everything that a handler does is noted in a file before it is answered, and what became of every
 * request is told at the end: whoever compares the two sees what was lost or done twice.
 *
 * @module
 */

import { appendFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import {
  type ConnectionRow,
  Endpoint,
  type EndpointEvent,
  type EndpointOptions,
  type PeerDefinition,
  RequestError,
  type TuningOptions,
} from "../../mod.ts";
import { detectRuntime } from "../../src/runtime/detect.ts";

/** How the process is started: its only argument, as JSON. */
export interface Setup {
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  readonly peer: PeerDefinition & { readonly name: string };
  /** Where the handlers note what they do. */
  readonly ledgerFile: string;
  /** Options of the endpoint. */
  readonly tuning: Pick<EndpointOptions, "identifier"> & TuningOptions;
  /** How far this host's time of day is off, in milliseconds. */
  readonly clockErrorMs: number;
}

/** An order to the program, without its number. */
export type Order =
  /** Asks the peer without pause from now on. */
  | { do: "load" }
  /** No new requests; answers when every one has ended. Writes `Outcome`s into the file. */
  | { do: "stop"; outcomeFile: string }
  /** Answers a `Report`. */
  | { do: "report" };

/** What became of a request or notification: a line of the outcome file. */
export interface Outcome {
  readonly number: string;
  readonly kind: Kind;
  /** `ok`, `pending`, or the error's code and delivery. */
  readonly end: string;
}

/** What is asked. */
export type Kind =
  /** Not idempotent. */
  | "book"
  /** Idempotent. */
  | "read"
  /** Not idempotent; the handler takes its time. */
  | "hold"
  /** Idempotent; the handler takes its time. */
  | "hold-read"
  /** A notification. */
  | "note";

/** A connection that became the one to use. Times are milliseconds since 1970. */
export interface Takeover {
  readonly identifier: number;
  readonly bootId: string;
  readonly newProcess: boolean;
  readonly replayedFrames: number;
  readonly helloAtMs: number;
  readonly connectedAtMs: number;
  /** The first answer of that process after it. */
  firstReplyAtMs: number | null;
}

/** What the program knows. Times are milliseconds since 1970. */
export interface Report {
  readonly bootId: string;
  readonly rows: readonly ConnectionRow[];
  readonly fenced: boolean;
  readonly answered: number;
  /** The middle of the round trips so far, in milliseconds. */
  readonly roundTripMs: number | null;
  readonly takeovers: readonly Takeover[];
  readonly events: readonly (EndpointEvent & { readonly at: number })[];
}

const HOLD_MS = 150;
const PAUSE_MS = 4;
const NOTE_EVERY_MS = 20;
/** Far beyond the longest fault: what ends by it was lost. */
const DEADLINE_MS = 60_000;
const ROUND_TRIPS_MAX = 2_000;

const LOOPS: readonly Exclude<Kind, "note">[] = [
  ...["book", "book", "book", "read", "read", "read"] as const,
  ...["hold", "hold", "hold-read", "hold-read"] as const,
];

const setup: Setup = JSON.parse(process.argv[2]!);
const host = await detectRuntime();
const endpoint = await Endpoint.start({
  name: setup.name,
  listen: { hostname: setup.hostname, port: setup.port },
  peers: [setup.peer],
  secret: "flsecret1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
  ...setup.tuning,
  runtime: {
    ...host,
    clock: {
      ...host.clock,
      wallMicros: () => host.clock.wallMicros() + setup.clockErrorMs * 1_000,
    },
  },
});
const peer = setup.peer.name;
const life = endpoint.bootId.slice(0, 8);

const events: (EndpointEvent & { readonly at: number })[] = [];
const takeovers: Takeover[] = [];
const outcomes = new Map<string, { kind: Kind; end: string }>();
const roundTrips: number[] = [];
let answered = 0;
let isLoading = false;
let loading: Promise<unknown> = Promise.resolve();

function sinceEpoch(monotonicMs: number): number {
  return performance.timeOrigin + monotonicMs;
}

endpoint.on((event) => {
  events.push({ ...event, at: sinceEpoch(event.atMs) });
  if (event.type !== "connected") return;
  takeovers.push({
    identifier: event.identifier,
    bootId: event.bootId,
    newProcess: event.newProcess,
    replayedFrames: event.replayedFrames,
    helloAtMs: sinceEpoch(event.helloAtMs),
    connectedAtMs: sinceEpoch(event.atMs),
    firstReplyAtMs: null,
  });
});

for (const kind of ["book", "read", "hold", "hold-read", "note"] as const) {
  endpoint.handle(kind, async (number: string) => {
    appendFileSync(setup.ledgerFile, `${life} ${kind} ${number}\n`);
    if (kind.startsWith("hold")) await pause(HOLD_MS);
    return endpoint.bootId;
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function noteAnswer(bootId: string): void {
  answered++;
  for (const takeover of takeovers) {
    if (takeover.firstReplyAtMs !== null || takeover.bootId !== bootId) continue;
    takeover.firstReplyAtMs = sinceEpoch(performance.now());
  }
}

let lastNumber = 0;

/** One request after another. */
async function ask(kind: Exclude<Kind, "note">): Promise<void> {
  const options = { timeoutMs: DEADLINE_MS, idempotent: kind.endsWith("read") };
  while (isLoading) {
    const number = `${life}-${++lastNumber}`;
    const outcome = { kind, end: "pending" };
    outcomes.set(number, outcome);
    const startedMs = performance.now();
    try {
      noteAnswer(await endpoint.request<string>(peer, kind, number, options));
      outcome.end = "ok";
      if (!kind.startsWith("hold") && roundTrips.length < ROUND_TRIPS_MAX) {
        roundTrips.push(performance.now() - startedMs);
      }
    } catch (error) {
      outcome.end = endOf(error);
    }
    await pause(PAUSE_MS);
  }
}

async function tell(): Promise<void> {
  while (isLoading) {
    const number = `${life}-${++lastNumber}`;
    const outcome = { kind: "note" as const, end: "pending" };
    outcomes.set(number, outcome);
    try {
      await endpoint.notify(peer, "note", number, { timeoutMs: DEADLINE_MS });
      outcome.end = "ok";
    } catch (error) {
      outcome.end = endOf(error);
    }
    await pause(NOTE_EVERY_MS);
  }
}

function endOf(error: unknown): string {
  return error instanceof RequestError ? `${error.code} ${error.delivery}` : String(error);
}

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case "load":
      isLoading = true;
      loading = Promise.all([...LOOPS.map(ask), tell()]);
      return {};
    case "stop": {
      isLoading = false;
      await Promise.race([loading, pause(DEADLINE_MS + 5_000)]);
      const lines = [...outcomes].map(([number, outcome]): Outcome => ({ number, ...outcome }));
      writeFileSync(order.outcomeFile, JSON.stringify(lines));
      return {};
    }
    case "report": {
      const sorted = roundTrips.toSorted((left, right) => left - right);
      const report: Report = {
        bootId: endpoint.bootId,
        rows: endpoint.connections(),
        fenced: endpoint.fenced,
        answered,
        roundTripMs: sorted[sorted.length >> 1] ?? null,
        takeovers,
        events,
      };
      return report;
    }
  }
}

createInterface({ input: process.stdin }).on("line", async (line) => {
  const { id, ...order } = JSON.parse(line) as Order & { id: number };
  let answer: unknown;
  try {
    answer = await obey(order as Order);
  } catch (error) {
    answer = { failure: error instanceof Error ? error.stack : String(error) };
  }
  console.log(JSON.stringify({ id, ...answer as object }));
}).on("close", () => process.exit(0));

console.log(JSON.stringify({ id: 0, bootId: endpoint.bootId }));
