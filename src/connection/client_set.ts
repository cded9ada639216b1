/**
 * The clients of an endpoint: a link to each life of one, as to a peer, but without a definition
 * and a row. The endpoint decides on it, and never dials.
 *
 * | a client is | since | ends with |
 * | --- | --- | --- |
 * | attached | it came | its last connection |
 * | detached | then: its session is kept | another connection; its window, or too many like it |
 *
 * A life whose session was given up gets another one when it comes back, under another number.
 *
 * @module
 */

import { ConnectionTable } from "../core/link/connection_table.ts";
import { Detached } from "../core/link/detached.ts";
import type { EntranceLink } from "../core/link/entrance.ts";
import type { ClientRow } from "../core/link/peer_row.ts";
import type { SessionCarrier } from "../core/session/session_handler.ts";
import type { Hello } from "../core/wire/hello.ts";
import type { ErrorCode } from "../errors.ts";
import type { ConnectionOwner } from "./connection_owner.ts";
import type { ConnectionContext, LinkOwner } from "./context.ts";
import { describeClient } from "./describe_peer.ts";
import { LinkDriver } from "./link_driver.ts";
import { TimerTask } from "./timer_task.ts";

/** Detached sessions that are kept, of all clients together. */
export const DETACHED_MAX = 1_024;

/** What all of them may hold, in bytes. */
export const DETACHED_MAX_BYTES = 67_108_864;

/** The clients of one endpoint. */
export class ClientSet implements LinkOwner, SessionCarrier {
  readonly context: ConnectionContext;
  /** Not that of the endpoint: it has peers only. */
  readonly table = new ConnectionTable();
  /** By the life of the client. */
  readonly #links = new Map<string, LinkDriver>();
  readonly #detached: Detached<LinkDriver>;
  readonly #check = new TimerTask((nowMs) => this.#giveUp(nowMs));
  readonly #maxClients: number;
  #lastSession = 0;

  constructor(context: ConnectionContext) {
    const { settings } = context;
    const { maxClients, resumeWindowMs: windowMs } = settings;
    // No client has a word in whether this endpoint goes on.
    this.context = { ...context, recorder: null, settings: { ...settings, fence: "link" } };
    this.#maxClients = maxClients;
    const bounds = { windowMs, maxCount: DETACHED_MAX, maxBytes: DETACHED_MAX_BYTES };
    this.#detached = new Detached(bounds);
  }

  /** All of them, also those whose connections are gone. */
  get links(): Iterable<LinkDriver> {
    return this.#links.values();
  }

  /** How many have a connection. */
  get attachedCount(): number {
    return this.#links.size - this.#detached.size;
  }

  /** Whether, after `drain`, nothing is open in either direction any more. */
  get isDrained(): boolean {
    for (const link of this.#links.values()) if (!link.isDrained) return false;
    return true;
  }

  /** How it stands with each that is connected, in the order in which they came first. */
  describe(): ClientRow[] {
    const rows: ClientRow[] = [];
    for (const [bootId, link] of this.#links) {
      const row = describeClient(link.name, bootId, link.outbox);
      if (row !== null) rows.push(row);
    }
    return rows;
  }

  /** The link to a life of a client, or `undefined`. */
  get(bootId: string): LinkDriver | undefined {
    return this.#links.get(bootId);
  }

  /** What lets a client in, or does not. */
  entranceOf({ bootId }: Hello): EntranceLink {
    const link = this.#links.get(bootId);
    if (link !== undefined && !this.#detached.has(link)) return link;
    if (this.attachedCount < this.#maxClients) return link ?? NEWCOMER;
    const detail = `${this.attachedCount} clients are connected already`;
    return {
      sessionBootId: link?.sessionBootId ?? null,
      connectionCount: 0,
      admit: () => ({ code: "overloaded", detail }),
    };
  }

  /** A client has come, or has come back. @returns Its link. */
  enter({ bootId, name }: Hello): LinkDriver {
    const known = this.#links.get(bootId);
    if (known !== undefined) {
      this.#detached.delete(known);
      return known;
    }
    const client = { bootId, session: ++this.#lastSession };
    const link = new LinkDriver(this, { name, hostname: "", port: 0, client });
    this.#links.set(bootId, link);
    link.start(true);
    return link;
  }

  /** The endpoint is closing: no client makes new calls. */
  drain(): void {
    for (const link of this.#links.values()) link.drain();
  }

  /** Ends all of them. @param refusal Why connections are refused; `null`: they are aborted. */
  stop(code: ErrorCode, refusal: ErrorCode | null): void {
    const links = [...this.#links.values()];
    this.#links.clear();
    this.#detached.clear();
    for (const link of links) link.stop(code, refusal);
  }

  holderOf(link: ConnectionOwner): ConnectionOwner {
    return link;
  }

  handleAway(): void {}

  handleDetached(link: LinkDriver): void {
    const { bootId } = link.definition.client!;
    if (this.#links.get(bootId) !== link) return;
    if (link.isSettled) {
      this.#links.delete(bootId);
      return;
    }
    const { timers } = this.context;
    this.#detached.add(link, timers.nowMs());
    this.#giveUp(timers.nowMs());
  }

  /** The links of clients end by themselves. */
  handleFenced(): void {}

  /** Clients come and go; who is there is seen in `Endpoint.clients`. */
  tell(): void {}

  /** A detached session has something to say, and holds more. */
  scheduleFlush(): void {
    this.context.timers.add(this.#check, 0);
  }

  #giveUp(nowMs: number): void {
    for (const link of this.#detached.takeOver(nowMs)) {
      this.#links.delete(link.definition.client!.bootId);
      link.stop("peer-down", null);
    }
    const { timers } = this.context;
    const dueMs = this.#detached.nextDeadlineMs();
    if (dueMs === Infinity) timers.remove(this.#check);
    else timers.add(this.#check, Math.max(0, dueMs - nowMs));
  }
}

/** One who comes in for the first time. */
export const NEWCOMER: Readonly<EntranceLink> = {
  sessionBootId: null,
  connectionCount: 0,
  admit: () => null,
};
