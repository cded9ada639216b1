// Allocations per request below the endpoint: session, places, writer, log, decoder, reader, both
// ends of them. They do not creep back.

import v8 from "node:v8";
import vm from "node:vm";
import { assert, assertEquals, assertLess } from "@std/assert";
import { FrameKind, isMessageKind, readU64 } from "../../src/core/wire/frame.ts";
import { FrameDecoder } from "../../src/core/wire/frame_decoder.ts";
import { Backlog } from "../../src/core/flow/backlog.ts";
import { OutgoingRequest } from "../../src/core/flow/outgoing.ts";
import { Session } from "../../src/core/session/session.ts";
import type { InboundRequest, SessionHandler } from "../../src/core/session/session_handler.ts";
import { newHost } from "../support/session_pair.ts";

const IN_FLIGHT = 64;
/** So few that no collection comes in between. */
const BATCHES = 20;
const ATTEMPTS = 50;

/** Times the batches before anything is measured: the code is compiled then. */
const WARM_UP = 100;
const PAYLOAD_BYTES = 64;

/**
 * Bytes of heap for a request and its answer, both ends together. Measured: 7, or 52 where the
 * compiler happens to inline less; a promise with what it resolves to adds about 150.
 */
const BYTES_MAX = 80;

const LIMITS = {
  maxInFlight: 1_024,
  payloadMaxBytes: 1_048_576,
  clientMaxInFlight: 1_024,
  clientPayloadMaxBytes: 1_048_576,
  creditBytes: 262_144,
  notificationsMax: 1_024,
  maxStreams: 16,
  clientMaxStreams: 4,
};

v8.setFlagsFromString("--expose-gc");
const collectGarbage: () => void = vm.runInNewContext("gc");

class Request extends OutgoingRequest {
  answers = 0;

  override expire(): void {}

  override succeed(): void {
    this.answers++;
  }

  override fail(): void {
    throw new Error("no request fails here");
  }
}

const OWNER: InboundRequest = { cancel() {} };

/** One end; what it keeps is made before anything is measured. */
class End implements SessionHandler {
  readonly session: Session;
  readonly #decoder = new FrameDecoder();
  readonly #answer = new Uint8Array(PAYLOAD_BYTES);
  /** Something of the kind that must not be there, for the test of the test. */
  readonly #waste: boolean;
  #nextNumber = 1;
  readonly wasted: unknown[] = [];

  constructor(waste: boolean) {
    this.#waste = waste;
    const options = { peer: "peer", role: "peer", bootId: "1" } as const;
    this.session = new Session(
      {
        ...options,
        backlog: new Backlog(1_048_576),
        retainMaxBytes: 4_194_304,
        own: LIMITS,
        remote: LIMITS,
      },
      newHost(this),
    );
  }

  onAnnounced(): "wanted" {
    return "wanted";
  }

  onRequest(
    session: Session,
    slot: number,
    generation: number,
    _deadlineMs: number,
    _timeoutMs: number,
    _depth: number,
    _service: string,
    codec: number,
  ): InboundRequest {
    if (this.#waste) this.wasted[slot] = Promise.resolve({ slot, generation, done: () => slot });
    session.respond(slot, generation, codec, this.#answer);
    return OWNER;
  }

  onStream(): void {}

  onNotification(): void {}

  /** Gives all that waits to the other end. */
  flush(other: End): void {
    const { session } = this;
    for (;;) {
      session.fill();
      const range = session.log.nextRange();
      if (range === null) break;
      session.log.wrote(range.length, true);
      other.#decoder.push(range, other);
    }
    session.log.drained();
  }

  onFrame(kind: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (kind === FrameKind.ACK) return this.session.handleAck(readU64(bytes, start));
    assert(isMessageKind(kind));
    assertNull(this.session.handleMessage(this.#nextNumber++, kind, bytes, start, end));
    return true;
  }

  onDefect(code: string): void {
    throw new Error(code);
  }
}

/** Without the cost of a comparison in depth. */
function assertNull(value: unknown): void {
  if (value !== null) throw new Error(String(value));
}

/** The least of several measurements: what else runs only adds. */
function bytesPerRequest(waste: boolean): number {
  const near = new End(waste);
  const far = new End(waste);
  const payload = new Uint8Array(PAYLOAD_BYTES);
  const requests = Array.from(
    { length: IN_FLIGHT },
    () => new Request(payload, 1, "echo", 1_000, true, 0),
  );
  const batch = () => {
    for (const request of requests) {
      request.state = "queued";
      if (!near.session.tryRequest(request)) throw new Error("there is no room");
    }
    near.flush(far);
    far.flush(near);
  };
  for (let count = 0; count < WARM_UP * BATCHES; count++) batch();
  let least = Infinity;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    collectGarbage();
    const before = v8.getHeapStatistics().used_heap_size;
    for (let count = 0; count < BATCHES; count++) batch();
    const grown = v8.getHeapStatistics().used_heap_size - before;
    if (grown > 0) least = Math.min(least, grown / (BATCHES * IN_FLIGHT));
  }
  const answered = requests.reduce((sum, { answers }) => sum + answers, 0);
  assertEquals(answered, (WARM_UP + ATTEMPTS) * BATCHES * IN_FLIGHT);
  return least;
}

Deno.test("allocations: a request below the endpoint allocates next to nothing", () => {
  const bytes = bytesPerRequest(false);
  console.log(`${bytes.toFixed(1)} bytes for a request and its answer (at most ${BYTES_MAX})`);
  assertLess(bytes, BYTES_MAX);
});

Deno.test("allocations: a promise and an object per request would be found", () => {
  const bytes = bytesPerRequest(true);
  console.log(`${bytes.toFixed(1)} bytes with waste`);
  assertLess(BYTES_MAX, bytes);
});
