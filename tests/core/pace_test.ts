// How far large payloads run ahead of their acknowledgements, on paths of every length: the pace
// alone, and two sessions with a path between them that keeps whatever it is given.

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { Pace, PACE_MIN_BYTES } from "../../src/core/flow/pace.ts";
import { FrameKind, numberFrame } from "../../src/core/wire/frame.ts";
import { type SessionEnd, SessionPair, TestRequest } from "../support/session_pair.ts";

const MIB = 1_048_576;
const PIECE_BYTES = 65_536;
const TIMEOUT_MS = 60_000;

/** How long an acknowledgement waits for company, in milliseconds. */
const ACK_DELAY_MS = 20;

/** Two sessions and a path: nothing is lost, and everything waits for what was given before it. */
class Path {
  readonly pair: SessionPair;
  nowMs = 0;
  readonly #oneWayMs: number;
  readonly #bytesPerMs: number;
  readonly #stepMs: number;
  readonly #ways: readonly Way[];

  /** @param stepMs How exact it is. */
  constructor(pair: SessionPair, oneWayMs: number, bytesPerMs: number, stepMs: number) {
    this.pair = pair;
    this.#oneWayMs = oneWayMs;
    this.#bytesPerMs = bytesPerMs;
    this.#stepMs = stepMs;
    const { left, right } = pair;
    this.#ways = [newWay(left, right), newWay(right, left)];
  }

