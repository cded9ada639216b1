/**
 * The connection manager: listens, accepts, and keeps a link to every defined peer.
 *
 * It is callbacks all the way down; promises live above, in `endpoint.ts`.
 *
 * @module
 */

import { Entrance, type EntranceLink } from "../core/link/entrance.ts";
import { ConnectionTable } from "../core/link/connection_table.ts";
import type { LinkDefinition } from "../core/link/link_event.ts";
import type { Hello } from "../core/wire/hello.ts";
import type { ErrorCode } from "../errors.ts";
import type { Socket, SocketHandler } from "../runtime/runtime.ts";
import { Refusal } from "./refusal.ts";
import { ServedClient } from "./served_client.ts";
import { Connection } from "./connection.ts";
import type { ConnectionOwner, HandshakeOwner } from "./connection_owner.ts";
import type { ConnectionContext, LinkOwner } from "./context.ts";
import type { PeerRow } from "../core/link/peer_row.ts";
import type { LinkDriver } from "./link_driver.ts";
import { type AdmittedAs, type PeerChanges, PeerSet } from "./peer_set.ts";

/**
 * The most inbound handshakes under way at a time: a stranger can hold this many sockets for the
 * length of the handshake's deadline, and not more.
 */
const HANDSHAKES_MAX = 4_096;

/** Who lets in whom nobody defined: see `EndpointOptions.admit`. */
export type AdmissionRule = (remote: {
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
}) => boolean | AdmittedAs;

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
  readonly #peers: PeerSet;
  readonly #rule: AdmissionRule | null;
  readonly #clients = new Set<ServedClient>();
  readonly #handshakes = new Set<Connection>();

  /** @param rule Lets in who is not defined; `null`: nobody. */
  constructor(context: ConnectionContext, owner: ManagerOwner, rule: AdmissionRule | null) {
    this.context = context;
    this.#owner = owner;
    this.#peers = new PeerSet(this);
    this.#rule = rule;
    this.#entrance = new Entrance(context.self, (remote) => this.#entranceOf(remote));
  }

  /** Why this endpoint is fenced; `null` while it is not. */
  get fenced(): ErrorCode | null {
    return this.#entrance.fenced;
  }

  /** The links, in the order of the definitions. */
  get links(): Iterable<LinkDriver> {
    return this.#peers.present();
  }

  /** How it stands with each peer, in the order of the definitions. */
  describePeers(): PeerRow[] {
    return Array.from(this.#peers.present(), (link) => link.describe());
  }

  /** Clients that are connected. */
  get clients(): ReadonlySet<ServedClient> {
    return this.#clients;
  }

  /** The link to a peer, or `undefined`. @param isNested Whether it is for work that is open. */
  link(name: string, isNested: boolean): LinkDriver | undefined {
    return this.#peers.get(name, isNested);
  }

  /** The links to the members of a group. */
  membersOf(group: string): readonly LinkDriver[] {
    return this.#peers.membersOf(group);
  }

  /** Takes a list of peers; see `PeerSet.set`. Nothing changes once it is closing. */
  setPeers(definitions: readonly LinkDefinition[], drainMs: number): PeerChanges {
    if (!this.#entrance.isOpen) return { added: [], removed: [], moved: [] };
    return this.#peers.set(definitions, drainMs);
  }

  /** Takes an accepted socket. */
  accept(socket: Socket): SocketHandler {
    if (this.#handshakes.size >= HANDSHAKES_MAX || this.fenced !== null) {
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
      }, namesOf),
    );
    this.#handshakes.add(connection);
    return connection;
  }

  /** No new work is taken: the other ends are told, strangers are refused. */
  drain(): void {
    this.#entrance.close();
    for (const link of this.#peers.open()) link.drain();
    for (const client of this.#clients) client.drain();
  }

  /** Whether, after `drain`, nothing is open in either direction any more. */
  get isDrained(): boolean {
    for (const link of this.#peers.open()) if (!link.isDrained) return false;
    for (const client of this.#clients) if (!client.isQuiet) return false;
    return true;
  }

  /** Ends everything. */
  stop(code: ErrorCode): void {
    this.#entrance.close();
    for (const connection of [...this.#handshakes]) connection.refuse("closing", "");
    for (const client of [...this.#clients]) client.connection.refuse("closing", "");
    this.#peers.stop((link) => link.stop(code, "closing"));
    this.context.timers.stop();
  }

  handleFenced(code: ErrorCode): void {
    if (!this.#entrance.fence(code)) return;
    for (const connection of [...this.#handshakes]) connection.abort("local");
    for (const client of [...this.#clients]) client.connection.abort("local");
    this.#peers.stop((link) => link.stop("fenced", null));
    this.#owner.handleFenced(code);
    this.context.timers.stop();
  }

  // The calls of inbound connections before their handshake is complete.

  ownerOf(connection: Connection, remote: Hello): ConnectionOwner {
    this.#handshakes.delete(connection);
    if (remote.role === "client") {
      const client = new ServedClient(this.context, connection, (ended) => {
        this.#clients.delete(ended);
      });
      this.#clients.add(client);
      return client;
    }
    const link = this.#peers.of(remote);
    if (link !== undefined) return link;
    // Between HELLO and CONFIRM it may have left, or the rule have changed.
    const entry = this.#entryOf(remote);
    if (entry === null) return new Refusal("unknown-peer", "it is defined no more");
    return this.#peers.enter(remote, entry);
  }

  handleAway(link: LinkDriver): void {
    this.#peers.handleAway(link);
  }

  holderOf(link: LinkDriver, remote: Hello): ConnectionOwner {
    return this.#peers.holderOf(link, remote);
  }

  handleFailed(): void {}

  handleUnfinished(connection: Connection): void {
    this.#handshakes.delete(connection);
  }

  /** The link to whoever that is, or what stands for one who is let in by the rule. */
  #entranceOf(remote: Hello): EntranceLink | undefined {
    return this.#peers.of(remote) ?? (this.#entryOf(remote) === null ? undefined : NEWCOMER);
  }

  /** What the rule says of one who is not defined; `null`: it does not come in. */
  #entryOf({ name, hostname, port }: Hello): AdmittedAs | null {
    if (this.#rule === null) return null;
    try {
      const answer = this.#rule({ name, hostname, port });
      if (answer === true) return {};
      return typeof answer === "object" && answer !== null ? answer : null;
    } catch {
      // A rule that fails lets nobody in.
      return null;
    }
  }
}

/** One who comes in for the first time. */
const NEWCOMER: Readonly<EntranceLink> = { sessionBootId: null, admit: () => null };

const IGNORE: SocketHandler = { onData() {}, onDrain() {}, onClose() {} };
