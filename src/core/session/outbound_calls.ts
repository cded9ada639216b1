/**
 * Calls of this end: from their place to the last frame of their answer. The caller's half.
 *
 * A request is `announced` when its length is stated and its payload is on its way: it cannot run
 * yet, so it can be given up, or taken to the next process, without a doubt.
 *
 * @module
 */

import type { Delivery, ErrorCode } from "../../errors.ts";
import { Assembly, type AssemblyOwner } from "../flow/assembly.ts";
import type { OutgoingRequest } from "../flow/outgoing.ts";
import { Places } from "../flow/places.ts";
import type { Promises, PromisesOwner } from "../flow/promises.ts";
import { RoomAccount } from "../flow/room.ts";
import type { Transfers } from "../flow/transfers.ts";
import { Deadline } from "../time/deadline_heap.ts";
import { DataKind } from "../wire/message_writer.ts";
import type { SessionHost } from "./session_handler.ts";

/** What outbound calls ask of their session. */
export interface OutboundCallsOwner extends PromisesOwner {
  /** See `RoomAccount`. */
  readonly roomShare: number;
  /** The other end is told that nobody waits for the answer. */
  sendCancel(slot: number, generation: number): void;
}

/** The calls of this end of a session. */
export class OutboundCalls {
  readonly places: Places;
  readonly host: SessionHost;
  readonly promises: Promises;
  readonly #owner: OutboundCallsOwner;
  readonly #transfers: Transfers;
  /** Announced requests that wait for GRANT. */
  #asking: Set<OutgoingRequest> | null = null;
  /** By slot: answers that come in pieces. */
  #coming: Map<number, ComingAnswer> | null = null;
  #account: RoomAccount | null = null;

  /** @param limit How many calls of depth 0 the other end allows at a time. */
  constructor(
    owner: OutboundCallsOwner,
    host: SessionHost,
    promises: Promises,
    transfers: Transfers,
    limit: number,
  ) {
    this.places = new Places(limit);
    this.host = host;
    this.promises = promises;
    this.#owner = owner;
    this.#transfers = transfers;
  }

