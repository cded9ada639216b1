// The interleavings that broke other takeover protocols, each by its name, played on the real rules.

import { assert, assertEquals, assertFalse } from "@std/assert";
import { Arbiter } from "../../src/core/link/arbiter.ts";
import { Follower } from "../../src/core/link/follower.ts";
import { JUMP_MAX } from "../../src/core/link/link_number.ts";
import { LinkPair } from "../support/link_pair.ts";

function life(bootId: string, ordinal: number) {
  return { bootId, ordinal, ordinalRises: false };
}

/** Both ends agree on one connection, with one number, the greatest that each of them knows. */
function assertAgreed(pair: LinkPair): number {
  const id = pair.usable("a");
  assert(id !== null, "a has no connection");
  assertEquals(pair.usable("b"), id);
  assertEquals(pair.number(id, "a"), pair.number(id, "b"));
  for (const { id: otherId } of pair.pipes) {
    if (otherId === id) continue;
    for (const end of ["a", "b"] as const) {
      const claim = pair.claim(otherId, pair.lives[end]);
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
  pair.deliver(late, "a", "USE");
  for (const end of ["b", "a"] as const) pair.deliverRest(late, end);
  assertEquals([pair.number(late, "a"), pair.number(late, "b")], [6, 1]);
  pair.restart("a", 11);
  const next = pair.connect();
  assertEquals(pair.number(next, "b"), 2);
  // What lay in the arbiter's buffer is read only now.
  assertEquals(pair.deliver(late, "b"), "USEACK");
  assertEquals(pair.lives.b.log.at(-1), `abort ${late} silent`);
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
  pair.deliver(first, "a", "USE");
  assertEquals(pair.lives.a.log.at(-1), `PING ${own}`);
  assertEquals([pair.deliver(own, "b"), pair.deliver(own, "a")], ["PING", "PONG"]);
  assertEquals(pair.lives.a.log.at(-1), `refuse ${first} duplicate`);
  pair.deliver(second, "a", "USE");
  assertEquals(pair.lives.a.log.at(-1), `refuse ${second} displaced`);
  assertEquals(pair.lives.a.link.usable, own);
});

Deno.test("counter reset: identity is the bootId, also where ordinals are equal", () => {
  const pair = new LinkPair();
  const old = pair.connect();
  pair.settle();
  pair.restart("a", 10);
  const id = pair.connect();
  assertEquals(pair.lives.b.log.at(-1), `PING ${old}`);
  pair.probeTimeout("b");
  pair.settle();
  assertEquals(assertAgreed(pair), id);
  assertEquals(pair.lives.b.link.snapshot().session, pair.lives.a.bootId);
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
            if (pair.pipe(id).inbox[end].length > 0) pair.deliver(id, end);
          }
        }
      }
      const id = assertAgreed(pair);
      const pipe = pair.pipe(id);
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
  const use = pair.pipe(dead).inbox.a;
  assertEquals(use.map((message) => message.kind), ["PING", "USE"]);
  pair.pipe(dead).isCut = true;
  pair.lives.b = living;
  pair.deliver(dead, "a", "USE");
  assertEquals(pair.usable("a"), current);
  pair.probeTimeout("a");
  assertEquals(pair.usable("a"), current);
  assertEquals(pair.lives.a.log.at(-1), `abort ${dead} silent`);
});

Deno.test("a round trip less: a later life is believed at once where ordinals rise", () => {
  // Whose ordinals rise: the old life's, the new one's.
  for (const [old, fresh] of [[true, true], [true, false], [false, true]] as const) {
    const follower = new Follower();
    follower.handleCompleted(1, { ...life("old", 10), ordinalRises: old });
    follower.handleUse(1, 1);
    follower.handleCompleted(2, { ...life("new", 11), ordinalRises: fresh });
    const kinds = follower.handleUse(2, 1)!.map(({ kind }) => kind);
    assertEquals(kinds, old && fresh ? ["adopt", "displace"] : ["probe"]);
  }
});

