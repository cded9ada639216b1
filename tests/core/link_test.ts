// The link as one object: what it answers to what it is told, without a socket or a clock.

import { assertEquals } from "@std/assert";
import { Link } from "../../src/core/link/link.ts";
import type { LinkAction, LinkEvent, LinkSettings } from "../../src/core/link/link_event.ts";
import { FrameKind } from "../../src/core/wire/frame.ts";
import type { Hello } from "../../src/core/wire/hello.ts";

const SETTINGS: LinkSettings = {
  identifier: "counter",
  fence: "process",
  suspectAfterMs: 500,
  probeTimeoutMs: 1_000,
  redialMinMs: 100,
  redialMaxMs: 400,
  resumeWindowMs: 8_000,
};

function hello(name: string, bootId = name, ordinal = 10): Hello {
  const limits = {
    maxInFlight: 1,
    payloadMaxBytes: 1,
    clientMaxInFlight: 1,
    clientPayloadMaxBytes: 1,
    creditBytes: 1,
    notificationsMax: 1,
    maxStreams: 16,
    clientMaxStreams: 4,
  };
  return {
    role: "peer",
    name,
    bootId,
    ordinal,
    ordinalRises: false,
    hostname: "h",
    port: 1,
    heartbeatIntervalMs: 1_000,
    limits,
  };
}

/** A link of `self` to `A` or `Z`, with a clock that the test sets. */
class Bench {
  readonly link: Link;
  nowMs = 0;
  /** How long every connection has been silent. */
  silentMs = 0;

  constructor(self = "M", peer = "A", settings = SETTINGS) {
    this.link = new Link({
      self: hello(self),
      definition: { name: peer, hostname: "h", port: 1 },
      settings,
      draw: () => 0.5,
    });
  }

  tell(event: LinkEvent): LinkAction[] {
    return [...this.link.handle(event, this.nowMs, 1_000_000)];
  }

  /** What is said, in words; news and pings are left out. */
  say(event: LinkEvent): string[] {
    return this.tell(event).map(words).filter((text) => text !== "");
  }

  open(connection: number, remote: Hello, isOwnDial = false): string[] {
    const silence = { silenceMs: () => this.silentMs };
    return this.say({ kind: "opened", connection, remote, silence, isOwnDial });
  }

  control(connection: number, frame: number, number: number): string[] {
    return this.say({ kind: "control", connection, frame, number });
  }

  /** An arbiter's link with a connection in use. */
  static up(): Bench {
    const bench = new Bench();
    bench.tell({ kind: "start" });
    bench.open(1, hello("A"));
    bench.control(1, FrameKind.USEACK, 1);
    return bench;
  }
}

function words(action: LinkAction): string {
  switch (action.kind) {
    case "send": {
      const names = Object.entries(FrameKind).filter(([, kind]) => kind === action.frame);
      const name = names[0]![0];
      return name === "PING" ? "" : `${name}(${action.number}) on ${action.connection}`;
    }
    case "refuse":
      return `refuse ${action.connection} ${action.code}`;
    case "abort":
    case "begin":
    case "attach":
    case "breach":
      return `${action.kind} ${action.connection}`;
    case "settle":
      return `settle ${action.outcome.code}`;
    case "tell":
      return "";
    case "fenced":
      return `fenced ${action.code}`;
    default:
      return action.kind;
  }
}

function newsOf(actions: readonly LinkAction[]): string[] {
  return actions.flatMap((action) => action.kind === "tell" ? [action.news.type] : []);
}

Deno.test("Link: the arbiter proposes, and attaches the session when the number is settled", () => {
  const bench = new Bench("M", "A");
  assertEquals(bench.say({ kind: "start" }), ["dial"]);
  assertEquals(bench.open(1, hello("A"), true), ["USE(1) on 1"]);
  assertEquals([bench.link.usable, bench.link.numberOf(1)], [null, 1]);
  assertEquals(bench.control(1, FrameKind.USEACK, 1), [
    "settle peer-restarted",
    "begin 1",
    "attach 1",
  ]);
  assertEquals([bench.link.usable, bench.link.phase], [1, "up"]);
});

Deno.test("Link: the follower answers with the settled number before it attaches", () => {
  const bench = new Bench("M", "Z");
  bench.tell({ kind: "start" });
  assertEquals(bench.open(1, hello("Z")), []);
  assertEquals(bench.control(1, FrameKind.USE, 5), [
    "settle peer-restarted",
    "begin 1",
    "USEACK(5) on 1",
    "attach 1",
    "give-dial-up",
  ]);
});

Deno.test("Link: a connection that is replaced is ended after the newer one is attached", () => {
  const bench = Bench.up();
  bench.open(2, hello("A"));
  const actions = bench.tell({
    kind: "control",
    connection: 2,
    frame: FrameKind.USEACK,
    number: 2,
  });
  assertEquals(actions.map(words).filter((text) => text !== ""), [
    "attach 2",
    "abort 1",
  ]);
  assertEquals(newsOf(actions), ["connected", "superseded"]);
  // What the abort brings about changes nothing any more.
  assertEquals(bench.say({ kind: "closed", connection: 1 }), []);
  assertEquals([bench.link.usable, bench.link.numberOf(1)], [2, 0]);
});

