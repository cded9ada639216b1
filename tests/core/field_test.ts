// The interleavings that broke other takeover protocols, each by its name, played on the real rules.

import { assert, assertEquals, assertFalse } from "@std/assert";
import { Arbiter } from "../../src/core/link/arbiter.ts";
import { Follower } from "../../src/core/link/follower.ts";
import { JUMP_MAX } from "../../src/core/link/link_number.ts";
import { LinkPair } from "../support/link_pair.ts";

/** Both ends agree on one connection, with one number, the greatest that each of them knows. */
function assertAgreed(pair: LinkPair): number {
  const id = pair.usable("a");
  assert(id !== null, "a has no connection");
  assertEquals(pair.usable("b"), id);
  assertEquals(pair.number(id, "a"), pair.number(id, "b"));
  for (const [otherId] of pair.pipes) {
    if (otherId === id) continue;
    for (const end of ["a", "b"] as const) {
      const claim = pair.lives[end].rules.claim(otherId);
      if (claim?.state === "adopted") assert(claim.number < pair.number(id, end));
    }
  }
  return id;
}

Deno.test("counter reset: a restarted arbiter counts from 1 and still gets the greater number", () => {
  const pair = new LinkPair();
  for (let count = 0; count < 5; count++) {
    pair.connect();
    pair.settle();
  }
  const before = pair.number(assertAgreed(pair), "a");
  assertEquals(before, 5);
  pair.restart("b", 11);
  const id = pair.connect();
  pair.settle();
  assertEquals(assertAgreed(pair), id);
  assertEquals(pair.number(id, "b"), before + 1);
});

Deno.test("counter reset: a dead process's late USEACK gets no number above the next one's", () => {
  const pair = new LinkPair();
  for (let count = 0; count < 5; count++) {
    pair.connect();
    pair.settle();
  }
  // The arbiter starts again and counts from 1; the follower settles 6, and dies.
  pair.restart("b", 11);
  const late = pair.connect();
  for (const [end, kind] of [["a", "USE"], ["b", "PING"], ["a", "PONG"]] as const) {
    assertEquals(pair.deliver(late, end), kind);
  }
  assertEquals([pair.number(late, "a"), pair.number(late, "b")], [6, 1]);
  pair.restart("a", 11);
  const next = pair.connect();
  assertEquals(pair.number(next, "b"), 2);
  // What lay in the arbiter's buffer is read only now.
  assertEquals(pair.deliver(late, "b"), "USEACK");
  assertEquals(pair.lives.b.log.at(-1), `abandon ${late}`);
  pair.settle();
  assertEquals(assertAgreed(pair), next);
});

Deno.test("a verdict is final: whom the follower refused once gets no second probe", () => {
  const pair = new LinkPair();
  const own = pair.connect();
  pair.settle();
  // A second process of the arbiter's name, no newer than the first, has two connections.
  pair.twin("b", 10);
  const [first, second] = [pair.connect(), pair.connect()];
  assertEquals(pair.deliver(first, "a"), "USE");
  assertEquals(pair.lives.a.log.at(-1), `probe ${own}`);
  assertEquals([pair.deliver(own, "b"), pair.deliver(own, "a")], ["PING", "PONG"]);
  assertEquals(pair.lives.a.log.at(-1), `refuse ${first}`);
  assertEquals(pair.deliver(second, "a"), "USE");
  assertEquals(pair.lives.a.log.at(-1), `displace ${second}`);
  assertEquals(pair.lives.a.rules.usable, own);
});

Deno.test("counter reset: identity is the bootId, also where ordinals are equal", () => {
  const pair = new LinkPair();
  const old = pair.connect();
  pair.settle();
  pair.restart("a", 10);
  const id = pair.connect();
  assertEquals(pair.lives.b.log.at(-1), `probe ${old}`);
  pair.probeTimeout(id, "b");
  pair.settle();
  assertEquals(assertAgreed(pair), id);
  assertEquals(pair.lives.b.rules.sessionBootId, pair.lives.a.bootId);
});