Deno.test("a round trip less: an earlier life is not, though nothing is left of the later one", () => {
  const follower = new Follower();
  follower.handleCompleted(1, { ...life("late", 11), ordinalRises: true });
  follower.handleUse(1, 1);
  follower.handleClosed(1);
  follower.handleCompleted(2, { ...life("early", 10), ordinalRises: true });
  assertEquals(follower.handleUse(2, 1)!.map(({ kind }) => kind), ["probe"]);
});

Deno.test("a round trip less: the arbiter's restart takes over with its first USE", () => {
  const pair = new LinkPair({ ordinalRises: true });
  pair.connect();
  pair.settle();
  pair.restart("b", 11);
  const id = pair.connect();
  pair.deliver(id, "a", "USE");
  assertEquals(pair.usable("a"), id);
});

Deno.test("closed before confirmed: the arbiter keeps the older connection until USEACK", () => {
  const pair = new LinkPair();
  const old = pair.connect();
  pair.settle();
  const fresh = pair.connect();
  assertEquals(pair.usable("b"), old);
  assert(pair.pipe(old).open.b);
  pair.deliver(fresh, "a", "USE");
  assertEquals(pair.usable("a"), fresh);
  // The new one dies before its USEACK is read: both ends fall back.
  pair.cut(fresh);
  pair.detectDead(fresh, "b");
  assertEquals(pair.usable("b"), old);
  pair.detectDead(fresh, "a");
  assertEquals(pair.usable("a"), old);
  assertEquals(pair.lives.a.log.at(-1), `attach ${old}`);
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
      const waits = pair.pipe(id).inbox[end].length > 0;
      if (waits && pair.usable("b") !== id) pair.deliver(id, end);
    }
  }
  assertEquals(pair.usable("a"), id);
  assert(
    pair.claim(old, pair.lives.a),
    "it must not be ended before the arbiter is known to be here",
  );
  pair.settle();
  assertEquals(pair.lives.a.log.at(-1), `abort ${old} local`);
  assertEquals(pair.claim(old, pair.lives.a), undefined);
  assertEquals(assertAgreed(pair), id);
});

Deno.test("orders are not ordered: a smaller proposal stands by, and serves when the greater dies", () => {
  const pair = new LinkPair();
  const first = pair.connect();
  const second = pair.connect();
  pair.deliver(second, "a", "USE");
  assertEquals(pair.usable("a"), second);
  pair.deliver(first, "a", "USE");
  assertEquals(pair.usable("a"), second);
  assertEquals(pair.claim(first, pair.lives.a)!.state, "standby");
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
  arbiter.handleCompleted(1, life("old", 10), 0);
  arbiter.handleUseAck(1, 1, 0);
  const probes = [2, 3, 4].map((id) => arbiter.handleCompleted(id, life(`new${id}`, 5), 0)[0]!);
  assertEquals(probes.map((probe) => probe.kind), ["probe", "probe", "probe"]);
  // The first claimant's deadline passes: it wins, although newer claimants came meanwhile.
  assertEquals(arbiter.handleProbeTimeout(2, 0), [{ kind: "propose", connection: 2, number: 2 }]);
});

Deno.test("probe fooled: bytes or an older pong do not count, only the nonce or a later one", () => {
  const arbiter = new Arbiter("counter");
  arbiter.handleCompleted(1, life("old", 10), 0);
  arbiter.handleUseAck(1, 1, 0);
  const earlier = arbiter.drawNonce();
  const [probe] = arbiter.handleCompleted(2, life("new", 5), 0);
  assert(probe?.kind === "probe");
  assertEquals(arbiter.handlePong(1, earlier), []);
  assertEquals(arbiter.claim(2)!.state, "probing");
  assertEquals(arbiter.handlePong(2, probe.nonce), [], "a pong on another connection");
  assertEquals(arbiter.handlePong(1, probe.nonce), [{ kind: "refuse", connection: 2 }]);
});

Deno.test("probe fooled: at the follower, too, only the nonce or a later one counts", () => {
  const follower = new Follower();
  follower.handleCompleted(1, life("old", 10));
  follower.handleUse(1, 1);
  const earlier = follower.drawNonce();
  follower.handleCompleted(2, life("new", 5));
  const [probe] = follower.handleUse(2, 1) ?? [];
  assert(probe?.kind === "probe" && probe.connection === 1);
  assertEquals(follower.handlePong(1, earlier), []);
  assertEquals(follower.claim(2)!.state, "probing");
  assertEquals(follower.handlePong(2, probe.nonce), [], "a pong on another connection");
  assertEquals(follower.handlePong(1, probe.nonce), [{ kind: "refuse", connection: 2 }]);
});