Deno.test("Link: a frame that may not come is a breach; one of an ended connection is none", () => {
  const bench = Bench.up();
  assertEquals(bench.control(1, FrameKind.USE, 7), ["breach 1"]);
  assertEquals(bench.control(9, FrameKind.USE, 7), []);
});

Deno.test("Link: a claimant that calls again and again does not put off another's verdict", () => {
  const bench = Bench.up();
  for (const [connection, atMs] of [[2, 0], [3, 300], [4, 600], [5, 900]] as const) {
    bench.nowMs = atMs;
    bench.open(connection, hello("A", `twin${connection}`, 5));
  }
  bench.tell({ kind: "closed", connection: 5 });
  assertEquals(bench.link.nextDeadlineMs(), 1_000);
  bench.nowMs = 1_000;
  assertEquals(bench.say({ kind: "timeout" }), ["USE(2) on 2"]);
  assertEquals(bench.link.nextDeadlineMs(), 1_300);
  bench.tell({ kind: "stop", code: "closed", refusal: null });
  assertEquals(bench.link.nextDeadlineMs(), Infinity);
});

Deno.test("Link: a probed connection that answers keeps the name; the claimant is refused", () => {
  const bench = Bench.up();
  const opened = bench.tell({
    kind: "opened",
    connection: 2,
    remote: hello("A", "twin", 5),
    silence: { silenceMs: () => 0 },
    isOwnDial: false,
  });
  const ping = opened.findLast((action) => action.kind === "send");
  assertEquals(ping, { kind: "send", connection: 1, frame: FrameKind.PING, number: 3 });
  assertEquals(bench.control(1, FrameKind.PONG, 2), []);
  assertEquals(bench.control(1, FrameKind.PONG, 3), ["refuse 2 duplicate"]);
  assertEquals(bench.link.nextDeadlineMs(), Infinity);
});

Deno.test("Link: an attempt at a time, later and later, and at once again after a success", () => {
  const bench = new Bench();
  assertEquals(bench.say({ kind: "start" }), ["dial"]);
  assertEquals(bench.say({ kind: "dial" }), []);
  const waits: number[] = [];
  for (let round = 0; round < 5; round++) {
    assertEquals(bench.say({ kind: "dial-ended", error: "refused" }), []);
    waits.push(bench.link.nextDeadlineMs() - bench.nowMs);
    bench.nowMs = bench.link.nextDeadlineMs();
    assertEquals(bench.say({ kind: "timeout" }), ["dial"]);
  }
  assertEquals(waits, [50, 100, 200, 200, 200]);
  assertEquals(bench.link.lastDialError, "refused");
  bench.open(1, hello("A"), true);
  bench.control(1, FrameKind.USEACK, 1);
  assertEquals(bench.link.lastDialError, "");
  bench.tell({ kind: "closed", connection: 1 });
  assertEquals(bench.link.nextDeadlineMs() - bench.nowMs, 50);
});

Deno.test("Link: no dial beside a connection that waits for a decision, unless it is silent", () => {
  const bench = new Bench("M", "Z");
  bench.tell({ kind: "start" });
  bench.tell({ kind: "dial-ended", error: "" });
  bench.open(1, hello("Z"));
  bench.nowMs = bench.link.nextDeadlineMs();
  assertEquals(bench.say({ kind: "timeout" }), []);
  bench.silentMs = SETTINGS.suspectAfterMs;
  bench.nowMs = bench.link.nextDeadlineMs();
  assertEquals(bench.say({ kind: "timeout" }), ["dial"]);
});

Deno.test("Link: a suspicion dials beside the connection in use, of another one it does not", () => {
  const bench = Bench.up();
  bench.tell({ kind: "dial-ended", error: "" });
  assertEquals(bench.say({ kind: "suspect", connection: 7, silenceMs: 500 }), []);
  const actions = bench.tell({ kind: "suspect", connection: 1, silenceMs: 500 });
  assertEquals([newsOf(actions), actions.map(words).at(-1)], [["suspect"], "dial"]);
});

Deno.test("Link: what waits for a peer that stays away fails after the window, again and again", () => {
  const bench = Bench.up();
  bench.nowMs = 100;
  assertEquals(newsOf(bench.tell({ kind: "closed", connection: 1 })), ["lost"]);
  const sinces: number[] = [];
  while (bench.nowMs < 13_000) {
    bench.nowMs = bench.link.nextDeadlineMs();
    for (const action of bench.tell({ kind: "timeout" })) {
      if (action.kind === "dial") bench.tell({ kind: "dial-ended", error: "refused" });
      if (action.kind !== "settle") continue;
      assertEquals([action.outcome.code, action.outcome.endsSession], ["peer-down", false]);
      sinces.push(action.outcome.unwrittenBeforeMs);
    }
  }
  assertEquals(sinces, [100, 2_100, 4_100]);
});

