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
import { SendQueue } from "../core/flow/send_queue.ts";
import { Session } from "../core/session/session.ts";
import { FrameKind } from "../core/wire/frame.ts";
import type { ErrorCode } from "../errors.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionOwner, OutgoingMessage } from "./connection_owner.ts";
import type { ConnectionContext } from "./context.ts";

/** A client that is being served. */
export class ServedClient implements ConnectionOwner {
  readonly peerName: string;
  readonly outgoing = new SendQueue<OutgoingMessage>();
  readonly session: Session;
  readonly connection: Connection;
  readonly #ended: (client: ServedClient) => void;
  #lastNonce = 0;

  /** @param ended Called once when the connection is gone. */
  constructor(
    context: ConnectionContext,
    connection: Connection,
    remote: Hello,
    ended: (client: ServedClient) => void,
  ) {
    this.peerName = remote.name;
    this.connection = connection;
    this.#ended = ended;
    this.session = clientSession(context, connection, remote);
  }

  ownerOf(): ServedClient {
    return this;
  }

  handleOpen(): void {}

  handleControl(_connection: Connection, kind: number): ErrorCode | null {
    return kind === FrameKind.PONG ? null : "unexpected-frame";
  }

  handleFailed(): void {}

  handleRefused(): void {}

  handleSuspect(): void {}

  handleChunkEnd(connection: Connection): void {
    if (!this.session.sender.isIdle) connection.scheduleFlush();
  }

  handleClosed(): void {
    this.session.end("connection-lost");
    this.#ended(this);
  }

  isWaiting(): boolean {
    return false;
  }

  drawNonce(): number {
    return ++this.#lastNonce;
  }
}

/** The session of a client's connection: it lives and ends with the connection. */
export function clientSession(
  context: ConnectionContext,
  connection: Connection,
  remote: Hello,
): Session {
  const session = new Session(
    {
      peer: remote.name,
      role: remote.role,
      bootId: remote.bootId,
      own: context.self.limits,
      remote: remote.limits,
      retain: false,
      retainMaxBytes: context.settings.retainMaxBytes,
    },
    context.pool,
    context.handler,
  );
  session.carrier = connection;
  connection.attachClient(session);
  return session;
}
