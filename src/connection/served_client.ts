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
import type { SendQueue } from "../core/flow/send_queue.ts";
import type { Session } from "../core/session/session.ts";
import { FrameKind } from "../core/wire/frame.ts";
import { stoppedHere } from "../core/link/outcome.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionOwner, OutgoingMessage } from "./connection_owner.ts";
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

  /** What both ends say to each other; it ends with the connection. */
  get session(): Session {
    return this.#outbox.session!;
  }

  get outgoing(): SendQueue<OutgoingMessage> {
    return this.#outbox.outgoing;
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
