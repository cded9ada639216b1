// When a beat is due, when a peer is asked whether it lives, suspected, and given up: a table.

import { assertEquals } from "@std/assert";
import {
  checkIntervalMs,
  Heartbeat,
  type HeartbeatOptions,
  type HeartbeatVerdict,
} from "../../src/core/link/heartbeat.ts";

const OPTIONS = { heartbeatIntervalMs: 1_000, suspectAfterMs: 1_000, deadAfterMs: 3_000 };

/** What checks at these times find, where nothing is received and beats are sent. */
function verdicts(waiting: boolean, timesMs: readonly number[]): HeartbeatVerdict[] {
  const heartbeat = new Heartbeat(OPTIONS, 0);
  return timesMs.map((nowMs) => {
    const verdict = heartbeat.check(nowMs, waiting);
    if (verdict === "beat" || verdict === "ask") heartbeat.sentMs = nowMs;
    return verdict;
  });
}

Deno.test("Heartbeat: idle, a beat each interval; half of the verdict's time is suspicious, once", () => {
  assertEquals(
    verdicts(false, [250, 1_000, 1_250, 1_500, 2_000, 2_250, 2_999, 3_000]),
    ["fine", "beat", "fine", "suspect", "beat", "fine", "fine", "dead"],
  );
});

Deno.test("Heartbeat: while somebody waits, the peer is asked before it is suspected", () => {
  assertEquals(
    verdicts(true, [250, 499, 500, 750, 999, 1_000, 1_250, 3_000]),
    ["fine", "fine", "ask", "fine", "fine", "suspect", "fine", "dead"],
  );
});

Deno.test("Heartbeat: the slower end's interval counts", () => {
  const slow = { heartbeatIntervalMs: 5_000, suspectAfterMs: 5_000, deadAfterMs: 15_000 };
  const hasty = { heartbeatIntervalMs: 1_000, suspectAfterMs: 1_000, deadAfterMs: 2_000 };
  const patient = { ...OPTIONS, deadAfterMs: 30_000 };
  // Own durations, the other end's interval; when it is suspected, and dead, in silence.
  const table: [HeartbeatOptions, number, number, number][] = [
    [OPTIONS, 1_000, 1_500, 3_000],
    [OPTIONS, 200, 1_500, 3_000],
    [OPTIONS, 5_000, 7_500, 15_000],
    [OPTIONS, 1_100, 1_650, 3_300],
    [slow, 1_000, 7_500, 15_000],
    [hasty, 1_000, 1_000, 2_000],
    [hasty, 4_000, 4_000, 8_000],
    [patient, 5_000, 15_000, 30_000],
    [patient, 20_000, 30_000, 60_000],
  ];
  for (const [options, remoteIntervalMs, suspectAtMs, deadAtMs] of table) {
    const heartbeat = new Heartbeat(options, 0);
    heartbeat.handleRemoteInterval(remoteIntervalMs);
    const at = { suspect: 0, dead: 0 };
    for (let nowMs = 50; at.dead === 0; nowMs += 50) {
      const verdict = heartbeat.check(nowMs, false);
      if (verdict === "beat") heartbeat.sentMs = nowMs;
      if (verdict === "suspect" || verdict === "dead") at[verdict] = nowMs;
    }
    const found = [at.suspect, at.dead];
    assertEquals(found, [suspectAtMs, deadAtMs], JSON.stringify([options, remoteIntervalMs]));
  }
});

Deno.test("Heartbeat: who begins to wait in a long silence asks first, too", () => {
  const heartbeat = new Heartbeat(OPTIONS, 0);
  assertEquals(heartbeat.check(1_000, false), "beat");
  heartbeat.sentMs = 1_000;
  // An idle peer's beat is due just now, when a request is sent.
  assertEquals(heartbeat.check(1_100, true), "ask");
  assertEquals(heartbeat.check(1_350, true), "suspect");
});

Deno.test("Heartbeat: whoever answers is asked again after the next silence, and not suspected", () => {
  const heartbeat = new Heartbeat(OPTIONS, 0);
  for (let nowMs = 500; nowMs < 20_000; nowMs += 500) {
    assertEquals(heartbeat.check(nowMs, true), "ask");
    heartbeat.sentMs = nowMs;
    assertEquals(heartbeat.check(nowMs + 10, true), "fine");
    heartbeat.receivedMs = nowMs + 20;
    assertEquals(heartbeat.check(nowMs + 250, true), "fine");
    nowMs += 20;
  }
});

Deno.test("Heartbeat: round trips are measured at the first check and then every ten intervals", () => {
  const heartbeat = new Heartbeat(OPTIONS, 0);
  assertEquals([heartbeat.wantsPing(0), heartbeat.roundTripMs], [true, null]);
  heartbeat.handlePing(7, 100);
  heartbeat.handlePong(6, 110);
  assertEquals(heartbeat.roundTripMs, null, "an older pong measures nothing");
  heartbeat.handlePong(7, 112);
  assertEquals(heartbeat.roundTripMs, 12);
  assertEquals([heartbeat.wantsPing(10_099), heartbeat.wantsPing(10_100)], [false, true]);
});

Deno.test("Heartbeat: checks are a quarter of the shortest duration apart, and never at once", () => {
  assertEquals(checkIntervalMs(OPTIONS), 250);
  assertEquals(checkIntervalMs({ ...OPTIONS, suspectAfterMs: 40 }), 10);
  assertEquals(checkIntervalMs({ ...OPTIONS, deadAfterMs: 2 }), 1);
});