Deno.test("the jump: nothing is remembered of a peer whose connections are gone", () => {
  const pair = new LinkPair();
  const first = pair.connect();
  pair.settle();
  // A life far in the future comes, goes, and its successor has the clock right again.
  pair.restart("a", 4_000_000_000_000_000);
  pair.connect();
  pair.settle();
  const second = assertAgreed(pair);
  assert(second > first);
  pair.restart("a", 20);
  pair.detectDead(second, "b");
  const third = pair.connect();
  pair.settle();
  assertEquals(assertAgreed(pair), third);
});

Deno.test("both closed: crossing dials leave one connection, the same at both ends", () => {
  // Two handshakes, each completing at each end in any order, and every order of reading after.
  const steps = ["1a", "1b", "2a", "2b"];
  for (const order of permutations(steps)) {
    for (const preferred of [1, 2]) {
      const pair = new LinkPair();
      pair.open();
      pair.open();
      for (const step of order) pair.complete(Number(step[0]), step[1] as "a" | "b");
      const sequence = preferred === 1 ? [1, 2] : [2, 1];
      for (let round = 0; round < 20; round++) {
        for (const id of sequence) {
          for (const end of ["a", "b"] as const) {
            if (pair.pipes.get(id)!.inbox[end].length > 0) pair.deliver(id, end);
          }
        }
      }
      const id = assertAgreed(pair);
      const pipe = pair.pipes.get(id)!;
      assert(pipe.open.a && pipe.open.b, order.join());
    }
  }
});

Deno.test("parking: a completed handshake is decided on at once, whatever else is under way", () => {
  const pair = new LinkPair();
  pair.open(); // A dial that never completes.
  const id = pair.connect();
  pair.settle();
  assertEquals(assertAgreed(pair), id);
});

Deno.test("lost welcome: a number is consumed on use, a later proposal is greater", () => {
  const pair = new LinkPair();
  const lost = pair.connect();
  const proposed = pair.number(lost, "b");
  pair.cut(lost);
  pair.detectDead(lost, "b");
  pair.detectDead(lost, "a");
  const id = pair.connect();
  pair.settle();
  assertEquals(assertAgreed(pair), id);
  assert(pair.number(id, "b") > proposed);
});

Deno.test("a dead process's decision: another life is adopted only after it answered a probe", () => {
  const pair = new LinkPair();
  const current = pair.connect();
  pair.settle();
  // A life of the arbiter handshakes, sends USE, and dies before the follower reads it.
  const living = pair.lives.b;
  pair.twin("b", 11);
  const dead = pair.connect();
  const use = pair.pipes.get(dead)!.inbox.a;
  assertEquals(use.map((message) => message.kind), ["USE"]);
  pair.pipes.get(dead)!.cut = true;
  pair.lives.b = living;
  pair.deliver(dead, "a");
  assertEquals(pair.usable("a"), current);
  pair.probeTimeout(dead, "a");
  assertEquals(pair.usable("a"), current);
  assertEquals(pair.lives.a.log.at(-1), `abandon ${dead}`);
});

Deno.test("closed before confirmed: the arbiter keeps the older connection until USEACK", () => {
  const pair = new LinkPair();
  const old = pair.connect();
  pair.settle();
  const fresh = pair.connect();
  assertEquals(pair.usable("b"), old);
  assert(pair.pipes.get(old)!.open.b);
  pair.deliver(fresh, "a");
  assertEquals(pair.usable("a"), fresh);
  // The new one dies before its USEACK is read: both ends fall back.
  pair.cut(fresh);
  pair.detectDead(fresh, "b");
  assertEquals(pair.usable("b"), old);
  pair.detectDead(fresh, "a");
  assertEquals(pair.usable("a"), old);
  assertEquals(pair.lives.a.log.at(-1), `resume ${old}`);
});