Deno.test("probe poisoned: a probe settles when the probed connection closes", () => {
  const arbiter = new Arbiter("counter");
  arbiter.handleCompleted(1, life("old", 10), 0);
  arbiter.handleUseAck(1, 1, 0);
  arbiter.handleCompleted(2, life("new", 5), 0);
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
  assertEquals(pair.lives.b.log.at(-1), `PING ${second}`);
  pair.lives.a = living;
  pair.deliver(second, "a", "USE");
  pair.deliver(second, "b", "USEACK"); // It supersedes the first.
  assertFalse(pair.pipe(first).open.b);
  assertEquals(pair.claim(stray, pair.lives.b)!.state, "probing");
  pair.deliver(second, "a", "PING");
  pair.deliver(second, "b", "PONG");
  assertEquals(pair.lives.b.log.at(-1), `refuse ${stray} duplicate`);
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
      for (const pipe of pair.pipes) {
        for (const reader of ["a", "b"] as const) {
          if (pipe.inbox[reader].length > 0) pair.deliver(pipe.id, reader);
        }
      }
    }
    assert(pair.lives[end].isFenced, `the stray ${end} is told`);
    assertFalse(owner.isFenced);
    const otherEnd = end === "a" ? "b" : "a";
    assertEquals(pair.lives[otherEnd].link.usable, first);
    assertEquals(pair.lives[otherEnd].log.filter((line) => line.endsWith("duplicate")), [
      `refuse ${stray} duplicate`,
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
    assertFalse(owner.isFenced, "nobody is told before the successor has answered");
    for (let round = 0; round < 10; round++) {
      for (const pipe of pair.pipes) {
        for (const reader of ["a", "b"] as const) {
          if (pipe.inbox[reader].length > 0) pair.deliver(pipe.id, reader);
        }
      }
    }
    assertEquals(pair.lives[otherEnd].link.usable, id);
    assert(owner.isFenced, "the displaced owner is told");
    assertFalse(pair.lives[end].isFenced);
    const displaced = pair.lives[otherEnd].log.filter((line) => line.endsWith("displaced"));
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
    assertFalse(owner.isFenced, "it cannot have heard of it");
    pair.restart(end, 9);
    pair.detectDead(second, otherEnd);
    pair.detectDead(first, end);
    pair.lives[end] = owner;
    const third = pair.connect();
    pair.settle();
    assert(owner.isFenced);
    assertEquals(pair.usable(otherEnd), null);
    assertEquals(pair.lives[otherEnd].log.at(-1), `refuse ${third} displaced`);
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
  assertEquals(pair.lives.b.log.at(-1), `PING ${second}`);
  pair.complete(second, "a");
  pair.deliver(second, "a", "USE");
  pair.deliver(second, "b", "USEACK");
  assertEquals(pair.usable("b"), second);
  pair.probeTimeout("b");
  assertEquals(pair.lives.b.log.at(-1), `refuse ${waiting} displaced`);
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
  const proposed = pair.lives.b.log.filter((line) => line.startsWith("USE "));
  assertEquals(proposed.slice(-2), [`USE ${third}`, `USE ${second}`]);
  for (const id of [third, second]) {
    pair.complete(id, "a");
    pair.deliver(id, "a", "USE");
  }
  pair.deliver(third, "b", "USEACK");
  assertEquals(pair.usable("b"), third);
  pair.deliver(second, "b", "USEACK");
  assertEquals(pair.lives.b.log.at(-1), `refuse ${second} displaced`);
  assertEquals(pair.usable("b"), third);
  assertFalse(owner.isFenced);
  // RST of the first connection, then what the second one brings.
  pair.deliverRest(second, "a");
  assert(owner.isFenced);
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
    if (end === "b") pair.deliver(second, otherEnd, "USE");
    // The owner answers the probe: it is alive.
    pair.deliver(first, end);
    pair.deliver(first, otherEnd);
    // It is refused, and does not hear of it.
    pair.cut(second);
    pair.settle();
    assert(pair.lives[otherEnd].log.includes(`refuse ${second} duplicate`));
    assertFalse(stray.isFenced);
    pair.detectDead(first, otherEnd);
    const third = pair.connect();
    pair.settle();
    assertEquals(pair.lives[otherEnd].log.at(-1), `refuse ${third} displaced`);
    assert(stray.isFenced);
  }
});

