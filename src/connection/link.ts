/**
 * The link to one peer: its connections, and which of them is used.
 *
 * The rules (arbiter or follower) decide; the link carries their decisions out on connections,
 * keeps the table true, and tells the session's keeper which connection to use.
 *
 * @module
 */

import { Arbiter } from "../core/link/arbiter.ts";
import { compareNames, type Decision, type LinkRules } from "../core/link/candidate.ts";
import { SmallList } from "../core/link/small_list.ts";
import { Follower } from "../core/link/follower.ts";
import { FrameKind } from "../core/wire/frame.ts";
import type { Admission } from "../core/channel/handshake.ts";
import type { Hello } from "../core/wire/hello.ts";
import type { OutgoingRequest } from "../core/flow/outgoing.ts";
import type { SendQueue } from "../core/flow/send_queue.ts";
import type { Session } from "../core/session/session.ts";
import type { ErrorCode } from "../errors.ts";
import type { CloseReason } from "../runtime/runtime.ts";
import type { Connection } from "./connection.ts";
import type { EndReason, OutgoingMessage } from "./connection_owner.ts";
import type { ConnectionContext, LinkDefinition, LinkOwner } from "./context.ts";
import { Dialer, type DialerOwner } from "./dialer.ts";
import { PeerIdentity } from "./peer_identity.ts";
import { Probes } from "./probes.ts";
import { SessionKeeper } from "./session_keeper.ts";

/** The relation to one peer. */
export class Link implements DialerOwner {
  /** Under which name the table and the callers know the peer. */
  readonly name: string;
  readonly #owner: LinkOwner;
  readonly #context: ConnectionContext;
  readonly #dialer: Dialer;
  readonly #identity: PeerIdentity;
  readonly #connections = new SmallList<Connection>();
  readonly #probes: Probes;
  readonly #keeper: SessionKeeper;
  #rules: LinkRules | null = null;
  /** The ping whose pong tells that the peer has heard of the drain; 0: none is awaited. */
  #drainNonce = 0;
  #stopped = false;

  constructor(owner: LinkOwner, definition: LinkDefinition) {
    const { hostname, port } = definition;
    this.#owner = owner;
    this.#context = owner.context;
    this.#identity = new PeerIdentity(definition);
    this.name = this.#identity.name;
    this.#dialer = new Dialer(this.#context, this, { hostname, port }, this.name);
    this.#probes = new Probes(this.#context);
    this.#keeper = new SessionKeeper(this.#context, this.name);
  }

  /** The same, as the connections ask for it. */
  get peerName(): string {
    return this.name;
  }

  /** Whether there is a connection to use. */
  get isUp(): boolean {
    return this.#keeper.usable !== null;
  }

  /** Whether what is sent has to wait for a place or for room at the peer. */
  get isFull(): boolean {
    return this.#keeper.isFull;
  }

  /** Why there is no connection, as far as it is known, for people. */
  get lastDialError(): string {
    return this.#dialer.lastDialError;
  }

  /** What may be written to the peer now. */
  get outgoing(): SendQueue<OutgoingMessage> {
    return this.#keeper.outgoing;
  }

  /** The session with the peer's present life; `null` before the first. */
  get session(): Session | null {
    return this.#keeper.session;
  }