Deno.test("dead path: the follower ends the older connection when the arbiter's START has come", () => {
  const pair = new LinkPair();
  const old = pair.connect();
  pair.settle();
  // Both processes live, but what the arbiter says on the old connection is never heard.
  pair.cut(old);
  const id = pair.connect();
  while (pair.usable("b") !== id) {
    for (const end of ["a", "b"] as const) {
      const waits = pair.pipes.get(id)!.inbox[end].length > 0;
      if (waits && pair.usable("b") !== id) pair.deliver(id, end);
    }
  }
  assertEquals(pair.usable("a"), id);
  assert(
    pair.lives.a.rules.claim(old),
    "it must not be ended before the arbiter is known to be here",
  );
  pair.settle();
  assertEquals(pair.lives.a.log.at(-1), `supersede ${old}`);
  assertEquals(pair.lives.a.rules.claim(old), undefined);
  assertEquals(assertAgreed(pair), id);
});

Deno.test("orders are not ordered: a smaller proposal stands by, and serves when the greater dies", () => {
  const pair = new LinkPair();
  const first = pair.connect();
  const second = pair.connect();
  pair.deliver(second, "a");
  assertEquals(pair.usable("a"), second);
  pair.deliver(first, "a");
  assertEquals(pair.usable("a"), second);
  assertEquals(pair.lives.a.rules.claim(first)!.state, "standby");
  const number = pair.number(second, "a");
  pair.cut(second);
  pair.detectDead(second, "a");
  assertEquals(pair.usable("a"), first);
  assert(pair.number(first, "a") > number);
  pair.detectDead(second, "b");
  pair.settle();
  assertEquals(assertAgreed(pair), first);
});

Deno.test("probe livelock: each claimant has its own probe, and the first keeps its deadline", () => {
  const arbiter = new Arbiter("counter");
  arbiter.handleCompleted(1, "old", 10, 0);
  arbiter.handleUseAck(1, 1, 0);
  const probes = [2, 3, 4].map((id) => arbiter.handleCompleted(id, `new${id}`, 5, 0)[0]!);
  assertEquals(probes.map((probe) => probe.kind), ["probe", "probe", "probe"]);
  // The first claimant's deadline passes: it wins, although newer claimants came meanwhile.
  assertEquals(arbiter.handleProbeTimeout(2, 0), [{ kind: "propose", connection: 2, number: 2 }]);
});

Deno.test("probe fooled: bytes or an older pong do not count, only the nonce or a later one", () => {
  const arbiter = new Arbiter("counter");
  arbiter.handleCompleted(1, "old", 10, 0);
  arbiter.handleUseAck(1, 1, 0);
  const earlier = arbiter.drawNonce();
  const [probe] = arbiter.handleCompleted(2, "new", 5, 0);
  assert(probe?.kind === "probe");
  assertEquals(arbiter.handlePong(1, earlier), []);
  assertEquals(arbiter.claim(2)!.state, "probing");
  assertEquals(arbiter.handlePong(2, probe.nonce), [], "a pong on another connection");
  assertEquals(arbiter.handlePong(1, probe.nonce), [{ kind: "refuse", connection: 2 }]);
});

Deno.test("probe fooled: at the follower, too, only the nonce or a later one counts", () => {
  const follower = new Follower();
  follower.handleCompleted(1, "old", 10);
  follower.handleUse(1, 1);
  const earlier = follower.drawNonce();
  follower.handleCompleted(2, "new", 5);
  const [probe] = follower.handleUse(2, 1) ?? [];
  assert(probe?.kind === "probe" && probe.connection === 1);
  assertEquals(follower.handlePong(1, earlier), []);
  assertEquals(follower.claim(2)!.state, "probing");
  assertEquals(follower.handlePong(2, probe.nonce), [], "a pong on another connection");
  assertEquals(follower.handlePong(1, probe.nonce), [{ kind: "refuse", connection: 2 }]);
});