Deno.test("stray duplicate: a verdict is final, also on one that was only proposed", () => {
  const pair = new LinkPair();
  const owner = pair.lives.a;
  const first = pair.connect();
  pair.twin("a", 11);
  const second = pair.connect();
  pair.deliver(second, "a", "USE");
  pair.deliver(second, "b", "USEACK");
  assertEquals(pair.lives.b.log.at(-1), `refuse ${first} displaced`);
  // It does not hear of it, and dials again.
  pair.cut(first);
  pair.lives.a = owner;
  const third = pair.open();
  pair.complete(third, "b");
  assertEquals(pair.lives.b.log.at(-1), `refuse ${third} displaced`);
});

Deno.test("stray duplicate: what stands by for the old life is displaced with it", () => {
  const pair = new LinkPair();
  const first = pair.connect();
  const second = pair.connect();
  // CONFIRM and USE of the second one come first.
  pair.deliver(second, "a", "USE");
  pair.deliver(first, "a", "USE");
  assertEquals(pair.claim(first, pair.lives.a)?.state, "standby");
  const owner = pair.lives.b;
  pair.twin("b", 11);
  const third = pair.connect();
  pair.settle();
  assertEquals(pair.usable("a"), third);
  const displaced = pair.lives.a.log.filter((line) => line.endsWith("displaced"));
  assertEquals(displaced.toSorted(), [`refuse ${first} displaced`, `refuse ${second} displaced`]);
  assertFalse(owner.isFenced, "nothing was read there yet");
});

Deno.test("poisoned number: a proposal near the end of the range is refused", () => {
  const follower = new Follower();
  follower.handleCompleted(1, life("b", 10));
  for (const poison of [0, -1, Number.MAX_SAFE_INTEGER, 2 ** 52 + 1]) {
    assertEquals(follower.handleUse(1, poison), null);
  }
  assertEquals(follower.usable, null);
  const arbiter = new Arbiter("counter");
  arbiter.handleCompleted(1, life("a", 10), 0);
  assertEquals(arbiter.handleUseAck(1, Number.MAX_SAFE_INTEGER, 0), null);
  assertEquals(arbiter.handleUseAck(1, 0, 0), null);
});

Deno.test("poisoned number: a link driven to the end of its range heals by itself", () => {
  const pair = new LinkPair({ mode: "clock" });
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
  const pair = new LinkPair({ mode: "clock" });
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
  const pair = new LinkPair({ mode: "clock" });
  pair.wallMicros.b = 2_000_000_000_000_000;
  const old = pair.connect();
  pair.settle();
  const before = pair.number(old, "a");
  pair.wallMicros.b -= 3_600_000_000;
  pair.restart("b", 3);
  const id = pair.connect();
  // Its ordinal is lower: the old connection is probed, and nobody answers there.
  pair.settle();
  pair.probeTimeout("a");
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
  pair.deliver(low, "a", "USE"); // The low one is verified,
  pair.deliver(high, "a", "USE"); // the high one is verified,
  for (const end of ["b", "a"] as const) pair.deliverRest(high, end); // and adopted.
  assertEquals(pair.usable("a"), high);
  // Judged anew, against the adopted one.
  for (const end of ["b", "a"] as const) pair.deliverRest(low, end);
  assertEquals(pair.usable("a"), high);
  pair.settle();
  pair.deliverRest(low, "b");
  assert(lowLife.isFenced);
  assertFalse(pair.lives.b.isFenced);
});

function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) =>
    permutations(items.filter((_, other) => other !== index)).map((rest) => [item, ...rest])
  );
}
