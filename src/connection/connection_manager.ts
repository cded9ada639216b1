/**
 * The connection manager: listens, accepts, and keeps a link to every defined peer.
 *
 * It is callbacks all the way down; promises live above, in `endpoint.ts`.
 *
 * @module
 */

import { Entrance } from "../core/link/entrance.ts";
import { ConnectionTable } from "../core/link/connection_table.ts";
import type { LinkDefinition } from "../core/link/link_event.ts";
import { Bucket, Budget } from "../core/channel/budget.ts";
import { Lobby } from "../core/channel/lobby.ts";
import type { Hello } from "../core/wire/hello.ts";
import type { ErrorCode } from "../errors.ts";
import type { Socket, SocketHandler } from "../runtime/runtime.ts";
import { ServedClient } from "./served_client.ts";
import { Connection } from "./connection.ts";
import type { ConnectionOwner, HandshakeOwner } from "./connection_owner.ts";
import type { ConnectionContext, LinkOwner } from "./context.ts";
import type { PeerRow } from "../core/link/peer_row.ts";
import { LinkDriver } from "./link_driver.ts";

/** Events about strangers: so many at once, and so many a second after that. */
const WORDS_AT_ONCE = 100;
const WORDS_PER_SECOND = 10;

/** What the manager tells. */
export interface ManagerOwner {
  /** Another living process owns this name; everything has been ended. */
  handleFenced(code: ErrorCode): void;
}

/** The manager of one endpoint. */
export class ConnectionManager implements LinkOwner, HandshakeOwner {
  readonly context: ConnectionContext;
  readonly table = new ConnectionTable();
  /** Nobody knows whom an inbound connection leads to. */
  readonly peerName = null;
  readonly #owner: ManagerOwner;
  readonly #entrance: Entrance;
  readonly #links = new Map<string, LinkDriver>();
  /** Links whose definition has no name, by advertised address. */
  readonly #byAddress = new Map<string, LinkDriver>();
  readonly #clients = new Set<ServedClient>();
  /** Who has not proved who it is. */
  readonly #lobby = new Lobby<Connection>();
  readonly #budget = new Budget();
  readonly #words = new Bucket(WORDS_AT_ONCE, WORDS_PER_SECOND);
  /** Events about strangers that were left out since the last one. */
  #leftOut = 0;

  constructor(
    context: ConnectionContext,
    owner: ManagerOwner,
    definitions: readonly LinkDefinition[],
  ) {
    this.context = context;
    this.#owner = owner;
    const { self, settings: { maxConnectionsPerPeer } } = context;
    this.#entrance = new Entrance(self, maxConnectionsPerPeer, (remote) => this.#linkOf(remote));
    for (const definition of definitions) {
      const link = new LinkDriver(this, definition);
      this.#links.set(link.name, link);
      if (definition.name === undefined) this.#byAddress.set(link.name, link);
    }
  }

  /** Why this endpoint is fenced; `null` while it is not. */
  get fenced(): ErrorCode | null {
    return this.#entrance.fenced;
  }

  /** The links, in the order of the definitions. */
  get links(): Iterable<LinkDriver> {
    return this.#links.values();
  }

  /** How it stands with each peer, in the order of the definitions. */
  describePeers(): PeerRow[] {
    return Array.from(this.#links.values(), (link) => link.describe());
  }

  /** Clients that are connected. */
  get clients(): ReadonlySet<ServedClient> {
    return this.#clients;
  }

  /** The link to a peer, or `undefined`. */
  link(name: string): LinkDriver | undefined {
    return this.#links.get(name);
  }

  /** Dials every peer. */
  start(): void {
    for (const link of this.#links.values()) link.start();
  }

  /** Takes an accepted socket. */
  accept(socket: Socket): SocketHandler {
    if (this.fenced !== null) {
      socket.abort();
      return IGNORE;
    }
    const { channel, tls } = this.context;
    // With TLS nothing arrives before there is a certificate.
    const namesOf = () => tls === undefined ? null : socket.peerCertificate?.names ?? [];
    const connection = new Connection(
      this.context,
      this,
      socket,
      "inbound",
      channel.newAcceptor({
        admitsTo: (to) => this.#entrance.admitsTo(to),
        admits: (remote, to) => this.#entrance.admits(remote, to, namesOf()),
        affords: () => this.#budget.take(hostnameOf(socket), this.context.timers.nowMs()),
      }, namesOf),
    );
    this.#makeRoom(this.#lobby.enter(connection, hostnameOf(socket)));
    return connection;
  }

  /** No new work is taken: the other ends are told, strangers are refused. */
  drain(): void {
    this.#entrance.close();
    for (const link of this.#links.values()) link.drain();
    for (const client of this.#clients) client.drain();
  }

  /** Whether, after `drain`, nothing is open in either direction any more. */
  get isDrained(): boolean {
    for (const link of this.#links.values()) if (!link.isDrained) return false;
    for (const client of this.#clients) if (!client.isQuiet) return false;
    return true;
  }

  /** Ends everything. */
  stop(code: ErrorCode): void {
    this.#entrance.close();
    for (const connection of this.#lobby.guests) connection.refuse("closing", "");
    for (const client of [...this.#clients]) client.connection.refuse("closing", "");
    for (const link of this.#links.values()) link.stop(code, "closing");
    this.context.timers.stop();
  }

  handleFenced(code: ErrorCode): void {
    if (!this.#entrance.fence(code)) return;
    for (const connection of this.#lobby.guests) connection.abort("local");
    for (const client of [...this.#clients]) client.connection.abort("local");
    for (const link of this.#links.values()) link.stop("fenced", null);
    this.#owner.handleFenced(code);
    this.context.timers.stop();
  }

  // The calls of inbound connections before their handshake is complete.

  ownerOf(connection: Connection, remote: Hello): ConnectionOwner {
    this.#lobby.leave(connection);
    if (remote.role === "client") {
      const client = new ServedClient(this.context, connection, (ended) => {
        this.#clients.delete(ended);
      });
      this.#clients.add(client);
      return client;
    }
    return this.#linkOf(remote)!;
  }

  handleGreeted(connection: Connection): void {
    this.#makeRoom(this.#lobby.greet(connection));
  }

  handleFailed(): void {}

  handleUnfinished(connection: Connection): void {
    this.#lobby.leave(connection);
  }

  leftOut(): number | null {
    if (!this.#words.take(this.context.timers.nowMs())) {
      this.#leftOut++;
      return null;
    }
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    return leftOut;
  }

  /** The oldest stranger makes room for another one; nobody is told of each. */
  #makeRoom(oldest: Connection | null): void {
    oldest?.abort("overloaded");
  }

  #linkOf(remote: Hello): LinkDriver | undefined {
    return this.#links.get(remote.name) ??
      this.#byAddress.get(`${remote.hostname}:${remote.port}`);
  }
}

/** Where a socket comes from; all of a Unix socket come from one place. */
function hostnameOf({ remoteAddress }: Socket): string {
  return "path" in remoteAddress ? "" : remoteAddress.hostname;
}

const IGNORE: SocketHandler = { onData() {}, onDrain() {}, onClose() {} };
