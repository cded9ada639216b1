// The rules of flow between two sessions: places, standing credit, room, notifications.

import { assert, assertEquals } from "@std/assert";
import { DEPTH_MAX } from "../../src/core/flow/places.ts";
import { Room, RoomAccount, type RoomGuest } from "../../src/core/flow/room.ts";
import { SessionPair, TestNotification, TestRequest } from "../support/session_pair.ts";

const KIB = 1_024;

function request(size: number, depth = 0): TestRequest {
  return new TestRequest("s", new Uint8Array(size).fill(size & 0xff), false, depth);
}

class Guest implements RoomGuest {
  isReady = true;
  hasRoom = false;
  readonly length: number;

  constructor(length: number) {
    this.length = length;
  }

  handleRoom(): void {
    this.hasRoom = true;
  }
}

Deno.test("Room is lent whole, in turn, and by halves", () => {
  const room = new Room(100);
  const [one, two] = [new RoomAccount(room, 2), new RoomAccount(room, 2)];
  const guests = [40, 20, 90, 30].map((length) => new Guest(length));
  const [a, b, c, d] = guests as [Guest, Guest, Guest, Guest];
  one.ask(a);
  one.ask(b);
  assertEquals([a.hasRoom, b.hasRoom], [true, false], "60 of 100 are more than half");
  two.ask(c);
  assert(!c.hasRoom, "90 of 60");
  one.ask(d);
  one.giveBack(40);
  assertEquals([b.hasRoom, c.hasRoom, d.hasRoom], [true, false, false]);
  one.giveBack(20);
  assertEquals([c.hasRoom, d.hasRoom], [true, false], "nobody overtakes who has its turn");
  two.giveBack(90);
  assert(d.hasRoom);
  one.close();
  assertEquals(room.freeBytes, 100);
});

Deno.test("Room is not lent to what would not be used, and who goes away lets others pass", () => {
  const room = new Room(100);
  const [one, two] = [new RoomAccount(room, 2), new RoomAccount(room, 2)];
  const late = new Guest(50);
  late.isReady = false;
  one.ask(late);
  const large = new Guest(100);
  two.ask(large);
  assertEquals([late.hasRoom, large.hasRoom], [false, true]);
  const next = new Guest(10);
  two.ask(next);
  late.isReady = true;
  one.retry();
  two.giveBack(100);
  assertEquals([late.hasRoom, next.hasRoom], [true, true]);
  const [blocked, small] = [new Guest(100), new Guest(1)];
  two.giveBack(10);
  two.ask(blocked);
  const three = new RoomAccount(room, 2);
  three.ask(small);
  assert(!small.hasRoom && !blocked.hasRoom);
  assert(two.withdraw(blocked));
  assert(small.hasRoom);
});

Deno.test("a call takes its place with its first byte, and keeps it until its answer is written", () => {
  const pair = new SessionPair({ maxInFlight: 1 });
  pair.right.echo = false;
  const [large, small] = [request(2_000_000), request(1)];
  pair.left.queue.push(large);
  pair.left.queue.push(small);
  pair.carry(pair.left);
  assertEquals([large.state, small.state], ["announced", "queued"], "the place is taken");
  pair.settle();
  assertEquals([large.state, small.state], ["written", "queued"]);
  const { slot, generation, payload } = pair.right.requests[0]!;
  assertEquals(payload, new Uint8Array(2_000_000).fill(2_000_000 & 0xff));
  pair.right.session.respond(slot, generation, 1, new Uint8Array(1_000_000));
  assertEquals(pair.right.session.inboundCount, 1, "its answer waits for room");
  pair.carry(pair.right);
  assertEquals(pair.right.session.inboundCount, 1);
  pair.settle();
  assertEquals([large.outcome, small.state], ["ok", "written"]);
  assertEquals(pair.right.session.inboundCount, 1);
});

Deno.test("deeper calls have places of their own, as many as there are levels", () => {
  const pair = new SessionPair({ maxInFlight: 1 });
  pair.right.echo = false;
  for (const depth of [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]) {
    pair.left.queue.push(request(1, depth));
    pair.settle();
  }
  assertEquals(pair.right.requests.map(({ depth }) => depth), [0, 1, 2, 3, 4]);
  assertEquals([pair.right.requests.length, pair.right.broken], [1 + DEPTH_MAX, null]);
});

Deno.test("what standing credit covers goes unasked; what it does not cover asks and gets room", () => {
  const pair = new SessionPair();
  const calls = [100, 100, 100].map((size) => request(size * KIB));
  for (const call of calls) pair.left.queue.push(call);
  pair.carry(pair.left);
  assertEquals(calls.map(({ state }) => state), ["written", "written", "announced"]);
  assertEquals(pair.right.requests.length, 2);
  pair.settle();
  assertEquals(calls.map(({ outcome }) => outcome), ["ok", "ok", "ok"]);
});