Deno.test("probe poisoned: a probe settles when the probed connection closes", () => {
  const arbiter = new Arbiter("counter");
  arbiter.handleCompleted(1, "old", 10, 0);
  arbiter.handleUseAck(1, 1, 0);
  arbiter.handleCompleted(2, "new", 5, 0);
  assertEquals(arbiter.handleClosed(1, 0), [{ kind: "propose", connection: 2, number: 2 }]);
});

Deno.test("superseded is no verdict: the rule is applied to the successor", () => {
  const pair = new LinkPair();
  const first = pair.connect();
  pair.settle();
  // The same process dials again; its new connection is proposed but not yet settled ...
  const second = pair.connect();
  // ... when a stray with a lower ordinal claims the name: the newest decided one is probed.
  const living = pair.lives.a;
  pair.twin("a", 5);
  const stray = pair.connect();
  assertEquals(pair.lives.b.log.at(-1), `probe ${second}`);
  pair.lives.a = living;
  pair.deliver(second, "a"); // USE
  pair.deliver(second, "b"); // USEACK supersedes the first
  assertFalse(pair.pipes.get(first)!.open.b);
  assertEquals(pair.lives.b.rules.claim(stray)!.state, "probing");
  pair.deliver(second, "a"); // PING
  pair.deliver(second, "b"); // START
  pair.deliver(second, "b"); // PONG
  assertEquals(pair.lives.b.log.at(-1), `refuse ${stray}`);
  assertEquals(pair.usable("b"), second);
});

Deno.test("stray duplicate: a living owner keeps its name, the stray fences itself, once", () => {
  for (const end of ["a", "b"] as const) {
    const pair = new LinkPair();
    const first = pair.connect();
    pair.settle();
    const owner = pair.lives[end];
    pair.twin(end, 5);
    const stray = pair.connect();
    for (let round = 0; round < 10; round++) {
      for (const [id, pipe] of pair.pipes) {
        for (const reader of ["a", "b"] as const) {
          if (pipe.inbox[reader].length > 0) pair.deliver(id, reader);
        }
      }
    }
    assert(pair.lives[end].fenced, `the stray ${end} is told`);
    assertFalse(owner.fenced);
    const otherEnd = end === "a" ? "b" : "a";
    assertEquals(pair.lives[otherEnd].rules.usable, first);
    assertEquals(pair.lives[otherEnd].log.filter((line) => line.startsWith("refuse")), [
      `refuse ${stray}`,
    ]);
  }
});

Deno.test("stray duplicate: a higher ordinal takes over, once, after it has proved it lives", () => {
  for (const end of ["a", "b"] as const) {
    const pair = new LinkPair();
    pair.connect();
    pair.settle();
    const owner = pair.lives[end];
    const otherEnd = end === "a" ? "b" : "a";
    pair.twin(end, 11);
    const id = pair.connect();
    assertFalse(owner.fenced, "nobody is told before the successor has answered");
    for (let round = 0; round < 10; round++) {
      for (const [pipeId, pipe] of pair.pipes) {
        for (const reader of ["a", "b"] as const) {
          if (pipe.inbox[reader].length > 0) pair.deliver(pipeId, reader);
        }
      }
    }
    assertEquals(pair.lives[otherEnd].rules.usable, id);
    assert(owner.fenced, "the displaced owner is told");
    assertFalse(pair.lives[end].fenced);
    const displaced = pair.lives[otherEnd].log.filter((line) => line.startsWith("displace"));
    assertEquals(displaced.length, 1);
  }
});

