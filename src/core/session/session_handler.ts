/**
 * What a session tells, and what it needs.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import type { Allocate } from "../flow/assembly.ts";
import type { Backlog } from "../flow/backlog.ts";
import type { WindowGrowth } from "../flow/item_sink.ts";
import type { OutgoingRequest } from "../flow/outgoing.ts";
import type { Room } from "../flow/room.ts";
import type { Deadline } from "../time/deadline_heap.ts";
import type { Limits } from "../wire/hello.ts";
import type { SegmentPool } from "./outbound_log.ts";
import type { ServedStream } from "./served_stream.ts";
import type { Session } from "./session.ts";

/** What an inbound request's owner can be told. */
export interface InboundRequest {
  /** The caller gave up, or its process is gone. */
  cancel(code: ErrorCode): void;
}

/** Why a request does not run. */
export interface Refusal {
  readonly code: ErrorCode;
  /** For people. */
  readonly message: string;
}

/**
 * Takes what arrives. Bytes are borrowed until the call returns; those of a payload that was put
 * together, which start at 0, are the receiver's.
 */
export interface SessionHandler {
  /**
   * The payload of a request is to come; `onRequest` follows when all of it has.
   *
   * @returns `"wanted"`; `"early"`: nobody knows yet, it gets no room until it is wanted and
   * `Session.reconsider` was called; or why it does not run, so that its payload need not come.
   */
  onAnnounced(session: Session, service: string, codec: number): "wanted" | "early" | Refusal;
  /** A request. Answered through `Session.respond` or `Session.reject`, at once or later. */
  onRequest(
    session: Session,
    slot: number,
    generation: number,
    /** When its caller gives up, monotonic milliseconds. */
    deadlineMs: number,
    /** How long the caller waits, in milliseconds. */
    timeoutMs: number,
    depth: number,
    service: string,
    codec: number,
    /** As it is encoded; `null` for none. */
    metadata: Uint8Array | null,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): InboundRequest | null;
  /** A notification. `Session.endNotification` follows when its handler has ended. */
  onNotification(
    session: Session,
    service: string,
    codec: number,
    /** As it is encoded; `null` for none. */
    metadata: Uint8Array | null,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;
  /** A stream of the other end; its payload, where it came with it, is `[start, end)`. */
  onStream(stream: ServedStream, bytes: Uint8Array, start: number, end: number): void;
}

/** Deadlines, as the endpoint keeps them. */
export interface DeadlineKeeper {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Arms a deadline so many milliseconds from now (again). */
  add(item: Deadline, durationMs: number): void;
  /** Disarms it. */
  remove(item: Deadline): void;
}

/** The room of an endpoint, by class. */
export interface Rooms {
  readonly requests: Room;
  readonly answers: Room;
  readonly notifications: Room;
  /** For items above their windows. */
  readonly streams: Room;
}

/** What all sessions of an endpoint share. */
export interface SessionHost {
  readonly handler: SessionHandler;
  readonly pool: SegmentPool;
  readonly timers: DeadlineKeeper;
  readonly rooms: Rooms;
  readonly allocate: Allocate;
  /** For windows of streams beyond the first ones. */
  readonly windowGrowth: WindowGrowth;
  /** How long granted room may wait for its payload, in milliseconds. */
  readonly assemblyTimeoutMs: number;
  /** Unwritten answers of a session above which its next requests are not started, in bytes. */
  readonly answersMaxBytes: number;
}

/** What the verified certificate of the other end says. */
export interface VerifiedCertificate {
  /** Its names. */
  readonly names: readonly string[];
  /** Its SHA-256 fingerprint. */
  readonly fingerprint: string;
}

/** What brings a session's bytes to the other end. */
export interface SessionCarrier {
  /** Something waits: it is written when the turn has ended. */
  scheduleFlush(): void;
}

/** The calls of a session that has ended. */
export interface EndedCalls {
  /** Requests that may have been executed ... */
  readonly written: OutgoingRequest[];
  /** ... and those that cannot have been. */
  readonly unsent: OutgoingRequest[];
  /** How many streams have ended with it. */
  readonly streams: number;
}

/** How a session is set up. */
export interface SessionOptions {
  /** The name of the other end. */
  readonly peer: string;
  /** Whether the other end is a peer or a client. */
  readonly role: "peer" | "client";
  /** The life of the other end. */
  readonly bootId: string;
  /** What waits for the other end. */
  readonly backlog: Backlog;
  /** What this end promises to hold. */
  readonly own: Limits;
  /** What the other end promises to hold. */
  readonly remote: Limits;
  /** The bound of what is kept, in bytes. */
  readonly retainMaxBytes: number;
}
