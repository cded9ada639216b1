/**
 * A session: what two process lives say to each other, whatever connections carry it.
 *
 * Message frames of each direction are numbered from 1, without carrying their number: START(k) on
 * a connection says that the frames after it count from k. The receiver drops every number it has.
 * What is received is taken and acknowledged at once, together with other frames or alone after a
 * short while, whatever the application does; what is not acknowledged is kept, and given to the
 * next connection from `START(oldest kept)`. So a full log always means a slow path.
 *
 * Whatever arrives was promised a place: calls of the other end (`InboundCalls`), answers to calls
 * of this end (`OutboundCalls`), and notifications hold it, each in room of its own.
 *
 * Source: docs/protocol.md, "Sessions" and "Messages".
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import type { Backlog } from "../flow/backlog.ts";
import { SendCredit } from "../flow/credit.ts";
import { firstFrameBytes, OutgoingReply, type OutgoingRequest } from "../flow/outgoing.ts";
import { Pace } from "../flow/pace.ts";
import type { Places } from "../flow/places.ts";
import { Promises, type PromisesOwner } from "../flow/promises.ts";
import { CLIENT_SHARE, PEER_SHARE } from "../flow/room.ts";
import { SendScheduler, type SendSchedulerOwner } from "../flow/send_scheduler.ts";
import { PIECE_MAX_BYTES } from "../wire/frame.ts";
import { MessageReader } from "../wire/message_reader.ts";
import { MessageWriter } from "../wire/message_writer.ts";
import { MessageDispatch } from "./message_dispatch.ts";
import { InboundCalls, type InboundCallsOwner } from "./inbound_calls.ts";
import { InboundNotifications } from "./inbound_notifications.ts";
import { OutboundCalls, type OutboundCallsOwner } from "./outbound_calls.ts";
import { Streams } from "./streams.ts";
import { OutboundLog } from "./outbound_log.ts";
import type {
  EndedCalls,
  SessionCarrier,
  SessionHost,
  SessionOptions,
  VerifiedCertificate,
} from "./session_handler.ts";

/** Bytes received without an acknowledgement after which one is sent alone. */
export const ACK_BYTES = 65_536;

const NOTHING = new Uint8Array(0);

