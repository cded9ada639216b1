/**
 * Two sessions and the bytes between them: the data plane of a link without sockets. A broken path
 * is `breakPath()` (what is on its way is lost) followed by `connect()` (START and replay).
 */

import { FrameKind, isMessageKind, readU64 } from "../../src/core/wire/frame.ts";
import { FrameDecoder } from "../../src/core/wire/frame_decoder.ts";
import type { Limits } from "../../src/core/wire/hello.ts";
import { SegmentPool } from "../../src/core/session/outbound_log.ts";
import { Backlog } from "../../src/core/flow/backlog.ts";
import { OutgoingNotification, OutgoingRequest } from "../../src/core/flow/outgoing.ts";
import { WindowGrowth } from "../../src/core/flow/item_sink.ts";
import { Room } from "../../src/core/flow/room.ts";
import type { ServedStream } from "../../src/core/session/served_stream.ts";
import { Session } from "../../src/core/session/session.ts";
import type {
  InboundRequest,
  SessionHandler,
  SessionHost,
} from "../../src/core/session/session_handler.ts";
import { type Deadline, DeadlineHeap } from "../../src/core/time/deadline_heap.ts";
import type { Delivery, ErrorCode } from "../../src/errors.ts";

/** A request whose outcome is recorded. */
export class TestRequest extends OutgoingRequest {
  outcome: string | null = null;
  answer: Uint8Array | null = null;

  constructor(
    service: string,
    payload: Uint8Array,
    idempotent = false,
    depth = 0,
    metadata: Uint8Array | null = null,
    timeoutMs = 1_000,
  ) {
    super(payload, 1, service, timeoutMs, idempotent, depth, metadata);
    this.deadlineMs = timeoutMs;
  }

  override expire(): void {}

  override succeed(_codec: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.outcome !== null) throw new Error("settled twice");
    this.outcome = "ok";
    this.answer = bytes.slice(start, end);
  }

  override fail(code: ErrorCode, _message: string, delivery: Delivery): void {
    if (this.outcome !== null) throw new Error("settled twice");
    this.outcome = `${code}/${delivery}`;
  }
}

/** A notification whose outcome is recorded. */
export class TestNotification extends OutgoingNotification {
  outcome: string | null = null;

  constructor(
    payload: Uint8Array,
    codec: number,
    service: string,
    metadata: Uint8Array | null = null,
  ) {
    super(payload, codec, service, 1_000, metadata);
  }

  override expire(): void {}

  override taken(): void {
    this.outcome = "taken";
  }

  override fail(code: ErrorCode): void {
    this.outcome = code;
  }
}

/** What arrived at an end: requests are kept open until `answer`. */
export interface Arrived {
  readonly slot: number;
  readonly generation: number;
  readonly service: string;
  readonly payload: Uint8Array;
  readonly depth: number;
  readonly metadata: Uint8Array | null;
  cancelled: ErrorCode | null;
}

/** Deadlines that pass when the test says so. */
export class TestTimers {
  readonly #deadlines = new DeadlineHeap();
  #nowMs = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  add(item: Deadline, durationMs: number): void {
    this.#deadlines.add(item, durationMs, this.#nowMs);
  }

  remove(item: Deadline): void {
    this.#deadlines.remove(item);
  }

  /** So much time passes. */
  advance(durationMs: number): void {
    this.#nowMs += durationMs;
    this.#deadlines.expire(this.#nowMs);
  }
}

/** A backlog that a test fills. */
export class TestQueue {
  readonly backlog = new Backlog(33_554_432);

  get size(): number {
    return this.backlog.requests().length;
  }

  push(message: OutgoingRequest | OutgoingNotification): void {
    if (message instanceof OutgoingRequest) this.backlog.push(message);
    else this.backlog.notifications.add(message);
  }

  remove(request: OutgoingRequest): boolean {
    return this.backlog.remove(request);
  }
}