Deno.test("credit comes back when half of it has gathered: any stream of messages goes on", () => {
  for (const creditBytes of [0, 1, 2, 999, 65_536]) {
    const pair = new SessionPair({ creditBytes, maxInFlight: 8, notificationsMax: 3 });
    const calls = Array.from({ length: 300 }, (_, k) => request((k * 37) % 1_500));
    const notes = calls.map((_, k) =>
      new TestNotification(new Uint8Array((k * 53) % 1_500), 1, "n")
    );
    for (const [k, call] of calls.entries()) {
      (k % 2 === 0 ? pair.left : pair.right).queue.push(call);
      pair.left.queue.push(notes[k]!);
    }
    pair.settle();
    assertEquals(new Set(calls.map(({ outcome }) => outcome)), new Set(["ok"]), `${creditBytes}`);
    const sizes = pair.right.notifications.map(({ payload }) => payload.length);
    assertEquals(sizes, notes.map((_, k) => (k * 53) % 1_500));
    assertEquals([pair.left.broken, pair.right.broken], [null, null]);
  }
});

Deno.test("an acknowledgement waits for no handler", () => {
  const pair = new SessionPair({ notificationsMax: 4 });
  pair.right.ends = false;
  pair.right.echo = false;
  for (let k = 0; k < 20; k++) {
    pair.left.queue.push(new TestNotification(new Uint8Array(9), 1, "n"));
  }
  pair.left.queue.push(request(1_000_000));
  pair.settle();
  const { log } = pair.left.session;
  assertEquals(log.acknowledged, log.lastNumber);
  assertEquals([pair.right.notifications.length, pair.right.broken], [4, null]);
  pair.right.session.endNotification();
  pair.right.session.endNotification();
  pair.settle();
  assertEquals(pair.right.notifications.length, 6);
});

Deno.test("a request that would not be started gets no room, and is started when answers are out", () => {
  const pair = new SessionPair({ host: { answersMaxBytes: 1_000 } });
  pair.right.echo = false;
  pair.left.queue.push(request(1));
  pair.settle();
  const first = pair.right.requests[0]!;
  pair.right.session.respond(first.slot, first.generation, 1, new Uint8Array(2_000_000));
  const held = [request(1), request(500_000), request(70_000)];
  for (const call of held) pair.left.queue.push(call);
  pair.carry(pair.left);
  assertEquals(pair.right.requests.length, 1);
  const { rooms } = pair.right.host;
  assertEquals(rooms.requests.freeBytes, 64 * KIB * KIB, "nothing is granted");
  pair.right.echo = true;
  pair.settle();
  assertEquals(pair.right.requests.length, 4);
  assertEquals(held.map(({ outcome }) => outcome), ["ok", "ok", "ok"]);
  assertEquals(rooms.requests.freeBytes, 64 * KIB * KIB);
});

Deno.test("room comes back by a deadline, whatever the sender does; what still comes is ignored", () => {
  const pair = new SessionPair({ host: { assemblyTimeoutMs: 200 } });
  const stalled = request(1_000_000);
  pair.left.queue.push(stalled);
  pair.carry(pair.left);
  pair.carry(pair.right);
  const { rooms } = pair.right.host;
  assertEquals(rooms.requests.freeBytes, 64 * KIB * KIB - 1_000_000);
  const late = pair.left.takeBytes();
  pair.right.timers.advance(200);
  assertEquals(rooms.requests.freeBytes, 64 * KIB * KIB);
  for (const bytes of late) pair.right.receive(bytes);
  pair.settle();
  assertEquals([stalled.outcome, pair.right.broken], ["timeout/not-executed", null]);
  assertEquals(pair.right.requests.length, 0);
  const next = request(1_000_000);
  pair.left.queue.push(next);
  pair.settle();
  assertEquals(next.outcome, "ok");
});

Deno.test("an answer without room by its call's deadline is dropped, and its place is free", () => {
  const pair = new SessionPair({ maxInFlight: 1 });
  pair.right.echo = false;
  const call = request(1);
  pair.left.queue.push(call);
  pair.settle();
  const { slot, generation } = pair.right.requests[0]!;
  pair.right.session.respond(slot, generation, 1, new Uint8Array(1_000_000));
  pair.right.takeBytes();
  pair.right.timers.advance(1_000);
  // The path is back, and the grant comes too late.
  pair.connect();
  pair.settle();
  assertEquals([call.outcome, pair.right.session.inboundCount], ["cancelled/executed", 0]);
  assertEquals(pair.left.host.rooms.answers.freeBytes, 64 * KIB * KIB);
});

