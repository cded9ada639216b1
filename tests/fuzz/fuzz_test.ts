// Whatever bytes come: nothing throws, nothing is believed, memory stays bounded, and the way the
// stream was cut into chunks changes nothing.

import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { BODY_MAX_BYTES, FrameKind, HEADER_BYTES, writeHeader } from "../../src/core/wire/frame.ts";
import { FrameDecoder } from "../../src/core/wire/frame_decoder.ts";
import { CODES } from "../../src/errors.ts";
import { concat } from "../support/bytes.ts";
import { acceptorOf, dialerOf } from "../support/handshakes.ts";
import { SessionPair, TestRequest } from "../support/session_pair.ts";

const RUNS = 300;
const KINDS = Object.values(FrameKind);

function frame(kind: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.length);
  writeHeader(bytes, 0, kind, body.length);
  bytes.set(body, HEADER_BYTES);
  return bytes;
}

const frames = fc.array(
  fc.tuple(fc.constantFrom(...KINDS), fc.uint8Array({ maxLength: 300 })),
  { maxLength: 20 },
);

/** What a decoder makes of a stream cut into chunks. */
function decode(chunks: readonly Uint8Array[]): string[] {
  const decoder = new FrameDecoder();
  const seen: string[] = [];
  for (const chunk of chunks) {
    const borrowed = chunk.slice();
    decoder.push(borrowed, {
      onFrame: (kind, bytes, start, end) => {
        seen.push(`${kind}:${bytes.slice(start, end)}`);
        return true;
      },
      onDefect: (code) => seen.push(code),
    });
    borrowed.fill(0xdd);
    assertLessOrEqual(decoder.keptBytes, BODY_MAX_BYTES + HEADER_BYTES);
  }
  return seen;
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length];
  at.sort((left, right) => left - right);
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

Deno.test("fuzz: a stream of frames is read the same however it is cut", () => {
  fc.assert(
    fc.property(frames, fc.array(fc.nat(), { maxLength: 12 }), (list, places) => {
      const bytes = concat(list.map(([kind, body]) => frame(kind, body)));
      const whole = decode([bytes]);
      assertEquals(whole.length, list.length);
      assertEquals(decode(cut(bytes, places)), whole);
    }),
    { numRuns: RUNS },
  );
});

Deno.test("fuzz: noise is frames or one defect, the same however it is cut", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      (bytes, places) => {
        const whole = decode([bytes]);
        assertEquals(decode(cut(bytes, places)), whole);
        assertLessOrEqual(whole.filter((item) => item in CODES).length, 1);
      },
    ),
    { numRuns: RUNS },
  );
});

Deno.test("fuzz: no byte of a handshake can be changed without ending it", () => {
  fc.assert(
    fc.property(fc.nat(2), fc.nat(), fc.integer({ min: 1, max: 255 }), (which, place, change) => {
      const tamper = (bytes: Uint8Array, index: number) => {
        const changed = bytes.slice(HEADER_BYTES);
        if (index === which) changed[place % changed.length]! ^= change;
        return changed;
      };
      const dialer = dialerOf("noise", "SP10", "SP20");
      const acceptor = acceptorOf("noise", "SP20");
      const welcome = acceptor.handleFrame(FrameKind.HELLO, tamper(dialer.begin(), 0));
      if (welcome.kind !== "send") return;
      const confirm = dialer.handleFrame(FrameKind.WELCOME, tamper(welcome.bytes, 1));
      assert(which === 2 || confirm.kind === "refuse", "the dialer believed a changed WELCOME");
      if (confirm.kind !== "done") return;
      const end = acceptor.handleFrame(FrameKind.CONFIRM, tamper(confirm.bytes, 2));
      assertEquals(end.kind, "refuse");
    }),
    { numRuns: RUNS },
  );
});

Deno.test("fuzz: noise in place of any handshake frame is refused, never thrown", () => {
  const kinds = fc.constantFrom(...KINDS);
  const suites = fc.constantFrom("plain", "noise");
  fc.assert(
    fc.property(kinds, suites, fc.uint8Array({ maxLength: 300 }), (kind, suite, body) => {
      const dialer = dialerOf(suite, "SP10", "SP20");
      const hello = dialer.begin().slice(HEADER_BYTES);
      const ends = [
        dialer.handleFrame(kind, body),
        acceptorOf(suite, "SP20").handleFrame(kind, body),
      ];
      const acceptor = acceptorOf(suite, "SP20");
      acceptor.handleFrame(FrameKind.HELLO, hello);
      ends.push(acceptor.handleFrame(kind, body));
      for (const end of ends) {
        assert(end.kind === "refuse" || end.kind === "refused");
        assert(end.code in CODES);
      }
    }),
    { numRuns: RUNS },
  );
});

Deno.test("fuzz: message frames full of noise end in a typed defect or change nothing", () => {
  const messages = fc.array(
    fc.tuple(
      fc.constantFrom(...KINDS.filter((kind) => kind >= FrameKind.REQUEST)),
      fc.oneof(fc.uint8Array({ maxLength: 60 }), messageLike()),
    ),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(messages, (list) => {
      const limits = { maxInFlight: 8, payloadMaxBytes: 4_096, creditBytes: 65_536 };
      const pair = new SessionPair({ ...limits, host: { receiveMaxBytes: 4_096 } });
      const request = new TestRequest("echo", new Uint8Array(5));
      pair.left.queue.push(request);
      pair.left.takeBytes();
      for (const [kind, body] of list) pair.left.receive(frame(kind, body));
      const { broken } = pair.left;
      assert(broken === null || CODES[broken].class === "ProtocolError", String(broken));
      // Standing credit and room, of each of the three classes.
      assertLessOrEqual(pair.left.session.receivedBytes, 3 * (65_536 + 4_096));
    }),
    { numRuns: RUNS },
  );
});

/** Bodies whose first numbers are small: they get further into the reader. */
function messageLike(): fc.Arbitrary<Uint8Array> {
  const small = fc.array(fc.nat(3), { minLength: 2, maxLength: 24 });
  return fc.tuple(small, fc.uint8Array({ maxLength: 40 })).map(([head, tail]) =>
    Uint8Array.from([...head, ...tail])
  );
}
