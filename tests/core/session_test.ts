import { assert, assertEquals } from "@std/assert";
import { FrameKind, HEADER_BYTES, writeHeader } from "../../src/core/wire/frame.ts";
import { SEGMENT_BYTES } from "../../src/core/session/outbound_log.ts";
import { cutRandomly, seededRandom } from "../support/bytes.ts";
import { SessionPair, TestNotification, TestRequest } from "../support/session_pair.ts";

const OUT_OF_RANGE = "number-out-of-range";
const UNEXPECTED = "unexpected-frame";
const MALFORMED = "malformed-frame";
/** Generation 0 and a byte. */
const TAIL = [0, 0, 0, 0, 1];

const text = (value: string) => new TextEncoder().encode(value);

function fill(size: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (index * 31 + seed) & 0xff);
}

Deno.test("Session carries requests and answers, whole, byte by byte and cut at random", () => {
  const cuts = [
    (bytes: Uint8Array) => [bytes],
    (bytes: Uint8Array) => Array.from(bytes, (byte) => Uint8Array.of(byte)),
    (bytes: Uint8Array) => cutRandomly(bytes, seededRandom(5)),
  ];
  for (const cut of cuts) {
    const pair = new SessionPair();
    const requests = ["one", "two", "one"].map((service) =>
      new TestRequest(service, text(service))
    );
    for (const request of requests) pair.left.queue.push(request);
    pair.carry(pair.left, cut);
    pair.carry(pair.right, cut);
    assertEquals(requests.map((request) => request.outcome), ["ok", "ok", "ok"]);
    assertEquals(requests.map((request) => request.answer), requests.map((r) => text(r.service)));
    assertEquals(pair.right.requests.map((request) => request.service), ["one", "two", "one"]);
  }
});

Deno.test("Session cuts large payloads into pieces and lets small messages pass them", () => {
  const pair = new SessionPair();
  const large = new TestRequest("large", fill(5_000_000, 1));
  const small = new TestRequest("small", text("x"));
  pair.left.queue.push(large);
  pair.carry(pair.left, undefined, 200_000);
  pair.left.queue.push(small);
  pair.carry(pair.left, undefined, 200_000);
  pair.carry(pair.right);
  assertEquals(small.outcome, "ok");
  assertEquals(large.outcome, null);
  pair.settle();
  assertEquals(large.outcome, "ok");
  assertEquals(large.answer, fill(5_000_000, 1));
  assertEquals(pair.right.session.receivedBytes, 0);
});

Deno.test("Session keeps the order of small messages and runs twenty large ones side by side", () => {
  const pair = new SessionPair();
  const large = Array.from({ length: 20 }, (_, k) => new TestRequest("l", fill(300_000 + k, k)));
  for (const request of large) pair.left.queue.push(request);
  pair.settle();
  for (const [k, request] of large.entries()) assertEquals(request.answer, fill(300_000 + k, k));
});

Deno.test("Session replays what a broken path lost: nothing twice, nothing lost, in order", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededRandom(seed);
    const pair = new SessionPair({ maxInFlight: 16, windowBytes: 262_144 });
    const requests: TestRequest[] = [];
    const notified: string[] = [];
    for (let step = 0; step < 120; step++) {
      const choice = random();
      const end = random() < 0.5 ? pair.left : pair.right;
      if (choice < 0.35) {
        const size = random() < 0.1 ? 200_000 : Math.floor(random() * 300);
        const request = new TestRequest(`s${step % 5}`, fill(size, step));
        requests.push(request);
        end.queue.push(request);
      } else if (choice < 0.5) {
        const name = `n${step}`;
        if (end === pair.left) notified.push(name);
        end.queue.push(new TestNotification(text(name), 1, name));
      } else if (choice < 0.6) {
        // The path breaks: what was written after the last delivery is lost.
        pair.left.takeBytes(random() * 100_000);
        pair.right.takeBytes(random() * 100_000);
        pair.connect();
      } else pair.carry(end, (bytes) => cutRandomly(bytes, random), random() * 150_000);
      assertEquals([pair.left.broken, pair.right.broken], [null, null], `seed ${seed}`);
    }
    pair.connect();
    pair.settle();
    const outcomes = new Set(requests.map((request) => request.outcome));
    assertEquals([...outcomes], ["ok"], `seed ${seed}`);
    const executed = pair.left.requests.length + pair.right.requests.length;
    assertEquals(executed, requests.length, `seed ${seed}: executed once each`);
    assertEquals(pair.right.notifications.map((entry) => entry.service), notified, `seed ${seed}`);
    assertEquals(pair.left.session.log.heldBytes, 0, `seed ${seed}: all let go`);
  }
});

