// A link that is not wanted any more, and is wanted again.

import { assertEquals } from "@std/assert";
import { Link } from "../../src/core/link/link.ts";
import type { LinkAction, LinkEvent } from "../../src/core/link/link_event.ts";
import { FrameKind } from "../../src/core/wire/frame.ts";
import type { Hello } from "../../src/core/wire/hello.ts";

function hello(name: string, bootId = name): Hello {
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
    ordinal: 10,
    ordinalRises: false,
    hostname: "h",
    port: 1,
    heartbeatIntervalMs: 1_000,
    limits,
  };
}

/** A link of M, the arbiter, to A. */
function newLink(): Link {
  return new Link({
    self: hello("M"),
    definition: { name: "A", hostname: "h", port: 1 },
    settings: {
      identifier: "counter",
      fence: "process",
      suspectAfterMs: 500,
      probeTimeoutMs: 1_000,
      redialMinMs: 100,
      redialMaxMs: 400,
      resumeWindowMs: 8_000,
    },
    draw: () => 0.5,
  });
}

/** One with a connection in use. */
class Bench {
  readonly link = newLink();
  nowMs = 0;

  constructor() {
    this.tell({ kind: "start" });
    this.open(1);
  }

  tell(event: LinkEvent): LinkAction[] {
    return [...this.link.handle(event, this.nowMs, 1_000_000)];
  }

  kinds(event: LinkEvent): string[] {
    return this.tell(event).map(({ kind }) => kind).filter((kind) => kind !== "tell");
  }

  /** A connection comes into use. */
  open(connection: number): LinkAction[] {
    const silence = { silenceMs: () => 0 };
    this.tell({ kind: "opened", connection, remote: hello("A"), silence, isOwnDial: true });
    const number = this.link.numberOf(connection);
    return this.tell({ kind: "control", connection, frame: FrameKind.USEACK, number });
  }

  control(connection: number, frame: number): string[] {
    return this.kinds({ kind: "control", connection, frame, number: 1 });
  }
}

Deno.test("Link: who is leaving is told, is not dialled, and comes for what is open only", () => {
  const bench = new Bench();
  const { link } = bench;
  assertEquals(bench.kinds({ kind: "drain", isLeaving: true }), ["send", "send"]);
  assertEquals([link.phase, link.admit(hello("A"))], ["draining", null]);
  assertEquals(link.admit(hello("A", "another life"))?.code, "unknown-peer");
  assertEquals(bench.kinds({ kind: "closed", connection: 1 }), []);
  bench.nowMs += 5_000;
  assertEquals(bench.kinds({ kind: "timeout" }), []);
});

Deno.test("Link: who has left is refused; its session is kept, and goes on when it is back", () => {
  const bench = new Bench();
  const { link } = bench;
  bench.tell({ kind: "drain", isLeaving: true });
  const left = bench.tell({ kind: "leave" });
  assertEquals(left.map(({ kind }) => kind), ["refuse", "settle"]);
  const [refused, settled] = left;
  assertEquals(refused!.kind === "refuse" && refused.code, "unknown-peer");
  assertEquals(settled!.kind === "settle" && settled.outcome.endsSession, false);
  assertEquals(bench.kinds({ kind: "closed", connection: 1 }), []);
  assertEquals([link.phase, link.admit(hello("A"))?.code], ["ended", "unknown-peer"]);
  assertEquals(link.nextDeadlineMs(), Infinity);
  const silence = { silenceMs: () => 0 };
  const late = { kind: "opened", connection: 2, remote: hello("A"), silence, isOwnDial: false };
  assertEquals(bench.kinds(late as LinkEvent), ["refuse"]);
  assertEquals(bench.kinds({ kind: "start" }), ["dial"]);
  assertEquals([link.phase, link.admit(hello("A"))], ["down", null]);
  // The same life: no session begins, the old one is attached.
  assertEquals(
    bench.open(3).map(({ kind }) => kind).filter((kind) => kind !== "tell"),
    ["attach"],
  );
});

Deno.test("Link: who comes back while it leaves is dialled anew, for only START tells", () => {
  const bench = new Bench();
  bench.tell({ kind: "drain", isLeaving: true });
  assertEquals(bench.kinds({ kind: "start" }), ["dial"]);
  // It is tried until a newer connection is there, although one is in use.
  assertEquals(bench.kinds({ kind: "dial-ended", error: "nobody" }), []);
  bench.nowMs += 1_000;
  assertEquals(bench.link.nextDeadlineMs() < Infinity, true);
  bench.open(2);
  assertEquals(bench.link.nextDeadlineMs(), Infinity);
});

Deno.test("Link: a peer that was closing takes calls again with a START that says so", () => {
  const bench = new Bench();
  assertEquals(bench.control(1, FrameKind.DRAIN), ["hold"]);
  assertEquals(bench.link.phase, "draining");
  bench.open(2);
  assertEquals(bench.control(2, FrameKind.START), ["release"]);
  assertEquals(bench.link.phase, "up");
  // What START says of closing follows it.
  bench.open(3);
  assertEquals(bench.control(3, FrameKind.START), []);
  assertEquals(bench.control(3, FrameKind.DRAIN), ["hold"]);
});

Deno.test("Link: one that is awaited is not dialled, until it is listed", () => {
  const bench = new Bench();
  const link = newLink();
  assertEquals(link.handle({ kind: "start", isAwaited: true }, 0, 0), []);
  assertEquals(link.handle({ kind: "dial-ended", error: "" }, 0, 0), []);
  assertEquals(link.handle({ kind: "moved" }, 0, 0), [{ kind: "dial" }]);
  assertEquals(bench.kinds({ kind: "moved" }), ["dial"]);
});
