/**
 * The client's side of the house: a connection with requests in and responses out, and nothing
 * else. No definition, no row, no arbiter, no session that outlives the connection.
 *
 * `ServedClient` is the endpoint's end of such a connection; the client's own end is
 * `ClientLink` in client_link.ts.
 *
 * @module
 */

import type { LinkAction } from "../core/link/link_event.ts";
import { ServedLink } from "../core/link/served_link.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionOwner } from "./connection_owner.ts";
import type { ConnectionContext } from "./context.ts";
import { Outbox } from "./outbox.ts";

/** A client that is being served. */
export class ServedClient implements ConnectionOwner {
  readonly connection: Connection;
  readonly #outbox: Outbox;
  readonly #ended: (client: ServedClient) => void;
  readonly #link = new ServedLink();

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
    this.#carryOut(this.#link.handle({ kind: "drain", connection: this.connection.id }));
  }

  handleOpen({ id }: Connection): void {
    this.#carryOut(this.#link.handle({ kind: "opened", connection: id }));
  }

  handleControl({ id }: Connection, frame: number): void {
    this.#carryOut(this.#link.handle({ kind: "control", connection: id, frame }));
  }

  handleRefused(): void {}

  handleSuspect(): void {}

  handleChunkEnd(connection: Connection): void {
    this.#outbox.handleChunkEnd(connection);
  }

  handleClosed({ id }: Connection): void {
    this.#carryOut(this.#link.handle({ kind: "closed", connection: id }));
    this.#ended(this);
  }

  isWaiting(): boolean {
    return false;
  }

  drawNonce(): number {
    return this.#link.drawNonce();
  }

  #carryOut(actions: readonly LinkAction[]): void {
    const { connection } = this;
    for (const action of actions) {
      switch (action.kind) {
        case "begin":
          this.#outbox.begin(connection.remote!, connection.remote!.name);
          break;
        case "attach":
          this.#outbox.attach(connection);
          break;
        case "send":
          connection.sendEmpty(action.frame);
          break;
        case "breach":
          connection.breach(action.code, `frame kind ${action.frame}`);
          break;
        case "settle":
          this.#outbox.settle(action.outcome);
      }
    }
  }
}
