/**
 * The links of an endpoint: to whom it is defined, who is leaving, and who has left.
 *
 * | a peer is | since | calls | dials | ends with |
 * | --- | --- | --- | --- | --- |
 * | listed | a list that has it | yes | yes | a list that has it not |
 * | leaving | that list: it is told, what is open goes on | for open work only | no | nothing open, or `drainMs`; a list that has it |
 * | admitted | it came, and the rule let it in | yes | no | its `resumeWindowMs` without a connection, or its closing; a list that has it |
 * | left | then: its connections are ended | no | no | a list that has it |
 *
 * The session with a peer that has left is kept, without what was open in it: its process may live,
 * be listed again and go on counting where it was.
 *
 * @module
 */

import type { LinkDefinition } from "../core/link/link_event.ts";
import { peerNameOf, placeOf } from "../core/link/peer_name.ts";
import type { Hello } from "../core/wire/hello.ts";
import type { ConnectionOwner } from "./connection_owner.ts";
import type { LinkOwner } from "./context.ts";
import { LinkDriver } from "./link_driver.ts";
import { Refusal } from "./refusal.ts";
import { TimerTask } from "./timer_task.ts";

/** How often it is looked whether a leaving peer has nothing open any more, in milliseconds. */
const LEAVE_CHECK_MS = 10;

/** So many sessions are kept of peers that have left; those that left first are forgotten. */
const LEFT_MAX = 4_096;

/** What a new list has changed, by the names of the peers. */
export interface PeerChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly moved: readonly string[];
}

/** Two names at one place may be two processes, one after the other; a name and none are one. */
function isSameProcess(before: LinkDefinition, now: LinkDefinition): boolean {
  return before.name === undefined || now.name === undefined || before.name === now.name;
}

/** As what one is let in whom nobody defined. */
export interface AdmittedAs {
  readonly group?: string;
}

/** A peer that is leaving. */
interface Leaving {
  readonly link: LinkDriver;
  readonly untilMs: number;
}

/** The peers of one endpoint. */
export class PeerSet {
  readonly #owner: LinkOwner;
  readonly #listed = new Map<string, LinkDriver>();
  /** Those whom nobody listed, by name. */
  readonly #admitted = new Map<string, LinkDriver>();
  /** Those whose definition has no name, by where they listen. */
  readonly #byPlace = new Map<string, LinkDriver>();
  /** Made when it is asked for, until something changes. */
  readonly #byGroup = new Map<string, readonly LinkDriver[]>();
  readonly #leaving = new Map<string, Leaving>();
  /** Oldest first. */
  readonly #left = new Map<string, LinkDriver>();
  readonly #check = new TimerTask(() => this.#checkLeaving());

  constructor(owner: LinkOwner) {
    this.#owner = owner;
  }

  /** The listed ones, in the order of the definitions, then those that were let in. */
  *present(): Iterable<LinkDriver> {
    yield* this.#listed.values();
    yield* this.#admitted.values();
  }

