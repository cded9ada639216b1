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
import { DialPolicy } from "../core/link/dial_policy.ts";
import { RESTARTED, stoppedHere } from "../core/link/outcome.ts";
import { type ErrorCode, LinkError } from "../errors.ts";
import { Deadline } from "../core/time/deadline_heap.ts";
import type { CloseReason } from "../runtime/runtime.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionOwner, EndReason } from "./connection_owner.ts";
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
export class ClientLink extends Deadline implements DialerOwner, ConnectionOwner {
  readonly peerName: string;
  readonly #owner: ClientLinkOwner;
  readonly #context: ConnectionContext;
  readonly #dialer: Dialer;
  readonly #policy: DialPolicy;
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
    super();
    this.#context = context;
    this.#owner = owner;
    this.#to = to;
    this.peerName = to === "" ? `${address.hostname}:${address.port}` : to;
    this.#dialer = new Dialer(context, this, address, to);
    this.#policy = new DialPolicy(context.settings, () => context.runtime.random.float());
    this.#outbox = new Outbox(context, (isRefused) => this.#handleWaiting(isRefused));
  }

  /** Whether there is a connection. */
  get isUp(): boolean {
    return this.#outbox.connection !== null;
  }

  /** See `Link.lastDialError`. */
  get lastDialError(): LinkError | null {
    return this.#dialer.errorOf(this.#policy.lastError);
  }

  /** See `Link.isFull`. */
  get isFull(): boolean {
    return this.#outbox.isFull;
  }

  /** Dials, unless connected or dialling. */
  connect(): void {
    this.#wanted = true;
    if (!this.isUp) this.#dial();
  }

  #handleWaiting(isRefused: boolean): void {
    if (!isRefused) return this.connect();
    // Whoever does not wait wants a connection all the same, for the next time.
    this.#wanted = true;
    this.#dialLater();
  }

  /** What goes to the endpoint. */
  get outbox(): Outbox {
    return this.#outbox;
  }

  /** Ends it; what waits fails with `code`. */
  stop(code: ErrorCode): void {
    this.#stopped = true;
    if (this.#policy.stop()) this.#dialer.giveUp();
    this.#outbox.settle(stoppedHere(code));
    this.#outbox.connection?.close();
    this.#context.timers.stop();
  }

  // The dialler's questions.

  admit(remote: Hello): Admission {
    if (remote.role === "peer" && (this.#to === "" || remote.name === this.#to)) return null;
    return { code: "wrong-name", detail: `'${this.#to}' was meant, not '${remote.name}'` };
  }

  handleDialFailed(_reason: CloseReason, error: string): void {
    this.#policy.end();
    this.#policy.lastError = error;
    this.#owner.handleDown(new LinkError("dial-failed", error, { peer: this.peerName }));
    this.#dialLater();
  }

  handleDialEnded(error: string, reason: EndReason): void {
    this.#policy.end();
    this.#policy.lastError = error;
    this.#owner.handleDown(this.#endedError(reason));
    this.#dialLater();
  }

  override expire(): void {
    this.#policy.end();
    if (this.#wantsDial) this.#dial();
  }

  // The connection's calls.

  handleOpen(connection: Connection, remote: Hello): void {
    this.#policy.succeed();
    this.#outbox.begin(remote, remote.name);
    this.#outbox.attach(connection);
    this.#wanted = false;
    this.#owner.handleUp(remote);
  }

  handleControl(connection: Connection, frame: number): void {
    if (frame === FrameKind.DRAIN) this.#outbox.drain();
    else if (frame !== FrameKind.PONG) connection.breach("unexpected-frame", `frame kind ${frame}`);
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
    this.#outbox.settle({ ...RESTARTED, code: "connection-lost" });
    this.#owner.handleDown(this.#endedError(reason));
    this.#dialLater();
  }

  isWaiting(): boolean {
    return this.#outbox.openCount > 0;
  }

  drawNonce(): number {
    return ++this.#lastNonce;
  }

  get #wantsDial(): boolean {
    return !this.#stopped && !this.isUp && (this.#wanted || this.#outbox.waitingCount > 0);
  }

  #dial(): void {
    if (!this.#policy.begin()) return;
    this.#context.timers.remove(this);
    this.#dialer.dial();
  }

  #dialLater(): void {
    if (!this.#wantsDial) return;
    const { timers } = this.#context;
    this.#policy.beginLater(timers.nowMs());
    // An attempt is under way: what comes of it decides.
    if (this.#policy.deadlineMs === Infinity) return;
    timers.add(this, Math.max(0, this.#policy.deadlineMs - timers.nowMs()));
  }

  #endedError(reason: EndReason): LinkError {
    const text = `The connection ended: ${reason}`;
    return new LinkError("handshake-lost", text, { peer: this.peerName });
  }
}