  /** Whether, after `announceDrain`, nothing is open in either direction any more. */
  get isDrained(): boolean {
    return (this.#keeper.usable === null || this.#drainNonce === 0) && this.#keeper.isQuiet;
  }

  /** Dials for the first time. */
  start(): void {
    this.#keeper.startWindow();
    this.#dialer.dial();
  }

  /**
   * Sends a message, now or when it can be.
   *
   * @returns `null`, or why it was not taken; nothing was sent then.
   */
  send(message: OutgoingMessage, failWhenDown: boolean): ErrorCode | null {
    return this.#keeper.send(message, failWhenDown);
  }

  /** Takes a message back. @returns `false`: it is written, or not here. */
  withdraw(message: OutgoingMessage): boolean {
    return this.#keeper.withdraw(message);
  }

  /** The caller of a written request has given up. */
  cancel(request: OutgoingRequest): void {
    this.#keeper.cancel(request);
  }

  /** Tells the peer that this endpoint is closing, and asks for an answer to know it has heard. */
  announceDrain(frame: Uint8Array): void {
    const { usable } = this.#keeper;
    if (usable === null) return;
    usable.sendControl(frame);
    this.#drainNonce = this.drawNonce();
    usable.ping(this.#drainNonce);
  }

  /** Ends everything. Messages that nobody can send any more fail with `code`. */
  stop(code: ErrorCode, refusal: ErrorCode | null): void {
    this.#stopped = true;
    this.#dialer.stop();
    this.#probes.stop();
    for (const connection of this.#connections.all) {
      if (refusal === null) connection.abort("local");
      else connection.refuse(refusal, "");
    }
    this.#keeper.stop(code);
  }

  // The dialler's questions.

  wantsDial(): "now" | "later" | "no" {
    if (this.#stopped || this.#keeper.usable !== null) return "no";
    const { timers, settings } = this.#context;
    for (const connection of this.#connections.all) {
      // It is about to be decided on; unless it has fallen silent, a second one only disturbs.
      if (connection.heartbeat.silenceMs(timers.nowMs()) < settings.suspectAfterMs) return "later";
    }
    return "now";
  }

  acceptsRemote(remote: Hello): Admission {
    if (this.#stopped) return { code: "closing", detail: "this endpoint is closing" };
    return this.#identity.accepts(remote, this.#connections.all.length > 0);
  }

  handleDialFailed(reason: CloseReason): void {
    this.#context.emit({
      type: "dial-failed",
      peer: this.name,
      remoteAddress: this.#dialer.addressText,
      reason: reason.kind,
      code: reason.code,
    });
  }

  // The connections' calls.

  ownerOf(): Link {
    return this;
  }

  handleOpen(connection: Connection, remote: Hello): void {
    this.#dialer.handleSettled(connection);
    if (this.#identity.take(remote.name)) this.#rules = null;
    const { self, settings } = this.#context;
    this.#rules ??= compareNames(self.name, remote.name) > 0
      ? new Arbiter(settings.identifier)
      : new Follower();
    this.#connections.add(connection);
    const wallMicros = this.#wallMicros();
    this.#owner.table.add(
      connection.id,
      {
        peer: this.name,
        remoteAddress: connection.remoteAddress,
        listeningPort: remote.port,
        descriptor: connection.descriptor,
        direction: connection.direction,
        bootId: remote.bootId,
      },
      wallMicros,
      () => ({
        roundTripMs: connection.heartbeat.roundTripMs,
        inFlight: this.#keeper.usable === connection ? this.#keeper.openCount : 0,
      }),
    );
    connection.ping(this.drawNonce());
    const { bootId, ordinal } = remote;
    this.#apply(this.#rules.handleCompleted(connection.id, bootId, ordinal, wallMicros));
  }

  handleControl(connection: Connection, kind: number, number: number): ErrorCode | null {
    const rules = this.#rules!;
    const wallMicros = this.#wallMicros();
    let decisions: Decision[] | null;
    switch (kind) {
      case FrameKind.USE:
        decisions = rules.handleUse(connection.id, number);
        break;
      case FrameKind.USEACK:
        decisions = rules.handleUseAck(connection.id, number, wallMicros);
        break;
      case FrameKind.START:
        decisions = rules.handleStart(connection.id, wallMicros);
        break;
      case FrameKind.PONG:
        if (number >= this.#drainNonce) this.#drainNonce = 0;
        decisions = rules.handlePong(connection.id, number, wallMicros);
        break;
      case FrameKind.DRAIN:
        this.#handleDrain(connection);
        return null;
      default:
        return "unexpected-frame";
    }
    if (decisions === null) return "unexpected-frame";
    this.#apply(decisions);
    return null;
  }

  handleFailed(detail: string): void {
    this.#dialer.lastDialError = detail;
  }

  handleRefused(connection: Connection, code: ErrorCode, _detail: string): void {
    if (code === "duplicate" || code === "displaced") this.#owner.handleFenced(code);
    // That life of the peer is over: nothing will come of what it has.
    if (code === "closing" && connection === this.#keeper.usable) this.#keeper.settle("peer-down");
  }

  handleSuspect(connection: Connection, silenceMs: number): void {
    if (connection !== this.#keeper.usable) return;
    this.#context.emit({
      type: "suspect",
      peer: this.name,
      remoteAddress: connection.remoteAddress,
      silenceMs,
      inFlight: this.#keeper.openCount,
    });
    this.#dialer.dial();
  }

  handleChunkEnd(connection: Connection): void {
    this.#keeper.handleChunkEnd(connection);
  }

  isWaiting(connection: Connection): boolean {
    return connection === this.#keeper.usable && this.#keeper.openCount > 0;
  }

  drawNonce(): number {
    return this.#rules?.drawNonce() ?? 0;
  }

  handleClosed(connection: Connection, reason: EndReason): void {
    this.#dialer.handleSettled(connection);
    const wasUsable = connection === this.#keeper.usable;
    const identifier = this.#numberOf(connection);
    if (this.#connections.delete(connection.id)) {
      this.#owner.table.remove(connection.id);
      this.#probes.end(connection.id);
      if (wasUsable) this.#keeper.drop();
      this.#apply(this.#rules!.handleClosed(connection.id, this.#wallMicros()));
    }
    if (this.#stopped) return;
    if (wasUsable && this.#keeper.usable === null) {
      this.#owner.table.use(this.name, null);
      this.#keeper.startWindow();
      const { remoteAddress } = connection;
      this.#context.emit({ type: "lost", peer: this.name, remoteAddress, identifier, reason });
    }
    if (this.wantsDial() !== "no") this.#dialer.dialLater();
  }

  // Deciding.

  #apply(decisions: readonly Decision[]): void {
    for (const decision of decisions) {
      const connection = this.#connections.get(decision.connection);
      if (connection === undefined) continue;
      switch (decision.kind) {
        case "propose":
          this.#owner.table.identify(connection.id, decision.number);
          connection.sendNumber(FrameKind.USE, decision.number);
          break;
        case "adopt":
          this.#adopt(connection, decision.number, decision.newSession);
          break;
        case "resume":
          this.#carry(connection);
          break;
        case "probe":
          this.#probe(connection, decision.claimant, decision.nonce);
          break;
        case "refuse":
          this.#tellDuplicate(connection);
          connection.refuse("duplicate", "a living process has this name");
          break;
        case "supersede":
          this.#tellSuperseded(connection);
          connection.abort("local");
          break;
        case "displace":
          if (this.#numberOf(connection) === 0) this.#tellDuplicate(connection);
          else this.#tellSuperseded(connection);
          connection.refuse("displaced", "another process has taken this name");
          break;
        case "abandon":
          connection.abort("silent");
      }
    }
  }

  #adopt(connection: Connection, number: number, newSession: boolean): void {
    const remote = connection.remote!;
    const before = this.#keeper.session?.bootId ?? null;
    this.#owner.table.identify(connection.id, number);
    if (newSession) this.#keeper.begin(remote);
    if (this.#rules instanceof Follower) connection.sendNumber(FrameKind.USEACK, number);
    const replayedFrames = this.#carry(connection);
    this.#context.emit({
      type: "connected",
      peer: this.name,
      remoteAddress: connection.remoteAddress,
      identifier: number,
      bootId: remote.bootId,
      direction: connection.direction,
      replayedFrames,
      newProcess: before !== null && before !== remote.bootId,
      helloAtMs: connection.helloAtMs,
    });
  }

  /** The session is carried by this connection from now on. */
  #carry(connection: Connection): number {
    const replayedFrames = this.#keeper.carry(connection);
    this.#owner.table.use(this.name, connection.id);
    this.#dialer.succeed();
    return replayedFrames;
  }

  #probe(connection: Connection, claimant: number, nonce: number): void {
    connection.ping(nonce);
    this.#probes.start(
      claimant,
      () => this.#apply(this.#rules!.handleProbeTimeout(claimant, this.#wallMicros())),
    );
  }

  #tellDuplicate(connection: Connection): void {
    this.#context.emit({
      type: "duplicate",
      peer: this.name,
      remoteAddress: connection.remoteAddress,
      refusedBootId: connection.remote!.bootId,
      bootId: this.#keeper.session?.bootId ?? "",
    });
  }

  #tellSuperseded(connection: Connection): void {
    const usable = this.#keeper.usable;
    this.#context.emit({
      type: "superseded",
      peer: this.name,
      remoteAddress: connection.remoteAddress,
      identifier: this.#numberOf(connection),
      by: usable === null ? 0 : this.#numberOf(usable),
      bootId: connection.remote!.bootId,
    });
  }

  #numberOf(connection: Connection): number {
    return this.#owner.table.identifierOf(connection.id);
  }

  #handleDrain(connection: Connection): void {
    if (connection !== this.#keeper.usable || this.#keeper.isDraining) return;
    this.#keeper.drain();
    this.#context.emit({
      type: "draining",
      peer: this.name,
      remoteAddress: connection.remoteAddress,
    });
  }

  #wallMicros(): number {
    return this.#context.runtime.clock.wallMicros();
  }
}
