/**
 * A request of the other end that is not started: its payload is not whole, or too many answers
 * wait to be written.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import { Assembly, type AssemblyOwner } from "../flow/assembly.ts";
import type { Promises } from "../flow/promises.ts";
import type { RoomAccount } from "../flow/room.ts";
import { Deadline } from "../time/deadline_heap.ts";
import { DataKind, type ErrorBody } from "../wire/message_writer.ts";
import type { InboundRequest, Refusal, SessionHost } from "./session_handler.ts";

const NOTHING = new Uint8Array(0);

/** Whom a request that waits tells. */
export interface WaitingCallOwner {
  readonly host: SessionHost;
  readonly promises: Promises;
  /** Whether requests are started now. */
  readonly isReady: boolean;
  /** Whether it will run; see `SessionHandler.onAnnounced`. */
  judge(waiting: WaitingCall): "wanted" | "early" | Refusal;
  /** Its payload is here: it is started now, or later. */
  keep(waiting: WaitingCall): void;
  /** It waits no longer. */
  forget(waiting: WaitingCall): void;
  /** The application gets it. */
  startWaiting(waiting: WaitingCall, payload: Uint8Array): void;
  /** So much standing credit comes back. */
  giveBack(bytes: number): void;
  /** It has its room. */
  grant(waiting: WaitingCall): void;
  /** An error is its answer. */
  reject(slot: number, generation: number, error: ErrorBody): void;
}

/** A request that is not started. */
export class WaitingCall extends Deadline implements InboundRequest, AssemblyOwner {
  readonly slot: number;
  readonly generation: number;
  readonly timeoutMs: number;
  readonly depth: number;
  readonly service: string;
  readonly codec: number;
  readonly metadata: Uint8Array | null;
  readonly #calls: WaitingCallOwner;
  #assembly: Assembly | null = null;
  /** Whether nobody knows if it will run. */
  #isEarly = false;
  /** The whole payload. */
  #payload: Uint8Array | null = null;

  constructor(
    calls: WaitingCallOwner,
    slot: number,
    generation: number,
    timeoutMs: number,
    depth: number,
    service: string,
    codec: number,
    metadata: Uint8Array | null,
  ) {
    super();
    this.#calls = calls;
    this.slot = slot;
    this.generation = generation;
    this.timeoutMs = timeoutMs;
    this.depth = depth;
    this.service = service;
    this.codec = codec;
    this.metadata = metadata;
  }

  get heldBytes(): number {
    const payloadBytes = this.#payload?.length ?? this.#assembly?.heldBytes ?? 0;
    return payloadBytes + (this.metadata?.length ?? 0);
  }

  get isReady(): boolean {
    return !this.#isEarly && this.#calls.isReady;
  }

  /** Its payload came with it, paid with standing credit. */
  hold(payload: Uint8Array): void {
    this.#payload = payload;
    this.#calls.keep(this);
  }

  /** Its payload comes in pieces, unless it is refused before that. */
  assemble(length: number, account: RoomAccount | null): void {
    this.#assembly = new Assembly(length, account, this, this.#calls.host.allocate);
    if (this.#isWanted()) this.#assembly.begin();
  }

  /** What nobody knew may be known now. */
  reconsider(): void {
    if (this.#isEarly) this.#isWanted();
  }

  handleGranted(): void {
    this.#calls.grant(this);
  }

  handleData(bytes: Uint8Array, start: number, end: number): ErrorCode | null {
    const assembly = this.#assembly;
    if (assembly === null || this.#payload !== null) return "unexpected-frame";
    const result = assembly.add(bytes, start, end);
    if (result === "not-granted") return "unexpected-frame";
    if (result === "too-much") return "limit-exceeded";
    if (result === "whole") {
      this.#payload = assembly.take();
      this.#calls.keep(this);
    }
    return null;
  }

  /** The application gets it. */
  start(): void {
    const payload = this.#payload!;
    this.#calls.forget(this);
    this.#calls.host.timers.remove(this);
    this.#calls.startWaiting(this, payload);
    this.#settle(payload.length);
  }

  /** Its caller gives up. */
  cancel(): void {
    this.#refuse("cancelled", "its caller gave up before it was started");
  }

  /** Its caller's deadline, or that of the room that it was granted. */
  override expire(): void {
    this.#refuse("timeout", "it was not started in time");
  }

  /** Nobody is there to be answered. */
  drop(): void {
    this.#calls.forget(this);
    this.#calls.host.timers.remove(this);
    this.#assembly?.settle();
  }

  /** Refuses what will not run. @returns Whether it was not refused. */
  #isWanted(): boolean {
    const verdict = this.#calls.judge(this);
    this.#isEarly = verdict === "early";
    if (typeof verdict === "string") return true;
    this.#refuse(verdict.code, verdict.message);
    return false;
  }

  #refuse(code: ErrorCode, message: string): void {
    const { slot, generation } = this;
    const heldBytes = this.#payload?.length ?? 0;
    this.#calls.forget(this);
    this.#calls.host.timers.remove(this);
    this.#calls.promises.withdraw(DataKind.REQUEST, slot, generation);
    // First: the error may be written at once, and what is written makes room to be lent.
    this.#settle(heldBytes);
    this.#calls.reject(slot, generation, {
      code,
      delivery: "not-executed",
      message,
      cause: NOTHING,
      details: NOTHING,
    });
  }

  /** Its room or credit comes back. */
  #settle(heldBytes: number): void {
    this.#payload = null;
    const assembly = this.#assembly;
    this.#calls.giveBack(assembly === null ? heldBytes : assembly.settle());
  }
}
