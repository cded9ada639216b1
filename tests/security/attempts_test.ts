// Somebody on the path who knows no secret, by the book: every bit and every piece of a handshake and
// of a session is flipped, cut, replaced, repeated, reflected, moved and taken from elsewhere. More
// than 100,000 attempts a run; nobody is believed, and no byte is delivered that was not sent there.

import { assert, assertEquals } from "@std/assert";
import { CipherState } from "../../src/core/channel/cipher_state.ts";
import type { Handshake, HandshakeStep } from "../../src/core/channel/handshake.ts";
import { recordBytes, RecordOpener, RecordSealer } from "../../src/core/channel/record.ts";
import { HEADER_BYTES } from "../../src/core/wire/frame.ts";
import { loadChannel } from "../../src/runtime/host.ts";
import { concat, seededRandom } from "../support/bytes.ts";
import { acceptorOf, dialerOf } from "../support/handshakes.ts";

const ATTEMPTS_MIN = 100_000;

/** So many attempts were made, in all tests of this file. */
let attempts = 0;

// --- handshakes ---

const NAMES = ["SP10", "SP20"] as const;

/** The three frames of an honest handshake; what they are made of is decided by the seed. */
function recordHandshake(seed: number): readonly Uint8Array[] {
  const [dialer, acceptor] = ends(seed);
  const hello = dialer.begin();
  const welcome = take(acceptor, hello);
  assert(welcome.kind === "send");
  const confirm = take(dialer, welcome.bytes);
  assert(confirm.kind === "done");
  return [hello, welcome.bytes, confirm.bytes];
}

function ends(seed: number): [dialer: Handshake, acceptor: Handshake] {
  return [
    dialerOf("noise", NAMES[0], NAMES[1], { seed }),
    acceptorOf("noise", NAMES[1], { seed: seed + 1 }),
  ];
}

function take(end: Handshake, frame: Uint8Array): HandshakeStep {
  return end.handleFrame(frame[0]!, frame.subarray(HEADER_BYTES));
}

/** Hands a frame to the end whose turn it is in a fresh handshake. */
function handle(seed: number, index: number, frame: Uint8Array): HandshakeStep {
  attempts++;
  const [dialer, acceptor] = ends(seed);
  const hello = dialer.begin();
  if (index === 0) return take(acceptor, frame);
  const welcome = take(acceptor, hello) as { readonly bytes: Uint8Array };
  if (index === 1) return take(dialer, frame);
  take(dialer, welcome.bytes);
  return take(acceptor, frame);
}

function assertRefused(step: HandshakeStep, what: string): void {
  assert(step.kind === "refuse" || step.kind === "refused", `${what}: ${step.kind}`);
}

function changeHandshakes(): void {
  const frames = recordHandshake(1);
  for (const [index, frame] of frames.entries()) {
    for (let at = HEADER_BYTES; at < frame.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = frame.slice();
        changed[at]! ^= 1 << bit;
        assertRefused(handle(1, index, changed), `bit ${bit} of byte ${at} of frame ${index}`);
      }
      assertRefused(handle(1, index, frame.slice(0, at)), `frame ${index}, cut at ${at}`);
    }
    assertRefused(handle(1, index, concat([frame, new Uint8Array(1)])), "a byte more");
  }
}

function moveHandshakes(): void {
  // Two victims at a time, and both roles of each: he relays between all of them.
  for (let seed = 1; seed <= 41; seed += 4) {
    const own = recordHandshake(seed);
    const other = recordHandshake(seed + 2);
    for (const index of [0, 1, 2]) {
      for (const [from, frame] of [...own, ...other].entries()) {
        const isHonest = from === index;
        // A first message is anybody's: it is not believed, but answered.
        if (isHonest || (index === 0 && from === 3)) continue;
        assertRefused(handle(seed, index, frame), `frame ${from} as frame ${index}`);
      }
    }
  }
}

// --- sessions ---

const RECORDS = 64;
const primitives = await loadChannel("ChaChaPoly");

/** One direction of a session: its key, what was said, and the records. */
class Direction {
  readonly pieces: readonly Uint8Array[];
  readonly records: readonly Uint8Array[];
  readonly #key: Uint8Array;

  constructor(seed: number) {
    const random = seededRandom(seed);
    const bytes = (count: number) => Uint8Array.from({ length: count }, () => random() * 256);
    this.#key = bytes(32);
    const sealer = new RecordSealer(this.#cipher());
    this.pieces = Array.from({ length: RECORDS }, (_, index) => bytes(1 + index * 2));
    this.records = this.pieces.map((piece) => {
      const record = new Uint8Array(recordBytes(piece.length));
      sealer.seal(piece, record, 0);
      return record;
    });
  }

  /** What the other end takes of this, after so many records that came as they were sent. */
  receive(after: number, bytes: Uint8Array): readonly number[] {
    attempts++;
    const cipher = this.#cipher();
    cipher.setNonce(after);
    const opener = new RecordOpener(cipher);
    const delivered: number[] = [];
    let defects = 0;
    opener.push(bytes, {
      onRecord(piece) {
        delivered.push(...piece);
        return true;
      },
      onRecordDefect: () => defects++,
    });
    assert(defects <= 1);
    return delivered;
  }

  #cipher(): CipherState {
    const cipher = new CipherState(primitives, "ChaChaPoly");
    cipher.initializeKey(this.#key);
    return cipher;
  }
}

function changeRecords(): void {
  for (const direction of [new Direction(1), new Direction(2)]) {
    const { records } = direction;
    for (const [index, record] of records.entries()) {
      const next = records[index + 1] ?? new Uint8Array(0);
      for (let at = 0; at < record.length; at++) {
        for (let bit = 0; bit < 8; bit++) {
          const changed = concat([record, next]);
          changed[at]! ^= 1 << bit;
          assertEquals(direction.receive(index, changed), [], `record ${index}, byte ${at}`);
        }
        const rest = concat([record.subarray(0, at), next]);
        if (at > 0) assertEquals(direction.receive(index, rest), [], `${index}, cut at ${at}`);
      }
    }
  }
}

function moveRecords(): void {
  const [there, back, elsewhere] = [new Direction(1), new Direction(2), new Direction(3)];
  for (const index of there.records.keys()) {
    const honest = there.records[index]!;
    for (const from of [there, back, elsewhere]) {
      for (const [other, record] of from.records.entries()) {
        if (from === there && other === index) continue;
        // In its place, before it, and after it: what was sent there is all that is delivered.
        assertEquals(there.receive(index, concat([record, honest])), []);
        const after = there.receive(index, concat([honest, record]));
        const isNext = from === there && other === index + 1;
        const expected = isNext ? concat([there.pieces[index]!, there.pieces[other]!]) : null;
        assertEquals(after, [...(expected ?? there.pieces[index]!)]);
      }
    }
  }
}

const STEPS: Readonly<Record<string, () => void>> = {
  "no flipped bit and no cut of a handshake is believed": changeHandshakes,
  "what was said elsewhere, or by oneself, is no answer": moveHandshakes,
  "no flipped bit and no cut of a record delivers anything, nor what follows": changeRecords,
  "no record of another place, direction or session delivers anything": moveRecords,
};

Deno.test("attempts: more than 100,000 on the path change nothing and deliver nothing", async (t) => {
  for (const [what, step] of Object.entries(STEPS)) await t.step(what, step);
  assert(attempts > ATTEMPTS_MIN, `${attempts} attempts`);
});
