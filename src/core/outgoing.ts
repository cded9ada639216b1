/**
 * Messages on their way out: what is queued until it gets its number.
 *
 * The objects belong to the caller's layer (which adds promises to them); the core moves them from
 * the queue to the log and tells them what became of them.
 *
 * @module
 */

import type { Delivery, ErrorCode } from "../errors.ts";
import { Deadline } from "./deadline_queue.ts";

const NOTHING = new Uint8Array(0);

/** Something to be sent. It stands in at most one `SendQueue`, which owns the link fields. */
export abstract class Outgoing extends Deadline {
  /** What is sent; given up once it is no longer needed. */
  payload: Uint8Array;
  /** The wire tag of the codec that made the payload. */
  readonly codec: number;
  /** When the caller handed it over, monotonic milliseconds; set by the caller's layer. */
  queuedMs = 0;
  /** Owned by the queue. */
  queue: object | null = null;
  /** Owned by the queue. */
  ahead: Outgoing | null = null;
  /** Owned by the queue. */
  behind: Outgoing | null = null;

  constructor(payload: Uint8Array, codec: number) {
    super();
    this.payload = payload;
    this.codec = codec;
  }

  override expire(_nowMs: number): void {}

  /** Lets go of the payload. */
  release(): void {
    this.payload = NOTHING;
  }
}

/** How far a request has come. */
export type RequestState =
  /** Not written: in a queue, or with parts written but not the frame that makes it run. */
  | "queued"
  /** Its frame has a number: it may be executed. */
  | "written"
  /** Its caller has been told. */
  | "settled";

/** A request. */
export abstract class OutgoingRequest extends Outgoing {
  readonly service: string;
  /** May be sent again to another process. */
  readonly idempotent: boolean;
  /** How long the caller waits, in milliseconds; told to the handler. */
  readonly timeoutMs: number;
  state: RequestState = "queued";
  /** Whether it was written at any time: a process that is gone may have executed it. */
  wasWritten = false;
  /** The place in the tracker while written. */
  slot = -1;
  /** Tells this use of the slot from earlier ones. */
  generation = 0;

  constructor(
    payload: Uint8Array,
    codec: number,
    service: string,
    timeoutMs: number,
    idempotent: boolean,
  ) {
    super(payload, codec);
    this.service = service;
    this.timeoutMs = timeoutMs;
    this.idempotent = idempotent;
  }

  /** What is known of its execution as long as no answer has come. */
  get delivery(): "not-sent" | "maybe-executed" {
    return this.wasWritten ? "maybe-executed" : "not-sent";
  }

  /** The answer came; the bytes are borrowed. The state is `settled` already. */
  abstract succeed(codec: number, bytes: Uint8Array, start: number, end: number): void;
  /** It ended otherwise. The state is `settled` already. */
  abstract fail(code: ErrorCode, message: string, delivery: Delivery, details?: Uint8Array): void;
}

/** A notification: no answer. */
export abstract class OutgoingNotification extends Outgoing {
  readonly service: string;
  constructor(payload: Uint8Array, codec: number, service: string) {
    super(payload, codec);
    this.service = service;
  }

  /** It has its number: it will arrive exactly once while the peer's process lives. */
  abstract written(): void;
  /** It was never written. */
  abstract fail(code: ErrorCode, message: string): void;
}

/** An answer, or a cancel, which name a slot of the session they belong to. */
export class OutgoingReply extends Outgoing {
  /** `null`: a response; `"cancel"`: a cancel; else an error. */
  readonly code: ErrorCode | "cancel" | null;
  readonly slot: number;
  readonly generation: number;
  /** The message of an error. */
  readonly message: string;

  constructor(
    slot: number,
    generation: number,
    codec: number,
    payload: Uint8Array,
    code: ErrorCode | "cancel" | null,
    message: string,
  ) {
    super(payload, codec);
    this.slot = slot;
    this.generation = generation;
    this.code = code;
    this.message = message;
  }
}
