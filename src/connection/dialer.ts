/**
 * Dials one peer: one attempt at a time, with back-off, and a deadline for each.
 *
 * @module
 */

import { Backoff } from "../core/link/backoff.ts";
import { Deadline, NOWHERE } from "../core/time/deadline_heap.ts";
import { DialerHandshake } from "../core/channel/handshake.ts";
import type { Admission } from "../core/channel/handshake.ts";
import type { Hello } from "../core/wire/hello.ts";
import type { CloseReason, Socket, SocketHandler, TcpAddress } from "../runtime/runtime.ts";
import { Connection } from "./connection.ts";
import type { ConnectionOwner, EndReason, HandshakeOwner } from "./connection_owner.ts";
import { addressText, type ConnectionContext } from "./context.ts";
import { dialFailureText } from "./failure_text.ts";

/** What a dialer asks and tells; the connections that it makes are its owner's. */
export interface DialerOwner extends ConnectionOwner {
  /** Whom it dials, as this end knows it. */
  readonly peerName: string;
  /** Whether the other end, which has proved who it is, is the one that was meant. */
  acceptsRemote(remote: Hello): Admission;
  /** Whether another attempt makes sense now. */
  wantsDial(): "now" | "later" | "no";
  /** The socket could not be opened; another attempt follows. */
  handleDialFailed(reason: CloseReason): void;
  /** A connection ended before its handshake was complete. */
  handleDialEnded(reason: EndReason): void;
}

/** The dialler of one link. */
export class Dialer extends Deadline implements HandshakeOwner {
  readonly #context: ConnectionContext;
  readonly #owner: DialerOwner;
  readonly #address: TcpAddress;
  readonly #to: string;
  readonly #backoff: Backoff;
  #attempt: AbortController | null = null;
  #connection: Connection | null = null;
  #stopped = false;
  /** Why the last attempt failed, for people; empty: it did not. */
  lastDialError = "";

  /** @param to The name in HELLO. */
  constructor(context: ConnectionContext, owner: DialerOwner, address: TcpAddress, to: string) {
    super();
    this.#context = context;
    this.#owner = owner;
    this.#address = address;
    this.#to = to;
    this.#backoff = new Backoff(context.settings.redialMinMs, context.settings.redialMaxMs);
  }

  /** Whether an attempt is under way, up to the end of its handshake. */
  get isDialing(): boolean {
    return this.#attempt !== null || this.#connection !== null;
  }

  /** Attempts since the last success. */
  get attempts(): number {
    return this.#backoff.attempts;
  }

  /** Dials now, unless an attempt is under way. */
  dial(): void {
    if (this.#stopped || this.isDialing) return;
    this.#context.timers.remove(this);
    const attempt = new AbortController();
    this.#attempt = attempt;
    const { runtime, settings, tls } = this.#context;
    const serverName = this.#certifiedName;
    runtime.connect(this.#address, {
      signal: attempt.signal,
      timeoutMs: settings.connectTimeoutMs,
      ...(tls === undefined ? {} : { tls: { ...tls, serverName } }),
    }, {
      onConnect: (socket) => this.#opened(attempt, socket),
      onConnectError: (reason) => {
        if (this.#attempt !== attempt) return;
        this.#attempt = null;
        const wantedName = tls === undefined ? null : serverName;
        this.lastDialError = dialFailureText(reason, this.addressText, wantedName);
        this.#owner.handleDialFailed(reason);
        this.dialLater();
      },
    });
  }

  /** Dials after a while, if it is still wanted then. */
  dialLater(): void {
    if (this.#stopped || this.isDialing) return;
    const { runtime, timers } = this.#context;
    timers.add(this, this.#backoff.nextMs(runtime.random.float()));
  }

  override expire(): void {
    const wanted = this.#owner.wantsDial();
    if (wanted === "now") this.dial();
    else if (wanted === "later") this.dialLater();
  }

  /** Dials later, unless an attempt is under way or will be. */
  dialUnlessDue(): void {
    if (!this.isDialing && this.place === NOWHERE) this.dialLater();
  }

  // The calls of a connection before its handshake is complete.

  get peerName(): string {
    return this.#owner.peerName;
  }

  ownerOf(connection: Connection): ConnectionOwner {
    if (this.#connection === connection) this.#connection = null;
    return this.#owner;
  }

  handleFailed(detail: string): void {
    this.lastDialError = detail;
  }

  handleUnfinished(connection: Connection, reason: EndReason): void {
    if (this.#connection === connection) this.#connection = null;
    if (this.#stopped) return;
    this.#owner.handleDialEnded(reason);
    if (this.#owner.wantsDial() !== "no") this.dialLater();
  }

  /** A connection is in use: an attempt that has not completed its handshake is given up. */
  succeed(): void {
    this.#backoff.reset();
    this.lastDialError = "";
    this.#giveUp();
  }

  /** No attempt any more, now or later. */
  stop(): void {
    this.#stopped = true;
    this.#giveUp();
  }

  #giveUp(): void {
    this.#context.timers.remove(this);
    const attempt = this.#attempt;
    this.#attempt = null;
    attempt?.abort();
    const connection = this.#connection;
    this.#connection = null;
    connection?.refuse("not-needed", "another connection is in use");
  }

  /** What the dialled certificate must carry: the peer's name, or the host where it has none. */
  get #certifiedName(): string {
    const { hostname, port } = this.#address;
    const isNamed = this.#to !== "" && this.#to !== `${hostname}:${port}`;
    return this.#context.tls?.serverName ?? (isNamed ? this.#to : hostname);
  }

  #opened(attempt: AbortController, socket: Socket): SocketHandler {
    if (this.#attempt !== attempt) {
      socket.abort();
      return IGNORE;
    }
    this.#attempt = null;
    const { self, prove, runtime } = this.#context;
    const connection = new Connection(
      this.#context,
      this,
      socket,
      "outbound",
      () =>
        new DialerHandshake(
          // The runtime has compared the certificate with what was dialled.
          { introduction: self, prove, nonce: runtime.random.bytes(16), certificateNames: null },
          this.#to,
          (remote) => this.#owner.acceptsRemote(remote),
        ),
    );
    this.#connection = connection;
    return connection;
  }

  /** Where it dials, for people. */
  get addressText(): string {
    return addressText(this.#address);
  }
}

const IGNORE: SocketHandler = { onData() {}, onDrain() {}, onClose() {} };