Deno.test("stray duplicate: an owner that was displaced unheard is displaced when it comes back", () => {
  // Its session has ended at the other end and goes on at its own: their numbers do not fit.
  for (const end of ["a", "b"] as const) {
    const otherEnd = end === "a" ? "b" : "a";
    const pair = new LinkPair();
    const first = pair.connect();
    pair.settle();
    const owner = pair.lives[end];
    pair.cut(first);
    pair.twin(end, 11);
    const second = pair.connect();
    pair.settle();
    assertEquals(pair.usable(otherEnd), second);
    assertFalse(owner.fenced, "it cannot have heard of it");
    pair.restart(end, 9);
    pair.detectDead(second, otherEnd);
    pair.detectDead(first, end);
    pair.lives[end] = owner;
    const third = pair.connect();
    pair.settle();
    assert(owner.fenced);
    assertEquals(pair.usable(otherEnd), null);
    assertEquals(pair.lives[otherEnd].log.at(-1), `displace ${third}`);
  }
});

Deno.test("stray duplicate: a displaced life that waits for a probe is not taken back either", () => {
  const pair = new LinkPair();
  pair.connect();
  pair.settle();
  const waiting = pair.open();
  pair.twin("a", 11);
  const second = pair.open();
  pair.complete(second, "b");
  pair.complete(waiting, "b");
  assertEquals(pair.lives.b.log.at(-1), `probe ${second}`);
  pair.complete(second, "a");
  pair.deliver(second, "a");
  pair.deliver(second, "b");
  assertEquals(pair.usable("b"), second);
  pair.probeTimeout(waiting, "b");
  assertEquals(pair.lives.b.log.at(-1), `displace ${waiting}`);
});

Deno.test("stray duplicate: of two lives proposed at once, the one whose session ends first is out", () => {
  const pair = new LinkPair();
  const first = pair.connect();
  pair.settle();
  const owner = pair.lives.a;
  const second = pair.open();
  pair.twin("a", 9);
  const third = pair.open();
  pair.detectDead(first, "b");
  pair.complete(third, "b");
  pair.complete(second, "b");
  assertEquals(pair.lives.b.log.slice(-2), [`propose ${third}`, `propose ${second}`]);
  for (const id of [third, second]) {
    pair.complete(id, "a");
    pair.deliver(id, "a");
  }
  pair.deliver(third, "b");
  assertEquals(pair.usable("b"), third);
  pair.deliver(second, "b");
  assertEquals(pair.lives.b.log.at(-1), `displace ${second}`);
  assertEquals(pair.usable("b"), third);
  assertFalse(owner.fenced);
  // RST of the first connection, then what the second one brings.
  while (pair.pipes.get(second)!.inbox.a.length > 0) pair.deliver(second, "a");
  assert(owner.fenced);
});

Deno.test("stray duplicate: a verdict is final, also when its owner dies before it is heard", () => {
  for (const end of ["a", "b"] as const) {
    const otherEnd = end === "a" ? "b" : "a";
    const pair = new LinkPair();
    const first = pair.connect();
    pair.settle();
    pair.twin(end, 9);
    const stray = pair.lives[end];
    const second = pair.connect();
    if (end === "b") pair.deliver(second, otherEnd);
    // The owner answers the probe: it is alive.
    pair.deliver(first, end);
    pair.deliver(first, otherEnd);
    pair.settle();
    assert(pair.lives[otherEnd].log.includes(`refuse ${second}`));
    pair.detectDead(first, otherEnd);
    const third = pair.connect();
    pair.settle();
    assertEquals(pair.lives[otherEnd].log.at(-1), `displace ${third}`);
    assert(stray.fenced);
  }
});

Deno.test("stray duplicate: what stands by for the old life is displaced with it", () => {
  const pair = new LinkPair();
  const first = pair.connect();
  const second = pair.connect();
  // CONFIRM and USE of the second one come first.
  pair.deliver(second, "a");
  pair.deliver(first, "a");
  assertEquals(pair.lives.a.rules.claim(first)?.state, "standby");
  const owner = pair.lives.b;
  pair.twin("b", 11);
  const third = pair.connect();
  pair.settle();
  assertEquals(pair.usable("a"), third);
  const displaced = pair.lives.a.log.filter((line) => line.startsWith("displace"));
  assertEquals(displaced.toSorted(), [`displace ${first}`, `displace ${second}`]);
  assertFalse(owner.fenced, "nothing was read there yet");
});