  step(): void {
    this.nowMs += this.#stepMs;
    for (const { from } of this.#ways) from.timers.advance(this.#stepMs);
    for (const way of this.#ways) this.#deliver(way);
    for (const way of this.#ways) this.#write(way);
  }

  #deliver(way: Way): void {
    while (way.onTheWay[0] !== undefined && way.onTheWay[0].arrivesMs <= this.nowMs) {
      way.to.receive(way.onTheWay.shift()!.bytes);
    }
  }

  #write(way: Way): void {
    const { session } = way.from;
    for (const bytes of way.from.takeBytes()) this.#send(way, bytes);
    if (!session.needsAck) way.ackedMs = this.nowMs;
    else if (session.ackIsUrgent || this.nowMs - way.ackedMs >= ACK_DELAY_MS) {
      this.#send(way, numberFrame(FrameKind.ACK, session.received));
      session.ackSent(session.received);
    }
  }

  #send(way: Way, bytes: Uint8Array): void {
    way.freeMs = Math.max(way.freeMs, this.nowMs) + bytes.length / this.#bytesPerMs;
    way.onTheWay.push({ bytes, arrivesMs: way.freeMs + this.#oneWayMs });
  }
}

interface Way {
  readonly from: SessionEnd;
  readonly to: SessionEnd;
  readonly onTheWay: { readonly bytes: Uint8Array; readonly arrivesMs: number }[];
  /** When the path has passed on all that it was given. */
  freeMs: number;
  ackedMs: number;
}

function newWay(from: SessionEnd, to: SessionEnd): Way {
  return { from, to, onTheWay: [], freeMs: 0, ackedMs: 0 };
}

interface Found {
  /** The part of the path's capacity that was used. */
  readonly share: number;
  readonly smallMaxMs: number;
}

/** So many payloads of 16 MiB from left to right, and one small call after the other beside. */
function besideLarge(
  count: number,
  oneWayMs: number,
  bytesPerMs: number,
  stepMs: number,
): Found {
  const pair = new SessionPair({
    windowBytes: 64 * MIB,
    host: { receiveMaxBytes: 64 * count * MIB },
  });
  const { left, right } = pair;
  right.handler = {
    onRequest(session, slot, generation) {
      session.respond(slot, generation, 1, new Uint8Array(1));
      return null;
    },
    onAnnounced: () => "wanted",
    onStream() {},
    onNotification() {},
  };
  const path = new Path(pair, oneWayMs, bytesPerMs, stepMs);
  const newRequest = (bytes: number) =>
    new TestRequest("s", new Uint8Array(bytes), false, 0, null, TIMEOUT_MS);
  const large = Array.from({ length: count }, () => newRequest(16 * MIB));
  for (const request of large) left.queue.push(request);
  let small: TestRequest | null = null;
  let sentMs = 0;
  let smallMaxMs = 0;
  while (large.some(({ outcome }) => outcome === null)) {
    if (small === null) {
      small = newRequest(64);
      sentMs = path.nowMs;
      left.queue.push(small);
    }
    path.step();
    if (small.outcome !== null) {
      smallMaxMs = Math.max(smallMaxMs, path.nowMs - sentMs);
      small = null;
    }
    if (path.nowMs > TIMEOUT_MS) throw new Error("it takes too long");
  }
  assertEquals(large.map(({ outcome }) => outcome), large.map(() => "ok"));
  assertEquals([left.broken, right.broken], [null, null]);
  return { share: count * 16 * MIB / (bytesPerMs * path.nowMs), smallMaxMs };
}

Deno.test("50 ms of round trip: a gigabit stays full, and a small call waits for one more", () => {
  const { share, smallMaxMs } = besideLarge(12, 25, 125_000, 0.5);
  // It takes some round trips to find out how much the path holds.
  assertGreater(share, 0.8);
  assertLess(smallMaxMs, 130);
});

Deno.test("a near path: a small call beside large ones takes less than 3 ms, at the full rate", () => {
  const { share, smallMaxMs } = besideLarge(4, 0.1, 1_000_000, 0.05);
  assertGreater(share, 0.9);
  assertLess(smallMaxMs, 1.5);
});

/** A pace and a path, without sessions. Acknowledges in its turn. */
class PacedPath {
  readonly pace = new Pace();
  roundTripMs: number;
  nowMs = 0;
  /** How long a turn of the other end takes: it acknowledges at the end of each. */
  turnMs = 0;
  #turnEndsMs = 0;
  readonly #bytesPerMs: number;
  readonly #acks: { number: number; arrivesMs: number }[] = [];
  #number = 0;
  #freeMs = 0;

  constructor(roundTripMs: number, bytesPerMs: number) {
    this.roundTripMs = roundTripMs;
    this.#bytesPerMs = bytesPerMs;
  }

  /** @returns The part of the capacity that was used in that time. */
  use(durationMs: number): number {
    const untilMs = this.nowMs + durationMs;
    const before = this.#number;
    for (; this.nowMs < untilMs; this.nowMs += 0.25) {
      this.#acknowledge();
      while (this.pace.isOpen) this.#write();
    }
    return (this.#number - before) * PIECE_BYTES / (durationMs * this.#bytesPerMs);
  }

  #acknowledge(): void {
    if (this.nowMs < this.#turnEndsMs) return;
    this.#turnEndsMs = this.nowMs + this.turnMs;
    while (this.#acks[0] !== undefined && this.#acks[0].arrivesMs <= this.nowMs) {
      this.pace.acknowledged(this.#acks.shift()!.number, this.nowMs);
    }
  }

  #write(): void {
    this.pace.wrote(++this.#number, PIECE_BYTES, this.nowMs);
    this.#freeMs = Math.max(this.#freeMs, this.nowMs) + PIECE_BYTES / this.#bytesPerMs;
    this.#acks.push({ number: this.#number, arrivesMs: this.#freeMs + this.roundTripMs });
  }
}

Deno.test("Pace finds a path that has become longer, and one that has become shorter", () => {
  const path = new PacedPath(10, 20_000);
  path.use(2_000);
  assertGreater(path.use(2_000), 0.95);
  path.roundTripMs = 60;
  assertLess(path.use(2_000), 0.7, "it is not known yet");
  path.use(11_000);
  assertGreater(path.use(15_000), 0.9, "also while the round trip is measured anew");
  path.roundTripMs = 1;
  path.use(12_000);
  assertGreater(path.use(2_000), 0.95);
  assertEquals(path.pace.windowBytes, PACE_MIN_BYTES);
});

Deno.test("Pace: an end that acknowledges once in 20 ms, as it is busy, does not wait for more", () => {
  const path = new PacedPath(0.2, 20_000);
  path.use(50);
  path.turnMs = 20;
  path.use(1_000);
  assertGreater(path.use(1_000), 0.9);
  path.turnMs = 0;
  path.use(5_000);
  assertEquals(path.pace.windowBytes, PACE_MIN_BYTES, "bursts are forgotten");
});

Deno.test("Pace starts anew on another connection; what is on its way still counts", () => {
  const path = new PacedPath(50, 125_000);
  path.use(1_000);
  const { pace } = path;
  assertGreater(pace.windowBytes, 8 * MIB);
  const { flightBytes } = pace;
  pace.restart();
  assertEquals([pace.windowBytes, pace.flightBytes, pace.isOpen], [
    PACE_MIN_BYTES,
    flightBytes,
    false,
  ]);
  path.use(500);
  assertGreater(pace.windowBytes, 8 * MIB);
});

Deno.test("Pace is not misled by acknowledgements of what it did not write, or that come at once", () => {
  const pace = new Pace();
  pace.acknowledged(7, 1);
  assertEquals(pace.flightBytes, 0);
  for (let number = 8; number < 12; number++) pace.wrote(number, PIECE_BYTES, 1);
  assert(!pace.isOpen);
  pace.acknowledged(11, 1);
  assert(pace.isOpen);
  assertLess(pace.windowBytes, 2 * PACE_MIN_BYTES);
});
