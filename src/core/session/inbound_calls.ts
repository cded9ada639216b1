/**
 * Calls of the other end: from their first frame to the last one of their answer. The callee's half
 * of places and of the room for requests.
 *
 * Each place has at most one occupant: a request that is not started (its payload is not whole, or
 * too many answers wait to be written), the handler that runs, or an answer that waits. A place is
 * free again when the last frame of its answer is written.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import { DEPTH_MAX } from "../flow/places.ts";
import { OutgoingReply, type ReplyOwner } from "../flow/outgoing.ts";
import type { Promises, PromisesOwner } from "../flow/promises.ts";
import { RoomAccount } from "../flow/room.ts";
import { DataKind, type ErrorBody } from "../wire/message_writer.ts";
import type { Session } from "./session.ts";
import type { InboundRequest, Refusal, SessionHost } from "./session_handler.ts";
import { WaitingCall, type WaitingCallOwner } from "./waiting_call.ts";

const NOTHING = new Uint8Array(0);

/** What inbound calls ask of their session. */
export interface InboundCallsOwner extends PromisesOwner {
  /** An answer, an error: it is written in its turn. */
  sendReply(reply: OutgoingReply): void;
  /** It is not to be written, or not to its end. */
  withdrawReply(reply: OutgoingReply): void;
  /** It has its room at the other end. */
  grantReply(reply: OutgoingReply): void;
}

/** The calls of the other end of a session. */
export class InboundCalls implements ReplyOwner, WaitingCallOwner {
  readonly #owner: Session;
  readonly host: SessionHost;
  readonly promises: Promises;
  readonly #limit: number;
  /** By slot: the generation that is open there, 0 for none. */
  readonly #open: number[] = [];
  /** By slot: the generation that was open there last. */
  readonly #last: number[] = [];
  readonly #occupants: (InboundRequest | null)[] = [];
  readonly #deadlines: number[] = [];
  #openCount = 0;
  /** What waits to be started, in the order in which it came. */
  #held: Set<WaitingCall> | null = null;
  #account: RoomAccount | null = null;
  /** Answers whose length is stated and that wait for GRANT. */
  #asking: Set<OutgoingReply> | null = null;
  /** Of answers that are not written, in bytes. */
  #unwrittenBytes = 0;

  /** @param limit How many calls of depth 0 there may be at a time. */
  constructor(owner: Session, host: SessionHost, promises: Promises, limit: number) {
    this.#owner = owner;
    this.host = host;
    this.promises = promises;
    this.#limit = limit;
  }

  /** Places taken. */
  get openCount(): number {
    return this.#openCount;
  }

  /** Bytes of answers that are not written. */
  get unwrittenBytes(): number {
    return this.#unwrittenBytes;
  }

  /** Bytes held of requests that are not started. */
  get heldBytes(): number {
    let bytes = 0;
    for (const occupant of this.#occupants) {
      if (occupant instanceof WaitingCall) bytes += occupant.heldBytes;
    }
    return bytes;
  }

  /** Whether requests are started, as few enough answers wait to be written. */
  get isReady(): boolean {
    return this.#unwrittenBytes <= this.host.answersMaxBytes;
  }