/** One session. */
export class Session
  implements SendSchedulerOwner, InboundCallsOwner, OutboundCallsOwner, PromisesOwner {
  /** The name of the other end. */
  readonly peer: string;
  /** Whether the other end is a peer or a client. */
  readonly role: "peer" | "client";
  /** The life of the other end. */
  readonly bootId: string;
  readonly log: OutboundLog;
  /** What waits for the other end, also for its next life. */
  readonly backlog: Backlog;
  readonly promises: Promises;
  readonly sender: SendScheduler;
  /** What TLS has verified of the other end, by the connection that carries it; `null` without. */
  certificate: VerifiedCertificate | null = null;
  /** The static key that the other end holds, in base64url; `null` in clear and in TLS. */
  publicKey: string | null = null;
  /** What the application's side keeps for this other end. */
  attached: object | null = null;
  /** Told when something waits to be written; set by whoever owns the connections. */
  carrier: SessionCarrier | null = null;
  readonly #host: SessionHost;
  readonly #credit: SendCredit;
  readonly #pace = new Pace();
  readonly #writer: MessageWriter;
  readonly #reader: MessageReader;
  readonly #inbound: InboundCalls;
  readonly #outbound: OutboundCalls;
  readonly #notifications: InboundNotifications;
  readonly #dispatch: MessageDispatch;
  readonly streams: Streams;
  /** The largest payload that the other end takes. */
  readonly payloadMaxBytes: number;
  /** Numbers up to here have arrived. */
  #received = 0;
  #acknowledgedByUs = 0;
  #unacknowledgedBytes = 0;
  #ended = false;

  constructor(options: SessionOptions, host: SessionHost) {
    const { own, remote } = options;
    this.peer = options.peer;
    this.role = options.role;
    this.bootId = options.bootId;
    this.backlog = options.backlog;
    this.#host = host;
    this.payloadMaxBytes = remote.payloadMaxBytes;
    this.log = new OutboundLog(host.pool, options.retainMaxBytes);
    this.#writer = new MessageWriter(this.log);
    this.#reader = new MessageReader(own.payloadMaxBytes);
    this.#credit = new SendCredit(remote.creditBytes, remote.notificationsMax);
    this.promises = new Promises(own.creditBytes, own.notificationsMax);
    const { log, promises } = this;
    this.sender = new SendScheduler(this, log, this.#writer, this.#credit, this.payloadMaxBytes);
    this.#inbound = new InboundCalls(this, host, promises, own.maxInFlight);
    const { transfers, streams } = this.sender;
    this.#outbound = new OutboundCalls(this, host, promises, transfers, remote.maxInFlight);
    const [ours, theirs] = [remote.maxStreams, own.maxStreams];
    this.streams = new Streams(this, host, streams, ours, theirs, own.payloadMaxBytes);
    this.#notifications = new InboundNotifications(this, host, promises);
    this.#dispatch = new MessageDispatch(
      this.#credit,
      this.#inbound,
      this.#outbound,
      this.#notifications,
      this.sender.notifications,
      this.streams,
    );
  }

  /** Whether this end is closing: said with each START. */
  isClosing = false;

  /** See `RoomAccount`. */
  get roomShare(): number {
    return this.role === "peer" ? PEER_SHARE : CLIENT_SHARE;
  }

  /** Whether its other end is gone. */
  get isEnded(): boolean {
    return this.#ended;
  }

  /** Payload bytes of requests that may go out unasked. */
  get creditBytes(): number {
    return this.#credit.requests;
  }

  /** The places of this end's calls. */
  get places(): Places {
    return this.#outbound.places;
  }

  /** Calls of the other end that are not answered, or whose answers are not written. */
  get inboundCount(): number {
    return this.#inbound.openCount + this.streams.theirCount;
  }

  /** Notifications of the other end whose handlers have not ended. */
  get notificationCount(): number {
    return this.#notifications.openCount;
  }

  /** Whether all that there was to say is written and acknowledged. */
  get isAllWritten(): boolean {
    const { log, sender } = this;
    return !sender.hasWork && log.unwrittenBytes === 0 && log.acknowledged === log.lastNumber;
  }

  /** The number up to which everything has arrived. */
  get received(): number {
    return this.#received;
  }

  /** Bytes held of what has arrived and the application does not have. */
  get receivedBytes(): number {
    return this.#inbound.heldBytes + this.#outbound.heldBytes + this.#notifications.heldBytes +
      this.streams.heldBytes;
  }

  /** Bytes of answers that are not written. */
  get answerBytes(): number {
    return this.#inbound.unwrittenBytes;
  }

  // Sending.

  /** The number from which frames are sent on a connection that comes into use. */
  startSending(): number {
    this.log.rewind();
    this.#pace.restart();
    // An acknowledgement may have been lost with the old connection; the other end could wait for
    // it with a full log for ever.
    this.#acknowledgedByUs = 0;
    return this.log.acknowledged + 1;
  }

  /** Moves what waits into the log; adds an acknowledgement when something goes out anyway. */
  fill(): void {
    if (this.#ended) return;
    this.sender.fill(this.backlog);
    this.checkFlushes();
    if (this.needsAck && this.log.unwrittenBytes > 0) {
      if (this.#writer.acknowledgement(this.#received)) this.ackSent(this.#received);
    }
  }

  /** The next bytes for a socket that has taken all it was given; `null`: nothing waits. */
  nextRange(): Uint8Array | null {
    this.fill();
    return this.log.nextRange();
  }

  /**
   * Writes a request at once, where nothing is ahead of it and it need not wait.
   *
   * @returns `false`: it must be queued.
   */
  tryRequest(request: OutgoingRequest): boolean {
    const { length } = request.payload;
    if (
      this.#ended || firstFrameBytes(request) > PIECE_MAX_BYTES ||
      length > this.#credit.requests ||
      this.sender.hasReplies || !this.places.hasPlace(request.depth)
    ) {
      return false;
    }
    if (!this.sender.writeRequest(request, request.timeoutMs)) return false;
    if (!request.idempotent) request.release();
    return true;
  }

  /** Answers a request. Without effect when it is no longer open (cancelled and answered). */
  respond(slot: number, generation: number, codec: number, payload: Uint8Array): void {
    if (this.#ended || !this.#inbound.isUnanswered(slot, generation)) return;
    // What the handler has told before stands before its answer, as far as there is credit for it.
    if (!this.backlog.notifications.isEmpty) this.fill();
    const { length } = payload;
    if (
      length <= PIECE_MAX_BYTES && length <= this.#credit.answers && !this.sender.hasReplies &&
      length <= this.payloadMaxBytes &&
      this.#writer.response(slot, generation, codec, 0, payload)
    ) {
      this.#credit.answers -= length;
      this.#inbound.free(slot);
      this.carrier?.scheduleFlush();
    } else if (length > this.payloadMaxBytes) {
      const message = `an answer of ${length} bytes`;
      this.reject(slot, generation, "payload-too-large", "executed", message);
    } else this.#inbound.answer(slot, generation, codec, payload);
  }

  /**
   * Answers a request with an error.
   *
   * @param delivery What is known of its execution.
   * @param details What the handler attached, encoded; may be empty.
   * @param cause The error behind it, encoded; may be empty.
   */
  reject(
    slot: number,
    generation: number,
    code: ErrorCode,
    delivery: "executed" | "not-executed" | "maybe-executed",
    message: string,
    details: Uint8Array = NOTHING,
    cause: Uint8Array = NOTHING,
  ): void {
    if (this.#ended || !this.#inbound.isUnanswered(slot, generation)) return;
    this.#inbound.reject(slot, generation, { code, delivery, message, cause, details });
  }

  /** What `SessionHandler.onAnnounced` has said is no longer so. */
  reconsider(): void {
    if (!this.#ended) this.#inbound.reconsider();
  }

  /** The handler of a notification has ended. */
  endNotification(): void {
    if (!this.#ended) this.#notifications.handleEnded();
  }

  /** The caller of a request that has its place gives up: the other end is told. */
  cancel(request: OutgoingRequest): void {
    if (!this.#ended) this.#outbound.cancel(request);
  }

  // Receiving.

  /** Whether something was received that is not acknowledged. */
  get needsAck(): boolean {
    return this.#received > this.#acknowledgedByUs;
  }

  /** Whether so much is unacknowledged that it should not wait. */
  get ackIsUrgent(): boolean {
    return this.#unacknowledgedBytes >= ACK_BYTES && this.needsAck;
  }

  /** An acknowledgement of that number went out. */
  ackSent(number: number): void {
    this.#acknowledgedByUs = number;
    this.#unacknowledgedBytes = 0;
  }

  /** ACK arrived. @returns `false` for a number that was never sent. */
  handleAck(number: number): boolean {
    const isKnown = this.log.acknowledge(number);
    this.#pace.acknowledged(number, this.#host.timers.nowMs());
    this.checkFlushes();
    return isKnown;
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
    return this.#reader.read(kind, bytes, start, end, this.#dispatch);
  }

  /**
   * The other end's process is gone, or this one ends.
   *
   * @returns Its calls.
   */
  end(code: ErrorCode): EndedCalls {
    this.#ended = true;
    this.checkFlushes();
    this.backlog.notifications.failFlushes(code);
    this.sender.end();
    // Handlers whose signals abort give up what they have asked for, here too.
    this.#inbound.end(code);
    const streams = this.streams.end(code);
    const calls = this.#outbound.end();
    this.log.clear();
    this.#notifications.end();
    return { ...calls, streams };
  }

  /** Frames were written or acknowledged: whoever waits for that is told. */
  checkFlushes(): void {
    const { lastNumber, acknowledged } = this.log;
    this.backlog.notifications.checkFlushes(lastNumber, acknowledged);
  }

  // What its parts ask of it.

  /** How long the caller of a request still waits, as REQUEST says it. */
  timeLeftMs(request: OutgoingRequest): number {
    if (request.timeoutMs === Infinity) return Infinity;
    return Math.max(1, request.deadlineMs - this.#host.timers.nowMs());
  }

  get mayWritePiece(): boolean {
    return this.#pace.isOpen;
  }

  handlePiece(bytes: number): void {
    this.#pace.wrote(this.log.lastNumber, bytes, this.#host.timers.nowMs());
  }

  handleAnnounced(request: OutgoingRequest, asks: boolean): void {
    this.#outbound.announce(request, asks);
  }

  handleReplyAsks(reply: OutgoingReply): void {
    this.#inbound.handleReplyAsks(reply);
  }

  handleReplyWritten(reply: OutgoingReply): void {
    this.#inbound.handleReplyWritten(reply);
  }

  handlePromises(): void {
    this.carrier?.scheduleFlush();
  }

  sendReply(reply: OutgoingReply): void {
    this.sender.reply(reply);
    this.carrier?.scheduleFlush();
  }

  withdrawReply(reply: OutgoingReply): void {
    this.sender.withdraw(reply);
  }

  grantReply(reply: OutgoingReply): void {
    this.sender.transferReply(reply);
  }

  sendCancel(slot: number, generation: number): void {
    this.sendReply(new OutgoingReply(null, slot, generation, 0, NOTHING, "cancel"));
  }
}
