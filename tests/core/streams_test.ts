// Streams of two sessions: windows, items above them, both directions, every end, broken paths.

import { assert, assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import { WINDOW_MIN_BYTES } from "../../src/core/flow/item_sink.ts";
import { FrameKind } from "../../src/core/wire/frame.ts";
import { DONE, endOf } from "../../src/core/wire/stream_frames.ts";
import type { ServedStream } from "../../src/core/session/served_stream.ts";
import { SessionPair } from "../support/session_pair.ts";
import { itemOf, Maker, Reader, TestStream } from "../support/test_stream.ts";

const MIB = 1_048_576;
const NOTHING = new Uint8Array(0);
const CANCELLED = endOf("cancelled", "maybe-executed", "");

function opened(
  pair: SessionPair,
  kind: ConstructorParameters<typeof TestStream>[1] = {},
  payload: Uint8Array = NOTHING,
): { stream: TestStream; served: ServedStream; reader: Reader } {
  const stream = new TestStream(payload, kind);
  pair.left.queue.backlog.streams.push(stream);
  pair.settle();
  return { stream, served: pair.right.streams.at(-1)!, reader: new Reader(stream.sink!) };
}

/** Makes and takes until nothing moves. */
function run(pair: SessionPair, makers: readonly Maker[], readers: readonly Reader[]): void {
  for (let count = -1;;) {
    for (const maker of makers) maker.make();
    pair.settle();
    for (const reader of readers) reader.drain();
    pair.settle();
    const all = readers.reduce((sum, { items, end }) => sum + items.length + (end ? 1 : 0), 0);
    if (all === count) return;
    count = all;
  }
}

function assertAllBack(pair: SessionPair): void {
  for (const { session, broken, host } of [pair.left, pair.right]) {
    const { ownCount, theirCount, heldBytes } = session.streams;
    const free = [host.rooms.streams.freeBytes, host.windowGrowth.freeBytes];
    const expected = { broken: null, ownCount: 0, theirCount: 0, heldBytes: 0, free: 64 * MIB };
    assertEquals({ broken, ownCount, theirCount, heldBytes, free: free[0]! }, expected);
    assertEquals(free[1], 64 * MIB);
  }
}

Deno.test("a stream's items come in order, then its end", () => {
  const pair = new SessionPair();
  const { stream, served, reader } = opened(pair, { resumeFrom: 7 }, itemOf(1, 40));
  assertEquals([stream.outcome, served.opening.resumeFrom, served.opening.depth], ["open", 7, 0]);
  const lengths = [0, 1, 5, 70_000, 0, 65_536, 300_000, 12];
  run(pair, [new Maker(served.source, lengths)], [reader]);
  assertEquals(reader.items.map(({ length }) => length), lengths);
  lengths.forEach((length, index) => assertEquals(reader.items[index], itemOf(index, length)));
  assertEquals(reader.end, DONE);
  assertAllBack(pair);
});

Deno.test("a consumer that stops reading stops its own stream and no other", () => {
  const pair = new SessionPair();
  const one = opened(pair);
  const two = opened(pair);
  const stopped = new Maker(one.served.source, Array<number>(5_000).fill(1_000));
  const other = new Maker(two.served.source, Array<number>(5_000).fill(1_000));
  run(pair, [stopped, other], [two.reader]);
  assertEquals(two.reader.items.length, 5_000);
  assertLessOrEqual(one.stream.sink!.heldBytes, WINDOW_MIN_BYTES);
  // What was made ahead is bounded, too.
  assertLess(stopped.made, 400);
  run(pair, [stopped], [one.reader]);
  assertEquals(one.reader.items.length, 5_000);
  assertAllBack(pair);
});

Deno.test("an item above its window is fetched only while its consumer waits for it", () => {
  const pair = new SessionPair({ host: { streamMaxBytes: 64 * MIB } });
  const { served, stream, reader } = opened(pair);
  const maker = new Maker(served.source, [100, 4 * MIB, 100]);
  run(pair, [maker], []);
  assertLessOrEqual(stream.sink!.heldBytes, WINDOW_MIN_BYTES);
  reader.next();
  pair.settle();
  assertEquals(reader.items.length, 1);
  assertLessOrEqual(stream.sink!.heldBytes, stream.sink!.windowBytes);
  assertEquals(pair.left.host.rooms.streams.freeBytes, 64 * MIB);
  reader.next();
  assertLess(pair.left.host.rooms.streams.freeBytes, 61 * MIB);
  run(pair, [maker], [reader]);
  assertEquals(reader.items.map(({ length }) => length), [100, 4 * MIB, 100]);
  assertAllBack(pair);
});

Deno.test("an item that comes too slowly gives back what it had borrowed, and ends its stream", () => {
  const pair = new SessionPair({ host: { assemblyTimeoutMs: 100 } });
  const { served, reader } = opened(pair);
  new Maker(served.source, [4 * MIB]).make();
  reader.next();
  pair.carry(pair.right);
  assertLess(pair.left.host.rooms.streams.freeBytes, 64 * MIB);
  pair.left.timers.advance(101);
  assertEquals(reader.end?.code, "timeout");
  assertEquals(pair.left.host.rooms.streams.freeBytes, 64 * MIB);
  pair.settle();
  assert(served.source.isStopped);
  served.finish(CANCELLED);
  pair.settle();
  assertAllBack(pair);
});

Deno.test("a request that is a stream, and both directions at once", () => {
  const pair = new SessionPair();
  const { stream, served, reader } = opened(pair, { sendsItems: true, codec: 1 });
  assertEquals(stream.source!.isWanted, false);
  served.accept();
  pair.settle();
  const requests = new Reader(served.sink!);
  // Bytes have no borders: they come in pieces.
  const up = new Maker(stream.source!, [1_000_000, 5, 200_000]);
  const down = new Maker(served.source, [70_000, 1_000_000], null);
  run(pair, [up, down], [requests, reader]);
  served.finish(DONE);
  run(pair, [], [reader]);
  const sum = (all: readonly Uint8Array[]) => all.reduce((bytes, { length }) => bytes + length, 0);
  assertEquals([sum(requests.items), sum(reader.items)], [1_200_005, 1_070_000]);
  for (const item of [...requests.items, ...reader.items]) {
    assertLessOrEqual(item.length, 65_536);
  }
  assertEquals([requests.end, reader.end], [DONE, DONE]);
  assertAllBack(pair);
});

Deno.test("a payload that does not fit beside OPEN follows as an item", () => {
  const pair = new SessionPair();
  const { served, reader } = opened(pair, {}, itemOf(9, 500_000));
  served.accept();
  const payload = new Reader(served.sink!);
  payload.next();
  pair.settle();
  assertEquals(payload.items, [itemOf(9, 500_000)]);
  served.finish(DONE);
  run(pair, [], [reader]);
  assertEquals(reader.end, DONE);
  assertAllBack(pair);
});

Deno.test("a caller that gives up: what waits goes, and the callee's end frees the stream", () => {
  const pair = new SessionPair();
  const { stream, served } = opened(pair, { sendsItems: true });
  const codes: string[] = [];
  served.handler = { cancel: (why) => codes.push(why) };
  served.accept();
  pair.settle();
  new Maker(served.source, Array<number>(200).fill(1_000)).make();
  new Maker(stream.source!, Array<number>(200).fill(1_000)).make();
  pair.settle();
  pair.left.session.streams.cancel(stream);
  pair.settle();
  assertEquals([codes, served.source.isStopped], [["cancelled"], true]);
  assertEquals(pair.right.session.streams.theirCount, 1);
  served.finish(CANCELLED);
  pair.settle();
  assertAllBack(pair);
});

Deno.test("a callee that needs no more of the request stops it, and may still answer", () => {
  const pair = new SessionPair();
  const { stream, served, reader } = opened(pair, { sendsItems: true });
  served.accept();
  pair.settle();
  const up = new Maker(stream.source!, Array<number>(500).fill(1_000));
  const requests = new Reader(served.sink!);
  up.make();
  pair.settle();
  requests.next();
  pair.right.session.streams.stopItems(served.sink!);
  pair.settle();
  assert(stream.source!.isStopped);
  run(pair, [new Maker(served.source, [1, 2, 3])], [reader]);
  assertEquals([reader.items.length, reader.end], [3, DONE]);
  served.finish(DONE);
  pair.settle();
  assertAllBack(pair);
});

Deno.test("an answer that has ended needs no more of the request", () => {
  const pair = new SessionPair();
  const { stream, served, reader } = opened(pair, { sendsItems: true });
  served.accept();
  pair.settle();
  new Maker(stream.source!, Array<number>(500).fill(1_000)).make();
  served.finish(DONE);
  run(pair, [], [reader]);
  assertEquals([stream.source!.isStopped, reader.end], [true, DONE]);
  assertAllBack(pair);
});

Deno.test("an end that says no STOP needs no more of the request, either", () => {
  const pair = new SessionPair();
  const { stream } = opened(pair, { sendsItems: true });
  assertEquals(stream.source!.isStopped, false);
  pair.left.receive(frame(FrameKind.END, 1, 0x80, 0, 0, 0, 0, 0, 0, 0));
  assertEquals([pair.left.broken, stream.source!.isStopped], [null, true]);
});

Deno.test("an error ends a stream after its items, also in the middle of one", () => {
  const pair = new SessionPair();
  const { served, reader } = opened(pair);
  new Maker(served.source, [10, 200_000], null).make();
  pair.settle();
  const end = endOf("handler-failed", "executed", "no more");
  served.source.abandon(end);
  run(pair, [], [reader]);
  assertEquals([reader.items.length, reader.end?.message], [1, "no more"]);
  assertAllBack(pair);
});

Deno.test("no more streams are opened than the other end allows, and some for depth", () => {
  const pair = new SessionPair({ maxStreams: 2 });
  const streams = [0, 0, 0, 1].map((depth) => new TestStream(NOTHING, {}, depth));
  for (const stream of streams) pair.left.queue.backlog.streams.push(stream);
  pair.settle();
  assertEquals(streams.map(({ outcome }) => outcome), ["open", "open", null, "open"]);
  for (const served of pair.right.streams.slice(0, 2)) served.finish(DONE);
  pair.settle();
  assertEquals(streams[2]!.outcome, "open");
  for (const served of pair.right.streams) served.finish(DONE);
  pair.settle();
  assertAllBack(pair);
});

Deno.test("a closing end is sent no streams of depth 0", () => {
  const pair = new SessionPair();
  const { backlog } = pair.left.queue;
  backlog.isClosing = true;
  const [top, nested] = [new TestStream(NOTHING), new TestStream(NOTHING, {}, 1)];
  backlog.streams.push(top);
  backlog.streams.push(nested);
  pair.settle();
  assertEquals([top.outcome, nested.outcome], [null, "open"]);
});

Deno.test("a process that is gone: what has come can be read, then the stream ends", () => {
  const pair = new SessionPair();
  const { stream, served, reader } = opened(pair, { sendsItems: true });
  const codes: string[] = [];
  served.handler = { cancel: (why) => codes.push(why) };
  served.accept();
  pair.settle();
  new Maker(served.source, [1, 2, 3, 400_000]).make();
  new Maker(stream.source!, [1, 2, 300_000]).make();
  pair.settle();
  reader.next();
  const { streams } = pair.left.session.end("peer-restarted");
  pair.right.session.end("closed");
  reader.drain();
  const got = { streams, codes, items: reader.items.length, end: reader.end?.code };
  assertEquals(got, { streams: 1, codes: ["closed"], items: 3, end: "peer-restarted" });
  assertEquals(pair.left.host.rooms.streams.freeBytes, 64 * MIB);
  assertEquals(pair.left.host.windowGrowth.freeBytes, 64 * MIB);
});

Deno.test("nobody waits for streams any more while their session lives", () => {
  const pair = new SessionPair();
  const { served, reader } = opened(pair);
  new Maker(served.source, Array<number>(9).fill(9)).make();
  reader.next();
  assertEquals(pair.left.session.streams.giveUp("peer-down"), 1);
  assertEquals(pair.left.session.streams.giveUp("peer-down"), 0);
  assertEquals(reader.end?.code, "peer-down");
  pair.settle();
  assert(served.source.isStopped);
  served.finish(CANCELLED);
  pair.settle();
  assertAllBack(pair);
});

Deno.test("windows grow where the consumer keeps up, as long as there is some", () => {
  for (const [streamMaxBytes, grows] of [[64 * MIB, true], [100_000, false]] as const) {
    const pair = new SessionPair({ payloadMaxBytes: 100_000, host: { streamMaxBytes } });
    const { served, stream, reader } = opened(pair);
    const maker = new Maker(served.source, Array<number>(200).fill(60_000), null);
    run(pair, [maker], [reader]);
    assertEquals(reader.items.length, 200);
    assertEquals(stream.sink!.windowBytes > WINDOW_MIN_BYTES, grows);
    assert(pair.left.host.windowGrowth.freeBytes >= 0);
  }
});

/** A frame of the right end about the left one's stream 1, unless it says otherwise. */
function frame(kind: number, number: number, flags: number, ...body: readonly number[]) {
  const bytes = [0, 0, 0, 0, 0, 0, 0, number, flags, ...body];
  return new Uint8Array([kind, 0, bytes.length >> 8, bytes.length & 255, ...bytes]);
}

Deno.test("what breaks the protocol of streams", () => {
  const MINE = 0x80;
  const { ITEM, END, STOP, WINDOW } = FrameKind;
  const cases: [string, Uint8Array, string | null][] = [
    ["an item of a stream that never was", frame(ITEM, 2, MINE, 1), "unexpected-frame"],
    ["a stop of one", frame(STOP, 9, 0), "unexpected-frame"],
    ["a window of one", frame(WINDOW, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1), "unexpected-frame"],
    ["an end of one", frame(END, 2, MINE, 0, 0, 0, 0, 0, 0, 0), "unexpected-frame"],
    ["number 0", frame(ITEM, 0, MINE, 1), "unexpected-frame"],
    ["an end that is too short", frame(END, 1, MINE, 0, 0, 0), "malformed-frame"],
    ["an end with too long a text", frame(END, 1, MINE, 0, 0, 0, 0, 9, 0, 0), "malformed-frame"],
    ["a stop with a body", frame(STOP, 1, MINE, 1), "malformed-frame"],
    ["a window of 4 bytes", frame(WINDOW, 1, MINE, 0, 0, 0, 1), "malformed-frame"],
    ["a length without more", frame(ITEM, 1, MINE | 2, 0, 0, 0, 9, 1), "malformed-frame"],
    ["more without a length", frame(ITEM, 1, MINE | 1, 1), "malformed-frame"],
    ["a length that is reached", frame(ITEM, 1, MINE | 3, 0, 0, 0, 1, 1), "malformed-frame"],
    ["too long an item", frame(ITEM, 1, MINE | 3, 9, 0, 0, 0, 1), "limit-exceeded"],
    ["a window for one without a request", frame(WINDOW, 1, MINE, 0, 0, 0, 0, 0, 0, 0, 1), null],
    ["an empty item", frame(ITEM, 1, MINE), null],
  ];
  for (const [what, bytes, code] of cases) {
    const pair = new SessionPair();
    opened(pair);
    pair.left.receive(bytes);
    assertEquals(pair.left.broken, code, what);
  }
});

Deno.test("more than the window takes is a breach, and so is an item after the end", () => {
  const pair = new SessionPair();
  opened(pair);
  const whole = frame(FrameKind.ITEM, 1, 0x80, ...new Uint8Array(60_000));
  pair.left.receive(whole);
  assertEquals(pair.left.broken, null);
  pair.left.receive(whole);
  assertEquals(pair.left.broken, "limit-exceeded");
  const other = new SessionPair();
  opened(other, { sendsItems: true });
  const end = frame(FrameKind.END, 1, 0x80, 0, 0, 0, 0, 0, 0, 0);
  other.left.receive(end);
  // The stream is open: its own request has no end yet.
  other.left.receive(frame(FrameKind.ITEM, 1, 0x80, 1));
  assertEquals(other.left.broken, "unexpected-frame");
});

Deno.test("more streams than are allowed are a breach", () => {
  const pair = new SessionPair({ maxStreams: 2 });
  opened(pair);
  opened(pair);
  const [stream] = [new TestStream(NOTHING)];
  pair.left.session.streams.canOpen = () => true;
  pair.left.queue.backlog.streams.push(stream!);
  pair.carry(pair.left);
  assertEquals(pair.right.broken, "limit-exceeded");
});
