/**
 * Carries out what a link decides, on sockets: one `case` for each action.
 *
 * The link is told one event at a time. What happens while its actions are carried out waits until
 * the last of them is done, so nothing re-enters. Messages do not come this way: they go straight
 * to the outbox.
 *
 * @module
 */

import type { Admission } from "../core/channel/handshake.ts";
import { Link } from "../core/link/link.ts";
import type { LinkAction, LinkDefinition, LinkEvent } from "../core/link/link_event.ts";
import type { LinkNews } from "../core/link/link_news.ts";
import { expectedPlaceOf, nameAt, recipientOf } from "../core/link/peer_name.ts";
import type { PeerRow } from "../core/link/peer_row.ts";
import { SmallList } from "../core/link/small_list.ts";
import { Deadline } from "../core/time/deadline_heap.ts";
import { FrameKind, useFrame } from "../core/wire/frame.ts";
import type { Hello } from "../core/wire/hello.ts";
import type { ErrorCode, LinkError } from "../errors.ts";
import type { CloseReason } from "../runtime/runtime.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionOwner, EndReason } from "./connection_owner.ts";
import type { ConnectionContext, LinkOwner } from "./context.ts";
import { describePeer, newRowOf } from "./describe_peer.ts";
import { Dialer, type DialerOwner } from "./dialer.ts";
import { eventOf } from "./link_report.ts";
import { Outbox } from "./outbox.ts";

/** The driver of one link. */
export class LinkDriver extends Deadline implements ConnectionOwner, DialerOwner {
  readonly #owner: LinkOwner;
  readonly #context: ConnectionContext;
  #definition: LinkDefinition;
  readonly #link: Link;
  readonly #dialer: Dialer;
  readonly #outbox: Outbox;
  readonly #connections = new SmallList<Connection>();
  #isBusy = false;
  /** What happened while actions were carried out. */
  #pending: LinkEvent[] | null = null;
  /** The link's deadline for which the timer is armed. */
  #dueMs = Infinity;

  constructor(owner: LinkOwner, definition: LinkDefinition) {
    super();
    const { hostname, port } = definition;
    const { context } = owner;
    const { self, settings, runtime } = context;
    this.#owner = owner;
    this.#context = context;
    this.#definition = definition;
    this.#link = new Link({ self, definition, settings, draw: () => runtime.random.float() });
    this.#dialer = new Dialer(context, this, { hostname, port }, recipientOf(definition));
    this.#outbox = new Outbox(context, owner);
  }

  /** Under which name the table and the callers know the peer. */
  get name(): string {
    return this.#link.name;
  }

  get peerName(): string {
    return this.#link.name;
  }

  /** Whether a verdict has ended it, see `fence` of the options. */
  get isFenced(): boolean {
    return this.#link.endedBy === "fenced";
  }

  /** Whether there is one to use. */
  get isUp(): boolean {
    return this.#outbox.connection !== null;
  }

  /** Whether there is one, and the peer takes calls. */
  get takesCalls(): boolean {
    return this.isUp && !this.#outbox.isDraining;
  }

  /** Whether the peer has said that it is closing. */
  get isDraining(): boolean {
    return this.#outbox.isDraining;
  }

  /** Calls that have no answer yet, sent or not. */
  get openCount(): number {
    return this.#outbox.openCount + this.#outbox.waitingCount;
  }

  /** Whether what is sent has to wait for a place or for room at the peer. */
  get isFull(): boolean {
    return this.#outbox.isFull;
  }

  /** Why there is no connection, as far as it is known. */
  get lastDialError(): LinkError | null {
    return this.#dialer.errorOf(this.#link.lastDialError);
  }

  /** The number of the connection in use; 0: there is none, or it is not decided. */
  get identifier(): number {
    const { connection } = this.#outbox;
    return connection === null ? 0 : this.#link.numberOf(connection.id);
  }

  /** What goes to the peer. */
  get outbox(): Outbox {
    return this.#outbox;
  }

  /** The life of the peer whose session is held; `null`: none is. */
  get sessionBootId(): string | null {
    const { session } = this.#outbox;
    return session === null || session.isEnded ? null : session.bootId;
  }

  /** Whether the session is over for good, or the link itself. */
  get isSettled(): boolean {
    return this.#link.endedBy !== null || this.#outbox.session?.isEnded === true;
  }

  /** What is held for the peer, in bytes. */
  get heldBytes(): number {
    return this.#outbox.heldBytes;
  }