Deno.test("Session numbers a message when it is written, so taking back a queued one leaves no hole", () => {
  const pair = new SessionPair();
  const first = new TestRequest("a", text("1"));
  const second = new TestRequest("a", text("2"));
  const third = new TestRequest("a", text("3"));
  for (const request of [first, second, third]) pair.left.queue.push(request);
  assert(pair.left.queue.remove(second));
  pair.settle();
  assertEquals([first.outcome, second.outcome, third.outcome], ["ok", null, "ok"]);
  assertEquals(pair.left.session.log.lastNumber, 2);
});

Deno.test("Session.cancel() reaches the handler, and its place comes free with the answer", () => {
  const pair = new SessionPair({ maxInFlight: 1 });
  pair.right.echo = false;
  const first = new TestRequest("slow", text("1"));
  const second = new TestRequest("next", text("2"));
  pair.left.queue.push(first);
  pair.left.queue.push(second);
  pair.settle();
  assertEquals(pair.right.requests.map((request) => request.service), ["slow"]);
  first.state = "settled";
  pair.left.session.cancel(first);
  pair.settle();
  const arrived = pair.right.requests[0]!;
  assertEquals(arrived.cancelled, "cancelled");
  assertEquals(pair.right.requests.length, 1, "the handler still has the place");
  const { slot, generation } = arrived;
  pair.right.session.reject(slot, generation, "cancelled", "maybe-executed", "stopped");
  pair.settle();
  assertEquals(pair.right.requests.map((request) => request.service), ["slow", "next"]);
  assertEquals(first.outcome, null, "whoever gave up is not called");
});

Deno.test("Session takes back a large request that is on its way; it never ran", () => {
  const pair = new SessionPair();
  const large = new TestRequest("large", fill(1_000_000, 1));
  pair.left.queue.push(large);
  pair.carry(pair.left, undefined, 300_000);
  pair.carry(pair.right);
  pair.carry(pair.left, undefined, 300_000);
  assert(pair.right.session.receivedBytes > 0);
  assertEquals([large.state, large.delivery], ["announced", "not-sent"]);
  pair.left.session.cancel(large);
  pair.settle();
  assertEquals(pair.left.session.places.openCount, 0);
  assertEquals(pair.right.session.receivedBytes, 0);
  assertEquals(pair.right.requests, []);
  const next = new TestRequest("next", fill(1_000_000, 2));
  pair.left.queue.push(next);
  pair.settle();
  assertEquals(next.answer, fill(1_000_000, 2));
});

Deno.test("Session keeps at most its window and stops; acknowledgements let it go on", () => {
  const windowBytes = 4 * SEGMENT_BYTES;
  const pair = new SessionPair({ windowBytes, maxInFlight: 10_000, creditBytes: 4_000_000 });
  for (let k = 0; k < 2_000; k++) {
    pair.left.queue.push(new TestRequest("n", fill(1_000, k)));
  }
  // Nobody reads: nothing is acknowledged.
  pair.left.takeBytes();
  assertEquals(pair.left.session.log.heldBytes, windowBytes);
  assert(pair.left.queue.size > 1_000);
  pair.connect();
  pair.settle();
  assertEquals(pair.left.queue.size, 0);
  assertEquals(pair.right.requests.length, 2_000);
  assertEquals(pair.left.session.log.heldBytes, 0);
});

Deno.test("Session: an acknowledgement that was lost with its path goes out on the next", () => {
  const pair = new SessionPair();
  const { log } = pair.left.session;
  const { session } = pair.right;
  pair.left.queue.push(new TestNotification(text("x"), 1, "n"));
  pair.carry(pair.left);
  session.ackSent(session.received);
  assertEquals([log.acknowledged, session.needsAck], [0, false]);
  pair.connect();
  assert(session.needsAck);
  pair.settle();
  assertEquals([log.acknowledged, log.lastNumber], [1, 1]);
});

