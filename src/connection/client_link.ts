/**
 * The client's end: one connection to one endpoint, dialled when it is needed.
 *
 * A client has no session that outlives its connection. When the connection ends, what was written
 * fails, unless it is idempotent; that, and what was never written, waits for the next connection.
 *
 * @module
 */

import { FrameKind } from "../core/wire/frame.ts";
import type { Admission } from "../core/channel/handshake.ts";
import type { Hello } from "../core/wire/hello.ts";
import { OutgoingRequest } from "../core/flow/outgoing.ts";
import { SendQueue } from "../core/flow/send_queue.ts";
import type { Session } from "../core/session/session.ts";
import { type ErrorCode, LinkError } from "../errors.ts";
import { clientSession } from "./served_client.ts";
import type { Connection } from "./connection.ts";
import type { EndReason, OutgoingMessage } from "./connection_owner.ts";
import type { ConnectionContext } from "./context.ts";
import { Dialer, type DialerOwner } from "./dialer.ts";
import { settleAll, settleLife } from "./session_keeper.ts";

/** What a client link tells. */
export interface ClientLinkOwner {
  /** A connection is open. */
  handleUp(remote: Hello): void;
  /** An attempt failed, or the connection ended; another attempt follows while it is wanted. */
  handleDown(error: LinkError): void;
}

/** The connection of a client. */
export class ClientLink implements DialerOwner {
  readonly peerName: string;
  readonly outgoing = new SendQueue<OutgoingMessage>();
  readonly #context: ConnectionContext;
  readonly #owner: ClientLinkOwner;
  readonly #dialer: Dialer;
  readonly #to: string;
  #connection: Connection | null = null;
  #session: Session | null = null;
  #stopped = false;
  #wanted = true;
  #lastNonce = 0;

  /** @param to The name of the endpoint; empty: whoever listens there. */
  constructor(
    context: ConnectionContext,
    owner: ClientLinkOwner,
    address: { readonly hostname: string; readonly port: number },
    to: string,
  ) {
    this.#context = context;
    this.#owner = owner;
    this.#to = to;
    this.peerName = to === "" ? `${address.hostname}:${address.port}` : to;
    this.#dialer = new Dialer(context, this, address, to);
  }

  /** Whether there is a connection. */
  get isUp(): boolean {
    return this.#connection !== null;
  }

  /** See `Link.trouble`. */
  get lastDialError(): string {
    return this.#dialer.lastDialError;
  }

  /** See `Link.isFull`. */
  get isFull(): boolean {
    const session = this.#session;
    if (this.#connection === null || session === null) return false;
    return this.outgoing.size > 0 || !session.sender.isIdle || !session.tracker.hasPlace;
  }

  /** The session of the present connection. */
  get session(): Session | null {
    return this.#session;
  }

  /** Dials, unless connected or dialling. */
  connect(): void {
    this.#wanted = true;
    if (this.#connection === null) this.#dialer.dial();
  }

  /** See `Link.send`. */
  send(message: OutgoingMessage, failWhenDown: boolean): ErrorCode | null {
    const connection = this.#connection;
    if (connection === null && failWhenDown) return "peer-down";
    if (
      connection !== null && message instanceof OutgoingRequest && this.outgoing.size === 0 &&
      !connection.isBlocked && this.#session!.tryRequest(message)
    ) {
      connection.scheduleFlush();
      return null;
    }
    const bytes = this.outgoing.bytes + (this.#session?.sender.queuedBytes ?? 0);
    if (bytes + message.payload.length > this.#context.settings.queueMaxBytes) return "overloaded";
    this.outgoing.push(message);
    if (connection === null) this.connect();
    else connection.scheduleFlush();
    return null;
  }

  /** See `Link.withdraw`. */
  withdraw(message: OutgoingMessage): boolean {
    return this.outgoing.remove(message) || (this.#session?.sender.withdraw(message) ?? false);
  }

  /** See `Link.cancel`. */
  cancel(request: OutgoingRequest): void {
    this.#session?.cancel(request);
  }

  /** Ends it; what waits fails with `code`. */
  stop(code: ErrorCode): void {
    this.#stopped = true;
    this.#dialer.stop();
    settleAll(this.#session, this.outgoing, code);
    this.#session = null;
    this.#connection?.close();
    this.#context.timers.stop();
  }

  wantsDial(): "now" | "later" | "no" {
    const waits = this.#wanted || this.outgoing.size > 0;
    return !this.#stopped && this.#connection === null && waits ? "now" : "no";
  }

  acceptsRemote(remote: Hello): Admission {
    if (remote.role === "peer" && (this.#to === "" || remote.name === this.#to)) return null;
    return { code: "wrong-name", detail: `'${this.#to}' was meant, not '${remote.name}'` };
  }

  handleDialFailed(): void {
    const text = `Cannot reach ${this.#dialer.lastDialError}`;
    this.#owner.handleDown(new LinkError("dial-failed", text, { peer: this.peerName }));
  }

  ownerOf(): ClientLink {
    return this;
  }

  handleOpen(connection: Connection, remote: Hello): void {
    this.#dialer.handleSettled(connection);
    this.#dialer.succeed();
    this.#connection = connection;
    this.#session = clientSession(this.#context, connection, remote);
    this.#wanted = false;
    this.#owner.handleUp(remote);
  }

  handleControl(_connection: Connection, kind: number): ErrorCode | null {
    return kind === FrameKind.PONG ? null : "unexpected-frame";
  }

  handleFailed(detail: string): void {
    this.#dialer.lastDialError = detail;
  }

  handleRefused(_connection: Connection, code: ErrorCode, detail: string): void {
    this.#owner.handleDown(new LinkError(code, detail, { peer: this.peerName }));
  }

  handleSuspect(): void {}

  handleChunkEnd(connection: Connection): void {
    if (this.outgoing.size > 0 || !(this.#session?.sender.isIdle ?? true)) {
      connection.scheduleFlush();
    }
  }

  handleClosed(connection: Connection, reason: EndReason): void {
    this.#dialer.handleSettled(connection);
    const error = new LinkError("handshake-lost", `The connection ended: ${reason}`, {
      peer: this.peerName,
    });
    if (connection === this.#connection) {
      this.#connection = null;
      this.#endSession();
    }
    this.#owner.handleDown(error);
    if (this.wantsDial() === "now") this.#dialer.dialLater();
  }

  isWaiting(): boolean {
    return (this.#session?.tracker.openCount ?? 0) > 0;
  }

  drawNonce(): number {
    return ++this.#lastNonce;
  }

  /** What may have been executed fails, unless it may be sent again. */
  #endSession(): void {
    const session = this.#session;
    this.#session = null;
    if (session === null) return;
    settleLife(session, this.outgoing, "connection-lost");
  }
}
