/**
 * What a connection tells, and whom: the seam between one socket and what it is for. Before the
 * handshake is complete that is whoever dialled or accepted it, afterwards whoever it leads to.
 *
 * @module
 */

import type { Hello } from "../core/wire/hello.ts";
import type { ErrorCode } from "../errors.ts";
import type { CloseKind } from "../runtime/runtime.ts";
import type { Connection } from "./connection.ts";

/** Why a connection ended: what the socket told, or the code of a verdict. */
export type EndReason = CloseKind | ErrorCode;

/** Whom a connection tells until its handshake is complete. */
export interface HandshakeOwner {
  /** Whom it leads to, as far as this end knows by itself; `null` for an inbound one. */
  readonly peerName: string | null;
  /** The other end has proved who it is. @returns Who has the connection from now on. */
  ownerOf(connection: Connection, remote: Hello): ConnectionOwner;
  /** The first message of a dialer has opened, and is answered. */
  handleGreeted(connection: Connection): void;
  /** How many events about strangers were left out before this one; `null`: leave it out, too. */
  leftOut(): number | null;
  /** The handshake failed; `detail` is for people. */
  handleFailed(code: ErrorCode, detail: string): void;
  /** It is gone, and its handshake never was complete. Once, and the last call. */
  handleUnfinished(connection: Connection, reason: EndReason): void;
}

/** Whom a connection tells once its handshake is complete. */
export interface ConnectionOwner {
  /** The handshake is complete, and this is the owner from now on. */
  handleOpen(connection: Connection, remote: Hello): void;
  /** A control frame came, USE of a client with the number of its session; where it may not, the owner says so with `Connection.breach`. */
  handleControl(connection: Connection, frame: number, number: number, session?: number): void;
  /** The other end refuses to go on. */
  handleRefused(connection: Connection, code: ErrorCode, detail: string): void;
  /** Nothing was heard for a while. */
  handleSuspect(connection: Connection, silenceMs: number): void;
  /** All that a chunk held has been handled. */
  handleChunkEnd(connection: Connection): void;
  /** It is gone. Once, and the last call. */
  handleClosed(connection: Connection, reason: EndReason): void;
  /** Whether somebody waits for an answer on it. */
  isWaiting(connection: Connection): boolean;
  /** The next ping's number. */
  drawNonce(): number;
}
