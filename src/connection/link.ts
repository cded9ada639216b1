/**
 * The link to one peer: its connections, which of them is used, its session, and what waits.
 *
 * The rules (arbiter or follower) decide; the link carries their decisions out on connections,
 * keeps the table true, moves the session from one connection to the next, and settles requests
 * when the peer's process is another one or stays away.
 *
 * @module
 */

import { Arbiter } from "../core/arbiter.ts";
import type { Decision, LinkRules } from "../core/claim.ts";
import type { ConnectionTable } from "../core/connection_table.ts";
import { Deadline } from "../core/deadline_queue.ts";
import { Follower } from "../core/follower.ts";
import { FrameKind } from "../core/frame.ts";
import type { Admission } from "../core/handshake.ts";
import type { Introduction } from "../core/introduction.ts";
import { OutgoingNotification, OutgoingRequest } from "../core/outgoing.ts";
import { SendQueue } from "../core/send_queue.ts";
import { Session } from "../core/session.ts";
import type { ErrorCode } from "../errors.ts";
import type { CloseReason } from "../runtime/runtime.ts";
import type { Connection, EndReason } from "./connection_driver.ts";
import type { ConnectionContext } from "./context.ts";
import { Dialer, type DialerOwner } from "./dialer.ts";

/** A message that waits for its turn. */
export type Sendable = OutgoingRequest | OutgoingNotification;

/** What a link asks and tells of the endpoint it belongs to. */
export interface LinkOwner {
  readonly context: ConnectionContext;
  readonly table: ConnectionTable;
  /** This process's name is owned by another one. */
  handleFenced(link: Link, code: ErrorCode): void;
  /** The peer can be sent to (again), or not any more. */
  handleLinkChange(link: Link): void;
}

/** How long an acknowledgement waits for company, in milliseconds. */
const ACK_DELAY_MS = 20;

/** The relation to one peer. */
export class Link implements DialerOwner {
  /** Under which name the table and the callers know the peer. */
  readonly name: string;
  readonly address: { readonly hostname: string; readonly port: number };
  readonly peerName: string;
  readonly queue = new SendQueue<Sendable>();
  readonly #nothing = new SendQueue<Sendable>();
  readonly #owner: LinkOwner;
  readonly #context: ConnectionContext;
  readonly #dialer: Dialer;
  readonly #isNamed: boolean;
  readonly #connections = new Map<number, Connection>();
  readonly #probes = new Map<number, Probe>();
  readonly #ackTimer: Task;
  readonly #windowTimer: Task;
  #rules: LinkRules | null = null;
  #remoteName: string | null = null;
  #session: Session | null = null;
  #usable: Connection | null = null;
  #draining = false;
  /** The ping whose pong tells that the peer has heard of the drain; 0: none is awaited. */
  #drainNonce = 0;
  #stopped = false;

  constructor(
    owner: LinkOwner,
    definition: { readonly name?: string; readonly hostname: string; readonly port: number },
  ) {
    const { hostname, port } = definition;
    this.#owner = owner;
    this.#context = owner.context;
    this.#isNamed = definition.name !== undefined;
    this.name = definition.name ?? `${hostname}:${port}`;
    this.peerName = this.name;
    this.address = { hostname, port };
    this.#dialer = new Dialer(this.#context, this, this.address, this.name);
    this.#ackTimer = new Task(() => this.#acknowledge());
    this.#windowTimer = new Task((nowMs) => this.#endWindow(nowMs));
  }

  /** Whether there is a connection to use. */
  get isUp(): boolean {
    return this.#usable !== null;
  }

  /** The session with the peer's present life; `null` before the first. */
  get session(): Session | null {
    return this.#session;
  }

  /** What may be written to the peer: nothing new while it is closing. */
  get outgoing(): SendQueue<Sendable> {
    return this.#draining ? this.#nothing : this.queue;
  }

  /** Whether the peer has told that it is closing. */
  get isDraining(): boolean {
    return this.#draining;
  }

  /** Whether another request would have to wait for a place or for room. */
  get isFull(): boolean {
    const session = this.#session;
    return session !== null && (!session.tracker.hasPlace || !session.log.hasRoom(1));
  }

