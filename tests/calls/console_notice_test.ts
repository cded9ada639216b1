// What is told on the console: once, only what a configuration can mend, and nothing that a
// terminal would obey.

import { assertEquals, assertMatch } from "@std/assert";
import type { EndpointEvent, ErrorCode } from "../../mod.ts";
import { ConsoleNotice } from "../../src/calls/console_notice.ts";

function refused(peer: string | null, code: ErrorCode, detail = "why"): EndpointEvent {
  return {
    type: "handshake-failed",
    peer,
    remoteAddress: `10.0.0.1:${Math.floor(Math.random() * 60_000)}`,
    code,
    detail,
    claimedName: null,
    leftOut: 0,
    direction: peer === null ? "inbound" : "outbound",
    atMicros: 0,
    atMs: 0,
  };
}

function told(...events: readonly EndpointEvent[]): string[] {
  return toldBy(true, ...events);
}

function toldBy(knowsPeers: boolean, ...events: readonly EndpointEvent[]): string[] {
  const lines: string[] = [];
  const notice = new ConsoleNotice("SP10", knowsPeers, (line) => lines.push(line));
  for (const event of events) notice.handleEvent(event);
  return lines;
}

Deno.test("ConsoleNotice: once for each peer and reason; strangers all together", () => {
  const one = refused("SP20", "proof-mismatch");
  assertEquals(told(one, one, refused("SP20", "proof-mismatch")).length, 1);
  assertEquals(
    told(one, refused("SP30", "proof-mismatch"), refused("SP20", "wrong-name")).length,
    3,
  );
  const strangers = Array.from({ length: 500 }, () => refused(null, "unknown-peer"));
  assertEquals(told(...strangers).length, 1);
});

Deno.test("ConsoleNotice: what comes and goes by itself is not told", () => {
  const codes: ErrorCode[] = ["handshake-lost", "handshake-timeout", "closing", "not-needed"];
  assertEquals(told(...codes.map((code) => refused("SP20", code))), []);
  const dial = { type: "dial-failed", peer: "SP20", remoteAddress: "a:1", atMicros: 0, atMs: 0 };
  assertEquals(told({ ...dial, reason: "refused", code: "ECONNREFUSED" } as EndpointEvent), []);
  const [line] = told(
    { ...dial, reason: "tls", code: "X", detail: "it has expired" } as EndpointEvent,
  );
  assertMatch(line!, /SP20.*it has expired/);
});

Deno.test("ConsoleNotice: where a discovery says who the peers are, who is unknown may soon be known", () => {
  const unknown = refused(null, "unknown-peer");
  assertEquals(toldBy(false, unknown), []);
  assertEquals(toldBy(false, unknown, refused(null, "proof-mismatch")).length, 1);
});

Deno.test("ConsoleNotice: that it is fenced is told", () => {
  const base = { peer: null, remoteAddress: null, atMicros: 0, atMs: 0 };
  assertMatch(told({ type: "fenced", code: "duplicate", ...base })[0]!, /another process/);
});

Deno.test("ConsoleNotice: what others say cannot move a terminal's cursor, nor fill it", () => {
  const [line] = told(refused("SP20", "wrong-name", `\x1b[2J\n\u202e${"x".repeat(5_000)}`));
  assertMatch(line!, /^[^\p{Cc}\p{Cf}]{1,400}$/u);
});