Deno.test("Session.end() says which requests may have run and which never left", () => {
  const pair = new SessionPair({ maxInFlight: 2 });
  pair.right.echo = false;
  const requests = Array.from({ length: 3 }, (_, k) => new TestRequest("r", text(`${k}`)));
  const large = new TestRequest("l", fill(1_000_000, 0));
  for (const request of [...requests, large]) pair.left.queue.push(request);
  pair.settle();
  const { written, unsent } = pair.left.session.end("peer-restarted");
  assertEquals(written, requests.slice(0, 2));
  assertEquals(unsent, []);
  assertEquals(pair.left.queue.size, 2, "what never had its turn stays queued");
  const ended = pair.right.session.end("peer-restarted");
  assertEquals(ended.written, []);
  assertEquals(pair.right.requests.map((request) => request.cancelled), [
    "peer-restarted",
    "peer-restarted",
  ]);
});

Deno.test("Session answers too late to anybody are dropped, and harm nothing", () => {
  const pair = new SessionPair();
  pair.right.echo = false;
  pair.left.queue.push(new TestRequest("r", text("1")));
  pair.settle();
  const { slot, generation } = pair.right.requests[0]!;
  pair.right.session.respond(slot, generation, 1, text("first"));
  pair.right.session.respond(slot, generation, 1, text("second"));
  pair.right.session.reject(slot, generation + 1, "handler-failed", "executed", "another one");
  pair.settle();
  assertEquals([pair.left.broken, pair.right.broken], [null, null]);
  assertEquals(pair.left.session.places.openCount, 0);
});

Deno.test("Session refuses what the other end does not take, and says so without sending", () => {
  const pair = new SessionPair({ payloadMaxBytes: 100_000 });
  const large = new TestRequest("large", fill(100_001, 0));
  const fits = new TestRequest("fits", fill(100_000, 0));
  pair.left.queue.push(large);
  pair.left.queue.push(fits);
  pair.settle();
  assertEquals([large.outcome, fits.outcome], ["payload-too-large/not-sent", "ok"]);
  pair.right.echo = false;
  const asked = new TestRequest("ask", text("?"));
  pair.left.queue.push(asked);
  pair.settle();
  const { slot, generation } = pair.right.requests.at(-1)!;
  pair.right.session.respond(slot, generation, 1, fill(100_001, 0));
  pair.settle();
  assertEquals(asked.outcome, "payload-too-large/executed");
});

Deno.test("Session tells names of services once; more than it numbers still work", () => {
  const pair = new SessionPair({ maxInFlight: 4_000 });
  const first = new TestRequest("a-rather-long-name", text(""));
  pair.left.queue.push(first);
  const firstBytes = pair.carry(pair.left);
  pair.settle();
  const second = new TestRequest("a-rather-long-name", text(""));
  pair.left.queue.push(second);
  const secondBytes = pair.carry(pair.left);
  pair.settle();
  assert(secondBytes < firstBytes);
  const many = Array.from({ length: 3_000 }, (_, k) => new TestRequest(`s${k}`, text("")));
  for (const round of [many, many.map((request) => new TestRequest(request.service, text("")))]) {
    for (const request of round) pair.left.queue.push(request);
    pair.settle();
    assertEquals(round.filter((request) => request.outcome !== "ok"), []);
  }
  const names = pair.right.requests.slice(2).map((request) => request.service);
  assertEquals(names, [...many, ...many].map((request) => request.service));
});

