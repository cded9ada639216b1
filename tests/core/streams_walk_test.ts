// Random walks of streams between two sessions whose carriers write at once: slow consumers, items
// above their windows, cancels and broken paths at any moment. No item is lost, doubled or out of
// order, no honest end breaks the protocol, and everything comes back.

import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { WINDOW_MAX_BYTES } from "../../src/core/flow/item_sink.ts";
import { DONE, endOf } from "../../src/core/wire/stream_frames.ts";
import type { ServedStream } from "../../src/core/session/served_stream.ts";
import { SeededRandom } from "../../src/simulator/mod.ts";
import { type SessionEnd, SessionPair } from "../support/session_pair.ts";
import { itemOf, Maker, Reader, TestStream } from "../support/test_stream.ts";

const WALKS = 50;
const STEPS = 200;
/** So long nothing may move before it counts as calm. */
const IDLE_ROUNDS = 30;
const ROOM_BYTES = 350_000;
const ITEM_MAX_BYTES = 300_000;
const SIZES = [0, 1, 50, 5_000, 60_000, 66_000, 130_000, ITEM_MAX_BYTES];
const CANCELLED = endOf("cancelled", "maybe-executed", "");

/** Whether that is `itemOf(index, length)`; a deep comparison of large ones takes seconds. */
function isItem(item: Uint8Array, index: number, length: number): boolean {
  if (item.length !== length) return false;
  const expected = itemOf(index, length);
  for (let at = 0; at < length; at += at < 8 ? 1 : 997) {
    if (item[at] !== expected[at]) return false;
  }
  return item[length - 1] === expected[length - 1];
}

/** One direction: who makes, who takes, and what. */
interface Direction {
  readonly lengths: number[];
  maker: Maker | null;
  reader: Reader | null;
  isGivenUp: boolean;
}

interface Walked {
  readonly stream: TestStream;
  served: ServedStream | null;
  readonly up: Direction;
  readonly down: Direction;
}

class EagerEnd {
  readonly end: SessionEnd;
  readonly written: Uint8Array[] = [];
  isBlocked = false;
  #isWriting = false;

  constructor(end: SessionEnd) {
    this.end = end;
    end.session.carrier = { scheduleFlush: () => this.write() };
  }

