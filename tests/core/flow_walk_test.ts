// Random walks of two sessions whose carriers write at once, from inside of whatever they are told:
// calls, cancels, deadlines, broken paths. No honest end breaks the protocol; everything comes back.

import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/simulator/mod.ts";
import {
  type SessionEnd,
  SessionPair,
  TestNotification,
  TestRequest,
} from "../support/session_pair.ts";

const WALKS = 60;
const STEPS = 200;
/** So long nothing may move before it counts as calm. */
const IDLE_ROUNDS = 50;
const ROOM_BYTES = 3_000_000;
const SIZES = [0, 1, 5_000, 60_000, 100_000, 300_000, 700_000];

/** An end whose bytes leave the session as soon as anything waits. */
class EagerEnd {
  readonly end: SessionEnd;
  readonly written: Uint8Array[] = [];
  readonly calls: TestRequest[] = [];
  /** The socket takes nothing. */
  isBlocked = false;
  #isWriting = false;

  constructor(end: SessionEnd) {
    this.end = end;
    end.echo = false;
    end.session.carrier = { scheduleFlush: () => this.write() };
  }

  write(): void {
    // A write does not begin inside of another one.
    if (this.#isWriting || this.isBlocked) return;
    this.#isWriting = true;
    this.written.push(...this.end.takeBytes());
    this.#isWriting = false;
  }
}

function walk(seed: number): void {
  const random = new SeededRandom(seed);
  const pair = new SessionPair({
    maxInFlight: 1 + random.below(12),
    creditBytes: random.pick([0, 65_536, 262_144]),
    notificationsMax: 1 + random.below(4),
    host: {
      receiveMaxBytes: ROOM_BYTES,
      answersMaxBytes: random.pick([1, 100_000]),
      assemblyTimeoutMs: 100,
    },
    payloadMaxBytes: 700_000,
    windowBytes: random.pick([131_072, 4_194_304]),
  });
  const ends = [new EagerEnd(pair.left), new EagerEnd(pair.right)] as const;
  const payload = () => new Uint8Array(random.pick(SIZES));
  const deliver = (from: EagerEnd, to: EagerEnd, count: number) => {
    for (const bytes of from.written.splice(0, count)) to.end.receive(bytes);
    const { session } = to.end;
    if (!session.needsAck || random.chance(0.3)) return;
    session.ackSent(session.received);
    from.end.session.handleAck(session.received);
  };
  const answer = ({ end }: EagerEnd) => {
    const open = end.requests.splice(0, 1 + random.below(3));
    for (const { slot, generation } of open) end.session.respond(slot, generation, 1, payload());
  };
  const give = ({ end, calls }: EagerEnd) => {
    const open = calls.filter(({ outcome }) => outcome === null);
    if (open.length === 0) return;
    const call = random.pick(open);
    if (call.state === "queued") end.queue.remove(call);
    else end.session.cancel(call);
    call.state = "settled";
    call.outcome = "given up";
  };
  for (let step = 0; step < STEPS; step++) {
    const from = random.pick(ends);
    const to = ends[from === ends[0] ? 1 : 0];
    const chance = random.float();
    if (chance < 0.25) {
      const call = new TestRequest("s", payload(), false, random.below(3));
      from.calls.push(call);
      from.end.queue.push(call);
      from.write();
    } else if (chance < 0.3) {
      from.end.queue.push(new TestNotification(payload(), 1, "n"));
      from.write();
    } else if (chance < 0.6) deliver(from, to, 1 + random.below(20));
    else if (chance < 0.8) answer(from);
    else if (chance < 0.9) give(from);
    else if (chance < 0.91) from.end.timers.advance(random.below(90));
    // What waits is written with the next thing that is told.
    else if (chance < 0.98) from.isBlocked = !from.isBlocked;
    else {
      for (const one of ends) one.written.length = 0;
      pair.connect();
      for (const one of ends) one.write();
    }
  }
  // Calm: all that is still wanted is answered.
  for (const one of ends) one.isBlocked = false;
  for (let idle = 0; idle < IDLE_ROUNDS; idle++) {
    for (const one of ends) {
      one.write();
      answer(one);
      if (one.written.length > 0) idle = 0;
    }
    deliver(ends[0], ends[1], Infinity);
    deliver(ends[1], ends[0], Infinity);
    // Where nothing moves, it is for a deadline.
    if (idle > IDLE_ROUNDS / 2) { for (const one of ends) one.end.timers.advance(60); }
  }
  for (const { end, calls } of ends) {
    const { session, host } = end;
    const { requests, answers, notifications } = host.rooms;
    const got = {
      broken: end.broken,
      inbound: session.inboundCount,
      open: session.places.openCount,
      free: [requests.freeBytes, answers.freeBytes, notifications.freeBytes],
      waiting: calls.filter(({ outcome }) => outcome === null).length,
      queued: end.queue.size,
    };
    const expected = {
      broken: null,
      inbound: 0,
      open: 0,
      free: [ROOM_BYTES, ROOM_BYTES, ROOM_BYTES],
      waiting: 0,
      queued: 0,
    };
    assertEquals(got, expected, `seed ${seed}`);
  }
}

Deno.test(`${WALKS} random walks of sessions whose carriers write at once`, () => {
  for (let seed = 1; seed <= WALKS; seed++) walk(seed);
});