  /** REQUEST came; see `MessageHandler.onRequest`. */
  handleRequest(
    slot: number,
    generation: number,
    timeoutMs: number,
    service: string,
    codec: number,
    depth: number,
    stated: number,
    asks: boolean,
    metadata: Uint8Array | null,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null {
    // Whoever says that it is deeper than there are places for depth gets no more of them.
    const level = depth > DEPTH_MAX ? DEPTH_MAX : depth;
    if (slot >= this.#limit + DEPTH_MAX) return "limit-exceeded";
    if (generation === 0) return "number-out-of-range";
    while (this.#open.length <= slot) this.#addSlot();
    if (this.#open[slot] !== 0 || generation <= this.#last[slot]!) return "unexpected-frame";
    if (this.#openCount >= this.#limit + level) return "limit-exceeded";
    const length = stated < 0 ? end - start : stated;
    if (!asks && length > 0 && !this.promises.requests.take(length)) return "limit-exceeded";
    this.#open[slot] = this.#last[slot] = generation;
    this.#openCount++;
    const deadlineMs = this.host.timers.nowMs() + timeoutMs;
    this.#deadlines[slot] = deadlineMs;
    if (stated < 0 && this.isReady && (this.#held === null || this.#held.size === 0)) {
      this.#start(
        slot,
        generation,
        timeoutMs,
        depth,
        service,
        codec,
        metadata,
        bytes,
        start,
        end,
      );
      if (length > 0 && this.promises.requests.giveBack(length)) this.#owner.handlePromises();
      return null;
    }
    const waiting = new WaitingCall(
      this,
      slot,
      generation,
      timeoutMs,
      level,
      service,
      codec,
      metadata,
    );
    this.#occupants[slot] = waiting;
    // Before it has its room, which may be taken back earlier.
    if (deadlineMs !== Infinity) this.host.timers.add(waiting, timeoutMs);
    if (stated < 0) waiting.hold(bytes.slice(start, end));
    else waiting.assemble(stated, asks ? (this.#account ??= this.#newAccount()) : null);
    return null;
  }

  /** DATA of a request came. */
  handleData(
    slot: number,
    generation: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null {
    const waiting = this.#occupants[slot];
    if (this.#open[slot] !== generation || !(waiting instanceof WaitingCall)) {
      // It may be of a request that was given up here.
      return generation > 0 && generation <= (this.#last[slot] ?? 0) ? null : "unexpected-frame";
    }
    return waiting.handleData(bytes, start, end);
  }

  /** The caller gave up. One that crossed the answer finds nothing: that is no error. */
  handleCancel(slot: number, generation: number): void {
    if (generation === 0 || this.#open[slot] !== generation) return;
    const occupant = this.#occupants[slot] ?? null;
    if (!(occupant instanceof OutgoingReply)) this.#occupants[slot] = null;
    occupant?.cancel("cancelled");
  }

  /** Whether a request is open, and not answered. */
  isUnanswered(slot: number, generation: number): boolean {
    return this.#open[slot] === generation && !(this.#occupants[slot] instanceof OutgoingReply);
  }

  /** It is answered, by a frame that is written. */
  free(slot: number): void {
    this.#open[slot] = 0;
    this.#occupants[slot] = null;
    this.#openCount--;
  }

  /** An answer that cannot be written at once. */
  answer(slot: number, generation: number, codec: number, payload: Uint8Array): void {
    const reply = new OutgoingReply(this, slot, generation, codec, payload, null);
    this.#occupants[slot] = reply;
    this.#unwrittenBytes += payload.length;
    const deadlineMs = this.#deadlines[slot]!;
    const { timers } = this.host;
    if (deadlineMs !== Infinity) timers.add(reply, Math.max(0, deadlineMs - timers.nowMs()));
    this.#owner.sendReply(reply);
  }

  /** An error is the answer. */
  reject(slot: number, generation: number, error: ErrorBody): void {
    const reply = new OutgoingReply(this, slot, generation, 0, NOTHING, error);
    this.#occupants[slot] = reply;
    this.#owner.sendReply(reply);
  }

  /** GRANT came for an answer. */
  handleGrant(slot: number, generation: number): ErrorCode | null {
    // It may have been answered otherwise meanwhile.
    const reply = this.#occupants[slot] ?? null;
    if (this.#open[slot] !== generation || !(reply instanceof OutgoingReply)) {
      return generation > 0 && generation <= (this.#last[slot] ?? 0) ? null : "unexpected-frame";
    }
    if (this.#asking?.delete(reply)) this.#owner.grantReply(reply);
    return null;
  }

  /** The length of an answer is stated: GRANT follows. */
  handleReplyAsks(reply: OutgoingReply): void {
    (this.#asking ??= new Set()).add(reply);
  }

  /** All of an answer is written: its place is free. */
  handleReplyWritten(reply: OutgoingReply): void {
    this.host.timers.remove(reply);
    this.#unwrittenBytes -= reply.payload.length;
    reply.release();
    this.free(reply.slot);
    this.startHeld();
  }

  /** It gets no room in time, or its caller has given up: the place is what counts. */
  handleReplyLate(reply: OutgoingReply): void {
    if (reply.error !== null) return;
    if (!this.#asking?.delete(reply)) this.#owner.withdrawReply(reply);
    this.host.timers.remove(reply);
    this.#unwrittenBytes -= reply.payload.length;
    reply.release();
    const message = "its caller no longer waits for the answer";
    this.reject(reply.slot, reply.generation, {
      code: "cancelled",
      delivery: "executed",
      message,
      cause: NOTHING,
      details: NOTHING,
    });
    this.startHeld();
  }

  /** Starts what waits, as long as few enough answers wait to be written. */
  startHeld(): void {
    if (!this.isReady) return;
    for (const waiting of this.#held ?? []) {
      if (!this.isReady) return;
      waiting.start();
    }
    this.#account?.retry();
  }

  /** The caller's process is gone, or this one ends. */
  end(code: ErrorCode): void {
    for (let slot = 0; slot < this.#occupants.length; slot++) {
      const occupant = this.#occupants[slot] ?? null;
      this.#occupants[slot] = null;
      this.#open[slot] = 0;
      if (occupant instanceof OutgoingReply) this.host.timers.remove(occupant);
      else if (occupant instanceof WaitingCall) occupant.drop();
      else occupant?.cancel(code);
    }
    this.#openCount = 0;
    this.#unwrittenBytes = 0;
    this.#held = null;
    this.#asking = null;
    this.#account?.close();
  }

  /** Handlers have come, or will not come any more: what waits for them is looked at again. */
  reconsider(): void {
    for (const occupant of this.#occupants) {
      if (occupant instanceof WaitingCall) occupant.reconsider();
    }
    this.#account?.retry();
  }

  /** Part of `WaitingCall`. */
  judge({ service, codec }: WaitingCall): "wanted" | "early" | Refusal {
    return this.host.handler.onAnnounced(this.#owner, service, codec);
  }

  /** Part of `WaitingCall`: its payload is here, and it may not be started yet. */
  keep(waiting: WaitingCall): void {
    (this.#held ??= new Set()).add(waiting);
    this.startHeld();
  }

  /** Part of `WaitingCall`: it waits no longer. */
  forget(waiting: WaitingCall): void {
    this.#held?.delete(waiting);
  }

  /** Part of `WaitingCall`: the application gets it. */
  startWaiting(waiting: WaitingCall, payload: Uint8Array): void {
    const { slot, generation, timeoutMs, depth, service, codec, metadata } = waiting;
    const end = payload.length;
    this.#occupants[slot] = null;
    this.#start(slot, generation, timeoutMs, depth, service, codec, metadata, payload, 0, end);
  }

  /** Part of `WaitingCall`: standing credit comes back. */
  giveBack(bytes: number): void {
    if (bytes > 0 && this.promises.requests.giveBack(bytes)) this.#owner.handlePromises();
  }

  /** Part of `WaitingCall`: it has its room. */
  grant(waiting: WaitingCall): void {
    this.promises.grant(DataKind.REQUEST, waiting.slot, waiting.generation);
    const leftMs = this.#deadlines[waiting.slot]! - this.host.timers.nowMs();
    const { assemblyTimeoutMs } = this.host;
    this.host.timers.add(waiting, Math.max(0, Math.min(leftMs, assemblyTimeoutMs)));
    this.#owner.handlePromises();
  }

  #start(
    slot: number,
    generation: number,
    timeoutMs: number,
    depth: number,
    service: string,
    codec: number,
    metadata: Uint8Array | null,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const deadlineMs = this.#deadlines[slot]!;
    const occupant = this.host.handler.onRequest(
      this.#owner,
      slot,
      generation,
      deadlineMs,
      timeoutMs,
      depth,
      service,
      codec,
      metadata,
      bytes,
      start,
      end,
    );
    // A handler that answered at once has given the place back, or its answer waits there.
    if (occupant !== null && this.isUnanswered(slot, generation)) {
      this.#occupants[slot] = occupant;
    }
  }

  #newAccount(): RoomAccount {
    return new RoomAccount(this.host.rooms.requests, this.#owner.roomShare);
  }

  #addSlot(): void {
    this.#open.push(0);
    this.#last.push(0);
    this.#occupants.push(null);
    this.#deadlines.push(0);
  }
}