/** What an end shares with nobody, unless a test gives it to several. */
export function newHost(
  handler: SessionHandler,
  options: Partial<Omit<SessionHost, "handler">> & {
    readonly receiveMaxBytes?: number;
    readonly streamMaxBytes?: number;
  } = {},
): SessionHost {
  const { receiveMaxBytes = 64 * 1_048_576 } = options;
  return {
    handler,
    pool: options.pool ?? new SegmentPool(4),
    timers: options.timers ?? new TestTimers(),
    rooms: options.rooms ?? {
      requests: new Room(receiveMaxBytes),
      answers: new Room(receiveMaxBytes),
      notifications: new Room(receiveMaxBytes),
      streams: new Room(options.streamMaxBytes ?? receiveMaxBytes),
    },
    windowGrowth: options.windowGrowth ??
      new WindowGrowth(options.streamMaxBytes ?? receiveMaxBytes),
    allocate: options.allocate ?? ((bytes) => new Uint8Array(bytes)),
    assemblyTimeoutMs: options.assemblyTimeoutMs ?? 30_000,
    answersMaxBytes: options.answersMaxBytes ?? 32 * 1_048_576,
  };
}

/** One end of the pair. */
export class SessionEnd implements SessionHandler {
  readonly session: Session;
  readonly queue = new TestQueue();
  readonly timers = new TestTimers();
  readonly host: SessionHost;
  readonly requests: Arrived[] = [];
  readonly streams: ServedStream[] = [];
  readonly notifications: {
    service: string;
    payload: Uint8Array;
    metadata: Uint8Array | null;
  }[] = [];
  /** What takes what arrives, instead of this. */
  handler: SessionHandler = this;
  /** Answers at once with the payload, when set. */
  echo = true;
  /** What becomes of requests whose payloads are to come. */
  verdict: ReturnType<SessionHandler["onAnnounced"]> = "wanted";
  /** Whether handlers of notifications end at once. */
  ends = true;
  /** How the other end broke the protocol, if it did. */
  broken: ErrorCode | null = null;
  decoder = new FrameDecoder();
  nextNumber = 0;

  constructor(
    limits: { own: Limits; remote: Limits },
    retainMaxBytes: number,
    options: PairOptions,
  ) {
    const role = options.role ?? "peer";
    const setup = { peer: "peer", role, bootId: "1", retainMaxBytes } as const;
    const handler: SessionHandler = {
      onAnnounced: (...announced) => this.handler.onAnnounced(...announced),
      onRequest: (...request) => this.handler.onRequest(...request),
      onNotification: (...notification) => this.handler.onNotification(...notification),
      onStream: (...stream) => this.handler.onStream(...stream),
    };
    this.host = newHost(handler, { timers: this.timers, ...options.host });
    const { backlog } = this.queue;
    this.session = new Session({ ...setup, backlog, ...limits }, this.host);
  }

  onAnnounced(): ReturnType<SessionHandler["onAnnounced"]> {
    return this.verdict;
  }

  onRequest(
    session: Session,
    slot: number,
    generation: number,
    _deadlineMs: number,
    _timeoutMs: number,
    depth: number,
    service: string,
    codec: number,
    metadata: Uint8Array | null,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): InboundRequest {
    const payload = bytes.slice(start, end);
    const arrived: Arrived = {
      slot,
      generation,
      service,
      payload,
      depth,
      metadata,
      cancelled: null,
    };
    this.requests.push(arrived);
    if (this.echo) session.respond(slot, generation, codec, payload);
    return { cancel: (code) => arrived.cancelled = code };
  }

  onNotification(
    session: Session,
    service: string,
    _codec: number,
    metadata: Uint8Array | null,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.notifications.push({ service, payload: bytes.slice(start, end), metadata });
    if (this.ends) session.endNotification();
  }

  onStream(stream: ServedStream): void {
    this.streams.push(stream);
  }

  /** Everything that can be written now. */
  takeBytes(maxBytes = Infinity): Uint8Array[] {
    const chunks: Uint8Array[] = [];
    let taken = 0;
    while (taken < maxBytes) {
      this.session.fill();
      const range = this.session.log.nextRange();
      if (range === null) break;
      chunks.push(range.slice());
      taken += range.length;
      this.session.log.wrote(range.length, true);
      this.session.log.drained();
    }
    return chunks;
  }

