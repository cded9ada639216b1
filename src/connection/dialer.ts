/**
 * Dials: one attempt at a time, when its owner says so, and a deadline for each.
 *
 * @module
 */

import type { Admission } from "../core/channel/handshake.ts";
import type { Hello } from "../core/wire/hello.ts";
import { type ErrorCode, LinkError, withoutFrames } from "../errors.ts";
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
  admit(remote: Hello): Admission;
  /** Who has the connection to the other end, which was admitted. */
  ownerOf(remote: Hello): ConnectionOwner;
  /** The socket could not be opened; `error` is for people. */
  handleDialFailed(reason: CloseReason, error: string): void;
  /** The connection ended before its handshake was complete; `error` is for people. */
  handleDialEnded(error: string, reason: EndReason): void;
}

/** The dialler of one link. */
export class Dialer implements HandshakeOwner {
  readonly #context: ConnectionContext;
  readonly #owner: DialerOwner;
  #address: TcpAddress;
  #to: string;
  #attempt: AbortController | null = null;
  #connection: Connection | null = null;
  /** Why the handshake failed, for people. */
  #error = "";
  #errorCode: ErrorCode = "dial-failed";

  /** @param to The name in HELLO. */
  constructor(context: ConnectionContext, owner: DialerOwner, address: TcpAddress, to: string) {
    this.#context = context;
    this.#owner = owner;
    this.#address = address;
    this.#to = to;
  }

  /** Whom it dials. */
  get peerName(): string {
    return this.#owner.peerName;
  }

  /** Where it dials, for people. */
  get addressText(): string {
    return addressText(this.#address);
  }

  /** From the next attempt on it dials there. @param to The name in HELLO. */
  moveTo(address: TcpAddress, to: string): void {
    this.#address = address;
    this.#to = to;
  }

  /** Dials; ask only when no attempt is under way. Its owner hears what came of it. */
  dial(): void {
    const attempt = new AbortController();
    this.#attempt = attempt;
    this.#error = "";
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
        const text = dialFailureText(reason, this.addressText, wantedName);
        this.#errorCode = "dial-failed";
        this.#owner.handleDialFailed(reason, text);
      },
    });
  }

  /** Gives the attempt under way up, up to the end of its handshake; its owner hears nothing. */
  giveUp(): void {
    const attempt = this.#attempt;
    this.#attempt = null;
    attempt?.abort();
    const connection = this.#connection;
    this.#connection = null;
    connection?.refuse("not-needed", "another connection is in use");
  }

  // The calls of a connection before its handshake is complete.

  ownerOf(_connection: Connection, remote: Hello): ConnectionOwner {
    this.#connection = null;
    return this.#owner.ownerOf(remote);
  }

  handleGreeted(): void {}

  leftOut(): number {
    return 0;
  }

  handleFailed(code: ErrorCode, detail: string): void {
    this.#error = detail;
    this.#errorCode = code;
  }

  /** The last failure as an error, where there is any. @param text What is kept of it. */
  errorOf(text: string): LinkError | null {
    if (text === "") return null;
    const { peerName: peer } = this.#owner;
    return withoutFrames(() => new LinkError(this.#errorCode, text, { peer }));
  }

  handleUnfinished(connection: Connection, reason: EndReason): void {
    if (this.#connection !== connection) return;
    this.#connection = null;
    this.#owner.handleDialEnded(this.#error, reason);
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
    const { channel } = this.#context;
    this.#connection = new Connection(
      this.#context,
      this,
      socket,
      "outbound",
      channel.newDialer(this.#to, (remote) => this.#owner.admit(remote)),
    );
    return this.#connection;
  }
}

const IGNORE: SocketHandler = { onData() {}, onDrain() {}, onClose() {} };
