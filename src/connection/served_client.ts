/**
 * The client's side of the house: a connection with requests in and responses out, and nothing
 * else. No definition, no row, no arbiter, no session that outlives the connection.
 *
 * `ServedClient` is the endpoint's end of such a connection; the client's own end is
 * `ClientLink` in client_link.ts.
 *
 * @module
 */

import type { Hello } from "../core/wire/hello.ts";
import { FrameKind } from "../core/wire/frame.ts";
import { stoppedHere } from "../core/link/outcome.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionOwner } from "./connection_owner.ts";
import type { ConnectionContext } from "./context.ts";
import { Outbox } from "./outbox.ts";

/** A client that is being served. */
export class ServedClient implements ConnectionOwner {
  readonly connection: Connection;
  readonly #outbox: Outbox;
  readonly #ended: (client: ServedClient) => void;
  #lastNonce = 0;

  /** @param ended Called once when the connection is gone. */
  constructor(
    context: ConnectionContext,
    connection: Connection,
    ended: (client: ServedClient) => void,
  ) {
    this.connection = connection;
    this.#outbox = new Outbox(context);
    this.#ended = ended;
  }

  /** Whether nothing is open in either direction, and all that was sent is written. */
  get isQuiet(): boolean {
    return this.#outbox.isQuiet;
  }

  /** This endpoint is closing: the client makes no new calls. */
  drain(): void {
    this.#outbox.beginClosing();
    this.connection.sendEmpty(FrameKind.DRAIN);
  }

  handleOpen(connection: Connection, remote: Hello): void {
    this.#outbox.begin(remote, remote.name);
    this.#outbox.attach(connection);
  }

  handleControl(connection: Connection, frame: number): void {
    if (frame !== FrameKind.PONG) connection.breach("unexpected-frame", `frame kind ${frame}`);
  }

  handleRefused(): void {}

  handleSuspect(): void {}

  handleChunkEnd(connection: Connection): void {
    this.#outbox.handleChunkEnd(connection);
  }

  handleClosed(): void {
    this.#outbox.settle(stoppedHere("connection-lost"));
    this.#ended(this);
  }

  isWaiting(): boolean {
    return false;
  }

  drawNonce(): number {
    return ++this.#lastNonce;
  }
}
