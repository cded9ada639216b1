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
import { Bucket, Budget } from "../core/channel/budget.ts";
import { Lobby } from "../core/channel/lobby.ts";
import type { Hello } from "../core/wire/hello.ts";
import type { Session } from "../core/session/session.ts";
import type { ErrorCode } from "../errors.ts";
import type { EventBody } from "../events.ts";
import type { Socket, SocketHandler, TlsOptions } from "../runtime/runtime.ts";
import type { ChannelKeys } from "./channel.ts";
import { Refusal } from "./refusal.ts";
import { ClientSet, NEWCOMER } from "./client_set.ts";
import { Connection } from "./connection.ts";
import type { ConnectionOwner, HandshakeOwner } from "./connection_owner.ts";
import type { ConnectionContext, LinkOwner } from "./context.ts";
import type { PeerRow } from "../core/link/peer_row.ts";
import type { LinkDriver } from "./link_driver.ts";
import { routeOf } from "./session_route.ts";
import { type AdmittedAs, type PeerChanges, PeerSet } from "./peer_set.ts";

/** Events about strangers: so many at once, and so many a second after that. */
const WORDS_AT_ONCE = 100;
const WORDS_PER_SECOND = 10;

/** Who lets in whom nobody defined: see `EndpointOptions.admit`. */
export type AdmissionRule = (remote: {
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  readonly publicKey: string | null;
  readonly verifiedNames: readonly string[];
  readonly fingerprint: string | null;
}) => boolean | AdmittedAs;

/** What protects connections from now on; what is left out stays as it is. */
export type RenewedKeys = Partial<Omit<ChannelKeys, "primitives">> & {
  readonly tls?: TlsOptions;
};

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
  /** Those that are served. */
  readonly clients: ClientSet;
  /** Who has not proved who it is. */
  readonly #lobby = new Lobby<Connection>();
  readonly #budget = new Budget();
  readonly #words = new Bucket(WORDS_AT_ONCE, WORDS_PER_SECOND);
  /** Events about strangers that were left out since the last one. */
  #leftOut = 0;

  /** @param rule Lets in who is not defined; `null`: nobody. */
  constructor(context: ConnectionContext, owner: ManagerOwner, rule: AdmissionRule | null) {
    this.context = context;
    this.#owner = owner;
    this.#peers = new PeerSet(this);
    this.#rule = rule;
    this.clients = new ClientSet(context);
    const { self, settings: { maxConnectionsPerPeer } } = context;
    this.#entrance = new Entrance(
      self,
      maxConnectionsPerPeer,
      (remote) => this.#entranceOf(remote),
    );
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

  /** The link to a peer, or `undefined`. @param isNested Whether it is for work that is open. */
  link(name: string, isNested: boolean): LinkDriver | undefined {
    return this.#peers.get(name, isNested);
  }

  /** The link that holds a session, or why none does. */
  linkOf(session: Session): LinkDriver | ErrorCode {
    const { role, bootId, peer } = session;
    const link = role === "client" ? this.clients.get(bootId) : this.#peers.get(peer, true);
    return routeOf(session, link);
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
        admits: (remote, to) =>
          this.#entrance.admits(certified(remote, socket.peerCertificate), to, namesOf()),
        affords: () => this.#budget.take(hostnameOf(socket), this.context.timers.nowMs()),
      }, namesOf),
    );
    this.#makeRoom(this.#lobby.enter(connection, hostnameOf(socket)));
    return connection;
  }

  /** Other keys or certificates count from now on; each link is made again under them. */
  renew({ tls = this.context.tls, ...keys }: RenewedKeys): void {
    this.context.tls = tls;
    this.context.channel.renew(keys);
    for (const link of this.#peers.open()) link.renew();
  }

  /** No new work is taken: the other ends are told, strangers are refused. */
  drain(): void {
    this.#entrance.close();
    for (const link of this.#peers.open()) link.drain();
    this.clients.drain();
  }

  /** Whether, after `drain`, nothing is open in either direction any more. */
  get isDrained(): boolean {
    for (const link of this.#peers.open()) if (!link.isDrained) return false;
    return this.clients.isDrained;
  }

  /** Ends everything. */
  stop(code: ErrorCode): void {
    this.#entrance.close();
    for (const connection of this.#lobby.guests) connection.refuse("closing", "");
    this.clients.stop(code, "closing");
    this.#peers.stop((link) => link.stop(code, "closing"));
    this.context.timers.stop();
  }

  handleFenced(code: ErrorCode): void {
    if (!this.#entrance.fence(code)) return;
    for (const connection of this.#lobby.guests) connection.abort("local");
    this.clients.stop("fenced", null);
    this.#peers.stop((link) => link.stop("fenced", null));
    this.#owner.handleFenced(code);
    this.context.timers.stop();
  }

  // The calls of inbound connections before their handshake is complete.

  ownerOf(connection: Connection, remote: Hello): ConnectionOwner {
    this.#lobby.leave(connection);
    if (remote.role === "client") {
      // Others may have come in since it was asked for the first time.
      const admission = this.clients.entranceOf(remote).admit(remote, null);
      if (admission !== null) return new Refusal(admission.code, admission.detail);
      return this.clients.enter(remote);
    }
    const link = this.#peers.of(remote);
    if (link !== undefined) return link;
    // Between HELLO and CONFIRM it may have left, or the rule have changed.
    const entry = this.#entryOf(certified(remote, connection.certificate));
    if (entry === null) return new Refusal("unknown-peer", "it is defined no more");
    return this.#peers.enter(remote, entry);
  }

  handleAway(link: LinkDriver): void {
    this.#peers.handleAway(link);
  }

  handleDetached(): void {}

  tell(event: EventBody): void {
    this.context.emit(event);
  }

  /** A peer's session is kept, whatever it holds. */
  scheduleFlush(): void {}

  holderOf(link: LinkDriver, remote: Hello): ConnectionOwner {
    return this.#peers.holderOf(link, remote);
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

  /** The link to whoever that is, or what stands for one who is let in by the rule. */
  #entranceOf(remote: Hello): EntranceLink | undefined {
    if (remote.role === "client") return this.clients.entranceOf(remote);
    return this.#peers.of(remote) ?? (this.#entryOf(remote) === null ? undefined : NEWCOMER);
  }

  /** What the rule says of one who is not defined; `null`: it does not come in. */
  #entryOf(remote: Hello): AdmittedAs | null {
    if (this.#rule === null) return null;
    const { name, hostname, port, publicKey = null, certificate } = remote;
    const { names: verifiedNames = [], fingerprint = null } = certificate ?? {};
    const facts = { name, hostname, port, publicKey, verifiedNames, fingerprint };
    try {
      const answer = this.#rule(facts);
      if (answer === true) return {};
      return typeof answer === "object" && answer !== null ? answer : null;
    } catch {
      // A rule that fails lets nobody in.
      return null;
    }
  }
}

/** Who that is, with what its certificate says. */
function certified(remote: Hello, certificate: Hello["certificate"] | null): Hello {
  return certificate ? { ...remote, certificate } : remote;
}

/** Where a socket comes from; all of a Unix socket come from one place. */
function hostnameOf({ remoteAddress }: Socket): string {
  return "path" in remoteAddress ? "" : remoteAddress.hostname;
}
const IGNORE: SocketHandler = { onData() {}, onDrain() {}, onClose() {} };