  get connectionCount(): number {
    return this.#connections.all.length;
  }

  /** Whether, after `drain`, nothing is open in either direction any more. */
  get isDrained(): boolean {
    return this.#link.drainIsHeard && this.#outbox.isQuiet;
  }

  /** How it stands with the peer. */
  describe(): PeerRow {
    return describePeer(this.name, this.#definition, this.#outbox, this.#link.lastDialError);
  }

  // What is asked for.

  /** Dials for the first time, or since it left. @param isAwaited Or nobody is dialled. */
  start(isAwaited = false): void {
    this.#outbox.endClosing();
    this.#tell({ kind: "start", isAwaited });
  }

  /** Whom it leads to. */
  get definition(): LinkDefinition {
    return this.#definition;
  }

  /** `host:port`, where the definition has no name; else `null`. */
  get expectedPlace(): string | null {
    return expectedPlaceOf(this.#definition);
  }

  /** The group whose member the peer is; `null`: none. */
  get group(): string | null {
    return this.#definition.group ?? null;
  }

  /** Takes another definition of the same peer; what there is goes on. @returns Whether it moved. */
  define(definition: LinkDefinition): boolean {
    const { hostname, port } = definition;
    const isMoved = hostname !== this.#definition.hostname || port !== this.#definition.port;
    this.#definition = definition;
    this.#link.definition = definition;
    this.#dialer.moveTo({ hostname, port }, recipientOf(definition));
    if (!isMoved) return false;
    this.#tell({ kind: "moved" });
    return true;
  }

  /** From now on it is dialled, too. */
  dial(): void {
    this.#tell({ kind: "moved" });
  }

  /** Makes the link again beside the connection that is used. */
  renew(): void {
    if (this.isUp) this.#tell({ kind: "dial" });
  }

  /** Tells the peer that this endpoint is closing, or at least this link: then nobody dials. */
  drain(isLeaving = false): void {
    this.#outbox.beginClosing();
    this.#tell({ kind: "drain", isLeaving });
  }

  /** The peer is not wanted any more; `start` takes it back, with the session that is kept. */
  leave(): void {
    this.#tell({ kind: "leave" });
  }

  /**
   * Ends everything. Messages that nobody can send any more fail with `code`.
   *
   * @param refusal Why connections are refused; `null`: they are aborted.
   */
  stop(code: ErrorCode, refusal: ErrorCode | null): void {
    this.#tell({ kind: "stop", code, refusal });
  }

  /**
   * Whether that is the peer of this link; changes nothing.
   *
   * @param certificateNames Of one who dials: whom its certificate names, where TLS has verified it.
   */
  admit(remote: Hello, certificateNames: readonly string[] | null = null): Admission {
    return this.#link.admit(remote, certificateNames);
  }

  /** Whose connection it is that this link has dialled. */
  ownerOf(remote: Hello): ConnectionOwner {
    return this.#owner.holderOf(this, remote);
  }

  // What happens.

  override expire(nowMs: number): void {
    // Rounding may arm a timer a hair before the link's own deadline.
    const dueMs = Math.max(nowMs, this.#dueMs);
    this.#dueMs = Infinity;
    this.#tell({ kind: "timeout" }, dueMs);
  }

  handleDialFailed({ kind, code }: CloseReason, error: string): void {
    this.#owner.tell({
      type: "dial-failed",
      peer: this.name,
      remoteAddress: this.#dialer.addressText,
      reason: kind,
      code,
      detail: error,
    });
    this.#tell({ kind: "dial-ended", error });
  }

  handleDialEnded(error: string, code: EndReason): void {
    this.#tell({ kind: "dial-ended", error, code });
  }

  handleOpen(connection: Connection, remote: Hello): void {
    const { id, heartbeat } = connection;
    const isOwnDial = connection.direction === "outbound";
    this.#connections.add(connection);
    const { clock } = this.#context.runtime;
    const row = newRowOf(connection, remote);
    this.#owner.table.add(id, row, clock.wallMicros(), () => this.#rowOf(connection));
    this.#tell({ kind: "opened", connection: id, remote, silence: heartbeat, isOwnDial });
  }

  handleControl(connection: Connection, frame: number, number: number, session = 0): void {
    this.#tell({ kind: "control", connection: connection.id, frame, number, session });
  }

  handleRefused(connection: Connection, code: ErrorCode, error: string): void {
    const text = `refused by the other end: ${error}`;
    this.#tell({ kind: "refused", connection: connection.id, code, error: text });
  }

  handleSuspect(connection: Connection, silenceMs: number): void {
    this.#tell({ kind: "suspect", connection: connection.id, silenceMs });
  }

  handleChunkEnd(connection: Connection): void {
    this.#outbox.handleChunkEnd(connection);
  }

  handleClosed(connection: Connection): void {
    this.#owner.table.remove(connection.id);
    if (this.#outbox.connection === connection) this.#outbox.drop();
    this.#tell({ kind: "closed", connection: connection.id });
  }

  isWaiting(connection: Connection): boolean {
    return connection === this.#outbox.connection && this.#outbox.openCount > 0;
  }

  drawNonce(): number {
    return this.#link.drawNonce();
  }

  // Telling the link, and doing what it says.

  #tell(event: LinkEvent, nowMs = this.#context.timers.nowMs()): void {
    if (this.#isBusy) {
      (this.#pending ??= []).push(event);
      return;
    }
    this.#isBusy = true;
    for (let next: LinkEvent | undefined = event; next !== undefined;) {
      const wallMicros = this.#context.runtime.clock.wallMicros();
      const actions = this.#link.handle(next, nowMs, wallMicros);
      this.#context.recorder?.record(this.name, nowMs, next, actions);
      for (const action of actions) this.#carryOut(action);
      if (next.kind === "closed" && this.#connections.delete(next.connection)) {
        if (this.connectionCount === 0) this.#owner.handleDetached(this);
      }
      next = this.#pending?.shift();
    }
    this.#isBusy = false;
    this.#arm();
  }

  #arm(): void {
    const { timers } = this.#context;
    const dueMs = this.#link.nextDeadlineMs();
    if (dueMs === this.#dueMs) return;
    this.#dueMs = dueMs;
    if (dueMs === Infinity) timers.remove(this);
    else timers.add(this, Math.max(0, dueMs - timers.nowMs()));
  }

  #carryOut(action: LinkAction): void {
    switch (action.kind) {
      case "send":
        this.#send(this.#connections.get(action.connection)!, action.frame, action.number);
        break;
      case "refuse":
        this.#connections.get(action.connection)!.refuse(action.code, action.detail);
        break;
      case "abort":
        this.#connections.get(action.connection)!.abort(action.reason);
        break;
      case "breach":
        this.#connections.get(action.connection)!.breach(
          action.code,
          `frame kind ${action.frame}`,
        );
        break;
      case "settle":
        this.#settle(action);
        break;
      case "begin": {
        const remote = this.#connections.get(action.connection)!.remote!;
        this.#outbox.begin(remote, nameAt(this.#definition, remote));
        break;
      }
      case "attach":
        this.#outbox.attach(this.#connections.get(action.connection)!);
        break;
      case "hold":
        this.#outbox.drain();
        break;
      case "release":
        this.#outbox.release();
        break;
      case "dial":
        this.#dialer.dial();
        break;
      case "give-dial-up":
        this.#dialer.giveUp();
        break;
      case "tell":
        this.#report(action.news);
        break;
      case "fenced":
        this.#owner.handleFenced(action.code);
    }
  }

  #send(connection: Connection, frame: number, number: number): void {
    if (frame === FrameKind.PING) connection.ping(number);
    else if (frame === FrameKind.DRAIN) connection.sendEmpty(frame);
    else if (frame === FrameKind.USE) {
      connection.sendControl(useFrame(number, this.#definition.client?.session));
    } else connection.sendNumber(frame, number);
  }

  #settle({ outcome, restarted }: Extract<LinkAction, { kind: "settle" }>): void {
    const settled = this.#outbox.settle(outcome);
    if (restarted === null) return;
    const about = { peer: this.name, remoteAddress: null };
    this.#owner.tell({ type: "peer-restarted", ...about, ...restarted, ...settled });
  }

  #report(news: LinkNews): void {
    const connection = this.#connections.get(news.connection)!;
    this.#owner.tell(eventOf(news, this.name, connection, this.#outbox));
    if (news.type === "lost") this.#owner.handleAway(this);
  }

  #rowOf(connection: Connection) {
    const usable = this.#link.usable === connection.id;
    return {
      peer: this.name,
      identifier: this.#link.numberOf(connection.id),
      usable,
      roundTripMs: connection.heartbeat.roundTripMs,
      inFlight: usable ? this.#outbox.openCount : 0,
    };
  }
}