  /** Those, and the ones that are leaving. */
  *open(): Iterable<LinkDriver> {
    yield* this.present();
    for (const { link } of this.#leaving.values()) yield link;
  }

  /** The listed members of a group. */
  membersOf(group: string): readonly LinkDriver[] {
    let members = this.#byGroup.get(group);
    if (members === undefined) {
      members = [...this.present()].filter((link) => link.group === group);
      this.#byGroup.set(group, members);
    }
    return members;
  }

  /** A listed peer, or `undefined`. @param isNested Whether it is for open work: or a leaving one. */
  get(name: string, isNested = false): LinkDriver | undefined {
    return this.#listed.get(name) ?? this.#admitted.get(name) ??
      (isNested ? this.#leaving.get(name)?.link : undefined);
  }

  /** The link to which an end that has introduced itself belongs, or `undefined`. */
  of(remote: Hello): LinkDriver | undefined {
    return this.#listed.get(remote.name) ?? this.#byPlace.get(placeOf(remote)) ??
      this.#admitted.get(remote.name) ?? this.#leavingOf(remote);
  }

  /** One whom nobody listed comes in; it is never dialled: where it listens is only its word. */
  enter({ name, hostname, port }: Hello, as: AdmittedAs): LinkDriver {
    const { group } = as;
    const definition = { name, hostname, port, ...(group === undefined ? {} : { group }) };
    const link = this.#come(name, definition);
    this.#admitted.set(name, link);
    this.#byGroup.clear();
    link.start(true);
    this.#tell({ added: [name], removed: [], moved: [] });
    return link;
  }

  /** There is no connection any more: whoever was let in and does not come back is no peer. */
  handleAway(link: LinkDriver): void {
    if (this.#admitted.get(link.name) !== link) return;
    const { timers, settings } = this.#owner.context;
    const task = new TimerTask(() => {
      if (link.isUp || this.#admitted.get(link.name) !== link) return;
      this.#admitted.delete(link.name);
      this.#byGroup.clear();
      link.leave();
      this.#keep(link);
      this.#tell({ added: [], removed: [link.name], moved: [] });
    });
    timers.add(task, link.isDraining ? 0 : settings.resumeWindowMs);
  }

  /**
   * Takes a list: who is new is dialled, who is no longer in it leaves, who has moved is dialled at
   * the new place while the old connection lives.
   *
   * @param drainMs How long what is open with one who leaves may take, in milliseconds.
   */
  set(definitions: readonly LinkDefinition[], drainMs: number): PeerChanges {
    const wanted = new Map(definitions.map((definition) => [peerNameOf(definition), definition]));
    this.#rename(wanted);
    const added: string[] = [];
    const removed: string[] = [];
    const moved: string[] = [];
    for (const [name, link] of [...this.#listed]) {
      if (wanted.has(name)) continue;
      removed.push(name);
      this.#leave(link, drainMs);
    }
    const links: LinkDriver[] = [];
    for (const [name, definition] of wanted) {
      const known = this.#listed.get(name);
      if (known?.define(definition)) moved.push(name);
      if (known === undefined) added.push(name);
      links.push(known ?? this.#list(name, definition));
    }
    // The table has them in the order of the list.
    this.#listed.clear();
    this.#byPlace.clear();
    this.#byGroup.clear();
    for (const link of links) {
      this.#listed.set(link.name, link);
      if (link.expectedPlace !== null) this.#byPlace.set(link.expectedPlace, link);
    }
    for (const name of added) this.#listed.get(name)!.start();
    return { added, removed, moved };
  }

  /**
   * Who has a connection that a link has dialled. One process may be known by two names, one after
   * the other: the session goes on where it is held, under the new name.
   */
  holderOf(link: LinkDriver, remote: Hello): ConnectionOwner {
    for (const other of this.#all()) {
      if (other === link || other.sessionBootId !== remote.bootId) continue;
      if (this.get(other.name) === other) {
        const detail = `'${remote.name}' is linked as '${other.name}' already`;
        link.handleDialEnded(detail, "wrong-name");
        return new Refusal("wrong-name", detail);
      }
      this.#replace(link, other);
      return other;
    }
    return link;
  }

  /** Whoever was let in is dialled from now on; one who comes back is who it was. */
  #list(name: string, definition: LinkDefinition): LinkDriver {
    const link = this.#admitted.get(name);
    if (link === undefined) return this.#come(name, definition);
    this.#admitted.delete(name);
    link.define(definition);
    link.dial();
    return link;
  }

  #tell(changes: PeerChanges): void {
    this.#owner.context.emit({
      type: "peers-changed",
      peer: null,
      remoteAddress: null,
      ...changes,
    });
  }

  /** Ends all of them. @param stop How. */
  stop(stop: (link: LinkDriver) => void): void {
    for (const link of [...this.#all()]) stop(link);
    this.#leaving.clear();
    this.#left.clear();
  }

  *#all(): Iterable<LinkDriver> {
    yield* this.open();
    yield* this.#left.values();
  }

  /** Whoever is no longer listed by its name, and is by another one at the same place, is who it was. */
  #rename(wanted: ReadonlyMap<string, LinkDefinition>): void {
    const byPlace = new Map<string, LinkDefinition>();
    for (const [name, definition] of wanted) {
      if (!this.#listed.has(name)) byPlace.set(placeOf(definition), definition);
    }
    if (byPlace.size === 0) return;
    for (const [name, link] of [...this.#listed]) {
      const definition = wanted.has(name) ? undefined : byPlace.get(placeOf(link.definition));
      if (definition === undefined || !isSameProcess(link.definition, definition)) continue;
      byPlace.delete(placeOf(definition));
      this.#listed.delete(name);
      link.define(definition);
      this.#listed.set(link.name, link);
    }
  }

  /** A link that has no session gives way to one that has. */
  #replace(link: LinkDriver, by: LinkDriver): void {
    const { definition } = link;
    link.stop("peer-down", null);
    this.#leaving.delete(by.name);
    this.#left.delete(by.name);
    by.define(definition);
    this.#byGroup.clear();
    this.#listed.set(by.name, by);
    if (by.expectedPlace !== null) this.#byPlace.set(by.expectedPlace, by);
    by.start();
  }

  /** One who comes back is who it was. */
  #come(name: string, definition: LinkDefinition): LinkDriver {
    const link = this.#leaving.get(name)?.link ?? this.#left.get(name);
    this.#leaving.delete(name);
    this.#left.delete(name);
    if (link === undefined) return new LinkDriver(this.#owner, definition);
    link.define(definition);
    return link;
  }

  #leave(link: LinkDriver, drainMs: number): void {
    const { timers } = this.#owner.context;
    link.drain(true);
    this.#leaving.set(link.name, { link, untilMs: timers.nowMs() + drainMs });
    if (!this.#check.isArmed) timers.add(this.#check, 0);
  }

  #checkLeaving(): void {
    const { timers } = this.#owner.context;
    const nowMs = timers.nowMs();
    for (const [name, { link, untilMs }] of [...this.#leaving]) {
      if (!link.isDrained && nowMs < untilMs) continue;
      this.#leaving.delete(name);
      link.leave();
      this.#keep(link);
    }
    if (this.#leaving.size > 0) timers.add(this.#check, LEAVE_CHECK_MS);
  }

  /** Whoever never had a session has nothing to go on with. */
  #keep(link: LinkDriver): void {
    if (link.sessionBootId === null) {
      link.stop("undefined-peer", null);
      return;
    }
    this.#left.set(link.name, link);
    for (const [name, oldest] of this.#left) {
      if (this.#left.size <= LEFT_MAX) break;
      this.#left.delete(name);
      oldest.stop("undefined-peer", null);
    }
  }

  /** Whoever is leaving is known by the name that it has had. */
  #leavingOf(remote: Hello): LinkDriver | undefined {
    for (const { link } of this.#leaving.values()) {
      if (link.name === remote.name || link.expectedPlace === placeOf(remote)) return link;
    }
    return undefined;
  }
}