Deno.test("Link: another life of the peer ends the session, the same one does not", () => {
  const bench = Bench.up();
  bench.open(2, hello("A", "next", 11));
  assertEquals(
    bench.control(2, FrameKind.USEACK, 2),
    [
      "settle peer-restarted",
      "begin 2",
      "attach 2",
      "give-dial-up",
      "refuse 1 displaced",
    ].filter((text) => text !== "give-dial-up" || bench.link.usable === null),
  );
  bench.open(3, hello("A", "next", 11));
  assertEquals(bench.control(3, FrameKind.USEACK, 3), ["attach 3", "abort 2"]);
});

Deno.test("Link: a peer that closes takes nothing new, and what it has is settled", () => {
  const bench = Bench.up();
  assertEquals(bench.control(1, FrameKind.DRAIN, 0), ["hold"]);
  assertEquals(bench.control(1, FrameKind.DRAIN, 0), []);
  assertEquals(bench.link.phase, "draining");
  assertEquals(bench.say({ kind: "refused", connection: 1, code: "closing" }), [
    "settle peer-down",
  ]);
  bench.tell({ kind: "closed", connection: 1 });
  assertEquals(bench.link.phase, "down");
});

Deno.test("Link: this end closes: the peer has heard of it when its pong comes", () => {
  const bench = Bench.up();
  const actions = bench.tell({ kind: "drain" });
  assertEquals(actions.map(words), ["DRAIN(0) on 1", ""]);
  const ping = actions[1]!;
  assertEquals(bench.link.drainIsHeard, false);
  bench.control(1, FrameKind.PONG, ping.kind === "send" ? ping.number - 1 : 0);
  assertEquals(bench.link.drainIsHeard, false);
  bench.control(1, FrameKind.PONG, ping.kind === "send" ? ping.number : 0);
  assertEquals(bench.link.drainIsHeard, true);
});

Deno.test("Link: a verdict fences; ended, it does nothing and admits nobody", () => {
  const bench = Bench.up();
  assertEquals(bench.say({ kind: "refused", connection: 1, code: "displaced" }), [
    "fenced displaced",
  ]);
  assertEquals(bench.say({ kind: "stop", code: "fenced", refusal: null }), [
    "abort 1",
    "settle fenced",
  ]);
  for (
    const event of [
      { kind: "stop", code: "closed", refusal: null },
      { kind: "closed", connection: 1 },
      { kind: "dial" },
      { kind: "drain" },
      { kind: "timeout" },
    ] as const
  ) assertEquals(bench.say(event), [], event.kind);
  assertEquals(bench.link.admit(hello("A"))?.code, "closing");
  assertEquals(bench.open(3, hello("A")), ["refuse 3 closing"]);
});

Deno.test("Link: another code than a verdict fences nobody", () => {
  for (const code of ["closing", "unexpected-frame", "not-needed"] as const) {
    const said = Bench.up().say({ kind: "refused", connection: 1, code });
    assertEquals(said.filter((text) => text.startsWith("fenced")), []);
  }
});

Deno.test("Link: whom it admits: the name, or the address where the definition has no name", () => {
  const named = new Bench("M", "A").link;
  assertEquals(named.admit(hello("A")), null);
  assertEquals(named.admit(hello("B"))?.code, "wrong-name");
  assertEquals(named.admit({ ...hello("A"), role: "client" })?.code, "wrong-name");
  const bench = new Bench();
  const unnamed = new Link({
    self: hello("M"),
    definition: { hostname: "h", port: 1 },
    settings: SETTINGS,
    draw: () => 0,
  });
  assertEquals([unnamed.name, unnamed.admit(hello("B"))], ["h:1", null]);
  const silence = { silenceMs: () => 0 };
  const opened = { kind: "opened", connection: 1, remote: hello("B"), silence, isOwnDial: false };
  unnamed.handle(opened as LinkEvent, 0, 0);
  assertEquals(unnamed.admit(hello("C"))?.code, "wrong-name");
  unnamed.handle({ kind: "closed", connection: 1 }, 0, 0);
  assertEquals(unnamed.admit(hello("C")), null);
  assertEquals(bench.link.phase, "down");
});

Deno.test('Link: with fence "link" a verdict ends this link, and the process is not told to stop', () => {
  const bench = new Bench("M", "A", { ...SETTINGS, fence: "link" });
  bench.tell({ kind: "start" });
  bench.open(1, hello("A"));
  bench.control(1, FrameKind.USEACK, 1);
  const actions = bench.tell({ kind: "refused", connection: 1, code: "displaced" });
  assertEquals(newsOf(actions), ["fenced"]);
  assertEquals(actions.map(words).filter((text) => text !== ""), [
    "abort 1",
    "settle fenced",
  ]);
  assertEquals([bench.link.phase, bench.link.endedBy], ["ended", "fenced"]);
  assertEquals(bench.link.admit(hello("A"))?.code, "closing");
  assertEquals(bench.tell({ kind: "dial" }), []);
});
