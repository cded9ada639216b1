/**
 * The link to one peer: its connections, and which of them is used.
 *
 * The rules (arbiter or follower) decide; the link carries their decisions out on connections,
 * keeps the table true, and tells the outbox which connection to use.
 *
 * @module
 */

import { Arbiter } from "../core/link/arbiter.ts";
import { compareNames, type Decision, type LinkRules } from "../core/link/candidate.ts";
import { SmallList } from "../core/link/small_list.ts";
import { Follower } from "../core/link/follower.ts";
import { FrameKind } from "../core/wire/frame.ts";
import type { Admission } from "../core/channel/handshake.ts";
import type { PeerRow } from "../core/link/peer_row.ts";
import type { Hello } from "../core/wire/hello.ts";
import type { OutgoingRequest } from "../core/flow/outgoing.ts";
import type { ErrorCode } from "../errors.ts";
import type { CloseReason } from "../runtime/runtime.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionOwner, EndReason, OutgoingMessage } from "./connection_owner.ts";
import type { ConnectionContext, LinkDefinition, LinkOwner } from "./context.ts";
import { describePeer } from "./describe_peer.ts";
import { Dialer, type DialerOwner } from "./dialer.ts";
import { Outbox } from "./outbox.ts";
import { PeerIdentity } from "./peer_identity.ts";
import { Probes } from "./probes.ts";
import { ResumeWindow } from "./resume_window.ts";