  /** Takes bytes of the other end; the chunk is overwritten after it. */
  receive(bytes: Uint8Array): void {
    const chunk = bytes.slice();
    this.decoder.push(chunk, {
      onFrame: (kind, source, start, end) => {
        const code = this.#onFrame(kind, source, start, end);
        if (code !== null) this.broken = code;
        return code === null;
      },
      onDefect: (code) => {
        this.broken = code;
      },
    });
    chunk.fill(0xdd);
  }

  #onFrame(kind: number, bytes: Uint8Array, start: number, end: number): ErrorCode | null {
    if (kind === FrameKind.ACK) {
      return this.session.handleAck(readU64(bytes, start)) ? null : "number-out-of-range";
    }
    if (!isMessageKind(kind)) return "unexpected-frame";
    return this.session.handleMessage(this.nextNumber++, kind, bytes, start, end);
  }
}

/** Options of a pair. */
export interface PairOptions {
  readonly maxInFlight?: number;
  readonly payloadMaxBytes?: number;
  readonly windowBytes?: number;
  readonly creditBytes?: number;
  readonly notificationsMax?: number;
  readonly maxStreams?: number;
  readonly role?: "peer" | "client";
  readonly host?: Parameters<typeof newHost>[1];
}

/** Two ends. */
export class SessionPair {
  readonly left: SessionEnd;
  readonly right: SessionEnd;

  constructor(options: PairOptions = {}) {
    const maxInFlight = options.maxInFlight ?? 64;
    const payloadMaxBytes = options.payloadMaxBytes ?? 16 * 1_048_576;
    const windowBytes = options.windowBytes ?? 4 * 1_048_576;
    const limits = {
      maxInFlight,
      payloadMaxBytes,
      clientMaxInFlight: maxInFlight,
      clientPayloadMaxBytes: payloadMaxBytes,
      creditBytes: options.creditBytes ?? 262_144,
      notificationsMax: options.notificationsMax ?? 1_024,
      maxStreams: options.maxStreams ?? 16,
      clientMaxStreams: options.maxStreams ?? 16,
    };
    const both = { own: limits, remote: limits };
    this.left = new SessionEnd(both, windowBytes, options);
    this.right = new SessionEnd(both, windowBytes, options);
    this.connect();
  }

  /** A connection comes into use at both ends: START, and what is kept is sent again. */
  connect(): void {
    this.left.decoder = new FrameDecoder();
    this.right.decoder = new FrameDecoder();
    this.right.nextNumber = this.left.session.startSending();
    this.left.nextNumber = this.right.session.startSending();
  }

  /** What one end can write is read by the other, cut as `cut` says. */
  carry(
    from: SessionEnd,
    cut: (bytes: Uint8Array) => Iterable<Uint8Array> = (bytes) => [bytes],
    maxBytes = Infinity,
  ): number {
    const to = from === this.left ? this.right : this.left;
    let carried = 0;
    for (const chunk of from.takeBytes(maxBytes)) {
      carried += chunk.length;
      for (const piece of cut(chunk)) to.receive(piece);
    }
    return carried;
  }

  /** Carries both ways until nothing moves, acknowledgements included. */
  settle(): void {
    for (let round = 0; round < 10_000; round++) {
      const moved = this.carry(this.left) + this.carry(this.right);
      const acked = this.#acknowledge(this.left, this.right) |
        this.#acknowledge(this.right, this.left);
      if (moved === 0 && acked === 0) return;
    }
    throw new Error("The pair does not come to rest");
  }

  /** The acknowledgement that a timer would send alone. */
  #acknowledge(from: SessionEnd, to: SessionEnd): number {
    if (!from.session.needsAck) return 0;
    const number = from.session.received;
    from.session.ackSent(number);
    to.session.handleAck(number);
    return 1;
  }
}
