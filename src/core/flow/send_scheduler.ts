/**
 * Decides what is written next: what this end gives back, then small messages of each class in
 * turn, then a piece of a large one. Never more than one batch ahead of the socket, so that a
 * message gets its number only when it really goes out.
 *
 * @module
 */

import { FrameKind, PIECE_MAX_BYTES, writeU32, writeU64 } from "../wire/frame.ts";
import { DataKind, FLAG_ASKS, FLAG_STATED, type MessageWriter } from "../wire/message_writer.ts";
import { OPEN_FIELDS_BYTES, StreamWriter } from "../wire/stream_frames.ts";
import type { OutboundLog } from "../session/outbound_log.ts";
import type { Backlog } from "./backlog.ts";
import type { SendCredit } from "./credit.ts";
import { NotificationSender } from "./notification_flow.ts";
import { firstFrameBytes, type OutgoingReply, type OutgoingRequest } from "./outgoing.ts";
import { WINDOW_MIN_BYTES } from "./item_sink.ts";
import { DEPTH_MAX, type Places } from "./places.ts";
import type { Promises } from "./promises.ts";
import { SendQueue } from "./send_queue.ts";
import type { OutgoingStream } from "./outgoing_stream.ts";
import { StreamScheduler } from "./stream_scheduler.ts";
import { type Transfer, Transfers, type TransfersOwner } from "./transfers.ts";

/** How far the log may be ahead of the socket, in bytes: one segment's worth keeps it busy. */
const BATCH_BYTES = 65_536;

/** Opens streams. */
interface OpensStreams {
  readonly nextNumber: number;
  canOpen(depth: number): boolean;
  /** OPEN is written. */
  open(stream: OutgoingStream): void;
}

/** Whom the scheduler tells, and what it asks. */
export interface SendSchedulerOwner extends TransfersOwner {
  /** Whether this end is closing. */
  readonly isClosing: boolean;
  readonly places: Places;
  readonly promises: Promises;
  readonly streams: OpensStreams;
  /** How long the caller of a request still waits, in milliseconds. */
  timeLeftMs(request: OutgoingRequest): number;
  /** A request has its place, and its length is stated. */
  handleAnnounced(request: OutgoingRequest, asks: boolean): void;
  /** The length of an answer is stated: it waits for GRANT. */
  handleReplyAsks(reply: OutgoingReply): void;
  /** All of an answer, or an error, is written. */
  handleReplyWritten(reply: OutgoingReply): void;
}

/** What is written next, for one session. */
export class SendScheduler {
  readonly transfers: Transfers;
  readonly notifications: NotificationSender;
  readonly #owner: SendSchedulerOwner;
  readonly #log: OutboundLog;
  readonly #writer: MessageWriter;
  readonly #credit: SendCredit;
  readonly #payloadMaxBytes: number;
  readonly streams: StreamScheduler;
  /** Answers, errors and cancels of this session. Most sessions never queue one. */
  #replies: SendQueue<OutgoingReply> | null = null;

  /** @param payloadMaxBytes The largest payload that the other end takes. */
  constructor(
    owner: SendSchedulerOwner,
    log: OutboundLog,
    writer: MessageWriter,
    credit: SendCredit,
    payloadMaxBytes: number,
  ) {
    this.#owner = owner;
    this.#log = log;
    this.#writer = writer;
    this.#credit = credit;
    this.#payloadMaxBytes = payloadMaxBytes;
    this.transfers = new Transfers(owner, writer);
    this.streams = new StreamScheduler(owner, new StreamWriter(log));
    this.notifications = new NotificationSender(writer, credit, this.transfers, payloadMaxBytes);
  }

  /** Whether something could be written here, as soon as there is room for it. */
  get hasWork(): boolean {
    return this.transfers.size > 0 || this.hasReplies || this.streams.hasWork ||
      this.#owner.promises.isDue;
  }

  /** Whether answers, errors or cancels wait. */
  get hasReplies(): boolean {
    return this.#replies !== null && this.#replies.size > 0;
  }

