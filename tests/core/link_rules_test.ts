// The rules of a link one by one: what is left out of any of them is missed here.

import { assert, assertEquals, assertFalse } from "@std/assert";
import { Arbiter } from "../../src/core/link/arbiter.ts";
import { CandidateSet } from "../../src/core/link/candidate_set.ts";
import { ConnectionTable, type NewRow } from "../../src/core/link/connection_table.ts";
import { DialPolicy } from "../../src/core/link/dial_policy.ts";
import { DisplacedBootIds } from "../../src/core/link/displaced_boot_ids.ts";
import { Follower } from "../../src/core/link/follower.ts";
import type { LinkEvent } from "../../src/core/link/link_event.ts";
import { CLOSED_THERE, RESTARTED, stayedAway, stoppedHere } from "../../src/core/link/outcome.ts";
import { FrameKind } from "../../src/core/wire/frame.ts";
import { SETTINGS } from "../support/link_life.ts";
import { LinkPair } from "../support/link_pair.ts";

function life(bootId: string, ordinal: number) {
  return { bootId, ordinal, ordinalRises: false };
}

Deno.test("only the arbiter sends USE, only the follower USEACK, and each once", () => {
  const arbiter = new Arbiter("counter");
  arbiter.handleCompleted(1, life("a", 10), 0);
  assertEquals(arbiter.handleUse(), null);
  assertEquals(arbiter.handleUseAck(1, 1, 0)?.map(({ kind }) => kind), ["adopt"]);
  assertEquals(arbiter.handleUseAck(1, 1, 0), null);
  const follower = new Follower();
  follower.handleCompleted(1, life("b", 10));
  assertEquals(follower.handleUseAck(), null);
  assertEquals(follower.handleUse(1, 1)?.map(({ kind }) => kind), ["adopt"]);
  assertEquals(follower.handleUse(1, 2), null);
});

Deno.test("the follower's probe settles when the probed connection closes", () => {
  const follower = new Follower();
  follower.handleCompleted(1, life("old", 10));
  follower.handleUse(1, 1);
  follower.handleCompleted(2, life("new", 5));
  assertEquals(follower.handleUse(2, 1)?.map(({ kind }) => kind), ["probe"]);
  const [decision] = follower.handleClosed(1);
  assert(decision?.kind === "probe" && decision.connection === 2, "it is asked itself now");
});

Deno.test("the follower falls back only to connections of the life whose session it holds", () => {
  const follower = new Follower();
  follower.handleCompleted(1, life("old", 10));
  follower.handleUse(1, 5);
  // Of another life, and not judged yet: it is probed on behalf of nobody.
  follower.handleCompleted(2, life("new", 5));
  follower.handleUse(2, 9);
  const snapshot = follower.snapshot();
  assertEquals(snapshot.claims.map(({ state }) => state), ["adopted", "probing"]);
  follower.handleCompleted(3, life("old", 10));
  follower.handleUse(3, 6);
  assertEquals(follower.usable, 3);
  assertEquals(follower.handleClosed(3)[0], { kind: "resume", connection: 1 });
});

Deno.test("a thousand displaced lives are remembered, and not more", () => {
  const displaced = new DisplacedBootIds();
  for (let count = 0; count < 1_025; count++) displaced.add(`L${count}`);
  assertFalse(displaced.has("L0"));
  assert(displaced.has("L1") && displaced.has("L1024"));
  assertEquals(displaced.all.length, 1_024);
});

Deno.test("the probe of a connection that is gone is over", () => {
  const [self, remote] = new LinkPair().everyLife.map(({ hello }) => hello);
  const set = new CandidateSet(self!, "counter");
  set.add(1, remote!, { silenceMs: () => 0 });
  set.startProbe(1, 100);
  assertEquals(set.nextDeadlineMs(), 100);
  set.remove(1);
  assertEquals([set.nextDeadlineMs(), set.expireProbe(100, 0)], [Infinity, null]);
});