  /** Whether requests of this end are open or waiting. */
  get hasOutgoing(): boolean {
    return this.queue.size > 0 || (this.#session !== null &&
      (this.#session.tracker.openCount > 0 || !this.#session.sender.isIdle));
  }

  /** Bytes that wait to be written, in the queue and in parts. */
  get queuedBytes(): number {
    return this.queue.bytes + (this.#session?.sender.queuedBytes ?? 0);
  }

  /** Dials for the first time. */
  start(): void {
    this.#context.timers.addRare(this.#windowTimer, this.#context.settings.resumeWindowMs);
    this.#dialer.dial();
  }

  // Sending.

  /**
   * Sends a message, now or when it can be.
   *
   * @returns `null`, or why it was not taken; nothing was sent then.
   */
  send(message: Sendable, failWhenDown: boolean): ErrorCode | null {
    const connection = this.#usable;
    const ready = connection !== null && !this.#draining;
    if (!ready && failWhenDown) return "peer-down";
    if (
      ready && message instanceof OutgoingRequest && this.queue.size === 0 &&
      !connection.isBlocked && this.#session!.tryRequest(message)
    ) {
      connection.scheduleFlush();
      return null;
    }
    const bytes = this.queuedBytes + message.payload.length;
    if (bytes > this.#context.settings.queueMaxBytes) return "overloaded";
    this.queue.push(message);
    if (ready) connection.scheduleFlush();
    return null;
  }

  /** Takes a message back. @returns `false`: it is written, or not here. */
  withdraw(message: Sendable): boolean {
    return this.queue.remove(message) || (this.#session?.sender.withdraw(message) ?? false);
  }

  /** The caller of a written request has given up. */
  cancel(request: OutgoingRequest): void {
    this.#session?.cancel(request);
  }

  /** Tells the peer that this endpoint is closing, and asks for an answer to know it has heard. */
  announceDrain(frame: Uint8Array): void {
    if (this.#usable === null) return;
    this.#usable.sendControl(frame);
    this.#drainNonce = this.drawNonce();
    this.#usable.ping(this.#drainNonce);
  }

  /** Whether, after `announceDrain`, nothing is open in either direction any more. */
  get isDrained(): boolean {
    const session = this.#session;
    if (this.#usable === null || session === null) return this.queue.size === 0;
    return this.#drainNonce === 0 && !this.hasOutgoing && session.inboundCount === 0 &&
      session.log.acknowledged === session.log.lastNumber;
  }

  /** Ends everything. Messages that nobody can send any more fail with `code`. */
  stop(code: ErrorCode, refusal: ErrorCode | null): void {
    this.#stopped = true;
    this.#dialer.stop();
    for (const probe of this.#probes.values()) this.#context.timers.remove(probe);
    this.#probes.clear();
    for (const connection of [...this.#connections.values()]) {
      if (refusal === null) connection.abort("local");
      else connection.refuse(refusal, "");
    }
    const ended = this.#session?.end(code);
    for (const request of ended?.written ?? []) settle(request, code, "maybe-executed");
    for (const message of ended?.unsent ?? []) settle(message, code, "not-sent");
    for (let item = this.queue.shift(); item !== null; item = this.queue.shift()) {
      settle(item, code, "not-sent");
    }
    this.#context.timers.remove(this.#ackTimer);
    this.#context.timers.remove(this.#windowTimer);
  }

  // The dialler's questions.

  wantsDial(): "now" | "later" | "no" {
    if (this.#stopped || this.#usable !== null) return "no";
    const nowMs = this.#context.timers.nowMs();
    const { suspectAfterMs } = this.#context.settings;
    for (const connection of this.#connections.values()) {
      // It is about to be decided on; unless it has fallen silent, a second one only disturbs.
      if (connection.heartbeat.silenceMs(nowMs) < suspectAfterMs) return "later";
    }
    return "now";
  }

  acceptsRemote(remote: Introduction): Admission {
    if (this.#stopped) return { code: "closing", detail: "this endpoint is closing" };
    const advertised = `${remote.hostname}:${remote.port}`;
    const fits = remote.name === this.name || (!this.#isNamed && advertised === this.name);
    if (remote.role !== "peer" || !fits) {
      return { code: "wrong-name", detail: `'${this.name}' was meant, not '${remote.name}'` };
    }
    const other = this.#remoteName !== null && this.#remoteName !== remote.name;
    if (other && this.#connections.size > 0) {
      return { code: "wrong-name", detail: `'${this.#remoteName}' had this address before` };
    }
    return null;
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

  handleOpen(connection: Connection, remote: Introduction): Link {
    this.#dialer.handleSettled(connection);
    if (this.#remoteName !== remote.name) this.#rules = null;
    this.#remoteName = remote.name;
    const { self, settings, runtime } = this.#context;
    this.#rules ??= compareBytes(self.name, remote.name) > 0
      ? new Arbiter(settings.identifier)
      : new Follower();
    this.#connections.set(connection.id, connection);
    const wallMicros = runtime.clock.wallMicros();
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
        inFlight: this.#usable === connection ? this.#session!.tracker.openCount : 0,
      }),
    );
    connection.ping(this.drawNonce());
    const { id } = connection;
    this.#apply(this.#rules.handleCompleted(id, remote.bootId, remote.ordinal, wallMicros));
    return this;
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
    if (code === "duplicate" || code === "displaced") this.#owner.handleFenced(this, code);
    // That life of the peer is over: nothing will come of what it has.
    if (code === "closing" && connection === this.#usable) this.#settleSession("peer-down");
  }

  handleSuspect(connection: Connection, silenceMs: number): void {
    if (connection !== this.#usable) return;
    this.#context.emit({
      type: "suspect",
      peer: this.name,
      remoteAddress: connection.remoteAddress,
      silenceMs,
      inFlight: this.#session!.tracker.openCount,
    });
    this.#dialer.dial();
  }

  handleChunkEnd(connection: Connection): void {
    const session = this.#session;
    if (session === null) return;
    if (session.ackIsUrgent) this.#acknowledge();
    else this.#acknowledgeSoon();
    // Answers may have come free places, and acknowledgements room, for what waits.
    if (this.queue.size > 0 || !session.sender.isIdle) (this.#usable ?? connection).scheduleFlush();
  }

  isWaiting(connection: Connection): boolean {
    return connection === this.#usable && this.#session!.tracker.openCount > 0;
  }

  drawNonce(): number {
    return this.#rules?.drawNonce() ?? 0;
  }

  handleClosed(connection: Connection, reason: EndReason): void {
    this.#dialer.handleSettled(connection);
    const wasUsable = connection === this.#usable;
    const identifier = this.#numberOf(connection);
    if (this.#connections.delete(connection.id)) {
      this.#owner.table.remove(connection.id);
      const probe = this.#probes.get(connection.id);
      if (probe !== undefined) this.#context.timers.remove(probe);
      this.#probes.delete(connection.id);
      if (wasUsable) this.#usable = null;
      this.#apply(this.#rules!.handleClosed(connection.id, this.#wallMicros()));
    }
    if (this.#stopped) return;
    if (wasUsable && this.#usable === null) {
      this.#owner.table.use(this.name, null);
      this.#context.timers.addRare(this.#windowTimer, this.#context.settings.resumeWindowMs);
      const { remoteAddress } = connection;
      this.#context.emit({ type: "lost", peer: this.name, remoteAddress, identifier, reason });
      this.#owner.handleLinkChange(this);
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
          this.#refuse(connection);
          break;
        case "supersede":
          this.#tellSuperseded(connection);
          connection.abort("local");
          break;
        case "displace":
          this.#tellSuperseded(connection);
          connection.refuse("displaced", "a newer process has this name");
          break;
        case "abandon":
          connection.abort("silent");
      }
    }
  }

  #adopt(connection: Connection, number: number, newSession: boolean): void {
    const remote = connection.remote!;
    const before = this.#session?.bootId ?? null;
    this.#owner.table.identify(connection.id, number);
    if (newSession) this.#beginSession(remote);
    if (this.#rules instanceof Follower) connection.sendNumber(FrameKind.USEACK, number);
    this.#carry(connection);
    this.#context.emit({
      type: "connected",
      peer: this.name,
      remoteAddress: connection.remoteAddress,
      identifier: number,
      bootId: remote.bootId,
      direction: connection.direction,
      newProcess: before !== null && before !== remote.bootId,
      helloAtMs: connection.helloAtMs,
    });
    this.#owner.handleLinkChange(this);
  }

  /** The session is carried by this connection from now on. */
  #carry(connection: Connection): void {
    if (this.#usable !== null && this.#usable !== connection) this.#usable.stopSending();
    this.#usable = connection;
    this.#draining = false;
    this.#owner.table.use(this.name, connection.id);
    this.#context.timers.remove(this.#windowTimer);
    connection.send(this.#session!);
    this.#acknowledgeSoon();
    this.#dialer.succeed();
  }

  /** Another life of the peer: what may have reached the old one is settled at once. */
  #beginSession(remote: Introduction): void {
    const { settings, pool, handler, self } = this.#context;
    const old = this.#session;
    const session = new Session(
      {
        peer: this.name,
        role: "peer",
        bootId: remote.bootId,
        own: self.limits,
        remote: remote.limits,
        retain: true,
        retainMaxBytes: settings.retainMaxBytes,
      },
      pool,
      handler,
    );
    session.onPending = () => this.#usable?.scheduleFlush();
    const { failed, repeated } = this.#settleSession("peer-restarted");
    this.#session = session;
    if (old === null) return;
    this.#context.emit({
      type: "peer-restarted",
      peer: this.name,
      remoteAddress: null,
      oldBootId: old.bootId,
      bootId: remote.bootId,
      failed,
      repeated,
    });
  }

  /**
   * The other life is over: what it may have fails, unless it may be sent again; that, and what was
   * never written, waits for the next life.
   */
  #settleSession(code: ErrorCode): { failed: number; repeated: number } {
    if (this.#session === null || this.#session.isEnded) return { failed: 0, repeated: 0 };
    const { written, unsent } = this.#session.end(code);
    const repeated = written.filter((request) => request.idempotent);
    for (const message of [...repeated, ...unsent].reverse()) {
      if (message instanceof OutgoingRequest) message.state = "queued";
      this.queue.unshift(message);
    }
    for (const request of written) {
      if (!request.idempotent) settle(request, code, "maybe-executed");
    }
    return { failed: written.length - repeated.length, repeated: repeated.length };
  }

  #probe(connection: Connection, claimant: number, nonce: number): void {
    connection.ping(nonce);
    const probe = new Probe((wallMicros) => {
      this.#probes.delete(claimant);
      this.#apply(this.#rules!.handleProbeTimeout(claimant, wallMicros));
    }, this.#context);
    const earlier = this.#probes.get(claimant);
    if (earlier !== undefined) this.#context.timers.remove(earlier);
    this.#probes.set(claimant, probe);
    this.#context.timers.addRare(probe, this.#context.settings.probeTimeoutMs);
  }

  #refuse(connection: Connection): void {
    const { remoteAddress, remote } = connection;
    this.#context.emit({
      type: "duplicate",
      peer: this.name,
      remoteAddress,
      refusedBootId: remote!.bootId,
      bootId: this.#session?.bootId ?? "",
    });
    connection.refuse("duplicate", "a living process has this name");
  }

  #tellSuperseded(connection: Connection): void {
    const usable = this.#usable;
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
    if (connection !== this.#usable || this.#draining) return;
    this.#draining = true;
    const { remoteAddress } = connection;
    this.#context.emit({ type: "draining", peer: this.name, remoteAddress });
    this.#owner.handleLinkChange(this);
  }

  #acknowledgeSoon(): void {
    if (!this.#session!.needsAck || this.#ackTimer.lane !== null) return;
    this.#context.timers.add(this.#ackTimer, ACK_DELAY_MS);
  }

  #acknowledge(): void {
    const session = this.#session;
    if (session === null || !session.needsAck || this.#usable === null) return;
    const number = session.ackNumber;
    this.#usable.sendNumber(FrameKind.ACK, number);
    session.ackSent(number);
  }

  /** The peer has stayed away: requests are settled; the session itself stays. */
  #endWindow(nowMs: number): void {
    const { resumeWindowMs } = this.#context.settings;
    for (const request of this.#session?.tracker.takeAll() ?? []) {
      settle(request, "peer-down", "maybe-executed");
    }
    let item = this.queue.first;
    while (item !== null) {
      const next = item.behind as Sendable | null;
      if (item.queuedMs <= nowMs - resumeWindowMs) {
        this.queue.remove(item);
        settle(item, "peer-down", "not-sent");
      }
      item = next;
    }
    this.#context.timers.addRare(this.#windowTimer, resumeWindowMs / 4);
  }

  #wallMicros(): number {
    return this.#context.runtime.clock.wallMicros();
  }
}

/** Ends a message that was not answered. */
export function settle(
  message: Sendable,
  code: ErrorCode,
  delivery: "not-sent" | "maybe-executed",
): void {
  if (message instanceof OutgoingRequest) {
    message.state = "settled";
    message.fail(code, "", delivery);
  } else message.fail(code, "");
}

/** Something to do at a deadline. */
class Task extends Deadline {
  readonly #run: (nowMs: number) => void;
  constructor(run: (nowMs: number) => void) {
    super();
    this.#run = run;
  }

  override expire(nowMs: number): void {
    this.#run(nowMs);
  }
}

/** The deadline of a probe. */
class Probe extends Deadline {
  readonly #run: (wallMicros: number) => void;
  readonly #context: ConnectionContext;
  constructor(run: (wallMicros: number) => void, context: ConnectionContext) {
    super();
    this.#run = run;
    this.#context = context;
  }

  override expire(): void {
    this.#run(this.#context.runtime.clock.wallMicros());
  }
}

const encoder = new TextEncoder();

/** Compares names by their UTF-8 bytes. */
export function compareBytes(left: string, right: string): number {
  const a = encoder.encode(left);
  const b = encoder.encode(right);
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    if (a[index] !== b[index]) return a[index]! - b[index]!;
  }
  return a.length - b.length;
}
