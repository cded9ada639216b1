/**
 * A session: what two process lives say to each other, whatever connections carry it.
 *
 * Message frames of each direction are numbered from 1, without carrying their number: START(k) on
 * a connection says that the frames after it count from k. The receiver drops every number it has.
 * What is received is acknowledged, together with other frames or alone after a short while; what
 * is not acknowledged is kept, and given to the next connection from `START(oldest kept)`.
 *
 * Notifications that the application has no room for wait here, unacknowledged: the other end's
 * window fills, and it stops. Nothing else has to wait, so beats and answers go on.
 *
 * A client's connection uses the same code without retention: no START, no ACK.
 *
 * Source: docs/protocol.md, "Sessions", "Messages".
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import type { Limits } from "../wire/hello.ts";
import { type MessageHandler, MessageReader } from "../wire/message_reader.ts";
import { INLINE_MAX_BYTES, MessageWriter } from "../wire/message_writer.ts";
import { OutboundLog, type SegmentPool } from "./outbound_log.ts";
import {
  type OutgoingNotification,
  OutgoingReply,
  type OutgoingRequest,
} from "../flow/outgoing.ts";
import { RequestTracker } from "../flow/request_tracker.ts";
import type { SendQueue } from "../flow/send_queue.ts";
import type {
  InboundRequest,
  SessionCarrier,
  SessionHandler,
  SessionOptions,
  VerifiedCertificate,
  WaitingNotification,
} from "./session_handler.ts";
import { SendScheduler } from "../flow/send_scheduler.ts";

/** Bytes received without an acknowledgement after which one is sent alone. */
export const ACK_BYTES = 65_536;

const NOTHING = new Uint8Array(0);

/** One session. */
export class Session implements MessageHandler {
  /** The name of the other end. */
  readonly peer: string;
  /** Whether the other end is a peer or a client. */
  readonly role: "peer" | "client";
  /** The life of the other end. */
  readonly bootId: string;
  /** Whether it outlives its connection: what is sent is kept until it is acknowledged. */
  readonly isRetained: boolean;
  readonly log: OutboundLog;
  readonly tracker: RequestTracker;
  readonly sender: SendScheduler;
  /** What TLS has verified of the other end, by the connection that carries it; `null` without. */
  certificate: VerifiedCertificate | null = null;
  /** What the application's side keeps for this other end. */
  attached: object | null = null;
  /** Told when something waits to be written; set by whoever owns the connections. */
  carrier: SessionCarrier | null = null;
  readonly #writer: MessageWriter;
  readonly #reader: MessageReader;
  readonly #handler: SessionHandler;
  readonly #own: Limits;
  /** By slot: the generation that is open there, 0 for none, and its owner. */
  readonly #inbound: number[] = [];
  readonly #owners: (InboundRequest | null)[] = [];
  #inboundOpen = 0;
  /** Numbers up to here have arrived. */
  #received = 0;
  #acknowledgedByUs = 0;
  #unacknowledgedBytes = 0;
  /** Made for the first one that has to wait. */
  #waiting: WaitingNotification[] | null = null;
  #waitingBytes = 0;
  #ended = false;

  constructor(options: SessionOptions, pool: SegmentPool, handler: SessionHandler) {
    this.peer = options.peer;
    this.role = options.role;
    this.bootId = options.bootId;
    this.#own = options.own;
    this.isRetained = options.retain;
    this.#handler = handler;
    const windowBytes = Math.min(options.retainMaxBytes, options.remote.windowBytes);
    this.log = new OutboundLog(pool, options.retain, windowBytes);
    this.tracker = new RequestTracker(options.remote.maxInFlight);
    this.#writer = new MessageWriter(this.log);
    this.sender = new SendScheduler(
      this.log,
      this.#writer,
      this.tracker,
      options.remote.payloadMaxBytes,
    );
    this.#reader = new MessageReader(options.own.payloadMaxBytes);
  }

  /** Whether its other end is gone for good. */
  get isEnded(): boolean {
    return this.#ended;
  }

  /** Requests of the other end that are being answered here. */
  get inboundCount(): number {
    return this.#inboundOpen;
  }

  /** The number up to which everything has arrived. */
  get received(): number {
    return this.#received;
  }

  /** Bytes held of what has arrived: unfinished payloads, and notifications that wait. */
  get receivedBytes(): number {
    return this.#reader.assemblyBytes + this.#waitingBytes;
  }