  write(): void {
    if (this.#isWriting || this.isBlocked) return;
    this.#isWriting = true;
    this.written.push(...this.end.takeBytes());
    this.#isWriting = false;
  }
}

function walk(seed: number): { items: number; borrowed: boolean } {
  const random = new SeededRandom(seed);
  const pair = new SessionPair({
    maxStreams: 1 + random.below(6),
    payloadMaxBytes: ITEM_MAX_BYTES,
    windowBytes: random.pick([131_072, 4_194_304]),
    host: { streamMaxBytes: ROOM_BYTES, assemblyTimeoutMs: 1e9 },
  });
  const ends = [new EagerEnd(pair.left), new EagerEnd(pair.right)] as const;
  const all: [Walked[], Walked[]] = [[], []];
  let borrowed = false;
  const direction = (isWanted: boolean): Direction => ({
    lengths: isWanted ? Array.from({ length: random.below(12) }, () => random.pick(SIZES)) : [],
    maker: null,
    reader: null,
    isGivenUp: false,
  });
  const pairUp = (index: number) => {
    const { streams } = ends[1 - index]!.end;
    for (const walked of all[index]!) {
      const { stream, up, down } = walked;
      if (stream.outcome !== "open") continue;
      down.reader ??= new Reader(stream.sink!);
      if (stream.source !== null) up.maker ??= new Maker(stream.source, up.lengths);
      if (walked.served !== null) continue;
      const served = streams.find(({ number }) => number === stream.number) ?? null;
      walked.served = served;
      if (served === null) continue;
      down.maker = new Maker(served.source, down.lengths, null);
      if (served.sink === null) continue;
      up.reader = new Reader(served.sink);
      served.accept();
    }
  };
  const deliver = (from: EagerEnd, to: EagerEnd, count: number) => {
    for (const bytes of from.written.splice(0, count)) to.end.receive(bytes);
    const { session } = to.end;
    if (!session.needsAck || random.chance(0.3)) return;
    session.ackSent(session.received);
    from.end.session.handleAck(session.received);
  };
  const work = (walked: Walked, isCalm: boolean) => {
    for (const { maker, reader } of [walked.up, walked.down]) {
      if (maker !== null && !maker.isDone && (isCalm || random.chance(0.5))) maker.make();
      else if (maker?.isDone === true) maker.make();
      if (reader !== null && (isCalm || random.chance(0.3)) && !reader.sink.isDropped) {
        reader.next();
      }
    }
    const { served, down } = walked;
    // A handler ends when it is told to stop, or has made its items.
    if (served === null || !down.maker!.isDone) return;
    if (served.source.isStopped) served.finish(CANCELLED);
    else if (walked.up.reader === null || walked.up.reader.end !== null) served.finish(DONE);
  };
  const check = () => {
    for (const { end } of ends) {
      const free = end.host.rooms.streams.freeBytes;
      if (free < ROOM_BYTES) borrowed = true;
      assert(free >= 0 && end.host.windowGrowth.freeBytes >= 0, `seed ${seed}`);
      const most = 2 * ROOM_BYTES + all.flat().length * 2 * 65_600;
      assertLessOrEqual(end.session.streams.heldBytes, most, `seed ${seed}`);
    }
  };
  for (let step = 0; step < STEPS; step++) {
    const index = random.below(2);
    const [from, to] = [ends[index]!, ends[1 - index]!];
    const chance = random.float();
    if (chance < 0.1) {
      const sendsItems = random.chance(0.5);
      const stream = new TestStream(
        sendsItems ? new Uint8Array(0) : itemOf(0, random.pick(SIZES)),
        { sendsItems },
        random.below(3),
      );
      const walked = { stream, served: null, up: direction(sendsItems), down: direction(true) };
      if (!sendsItems && stream.followsLater) {
        walked.up.lengths.push(stream.payload.length);
      }
      all[index]!.push(walked);
      from.end.queue.backlog.streams.push(stream);
      from.write();
    } else if (chance < 0.5) deliver(from, to, 1 + random.below(20));
    else if (chance < 0.9) { for (const walked of all[index]!) work(walked, false); }
    else if (chance < 0.94) {
      const open = all[index]!.filter(({ stream, down }) =>
        stream.outcome === "open" && !down.isGivenUp
      );
      if (open.length > 0) {
        const { stream, up, down } = random.pick(open);
        up.isGivenUp = down.isGivenUp = true;
        from.end.session.streams.cancel(stream);
      }
    } else if (chance < 0.98) from.isBlocked = !from.isBlocked;
    else {
      for (const one of ends) one.written.length = 0;
      pair.connect();
      for (const one of ends) one.write();
    }
    pairUp(0);
    pairUp(1);
    check();
  }
  // Calm: all items that are wanted come.
  for (const one of ends) one.isBlocked = false;
  for (let idle = 0; idle < IDLE_ROUNDS; idle++) {
    pairUp(0);
    pairUp(1);
    for (const walked of all.flat()) work(walked, true);
    for (const one of ends) {
      one.write();
      if (one.written.length > 0) idle = 0;
    }
    deliver(ends[0], ends[1], Infinity);
    deliver(ends[1], ends[0], Infinity);
    check();
  }
  let items = 0;
  for (const { up, down } of all.flat()) {
    for (const { reader, lengths, isGivenUp } of [up, down]) {
      reader?.items.forEach((item, index) =>
        assert(isItem(item, index, lengths[index]!), `seed ${seed}`)
      );
      items += reader?.items.length ?? 0;
      if (isGivenUp || reader === null) continue;
      assertEquals([reader.items.length, reader.end], [lengths.length, DONE], `seed ${seed}`);
    }
  }
  for (const { end } of ends) {
    const { ownCount, theirCount, heldBytes } = end.session.streams;
    const free = [end.host.rooms.streams.freeBytes, end.host.windowGrowth.freeBytes];
    assertEquals(
      { broken: end.broken, ownCount, theirCount, heldBytes, free, queued: end.queue.backlog.size },
      {
        broken: null,
        ownCount: 0,
        theirCount: 0,
        heldBytes: 0,
        free: [ROOM_BYTES, ROOM_BYTES],
        queued: 0,
      },
      `seed ${seed}`,
    );
  }
  assertLessOrEqual(ROOM_BYTES, WINDOW_MAX_BYTES);
  return { items, borrowed };
}

Deno.test(`${WALKS} random walks of streams over paths that break`, () => {
  let items = 0;
  let borrowed = 0;
  for (let seed = 1; seed <= WALKS; seed++) {
    const walked = walk(seed);
    items += walked.items;
    if (walked.borrowed) borrowed++;
  }
  // A walk that carries nothing, or never lends anything, proves nothing.
  assert(items > 1_000, `${items} items`);
  assert(borrowed > WALKS / 10, `${borrowed} walks`);
});
