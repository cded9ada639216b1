/**
 * The client's end: one connection to one endpoint, dialled when it is needed.
 *
 * A client has no session that outlives its connection. When the connection ends, what was written
 * fails, unless it is idempotent; that, and what was never written, waits for the next connection.
 *
 * @module
 */

import type { Admission } from "../core/channel/handshake.ts";
import type { Hello } from "../core/wire/hello.ts";
import { DialledLink } from "../core/link/dialled_link.ts";
import type { DialledLinkEvent, LinkAction } from "../core/link/link_event.ts";
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
  readonly #link: DialledLink;
  readonly #outbox: Outbox;
  readonly #to: string;
  /** The connection, from its handshake to its end. */
  #connection: Connection | null = null;

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
    this.#link = new DialledLink(context.settings, () => context.runtime.random.float());
    // Whoever does not wait wants a connection all the same, for the next time.
    this.#outbox = new Outbox(
      context,
      (isRefused) => this.#tell({ kind: isRefused ? "dial-later" : "dial" }),
    );
  }

  /** Whether there is a connection. */
  get isUp(): boolean {
    return this.#outbox.connection !== null;
  }

  /** See `Link.lastDialError`. */
  get lastDialError(): LinkError | null {
    return this.#dialer.errorOf(this.#link.lastDialError);
  }

  /** See `Link.isFull`. */
  get isFull(): boolean {
    return this.#outbox.isFull;
  }

  /** Dials, unless connected or dialling. */
  connect(): void {
    this.#tell({ kind: "dial" });
  }

  /** A client's connections have no number. */
  readonly identifier = 0;

  /** Which life of the endpoint there is a session with; `null`: none. */
  get sessionBootId(): string | null {
    return this.#outbox.session?.bootId ?? null;
  }

  /** What goes to the endpoint. */
  get outbox(): Outbox {
    return this.#outbox;
  }

  /** Whose connection it is that it has dialled. */
  ownerOf(): ConnectionOwner {
    return this;
  }

  /** Ends it; what waits fails with `code`. */
  stop(code: ErrorCode): void {
    this.#tell({ kind: "stop", code });
    this.#outbox.connection?.close();
    this.#context.timers.stop();
  }

  // The dialler's questions.

  admit(remote: Hello): Admission {
    if (remote.role === "peer" && (this.#to === "" || remote.name === this.#to)) return null;
    return { code: "wrong-name", detail: `'${this.#to}' was meant, not '${remote.name}'` };
  }

  handleDialFailed(_reason: CloseReason, error: string): void {
    this.#tell({ kind: "dial-ended", error });
    this.#owner.handleDown(new LinkError("dial-failed", error, { peer: this.peerName }));
  }

  handleDialEnded(error: string, reason: EndReason): void {
    this.#tell({ kind: "dial-ended", error });
    this.#owner.handleDown(this.#endedError(reason));
  }

  override expire(): void {
    this.#tell({ kind: "timeout" });
  }

  // The connection's calls.

  handleOpen(connection: Connection, remote: Hello): void {
    this.#connection = connection;
    this.#tell({ kind: "opened", connection: connection.id });
    this.#owner.handleUp(remote);
  }

  handleControl(connection: Connection, frame: number): void {
    this.#tell({ kind: "control", connection: connection.id, frame });
  }

  handleRefused(_connection: Connection, code: ErrorCode, detail: string): void {
    this.#owner.handleDown(new LinkError(code, detail, { peer: this.peerName }));
  }

  handleSuspect(): void {}

  handleChunkEnd(connection: Connection): void {
    this.#outbox.handleChunkEnd(connection);
  }

  handleClosed(connection: Connection, reason: EndReason): void {
    this.#outbox.drop();
    this.#connection = null;
    this.#tell({ kind: "closed", connection: connection.id });
    this.#owner.handleDown(this.#endedError(reason));
    this.#tell({ kind: "settled" });
  }

  isWaiting(): boolean {
    return this.#outbox.openCount > 0;
  }

  drawNonce(): number {
    return this.#link.drawNonce();
  }

  #tell(event: DialledLinkEvent): void {
    const { timers } = this.#context;
    const waits = this.#outbox.waitingCount > 0;
    for (const action of this.#link.handle(event, waits, timers.nowMs())) this.#carryOut(action);
    const dueMs = this.#link.nextDeadlineMs();
    if (dueMs === Infinity) timers.remove(this);
    else timers.add(this, Math.max(0, dueMs - timers.nowMs()));
  }

  #carryOut(action: LinkAction): void {
    switch (action.kind) {
      case "dial":
        this.#dialer.dial();
        break;
      case "give-dial-up":
        this.#dialer.giveUp();
        break;
      case "begin":
        this.#outbox.begin(this.#connection!.remote!, this.#connection!.remote!.name);
        break;
      case "attach":
        this.#outbox.attach(this.#connection!);
        break;
      case "hold":
        this.#outbox.drain();
        break;
      case "breach":
        this.#connection!.breach(action.code, `frame kind ${action.frame}`);
        break;
      case "settle":
        this.#outbox.settle(action.outcome);
    }
  }

  #endedError(reason: EndReason): LinkError {
    const text = `The connection ended: ${reason}`;
    return new LinkError("handshake-lost", text, { peer: this.peerName });
  }
}