Deno.test("poisoned number: a proposal near the end of the range is refused", () => {
  const follower = new Follower();
  follower.handleCompleted(1, "b", 10);
  for (const poison of [0, -1, Number.MAX_SAFE_INTEGER, 2 ** 52 + 1]) {
    assertEquals(follower.handleUse(1, poison), null);
  }
  assertEquals(follower.usable, null);
  const arbiter = new Arbiter("counter");
  arbiter.handleCompleted(1, "a", 10, 0);
  assertEquals(arbiter.handleUseAck(1, Number.MAX_SAFE_INTEGER, 0), null);
  assertEquals(arbiter.handleUseAck(1, 0, 0), null);
});

Deno.test("poisoned number: a link driven to the end of its range heals by itself", () => {
  const pair = new LinkPair("clock");
  pair.wallMicros.b = JUMP_MAX;
  pair.connect();
  pair.settle();
  assertEquals(pair.number(assertAgreed(pair), "a"), JUMP_MAX);
  pair.wallMicros.b = 1_000_000;
  pair.restart("b", 11);
  // The restarted arbiter cannot believe the number that is settled now, and gives this one up.
  const refused = pair.connect();
  pair.settle();
  assertEquals(pair.usable("b"), null);
  pair.detectDead(refused, "b");
  pair.settle();
  const id = pair.connect();
  pair.settle();
  assertEquals(assertAgreed(pair), id);
});

Deno.test("a clock that steps back never makes the newer connection look older", () => {
  const pair = new LinkPair("clock");
  pair.wallMicros.b = 2_000_000_000_000_000;
  pair.connect();
  pair.settle();
  const before = pair.number(assertAgreed(pair), "a");
  assertEquals(before, 2_000_000_000_000_000);
  pair.wallMicros.b -= 3_600_000_000;
  const id = pair.connect();
  pair.settle();
  assertEquals(assertAgreed(pair), id);
  assertEquals(pair.number(id, "a"), before + 1);
});

Deno.test("a restarted arbiter whose clock is an hour behind still gets the greater number", () => {
  const pair = new LinkPair("clock");
  pair.wallMicros.b = 2_000_000_000_000_000;
  const old = pair.connect();
  pair.settle();
  const before = pair.number(old, "a");
  pair.wallMicros.b -= 3_600_000_000;
  pair.restart("b", 3);
  const id = pair.connect();
  // Its ordinal is lower: the old connection is probed, and nobody answers there.
  pair.settle();
  pair.probeTimeout(id, "a");
  pair.settle();
  assertEquals(assertAgreed(pair), id);
  assertEquals(pair.number(id, "b"), before + 1);
});

Deno.test("two new lives at once: the lower ordinal cannot displace the adopted higher one", () => {
  const pair = new LinkPair();
  pair.connect();
  pair.settle();
  pair.restart("b", 11);
  const low = pair.connect();
  const lowLife = pair.lives.b;
  pair.twin("b", 12);
  const high = pair.connect();
  pair.deliver(low, "a"); // USE: the low one is verified
  pair.deliver(high, "a"); // USE: the high one is verified
  pair.deliver(high, "b"); // PING
  pair.deliver(high, "a"); // PONG: adopted
  assertEquals(pair.usable("a"), high);
  pair.deliver(low, "b"); // PING
  pair.deliver(low, "a"); // PONG: judged anew, against the adopted one
  assertEquals(pair.usable("a"), high);
  pair.settle();
  while (pair.pipes.get(low)!.inbox.b.length > 0) pair.deliver(low, "b");
  assert(lowLife.fenced);
  assertFalse(pair.lives.b.fenced);
});

function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) =>
    permutations(items.filter((_, other) => other !== index)).map((rest) => [item, ...rest])
  );
}
