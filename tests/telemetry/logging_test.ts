// Events as lines: levels, no flood, nothing that a terminal would obey.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { EndpointEvent, ErrorCode } from "../../mod.ts";
import { logEvents, type LoggingOptions, type LogLevel } from "../../src/telemetry/logging.ts";
import { EndpointPair } from "../support/endpoints.ts";

const BASE = { peer: "SP20", remoteAddress: "10.0.0.2:1", atMicros: 0, atMs: 0 };

function refused(code: ErrorCode, more: object = {}): EndpointEvent {
  const about = { code, detail: "why", claimedName: null, direction: "inbound" };
  return { ...BASE, type: "handshake-failed", ...about, ...more } as EndpointEvent;
}

/** One event of each type. */
const EVENTS: readonly EndpointEvent[] = [
  {
    ...BASE,
    type: "connected",
    identifier: 8,
    bootId: "ab",
    direction: "inbound",
    newProcess: true,
    replayedFrames: 3,
    helloAtMs: 0,
  },
  { ...BASE, type: "superseded", identifier: 7, by: 8, bootId: "ab" },
  { ...BASE, type: "lost", identifier: 8, reason: "silent" },
  { ...BASE, type: "peer-restarted", oldBootId: "a", bootId: "b", failed: 1, repeated: 2 },
  { ...BASE, type: "dial-failed", reason: "refused", code: null, detail: "nobody listens" },
  refused("proof-mismatch"),
  { ...BASE, type: "protocol-error", code: "sequence-gap", detail: "START" },
  { ...BASE, type: "suspect", silenceMs: 1_500.4, inFlight: 4 },
  { ...BASE, type: "duplicate", refusedBootId: "a", bootId: "b" },
  { ...BASE, type: "fenced", code: "displaced" },
  { ...BASE, type: "fenced", peer: null, code: "displaced" },
  { ...BASE, type: "draining" },
  { ...BASE, type: "handler-failed", service: "tell", error: new Error("no") },
  { ...BASE, type: "notification-dropped", service: "tell", code: "closed" },
  { ...BASE, type: "listener-failed", error: Object.create(null) },
  { ...BASE, type: "peers-changed", added: ["a"], removed: [], moved: ["b"] },
  { ...BASE, type: "discovery-failed", detail: "no answer", error: null, retryInMs: 5 },
  { ...BASE, type: "closed" },
];

function logged(events: readonly EndpointEvent[], options?: LoggingOptions) {
  const lines: [LogLevel, ...unknown[]][] = [];
  const write = (level: LogLevel) => (...parts: unknown[]) => void lines.push([level, ...parts]);
  const logger = {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  };
  const endpoint = {
    name: "SP10",
    on: (listener: (event: EndpointEvent) => void) => {
      for (const event of events) listener(event);
      return () => {};
    },
  };
  logEvents(endpoint, logger, options);
  return lines;
}

Deno.test("logEvents: each event has a level and a sentence", () => {
  const lines = logged(EVENTS, { level: "debug" });
  assertEquals(
    lines.map(([level, line]) => `${level} ${String(line).replace("freshlink 'SP10': ", "")}`),
    [
      "info linked with 'SP20' as number 8, a new process, 3 frames again",
      "info connection 7 to 'SP20' gave way to 8",
      "info connection 8 to 'SP20' is lost: silent",
      "warn 'SP20' is another process: 1 calls failed, 2 are sent again",
      "debug no link with 'SP20': nobody listens",
      "error no link with 'SP20' at 10.0.0.2:1: proof-mismatch, why",
      "warn 'SP20' broke the protocol: sequence-gap, START",
      "info nothing was heard of 'SP20' for 1500 ms, 4 calls wait",
      "warn a second process that calls itself 'SP20' was refused",
      "error another process has this name (displaced), so the link to 'SP20' has ended for good",
      "error another process has this name (displaced), so this one has stopped for good",
      "info 'SP20' is closing",
      "error the notification 'tell' of 'SP20' failed: no",
      "warn the notification 'tell' to 'SP20' is not sent: closed",
      "error a listener failed: something that cannot be shown",
      "info peers: 1 are new, 0 are gone, 1 are elsewhere",
      "warn the peers cannot be looked up: no answer",
      "info closed",
    ],
  );
});

Deno.test("logEvents: by default only what somebody must look at", () => {
  const levels = new Set(logged(EVENTS).map(([level]) => level));
  assertEquals([...levels].sort(), ["error", "warn"]);
  assertEquals(logged(EVENTS, { level: "error" }).length, 5);
});

Deno.test("logEvents: a flood is one line a minute, with a count, and strangers cannot fill memory", () => {
  const flood = Array.from(
    { length: 100_000 },
    (_, index) => refused("unknown-peer", { peer: null, atMs: index }),
  );
  const lines = logged(flood);
  assertEquals(lines.length, 2);
  assertStringIncludes(String(lines[1]![1]), "(60000 times since it was told last)");
  const names = Array.from(
    { length: 5_000 },
    (_, index) => refused("wrong-name", { peer: `name-${index}` }),
  );
  assert(logged(names).length <= 1_001);
});

Deno.test("logEvents: pino gets the event as an object, and no line is longer than it may be", () => {
  const [level, details, line] = logged([
    refused("proof-mismatch", { detail: "\x1b[2J" + "x".repeat(9_000) }),
  ], { structured: true })[0]!;
  assertEquals([level, (details as { code: string }).code], ["error", "proof-mismatch"]);
  assert(!String(line).includes("\x1b") && String(line).length < 600);
  const failed = logged(EVENTS.filter(({ type }) => type === "handler-failed"), {
    structured: true,
  })[0]!;
  assertEquals((failed[1] as { error: unknown }).error, "no");
});

Deno.test("logEvents: of an endpoint, until it is ended", async () => {
  const lines: string[] = [];
  const write = (line: unknown) => void lines.push(String(line));
  await using pair = await EndpointPair.start();
  const stop = logEvents(
    pair.left.endpoint,
    { debug: write, info: write, warn: write, error: write },
    { level: "info" },
  );
  pair.left.endpoint.handle("fail", () => {
    throw new Error("no stock");
  });
  await pair.right.endpoint.notify("SP10", "fail");
  await pair.left.event("handler-failed");
  // The links may have been made twice at the start.
  assertEquals(lines.filter((line) => !line.includes("linked with")), [
    "freshlink 'SP10': the notification 'fail' of 'SP20' failed: no stock",
  ]);
  stop();
  lines.length = 0;
  await pair.right.endpoint.notify("SP10", "fail");
  await pair.right.endpoint.close();
  assertEquals(lines, []);
});