Deno.test("Session reports each way of breaking the protocol, and executes nothing of it", () => {
  const frame = (kind: number, body: number[]) => {
    const bytes = new Uint8Array(HEADER_BYTES + body.length);
    writeHeader(bytes, 0, kind, body.length);
    bytes.set(body, HEADER_BYTES);
    return bytes;
  };
  const id = [0, 0, 0, 0, 0, 0, 0, 1];
  const named = [0x80, 1, 1, 0, 1, 0x61];
  const request = [...id, 0, 0, 0, 9, ...named];
  const stated = (flags: number) => [...id, 0, 0, 0, 9, 0x80, 1, 1, flags, 1, 0x61];
  const cases: [string, Uint8Array[], string][] = [
    ["short request", [frame(FrameKind.REQUEST, id)], "malformed-frame"],
    [
      "unknown service number",
      [frame(FrameKind.REQUEST, [...id, 0, 0, 0, 9, 0, 7, 1, 0])],
      "malformed-frame",
    ],
    [
      "a name that is cut off",
      [frame(FrameKind.NOTIFY, [0x80, 1, 1, 0, 9, 0x61])],
      "malformed-frame",
    ],
    [
      "a number that is skipped",
      [frame(FrameKind.NOTIFY, [0x80, 2, 1, 0, 1, 0x61])],
      "malformed-frame",
    ],
    [
      "a name that is no UTF-8",
      [frame(FrameKind.NOTIFY, [0x80, 1, 1, 0, 1, 0xff])],
      "malformed-frame",
    ],
    [
      "a slot beyond the limit",
      [frame(FrameKind.REQUEST, [0, 1, 0, 0, ...request.slice(4)])],
      "limit-exceeded",
    ],
    ["a generation once more", [
      frame(FrameKind.REQUEST, request),
      frame(FrameKind.CANCEL, id),
      frame(FrameKind.REQUEST, [...request.slice(0, 12), 0, 1, 1, 0]),
    ], "unexpected-frame"],
    [
      "generation 0",
      [frame(FrameKind.REQUEST, [0, 0, 0, 0, 0, 0, 0, 0, ...request.slice(8)])],
      "number-out-of-range",
    ],
    ["a slot that is taken", [
      frame(FrameKind.REQUEST, request),
      frame(FrameKind.REQUEST, [...request.slice(0, 12), 0, 1, 1, 0]),
    ], "unexpected-frame"],
    ["an answer to nothing", [frame(FrameKind.RESPONSE, [...id, 1, 0])], "unexpected-frame"],
    [
      "an error to nothing",
      [frame(FrameKind.ERROR, [...id, 0, 3, 0, 0, 0, 0, 0])],
      "unexpected-frame",
    ],
    ["data of a kind that there is not", [frame(FrameKind.DATA, [3, ...id, 1])], OUT_OF_RANGE],
    ["data without bytes", [frame(FrameKind.DATA, [0, ...id])], "malformed-frame"],
    ["data of a request to nothing", [frame(FrameKind.DATA, [0, ...id, 1])], "unexpected-frame"],
    ["data of an answer to nothing", [frame(FrameKind.DATA, [1, ...id, 1])], "unexpected-frame"],
    ["data of no notification", [frame(FrameKind.DATA, [2, 0, 0, 0, 0, ...TAIL])], UNEXPECTED],
    ["a grant of what does not ask", [frame(FrameKind.GRANT, [0, ...id])], "unexpected-frame"],
    ["a grant of a kind that there is not", [frame(FrameKind.GRANT, [4, ...id])], OUT_OF_RANGE],
    ["a grant of nothing", [frame(FrameKind.GRANT, [])], "malformed-frame"],
    ["credit that is cut off", [frame(FrameKind.CREDIT, [0, 0, 0, 1])], "malformed-frame"],
    ["an unasked length beyond credit", [
      frame(FrameKind.REQUEST, [...stated(0x80), 0, 4, 0, 1]),
    ], "limit-exceeded"],
    ["a length of 0", [frame(FrameKind.REQUEST, [...stated(0xc0), 0, 0, 0, 0])], "malformed-frame"],
    ["a length that is not taken here", [
      frame(FrameKind.REQUEST, [...stated(0xc0), 1, 0, 0, 1]),
    ], "limit-exceeded"],
    ["one that asks and states no length", [frame(FrameKind.REQUEST, stated(0x40))], MALFORMED],
    ["more data than was stated", [
      frame(FrameKind.REQUEST, [...stated(0x80), 0, 0, 0, 1]),
      frame(FrameKind.DATA, [0, ...id, 1, 2]),
    ], "limit-exceeded"],
    ["a notification inside another one", [
      frame(FrameKind.NOTIFY, [0x80, 1, 1, 0x80, 1, 0x61, 0, 0, 0, 9]),
      frame(FrameKind.NOTIFY, [0, 1, 1, 0]),
    ], "unexpected-frame"],
    ["an acknowledgement of what was never sent", [
      frame(FrameKind.ACK, [0, 0, 0, 0, 0, 0, 0, 1]),
    ], "number-out-of-range"],
  ];
  for (const [name, frames, code] of cases) {
    const pair = new SessionPair();
    pair.right.echo = false;
    for (const bytes of frames) pair.right.receive(bytes);
    assertEquals(pair.right.broken, code, name);
    assert(pair.right.requests.length <= frames.length - 1, name);
  }
});
