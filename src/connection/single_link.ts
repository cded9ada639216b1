/**
 * The one link of a client: to whatever endpoint answers where it dials, or the one that it names.
 *
 * @module
 */

import { ConnectionTable } from "../core/link/connection_table.ts";
import { type ErrorCode, LinkError } from "../errors.ts";
import type { EventBody } from "../events.ts";
import type { ConnectionOwner } from "./connection_owner.ts";
import type { ConnectionContext, LinkOwner } from "./context.ts";
import { LinkDriver } from "./link_driver.ts";

/** What it tells. */
export interface SingleLinkOwner {
  /** A connection is in use. @param name The name of the endpoint. */
  handleUp(name: string): void;
  /** An attempt failed, or the connection ended; another attempt follows. */
  handleDown(error: LinkError): void;
}

/** The link of one client. */
export class SingleLink implements LinkOwner {
  readonly context: ConnectionContext;
  readonly table = new ConnectionTable();
  readonly link: LinkDriver;
  readonly #owner: SingleLinkOwner;

  /** @param to The name of the endpoint; `undefined`: whoever listens there. */
  constructor(
    context: ConnectionContext,
    owner: SingleLinkOwner,
    address: { readonly hostname: string; readonly port: number },
    to: string | undefined,
  ) {
    this.context = context;
    this.#owner = owner;
    const { hostname, port } = address;
    const who = to === undefined ? { isAnybody: true } : { name: to };
    this.link = new LinkDriver(this, { hostname, port, ...who });
  }

  /** Which life has the name does not concern a client: it has no name that others could take. */
  readonly fenced = null;

  /** Whether, after `drain`, nothing is open in either direction any more. */
  get isDrained(): boolean {
    return this.link.isDrained;
  }

  /** Dials, now and whenever there is no connection. */
  start(): void {
    this.link.start();
  }

  /** The endpoint is told that this client closes. */
  drain(): void {
    this.link.drain();
  }

  /** Ends it; what is open fails with `code`. */
  stop(code: ErrorCode): void {
    this.link.stop(code, "closing");
    this.context.timers.stop();
  }

  holderOf(link: ConnectionOwner): ConnectionOwner {
    return link;
  }

  handleAway(): void {}

  handleDetached({ peerName: peer }: LinkDriver): void {
    this.#owner.handleDown(new LinkError("handshake-lost", "The connection ended", { peer }));
  }

  handleFenced(): void {}

  /** The session is kept, whatever it holds. */
  scheduleFlush(): void {}

  tell(event: EventBody): void {
    if (event.type === "connected") this.#owner.handleUp(this.link.outbox.session!.peer);
    if (event.type !== "dial-failed") return;
    const { peerName: peer } = this.link;
    this.#owner.handleDown(new LinkError("dial-failed", event.detail, { peer }));
  }
}