Deno.test("outcomes: what fails, what is repeated, and whether the session goes on", () => {
  const rows = [RESTARTED, CLOSED_THERE, stayedAway(7), stoppedHere("closed")];
  assertEquals(
    rows.map(({ code, endsSession, repeats, unwrittenBeforeMs }) =>
      `${code} ${endsSession} ${repeats} ${unwrittenBeforeMs}`
    ),
    [
      "peer-restarted true idempotent -Infinity",
      "peer-down true idempotent -Infinity",
      "peer-down false none 7",
      "closed true none Infinity",
    ],
  );
});

Deno.test("each end pings when a connection is open", () => {
  const pair = new LinkPair();
  const id = pair.connect();
  assertEquals([pair.lives.a.log, pair.lives.b.log], [[`PING ${id}`], [`PING ${id}`, `USE ${id}`]]);
});

Deno.test("what comes of a connection that is gone is not heard, and is no breach", () => {
  const pair = new LinkPair();
  pair.connect();
  const control = { kind: "control", connection: 9, frame: FrameKind.USEACK, number: 1 } as const;
  assertEquals(pair.lives.b.link.handle(control, 0, 0), []);
});

Deno.test("DRAIN counts on the connection in use only", () => {
  const pair = new LinkPair();
  const first = pair.connect();
  pair.settle();
  const second = pair.connect();
  const drain = (connection: number) =>
    pair.lives.b.link.handle(
      { kind: "control", connection, frame: FrameKind.DRAIN, number: 0 },
      0,
      0,
    ).map(({ kind }) => kind);
  assertEquals(drain(second), []);
  assertEquals(drain(first), ["hold", "tell"]);
  assertEquals(pair.lives.b.link.phase, "draining");
});

Deno.test("a row goes with its connection, and no other one of that peer", () => {
  const table = new ConnectionTable();
  const row: NewRow = {
    remoteAddress: "a:1",
    listeningPort: 1,
    descriptor: null,
    direction: "inbound",
    bootId: "a",
  };
  const live = () => ({ peer: "A", identifier: 1, usable: true, roundTripMs: null, inFlight: 0 });
  table.add(1, row, 0, live);
  table.add(2, row, 0, live);
  table.remove(1);
  assertEquals(table.size, 1);
});

Deno.test("a probed connection that was superseded is not dead: its successor is probed", () => {
  const arbiter = new Arbiter("counter");
  arbiter.handleCompleted(1, life("old", 10), 0);
  arbiter.handleUseAck(1, 1, 0);
  arbiter.handleCompleted(3, life("new", 5), 0);
  arbiter.handleCompleted(2, life("old", 10), 0);
  const decisions = arbiter.handleUseAck(2, 2, 0)!;
  assertEquals(decisions.map(({ kind, connection }) => `${kind} ${connection}`), [
    "adopt 2",
    "supersede 1",
    "probe 2",
  ]);
});

Deno.test("another name at the same address begins anew, with the role that it gives", () => {
  const [low, high] = new LinkPair().everyLife.map(({ hello }) => hello);
  const set = new CandidateSet({ ...low!, name: "M" }, "counter");
  const silence = { silenceMs: () => 0 };
  set.add(1, { ...low!, name: "A" }, silence);
  assertFalse(set.isFollower);
  set.remove(1);
  set.add(2, { ...high!, name: "Z" }, silence);
  assert(set.isFollower);
});

Deno.test("whoever waits to dial goes on waiting, however often it is asked for", () => {
  const policy = new DialPolicy({ ...SETTINGS, identifier: "counter" }, () => 0.5);
  policy.renew();
  policy.beginLater(false, [], 0);
  const { deadlineMs } = policy;
  policy.beginLater(false, [], 10);
  assertEquals(policy.deadlineMs, deadlineMs);
});

Deno.test("a link that ends gives its attempt to dial up, and makes no other one", () => {
  const [life] = new LinkPair().everyLife;
  const kinds = (event: LinkEvent) => life!.link.handle(event, 0, 0).map(({ kind }) => kind);
  assertEquals(kinds({ kind: "start" }), ["dial"]);
  assertEquals(kinds({ kind: "stop", code: "closed", refusal: null }), ["give-dial-up", "settle"]);
  assertEquals(kinds({ kind: "dial" }), []);
});
