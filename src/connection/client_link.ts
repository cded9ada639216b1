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
import type { OutgoingRequest } from "../core/flow/outgoing.ts";
import type { SendQueue } from "../core/flow/send_queue.ts";
import { type ErrorCode, LinkError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionOwner, EndReason, OutgoingMessage } from "./connection_owner.ts";
import type { ConnectionContext } from "./context.ts";
import { Dialer, type DialerOwner } from "./dialer.ts";
import { Outbox } from "./outbox.ts";

/** What a client link tells. */
export interface ClientLinkOwner {
  /** A connection is open. */
  handleUp(remote: Hello): void;
  /** An attempt failed, or the connection ended; another attempt follows while it is wanted. */
  handleDown(error: LinkError): void;
}

/** The connection of a client. */
export class ClientLink implements DialerOwner, ConnectionOwner {
  readonly peerName: string;
  readonly #owner: ClientLinkOwner;
  readonly #context: ConnectionContext;
  readonly #dialer: Dialer;
  readonly #outbox: Outbox;
  readonly #to: string;
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
    this.#outbox = new Outbox(context);
  }

  /** Whether there is a connection. */
  get isUp(): boolean {
    return this.#outbox.connection !== null;
  }

  /** See `Link.lastDialError`. */
  get lastDialError(): string {
    return this.#dialer.lastDialError;
  }

  /** See `Link.isFull`. */
  get isFull(): boolean {
    return this.#outbox.isFull;
  }

  /** What may be written now. */
  get outgoing(): SendQueue<OutgoingMessage> {
    return this.#outbox.outgoing;
  }

  /** Dials, unless connected or dialling. */
  connect(): void {
    this.#wanted = true;
    if (!this.isUp) this.#dialer.dial();
  }

  /** See `Link.send`. */
  send(message: OutgoingMessage, failWhenDown: boolean): ErrorCode | null {
    const refused = this.#outbox.send(message, failWhenDown);
    if (this.isUp) return refused;
    if (refused === null) this.connect();
    else {
      // Whoever does not wait wants a connection all the same, for the next time.
      this.#wanted = true;
      this.#dialer.dialUnlessDue();
    }
    return refused;
  }

  /** See `Link.withdraw`. */
  withdraw(message: OutgoingMessage): boolean {
    return this.#outbox.withdraw(message);
  }

  /** See `Link.cancel`. */
  cancel(request: OutgoingRequest): void {
    this.#outbox.cancel(request);
  }

  /** Ends it; what waits fails with `code`. */
  stop(code: ErrorCode): void {
    this.#stopped = true;
    this.#dialer.stop();
    this.#outbox.stop(code);
    this.#outbox.connection?.close();
    this.#context.timers.stop();
  }

  // The dialler's questions.

  wantsDial(): "now" | "later" | "no" {
    const waits = this.#wanted || this.#outbox.hasWaiting;
    return !this.#stopped && !this.isUp && waits ? "now" : "no";
  }

  acceptsRemote(remote: Hello): Admission {
    if (remote.role === "peer" && (this.#to === "" || remote.name === this.#to)) return null;
    return { code: "wrong-name", detail: `'${this.#to}' was meant, not '${remote.name}'` };
  }

  handleDialFailed(): void {
    const text = this.#dialer.lastDialError;
    this.#owner.handleDown(new LinkError("dial-failed", text, { peer: this.peerName }));
  }

  handleDialEnded(reason: EndReason): void {
    this.#owner.handleDown(this.#endedError(reason));
  }

  // The connection's calls.

  handleOpen(connection: Connection, remote: Hello): void {
    this.#dialer.succeed();
    this.#outbox.begin(remote, remote.name);
    this.#outbox.attach(connection);
    this.#wanted = false;
    this.#owner.handleUp(remote);
  }

  handleControl(_connection: Connection, kind: number): ErrorCode | null {
    return kind === FrameKind.PONG ? null : "unexpected-frame";
  }

  handleRefused(_connection: Connection, code: ErrorCode, detail: string): void {
    this.#owner.handleDown(new LinkError(code, detail, { peer: this.peerName }));
  }

  handleSuspect(): void {}

  handleChunkEnd(connection: Connection): void {
    this.#outbox.handleChunkEnd(connection);
  }

  handleClosed(_connection: Connection, reason: EndReason): void {
    this.#outbox.drop();
    this.#outbox.settle("connection-lost");
    this.#owner.handleDown(this.#endedError(reason));
    if (this.wantsDial() === "now") this.#dialer.dialLater();
  }

  isWaiting(): boolean {
    return this.#outbox.openCount > 0;
  }

  drawNonce(): number {
    return ++this.#lastNonce;
  }

  #endedError(reason: EndReason): LinkError {
    const text = `The connection ended: ${reason}`;
    return new LinkError("handshake-lost", text, { peer: this.peerName });
  }
}
