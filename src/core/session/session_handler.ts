/**
 * What a session tells, and how it is set up.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import type { Limits } from "../wire/hello.ts";
import type { Session } from "./session.ts";

/** What an inbound request's owner can be told. */
export interface InboundRequest {
  /** The caller gave up, or its process is gone. */
  cancel(code: ErrorCode): void;
}

/** Takes what arrives. Bytes are borrowed until the call returns. */
export interface SessionHandler {
  /** A request. Answered through `Session.respond` or `Session.reject`, at once or later. */
  onRequest(
    session: Session,
    slot: number,
    generation: number,
    timeoutMs: number,
    service: string,
    codec: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): InboundRequest | null;
  /** A notification. */
  onNotification(
    session: Session,
    service: string,
    codec: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;
  /** Whether another notification may be handed over now. Call `resumeNotifications` later. */
  hasRoom(session: Session): boolean;
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

/** A notification that the application has no room for yet. */
export interface WaitingNotification {
  readonly number: number;
  readonly service: string;
  readonly codec: number;
  readonly payload: Uint8Array;
}

/** How a session is set up. */
export interface SessionOptions {
  /** The name of the other end. */
  readonly peer: string;
  /** Whether the other end is a peer or a client. */
  readonly role: "peer" | "client";
  /** The life of the other end. */
  readonly bootId: string;
  /** What this end takes. */
  readonly own: Limits;
  /** What the other end takes. */
  readonly remote: Limits;
  /** Whether frames are kept until acknowledged (peers), or only until written (clients). */
  readonly retain: boolean;
  /** The bound of what is kept, in bytes. */
  readonly retainMaxBytes: number;
}