Deno.test("an answer that comes too slowly gives its room back", () => {
  const pair = new SessionPair({ host: { assemblyTimeoutMs: 200 } });
  pair.right.echo = false;
  const call = request(1);
  pair.left.queue.push(call);
  pair.settle();
  const { slot, generation } = pair.right.requests[0]!;
  pair.right.session.respond(slot, generation, 1, new Uint8Array(1_000_000));
  pair.carry(pair.right);
  pair.carry(pair.left);
  pair.carry(pair.right, undefined, 100_000);
  assert(pair.left.session.receivedBytes > 0);
  pair.left.timers.advance(200);
  assertEquals(pair.left.session.receivedBytes, 0);
  assertEquals(pair.left.host.rooms.answers.freeBytes, 64 * KIB * KIB);
  pair.settle();
  assertEquals([call.outcome, pair.left.broken], ["timeout/executed", null]);
  assertEquals(pair.left.session.places.openCount, 0);
});

Deno.test("a cancel frees what was granted, in both directions, and the other end answers", () => {
  for (const steps of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const pair = new SessionPair();
    const call = request(600_000);
    pair.left.queue.push(call);
    for (let step = 0; step < steps; step++) {
      pair.carry(step % 2 === 0 ? pair.left : pair.right, undefined, 200_000);
    }
    if (call.outcome === null) {
      call.state = "settled";
      pair.left.session.cancel(call);
    }
    pair.settle();
    assertEquals([pair.left.broken, pair.right.broken], [null, null], `${steps}`);
    assertEquals(pair.left.session.places.openCount, 0, `${steps}`);
    assertEquals(pair.right.session.inboundCount, 0, `${steps}`);
    for (const end of [pair.left, pair.right]) {
      const { requests, answers } = end.host.rooms;
      assertEquals([requests.freeBytes, answers.freeBytes], [64 * KIB * KIB, 64 * KIB * KIB]);
    }
    const next = [request(600_000), request(200_000), request(200_000)];
    for (const one of next) pair.left.queue.push(one);
    pair.settle();
    assertEquals(
      next.map(({ outcome }) => outcome),
      ["ok", "ok", "ok"],
      `${steps}: all credit is back`,
    );
  }
});

Deno.test("a call that is given up gets no room while its error is written at once", () => {
  const pair = new SessionPair({ host: { answersMaxBytes: 1_000, assemblyTimeoutMs: 100 } });
  const { left, right } = pair;
  right.echo = false;
  left.queue.push(request(1));
  pair.settle();
  const { slot, generation } = right.requests[0]!;
  right.session.respond(slot, generation, 1, new Uint8Array(100_000));
  const given = request(500_000);
  left.queue.push(given);
  pair.carry(left);
  assertEquals([given.state, right.session.inboundCount], ["announced", 2]);
  const written: Uint8Array[] = [];
  right.session.carrier = { scheduleFlush: () => written.push(...right.takeBytes()) };
  left.session.cancel(given);
  pair.carry(left);
  assert(written.length > 0, "what is told is written at once");
  for (const bytes of written) left.receive(bytes);
  right.session.carrier = null;
  pair.settle();
  right.timers.advance(200);
  pair.settle();
  assertEquals([left.broken, right.broken], [null, null]);
  assertEquals([right.session.inboundCount, left.session.places.openCount], [0, 0]);
  assertEquals(right.host.rooms.requests.freeBytes, 64 * KIB * KIB);
});

Deno.test("a large notification goes in its turn, and is sent once more when its room was taken back", () => {
  const pair = new SessionPair({ host: { assemblyTimeoutMs: 200 } });
  const sizes = [1, 1_000_000, 2, 200_000, 3];
  for (const size of sizes) {
    pair.left.queue.push(new TestNotification(new Uint8Array(size).fill(size), 1, "n"));
  }
  pair.carry(pair.left);
  pair.carry(pair.right);
  const late = pair.left.takeBytes();
  pair.right.timers.advance(200);
  for (const bytes of late) pair.right.receive(bytes);
  assertEquals(pair.right.notifications.length, 1, "what comes for the old grant is ignored");
  pair.settle();
  assertEquals(pair.right.notifications.map(({ payload }) => payload.length), sizes);
  assertEquals(pair.right.host.rooms.notifications.freeBytes, 64 * KIB * KIB);
  assertEquals([pair.left.broken, pair.right.broken], [null, null]);
});

Deno.test("a notification that may be there whole is not sent to the next process", () => {
  for (const carried of [100_000, Infinity]) {
    const pair = new SessionPair({ creditBytes: 65_536 });
    pair.left.queue.push(new TestNotification(new Uint8Array(200_000), 1, "n"));
    pair.carry(pair.left);
    pair.carry(pair.right);
    pair.left.takeBytes(carried);
    pair.left.session.end("peer-restarted");
    assertEquals(pair.left.queue.backlog.isEmpty, carried === Infinity);
  }
});