  /** Queues an answer, an error or a cancel. */
  reply(reply: OutgoingReply): void {
    (this.#replies ??= new SendQueue()).push(reply);
  }

  /** An answer is not to be written, or not to its end. */
  withdraw(reply: OutgoingReply): void {
    if (!this.#replies?.remove(reply)) this.transfers.remove(reply);
  }

  /** Moves messages into the log until it is a batch ahead, has no room, or nothing waits. */
  fill(backlog: Backlog): void {
    let progress = true;
    while (progress && this.#log.unwrittenBytes < BATCH_BYTES) {
      progress = this.#fillSmall(backlog);
      if (this.transfers.writePiece() > 0) progress = true;
      if (this.streams.writePiece() > 0) progress = true;
    }
  }

  /** Nothing is written any more. */
  end(): void {
    this.notifications.end();
    this.transfers.clear();
    this.#replies = null;
  }

  /** Small messages, up to a batch. @returns Whether anything moved. */
  #fillSmall(backlog: Backlog): boolean {
    let moved = this.#owner.promises.isDue && this.#owner.promises.write(this.#writer);
    if (this.streams.writeSmall()) moved = true;
    for (;;) {
      if (this.#log.unwrittenBytes >= BATCH_BYTES) return moved;
      const replied = this.#writeNextReply();
      const requested = this.#writeNextRequest(backlog);
      const notified = (!backlog.isClosing || this.#owner.isClosing) &&
        this.notifications.write(backlog.notifications);
      const opened = backlog.streams.size > 0 && this.#openNext(backlog);
      if (!replied && !requested && !notified && !opened) return moved;
      moved = true;
    }
  }

  #writeNextReply(): boolean {
    const reply = this.#replies?.first ?? null;
    if (reply === null) return false;
    const { slot, generation, error } = reply;
    if (error === null) return this.#writeAnswer(reply);
    const written = error === "cancel"
      ? this.#writer.cancel(slot, generation)
      : this.#writer.error(slot, generation, error);
    if (!written) return false;
    this.#replies!.remove(reply);
    if (error !== "cancel") this.#owner.handleReplyWritten(reply);
    return true;
  }

  #writeAnswer(reply: OutgoingReply): boolean {
    const { slot, generation, codec, payload } = reply;
    const { length } = payload;
    const asks = length > this.#credit.answers;
    const isWhole = !asks && length <= PIECE_MAX_BYTES;
    const flags = asks ? FLAG_STATED | FLAG_ASKS : FLAG_STATED;
    const written = isWhole
      ? this.#writer.response(slot, generation, codec, 0, payload)
      : this.#writer.statedResponse(slot, generation, codec, flags, length);
    if (!written) return false;
    this.#replies!.remove(reply);
    if (!asks) this.#credit.answers -= length;
    if (isWhole) this.#owner.handleReplyWritten(reply);
    else if (asks) this.#owner.handleReplyAsks(reply);
    else this.transferReply(reply);
    return true;
  }

  /** The answer may be sent: it is paid for. */
  transferReply(reply: OutgoingReply): void {
    const transfer: Transfer = {
      kind: DataKind.ANSWER,
      slot: reply.slot,
      generation: reply.generation,
      payload: reply.payload,
      message: reply,
      offset: 0,
      finish: () => this.#owner.handleReplyWritten(reply),
    };
    this.transfers.add(transfer);
  }

  #writeNextRequest(backlog: Backlog): boolean {
    const queue = backlog.nextRequests(this.#owner.places);
    if (queue === null) return false;
    const request = queue.first!;
    const { length } = request.payload;
    if (length > this.#payloadMaxBytes) {
      queue.remove(request);
      request.state = "settled";
      request.fail("payload-too-large", `${length} bytes`, request.delivery);
      return true;
    }
    if (firstFrameBytes(request) <= PIECE_MAX_BYTES && length <= this.#credit.requests) {
      if (!this.writeRequest(request, this.#owner.timeLeftMs(request))) return false;
      queue.remove(request);
      finishRequest(request);
      return true;
    }
    const asks = length > this.#credit.requests;
    const { metadata } = request;
    if (!this.#log.hasRoom(REQUEST_FIELDS_BYTES + (metadata?.length ?? 0))) return false;
    const flags = request.depth | (asks ? FLAG_STATED | FLAG_ASKS : FLAG_STATED);
    this.#owner.places.open(request);
    const { slot, generation, service, codec } = request;
    const leftMs = this.#owner.timeLeftMs(request);
    noteWait(request, leftMs);
    this.#writer.statedRequest(slot, generation, leftMs, service, codec, flags, length, metadata);
    if (!asks) this.#credit.requests -= length;
    queue.remove(request);
    this.#owner.handleAnnounced(request, asks);
    return true;
  }

  /** The next stream gets its number. */
  #openNext(backlog: Backlog): boolean {
    const { streams } = this.#owner;
    const stream = backlog.nextStream((depth) => streams.canOpen(depth));
    if (stream === null) return false;
    const { metadata, payload, followsLater, service, codec, depth } = stream;
    if (payload.length > this.#payloadMaxBytes) {
      backlog.streams.remove(stream);
      stream.state = "settled";
      stream.fail("payload-too-large", `${payload.length} bytes`, "not-sent");
      return true;
    }
    const inline = followsLater ? 0 : payload.length;
    if (!this.#log.hasRoom(REQUEST_FIELDS_BYTES + (metadata?.length ?? 0) + inline)) return false;
    const number = streams.nextNumber;
    const fields = new Uint8Array(OPEN_FIELDS_BYTES + inline);
    writeU32(fields, 0, WINDOW_MIN_BYTES);
    writeU64(fields, 4, stream.resumeFrom);
    if (inline > 0) fields.set(payload, OPEN_FIELDS_BYTES);
    this.#writer.request(
      Math.floor(number / 0x1_0000_0000),
      number % 0x1_0000_0000,
      stream.timeoutMs,
      service,
      codec,
      stream.flags | Math.min(depth, DEPTH_MAX),
      fields,
      metadata,
      FrameKind.OPEN,
    );
    backlog.streams.remove(stream);
    streams.open(stream);
    return true;
  }

  /**
   * Writes a request whole; its place and credit are there.
   *
   * @param leftMs How long its caller still waits.
   * @returns `false` without room.
   */
  writeRequest(request: OutgoingRequest, leftMs: number): boolean {
    const { service, codec, payload, depth, metadata } = request;
    const { length } = payload;
    if (!this.#log.hasRoom(firstFrameBytes(request) + REQUEST_FIELDS_BYTES)) return false;
    this.#owner.places.open(request);
    const { slot, generation } = request;
    this.#writer.request(slot, generation, leftMs, service, codec, depth, payload, metadata);
    this.#credit.requests -= length;
    request.state = "written";
    request.wasWritten = true;
    if (leftMs < request.timeoutMs) noteWait(request, leftMs);
    return true;
  }
}

/** A bound for a REQUEST without payload and metadata. */
const REQUEST_FIELDS_BYTES = 512;

/** Of a call without end one does not know. @param leftMs How long its caller still waits. */
function noteWait(request: OutgoingRequest, leftMs: number): void {
  if (request.timeoutMs !== Infinity) request.waitedMs = request.timeoutMs - leftMs;
}

/** Written: only an idempotent request may need its payload again. */
function finishRequest(request: OutgoingRequest): void {
  if (!request.idempotent) request.release();
}