  // Sending.

  /** The number from which frames are sent on a connection that comes into use. */
  startSending(): number {
    this.log.rewind();
    // An acknowledgement may have been lost with the old connection; the other end could wait for
    // it with a full window for ever.
    this.#acknowledgedByUs = 0;
    return this.log.acknowledged + 1;
  }

  /** Moves what waits into the log; adds an acknowledgement when something goes out anyway. */
  fill(queue: SendQueue<OutgoingRequest | OutgoingNotification>): void {
    if (this.#ended) return;
    this.sender.fill(queue);
    if (this.needsAck && this.log.unwrittenBytes > 0) {
      const number = this.#ackable;
      if (this.#writer.acknowledgement(number)) this.ackSent(number);
    }
  }

  /** The next bytes for a socket that has taken all it was given; `null`: nothing waits. */
  nextRange(queue: SendQueue<OutgoingRequest | OutgoingNotification>): Uint8Array | null {
    this.fill(queue);
    const range = this.log.nextRange();
    if (range !== null) return range;
    // What needs no acknowledgement makes room for what waits.
    this.log.drained();
    this.fill(queue);
    return this.log.nextRange();
  }

  /**
   * Writes a request at once, where nothing is ahead of it.
   *
   * @returns `false`: it must be queued.
   */
  tryRequest(request: OutgoingRequest): boolean {
    if (this.#ended || request.payload.length > INLINE_MAX_BYTES || !this.sender.isIdle) {
      return false;
    }
    if (!this.sender.writeRequest(request, 0, 0)) return false;
    if (!request.idempotent) request.release();
    return true;
  }

  /** Answers a request. Without effect when it is no longer open (cancelled and answered). */
  respond(slot: number, generation: number, codec: number, payload: Uint8Array): void {
    if (!this.#closeInbound(slot, generation)) return;
    if (
      payload.length <= INLINE_MAX_BYTES && this.sender.isIdle &&
      this.#writer.response(slot, generation, codec, 0, payload, 0)
    ) {
      this.carrier?.scheduleFlush();
      return;
    }
    this.#reply(new OutgoingReply(slot, generation, codec, payload, null, ""));
  }

  /** Answers a request with an error. @param details Encoded, may be empty. */
  reject(
    slot: number,
    generation: number,
    code: ErrorCode,
    message: string,
    details: Uint8Array = NOTHING,
  ): void {
    if (!this.#closeInbound(slot, generation)) return;
    this.#reply(new OutgoingReply(slot, generation, 0, details, code, message));
  }

  /** The caller of a written request gives up: the other end is told. */
  cancel(request: OutgoingRequest): void {
    if (this.#ended || !this.tracker.isOpen(request.slot, request.generation)) return;
    this.tracker.abandon(request);
    const { slot, generation } = request;
    this.#reply(new OutgoingReply(slot, generation, 0, NOTHING, "cancel", ""));
  }

  // Receiving.

  /** Whether something was received that is not acknowledged. */
  get needsAck(): boolean {
    return this.isRetained && this.#ackable > this.#acknowledgedByUs;
  }

  /** Whether so much is unacknowledged that it should not wait. */
  get ackIsUrgent(): boolean {
    return this.#unacknowledgedBytes >= ACK_BYTES && this.needsAck;
  }

  /** What an acknowledgement says now. */
  get ackNumber(): number {
    return this.#ackable;
  }

  /** An acknowledgement of that number went out. */
  ackSent(number: number): void {
    this.#acknowledgedByUs = number;
    this.#unacknowledgedBytes = 0;
  }

  /** ACK arrived. @returns `false` for a number that was never sent. */
  handleAck(number: number): boolean {
    return this.log.acknowledge(number);
  }

  /**
   * A message frame with this number arrived, on whichever connection.
   *
   * @returns `null`, or how the peer broke the protocol.
   */
  handleMessage(
    number: number,
    kind: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null {
    if (this.#ended || number <= this.#received) return null;
    if (number !== this.#received + 1) return "sequence-gap";
    this.#received = number;
    this.#unacknowledgedBytes += end - start;
    return this.#reader.read(kind, bytes, start, end, this);
  }

  /** The application has room again. */
  resumeNotifications(): void {
    const waiting = this.#waiting ?? [];
    while (!this.#ended && waiting.length > 0 && this.#handler.hasRoom(this)) {
      const { service, codec, payload } = waiting.shift()!;
      this.#waitingBytes -= payload.length;
      this.#handler.onNotification(this, service, codec, payload, 0, payload.length);
    }
  }

  /**
   * The other end's process is gone, or this one ends.
   *
   * @returns The requests that may have been executed, and what was never written.
   */
  end(code: ErrorCode): {
    written: OutgoingRequest[];
    unsent: (OutgoingRequest | OutgoingNotification)[];
  } {
    this.#ended = true;
    const unsent = this.sender.takeUnsent();
    const written = this.tracker.takeAll();
    this.log.clear();
    this.#waiting = null;
    this.#waitingBytes = 0;
    for (let slot = 0; slot < this.#owners.length; slot++) {
      const owner = this.#owners[slot];
      this.#owners[slot] = null;
      owner?.cancel(code);
    }
    return { written, unsent };
  }

  /** Part of `MessageHandler`. */
  onRequest(
    slot: number,
    generation: number,
    timeoutMs: number,
    service: string,
    codec: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null {
    if (slot >= this.#own.maxInFlight) return "limit-exceeded";
    if (generation === 0) return "number-out-of-range";
    while (this.#inbound.length <= slot) {
      this.#inbound.push(0);
      this.#owners.push(null);
    }
    if (this.#inbound[slot] !== 0) return "unexpected-frame";
    this.#inbound[slot] = generation;
    this.#inboundOpen++;
    const handler = this.#handler;
    const owner = handler.onRequest(
      this,
      slot,
      generation,
      timeoutMs,
      service,
      codec,
      bytes,
      start,
      end,
    );
    // A handler that answered at once has given the place back already.
    if (this.#inbound[slot] === generation && !this.#ended) this.#owners[slot] = owner;
    return null;
  }

  /** Part of `MessageHandler`. */
  onNotification(
    service: string,
    codec: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null {
    if ((this.#waiting?.length ?? 0) === 0 && this.#handler.hasRoom(this)) {
      this.#handler.onNotification(this, service, codec, bytes, start, end);
      return null;
    }
    const payload = bytes.slice(start, end);
    (this.#waiting ??= []).push({ number: this.#received, service, codec, payload });
    this.#waitingBytes += payload.length;
    const boundBytes = this.#own.windowBytes + this.#own.payloadMaxBytes;
    return this.#waitingBytes > boundBytes ? "limit-exceeded" : null;
  }

  /** Part of `MessageHandler`. */
  onResponse(
    slot: number,
    generation: number,
    codec: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null {
    if (!this.tracker.isOpen(slot, generation)) return "unexpected-frame";
    const request = this.tracker.close(slot);
    if (request === null) return null;
    request.state = "settled";
    request.succeed(codec, bytes, start, end);
    return null;
  }

  /** Part of `MessageHandler`. */
  onError(
    slot: number,
    generation: number,
    code: ErrorCode,
    message: string,
    details: Uint8Array,
  ): ErrorCode | null {
    if (!this.tracker.isOpen(slot, generation)) return "unexpected-frame";
    const request = this.tracker.close(slot);
    if (request === null) return null;
    request.state = "settled";
    // An answer came; only of a cancelled handler one cannot know how far it got.
    request.fail(code, message, code === "cancelled" ? "maybe-executed" : "executed", details);
    return null;
  }

  /** Part of `MessageHandler`. A cancel that crossed the answer finds nothing: that is no error. */
  onCancel(slot: number, generation: number): ErrorCode | null {
    if (this.#inbound[slot] !== generation || generation === 0) return null;
    const owner = this.#owners[slot];
    this.#owners[slot] = null;
    owner?.cancel("cancelled");
    return null;
  }

  #reply(reply: OutgoingReply): void {
    this.sender.reply(reply);
    this.carrier?.scheduleFlush();
  }

  get #ackable(): number {
    const first = this.#waiting?.[0];
    return first === undefined ? this.#received : first.number - 1;
  }

  #closeInbound(slot: number, generation: number): boolean {
    if (this.#ended || this.#inbound[slot] !== generation) return false;
    this.#inbound[slot] = 0;
    this.#owners[slot] = null;
    this.#inboundOpen--;
    return true;
  }
}