  /** Bytes held of answers that are not whole. */
  get heldBytes(): number {
    let bytes = 0;
    for (const coming of this.#coming?.values() ?? []) bytes += coming.heldBytes;
    return bytes;
  }

  /** A request has its place, and its length is stated. */
  announce(request: OutgoingRequest, asks: boolean): void {
    request.state = "announced";
    if (asks) (this.#asking ??= new Set()).add(request);
    else this.#transfer(request);
  }

  /** GRANT came for a request. */
  handleGrant(slot: number, generation: number): ErrorCode | null {
    if (!this.places.wasOpen(slot, generation)) return "unexpected-frame";
    // It may have been given up meanwhile.
    const request = this.places.at(slot, generation);
    if (request !== null && this.#asking?.delete(request)) this.#transfer(request);
    return null;
  }

  /** The caller of a request that has its place gives up. */
  cancel(request: OutgoingRequest): void {
    const { slot, generation } = request;
    if (this.places.at(slot, generation) !== request) return;
    this.places.abandon(request);
    this.#stopSending(request);
    this.#coming?.get(slot)?.drop();
    this.#owner.sendCancel(slot, generation);
  }

  /** RESPONSE came; see `MessageHandler.onResponse`. */
  handleResponse(
    slot: number,
    generation: number,
    codec: number,
    stated: number,
    asks: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null {
    if (!this.places.isOpen(slot, generation)) return "unexpected-frame";
    if (this.#coming !== null && this.#coming.has(slot)) return "unexpected-frame";
    const length = stated < 0 ? end - start : stated;
    if (!asks && length > 0 && !this.promises.answers.take(length)) return "limit-exceeded";
    if (stated < 0) {
      const request = this.places.close(slot);
      if (request !== null) this.#succeed(request, codec, bytes, start, end);
      if (length > 0) this.giveBack(length);
      return null;
    }
    const request = this.places.at(slot, generation);
    // Whoever has given up asks for no room: the cancel on its way frees the place.
    if (asks && request === null) return null;
    const account = asks
      ? (this.#account ??= new RoomAccount(this.host.rooms.answers, this.#owner.roomShare))
      : null;
    const coming = new ComingAnswer(this, slot, generation, codec, stated, account);
    (this.#coming ??= new Map()).set(slot, coming);
    if (request === null) coming.drop();
    else coming.begin();
    return null;
  }

  /** DATA of an answer came. */
  handleData(
    slot: number,
    generation: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null {
    const coming = this.#coming?.get(slot);
    if (coming === undefined || coming.generation !== generation) {
      return this.places.wasOpen(slot, generation) ? null : "unexpected-frame";
    }
    return coming.handleData(bytes, start, end);
  }

  /** ERROR came; see `MessageHandler.onError`. */
  handleError(
    slot: number,
    generation: number,
    code: ErrorCode,
    delivery: Delivery,
    message: string,
    cause: Uint8Array,
    details: Uint8Array,
  ): ErrorCode | null {
    if (!this.places.isOpen(slot, generation)) return "unexpected-frame";
    this.#coming?.get(slot)?.end();
    const request = this.places.close(slot);
    if (request === null) return null;
    if (request.state === "announced") this.#stopSending(request);
    request.state = "settled";
    request.fail(code, message, delivery, cause, details);
    return null;
  }

  /**
   * The other end's process is gone, or this one ends.
   *
   * @returns The requests that may have been executed, and those that cannot have been.
   */
  end(): { written: OutgoingRequest[]; unsent: OutgoingRequest[] } {
    for (const coming of this.#coming?.values() ?? []) coming.drop();
    this.#coming = null;
    this.#asking = null;
    this.#account?.close();
    const all = this.places.takeAll();
    return {
      written: all.filter(({ state }) => state === "written"),
      unsent: all.filter(({ state }) => state === "announced"),
    };
  }

  /** Part of `ComingAnswer`: all of it has come. */
  complete(coming: ComingAnswer, payload: Uint8Array | null): void {
    this.#coming!.delete(coming.slot);
    const request = this.places.close(coming.slot);
    if (request === null) return;
    if (payload !== null) this.#succeed(request, coming.codec, payload, 0, payload.length);
    else {
      request.state = "settled";
      request.fail("timeout", "its answer came too slowly to be held", "executed");
    }
  }

  /** Part of `ComingAnswer`: it comes no more. */
  forget(coming: ComingAnswer): void {
    this.#coming?.delete(coming.slot);
  }

  /** Part of `ComingAnswer`: standing credit comes back. */
  giveBack(bytes: number): void {
    if (bytes > 0 && this.promises.answers.giveBack(bytes)) this.#owner.handlePromises();
  }

  /** Part of `ComingAnswer`: it has its room. */
  grant(coming: ComingAnswer): void {
    this.promises.grant(DataKind.ANSWER, coming.slot, coming.generation);
    this.#owner.handlePromises();
  }

  #succeed(
    request: OutgoingRequest,
    codec: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    // Whoever answers what it has not got whole does not need the rest.
    if (request.state === "announced") this.#stopSending(request);
    request.state = "settled";
    request.succeed(codec, bytes, start, end);
  }

  #transfer(request: OutgoingRequest): void {
    const { slot, generation, payload } = request;
    this.#transfers.add({
      kind: DataKind.REQUEST,
      slot,
      generation,
      payload,
      message: request,
      offset: 0,
      finish: () => {
        request.state = "written";
        request.wasWritten = true;
        if (!request.idempotent) request.release();
      },
    });
  }

  #stopSending(request: OutgoingRequest): void {
    this.#asking?.delete(request);
    this.#transfers.remove(request);
  }
}

/** An answer that comes in pieces. */
class ComingAnswer extends Deadline implements AssemblyOwner {
  readonly slot: number;
  readonly generation: number;
  readonly codec: number;
  readonly isReady = true;
  readonly #calls: OutboundCalls;
  readonly #assembly: Assembly;

  constructor(
    calls: OutboundCalls,
    slot: number,
    generation: number,
    codec: number,
    length: number,
    account: RoomAccount | null,
  ) {
    super();
    this.#calls = calls;
    this.slot = slot;
    this.generation = generation;
    this.codec = codec;
    this.#assembly = new Assembly(length, account, this, calls.host.allocate);
  }

  get heldBytes(): number {
    return this.#assembly.heldBytes;
  }

  begin(): void {
    this.#assembly.begin();
  }

  handleGranted(): void {
    this.#calls.host.timers.add(this, this.#calls.host.assemblyTimeoutMs);
    this.#calls.grant(this);
  }

  /** It came too slowly: others need the room. */
  override expire(): void {
    this.drop();
  }

  handleData(bytes: Uint8Array, start: number, end: number): ErrorCode | null {
    const result = this.#assembly.add(bytes, start, end);
    if (result === "not-granted") return "unexpected-frame";
    if (result === "too-much") return "limit-exceeded";
    if (result === "more") return null;
    const isWanted = !this.#assembly.isUnwanted;
    const payload = isWanted ? this.#assembly.take() : null;
    this.#calls.host.timers.remove(this);
    this.#calls.complete(this, payload);
    this.#calls.giveBack(this.#assembly.settle());
    return null;
  }

  /** Nobody wants it any more: its room comes back, and what still comes of it is counted only. */
  drop(): void {
    const { slot, generation } = this;
    const wasAsking = this.#assembly.isAsking;
    this.#calls.host.timers.remove(this);
    this.#calls.promises.withdraw(DataKind.ANSWER, slot, generation);
    // What standing credit has paid for still comes: the credit comes back when all of it has.
    if (this.#assembly.isOnCredit) this.#assembly.discard();
    else this.#assembly.settle();
    if (wasAsking) this.#calls.forget(this);
  }

  /** The other end sends no more of it. */
  end(): void {
    this.#calls.host.timers.remove(this);
    this.#calls.promises.withdraw(DataKind.ANSWER, this.slot, this.generation);
    this.#calls.forget(this);
    this.#calls.giveBack(this.#assembly.settle());
  }
}