Deno.test("a closing end is sent no calls but deeper ones", () => {
  const pair = new SessionPair();
  pair.left.queue.backlog.isClosing = true;
  const calls = [request(1), request(1, 1)];
  for (const call of calls) pair.left.queue.push(call);
  pair.settle();
  assertEquals(calls.map(({ outcome }) => outcome), [null, "ok"]);
});

Deno.test("what will not run is refused when it is announced: no room, no payload", () => {
  for (const [size, sentMax] of [[2_000_000, 1_000], [200_000, 200_000]] as const) {
    const pair = new SessionPair();
    pair.right.verdict = { code: "unknown-service", message: "none" };
    const refused = Array.from({ length: 5 }, () => request(size));
    for (const one of refused) pair.left.queue.push(one);
    let sent = 0;
    for (let round = 0; round < 20; round++) {
      sent += pair.carry(pair.left);
      assertEquals(pair.right.host.rooms.requests.freeBytes, 64 * KIB * KIB);
      assertEquals(pair.right.session.receivedBytes, 0, "what comes on credit is not kept");
      pair.carry(pair.right);
    }
    pair.settle();
    assertEquals(
      refused.map(({ outcome }) => outcome),
      refused.map(() => "unknown-service/not-executed"),
    );
    assert(sent < 5 * sentMax + 5_000, `${sent} bytes`);
    assertEquals([pair.left.broken, pair.right.broken], [null, null]);
    assertEquals([pair.right.session.inboundCount, pair.left.session.places.openCount], [0, 0]);
    // Credit and places are whole again.
    pair.right.verdict = "wanted";
    const next = Array.from({ length: 100 }, () => request(100_000));
    for (const one of next) pair.left.queue.push(one);
    pair.settle();
    assertEquals(next.map(({ outcome }) => outcome), next.map(() => "ok"));
  }
});

Deno.test("what may have a handler later gets no room until it has; others pass it", () => {
  const pair = new SessionPair({ host: { receiveMaxBytes: 2_000_000 } });
  pair.right.verdict = "early";
  const [first, second] = [request(1_900_000), request(1_800_000)];
  pair.left.queue.push(first);
  pair.settle();
  pair.right.verdict = "wanted";
  pair.left.queue.push(second);
  pair.settle();
  assertEquals([first.outcome, second.outcome], [null, "ok"]);
  assertEquals(pair.right.host.rooms.requests.freeBytes, 2_000_000);
  pair.right.session.reconsider();
  pair.settle();
  assertEquals(first.outcome, "ok");
  pair.right.verdict = "early";
  const third = request(1_000_000);
  pair.left.queue.push(third);
  pair.settle();
  pair.right.verdict = { code: "unknown-service", message: "none came" };
  pair.right.session.reconsider();
  pair.settle();
  assertEquals(third.outcome, "unknown-service/not-executed");
  assertEquals(pair.right.session.inboundCount, 0);
});

Deno.test("what is refused gets no room while its answer is written, and is answered once", () => {
  const pair = new SessionPair();
  const { session } = pair.right;
  // A full turn is written before it ends.
  session.carrier = { scheduleFlush: () => session.fill() };
  pair.right.verdict = "early";
  const early = [request(1_000_000), request(1_000_000)];
  for (const one of early) pair.left.queue.push(one);
  pair.settle();
  pair.right.verdict = { code: "unknown-service", message: "none came" };
  session.reconsider();
  pair.right.timers.advance(60_000);
  pair.settle();
  assertEquals(early.map(({ outcome }) => outcome), Array(2).fill("unknown-service/not-executed"));
  assertEquals([pair.left.broken, pair.right.broken], [null, null]);
  assertEquals(pair.right.host.rooms.requests.freeBytes, 64 * KIB * KIB);
});

Deno.test("a session that ends gives everything back", () => {
  const pair = new SessionPair();
  pair.right.echo = false;
  for (const size of [1_000_000, 2_000_000, 300_000]) pair.left.queue.push(request(size));
  pair.left.queue.push(new TestNotification(new Uint8Array(500_000), 1, "n"));
  pair.carry(pair.left);
  pair.carry(pair.right);
  pair.carry(pair.left, undefined, 200_000);
  const { written, unsent } = pair.left.session.end("peer-restarted");
  assertEquals([written.length, unsent.length], [0, 3], "none of them can have run");
  pair.right.session.end("peer-restarted");
  const { requests, notifications } = pair.right.host.rooms;
  assertEquals([requests.freeBytes, notifications.freeBytes], [64 * KIB * KIB, 64 * KIB * KIB]);
});