/** The relation to one peer. */
export class Link implements DialerOwner, ConnectionOwner {
  /** Under which name the table and the callers know the peer. */
  readonly name: string;
  readonly #owner: LinkOwner;
  readonly #context: ConnectionContext;
  readonly #dialer: Dialer;
  readonly #identity: PeerIdentity;
  readonly #connections = new SmallList<Connection>();
  readonly #probes: Probes;
  readonly #outbox: Outbox;
  readonly #window: ResumeWindow;
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
    this.#outbox = new Outbox(this.#context);
    this.#window = new ResumeWindow(this.#context, this.#outbox);
  }

  get peerName(): string {
    return this.name;
  }

  /** Whether there is a connection to use. */
  get isUp(): boolean {
    return this.#outbox.connection !== null;
  }

  /** Whether what is sent has to wait for a place or for room at the peer. */
  get isFull(): boolean {
    return this.#outbox.isFull;
  }

  /** Why there is no connection, as far as it is known, for people. */
  get lastDialError(): string {
    return this.#dialer.lastDialError;
  }

  /** How it stands with the peer. */
  describe(): PeerRow {
    return describePeer(this.name, this.#identity.definition, this.#outbox, this.lastDialError);
  }

  /** What may be written to the peer now. */
  get outgoing(): Outbox["outgoing"] {
    return this.#outbox.outgoing;
  }

  /** Whether, after `announceDrain`, nothing is open in either direction any more. */
  get isDrained(): boolean {
    return (this.#outbox.connection === null || this.#drainNonce === 0) && this.#outbox.isQuiet;
  }

  /** Dials for the first time. */
  start(): void {
    this.#window.open();
    this.#dialer.dial();
  }

  /**
   * Sends a message, now or when it can be.
   *
   * @returns `null`, or why it was not taken; nothing was sent then.
   */
  send(message: OutgoingMessage, failWhenDown: boolean): ErrorCode | null {
    return this.#outbox.send(message, failWhenDown);
  }

  /** Takes a message back. @returns `false`: it is written, or not here. */
  withdraw(message: OutgoingMessage): boolean {
    return this.#outbox.withdraw(message);
  }

  /** The caller of a written request has given up. */
  cancel(request: OutgoingRequest): void {
    this.#outbox.cancel(request);
  }

  /** Tells the peer that this endpoint is closing, and asks for an answer to know it has heard. */
  announceDrain(frame: Uint8Array): void {
    const { connection } = this.#outbox;
    if (connection === null) return;
    connection.sendControl(frame);
    this.#drainNonce = this.drawNonce();
    connection.ping(this.#drainNonce);
  }

  /** Ends everything. Messages that nobody can send any more fail with `code`. */
  stop(code: ErrorCode, refusal: ErrorCode | null): void {
    this.#stopped = true;
    this.#dialer.stop();
    this.#probes.stop();
    this.#window.close();
    for (const connection of this.#connections.all) {
      if (refusal === null) connection.abort("local");
      else connection.refuse(refusal, "");
    }
    this.#outbox.stop(code);
  }

  // The dialler's questions.

  wantsDial(): "now" | "later" | "no" {
    if (this.#stopped || this.#outbox.connection !== null) return "no";
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

  handleDialFailed({ kind: reason, code }: CloseReason): void {
    const { addressText: remoteAddress, lastDialError: detail } = this.#dialer;
    const peer = this.name;
    this.#context.emit({ type: "dial-failed", peer, remoteAddress, reason, code, detail });
  }

  handleDialEnded(): void {}

  // The connections' calls.

  handleOpen(connection: Connection, remote: Hello): void {
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
        inFlight: this.#outbox.connection === connection ? this.#outbox.openCount : 0,
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

  handleRefused(connection: Connection, code: ErrorCode, _detail: string): void {
    if (code === "duplicate" || code === "displaced") this.#owner.handleFenced(code);
    // That life of the peer is over: nothing will come of what it has.
    if (code === "closing" && connection === this.#outbox.connection) {
      this.#outbox.settle("peer-down");
    }
  }

  handleSuspect(connection: Connection, silenceMs: number): void {
    if (connection !== this.#outbox.connection) return;
    this.#context.emit({
      type: "suspect",
      peer: this.name,
      remoteAddress: connection.remoteAddress,
      silenceMs,
      inFlight: this.#outbox.openCount,
    });
    this.#dialer.dial();
  }

  handleChunkEnd(connection: Connection): void {
    this.#outbox.handleChunkEnd(connection);
  }

  isWaiting(connection: Connection): boolean {
    return connection === this.#outbox.connection && this.#outbox.openCount > 0;
  }

  drawNonce(): number {
    return this.#rules?.drawNonce() ?? 0;
  }

  handleClosed(connection: Connection, reason: EndReason): void {
    const wasUsable = connection === this.#outbox.connection;
    const { remoteAddress } = connection;
    const identifier = this.#numberOf(connection);
    this.#connections.delete(connection.id);
    this.#owner.table.remove(connection.id);
    this.#probes.end(connection.id);
    if (wasUsable) this.#outbox.drop();
    this.#apply(this.#rules!.handleClosed(connection.id, this.#wallMicros()));
    if (this.#stopped) return;
    if (wasUsable && this.#outbox.connection === null) {
      this.#owner.table.use(this.name, null);
      this.#window.open();
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
          this.#attach(connection);
          break;
        case "probe":
          this.#probe(connection, decision);
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
    const before = this.#outbox.session?.bootId ?? null;
    this.#owner.table.identify(connection.id, number);
    if (newSession) this.#beginSession(remote, before);
    if (this.#rules instanceof Follower) connection.sendNumber(FrameKind.USEACK, number);
    const replayedFrames = this.#attach(connection);
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

  #beginSession(remote: Hello, oldBootId: string | null): void {
    const { failed, repeated } = this.#outbox.begin(remote, this.name);
    if (oldBootId === null) return;
    this.#context.emit({
      type: "peer-restarted",
      peer: this.name,
      remoteAddress: null,
      oldBootId,
      bootId: remote.bootId,
      failed,
      repeated,
    });
  }

  /** The session is carried by this connection from now on. */
  #attach(connection: Connection): number {
    this.#window.close();
    const replayedFrames = this.#outbox.attach(connection);
    this.#owner.table.use(this.name, connection.id);
    this.#dialer.succeed();
    return replayedFrames;
  }

  #probe(connection: Connection, { claimant, nonce }: Decision & { kind: "probe" }): void {
    connection.ping(nonce);
    const late = () => this.#apply(this.#rules!.handleProbeTimeout(claimant, this.#wallMicros()));
    this.#probes.start(claimant, late);
  }

  #tellDuplicate(connection: Connection): void {
    this.#context.emit({
      type: "duplicate",
      peer: this.name,
      remoteAddress: connection.remoteAddress,
      refusedBootId: connection.remote!.bootId,
      bootId: this.#outbox.session?.bootId ?? "",
    });
  }

  #tellSuperseded(connection: Connection): void {
    const usable = this.#outbox.connection;
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
    if (connection !== this.#outbox.connection || this.#outbox.isDraining) return;
    this.#outbox.drain();
    const { remoteAddress } = connection;
    this.#context.emit({ type: "draining", peer: this.name, remoteAddress });
  }

  #wallMicros(): number {
    return this.#context.runtime.clock.wallMicros();
  }
}
