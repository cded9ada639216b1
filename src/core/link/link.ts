/**
 * The link to one other end, as one object: it is told what happened and answers what is to be
 * done. It decides which connection is used (by the rules of arbiter and follower), when to probe,
 * when to dial, whom to admit, what fails and what is repeated, and when it is over. It knows no
 * socket, no clock and no message; whoever has those carries its actions out, in their order, and
 * tells it of what comes of them afterwards.
 *
 * Source: docs/protocol.md, "Which connection". Its states stand in `link_state.ts`.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import type { Admission } from "../channel/handshake.ts";
import { FrameKind } from "../wire/frame.ts";
import type { Hello } from "../wire/hello.ts";
import { admitAs, expectedBy } from "./admission.ts";
import type { Decision } from "./candidate.ts";
import { CandidateSet, type Member } from "./candidate_set.ts";
import { DialPolicy } from "./dial_policy.ts";
import { LinkActions } from "./link_actions.ts";
import type { LinkAction, LinkDefinition, LinkEvent, Outcome } from "./link_event.ts";
import { displacedNews, duplicateNews, supersededNews } from "./link_news.ts";
import { peerNameOf } from "./peer_name.ts";
import {
  HERE,
  HERE_CLOSING,
  isOver,
  KEPT,
  LEFT,
  type LinkOptions,
  type LinkSnapshot,
  type LinkState,
  NEW,
  phaseOf,
  type Presence,
  refusalIn,
} from "./link_state.ts";
import { CLOSED_THERE, LEFT_BEHIND, outcomeOfNext, stayedAway, stoppedHere } from "./outcome.ts";

/** The link. */
export class Link {
  /** Whom it leads to; another definition of the same other end may take its place. */
  definition: LinkDefinition;
  readonly #options: LinkOptions;
  readonly #dial: DialPolicy;
  readonly #candidates: CandidateSet;
  #state: LinkState = NEW;
  #presence: Presence = { kind: "away", nextMs: Infinity };
  /** The life with which a session was begun last. */
  #session: string | null = null;
  /** Whether what is sent is held back, as the other end is closing. */
  #isHeld = false;
  #actions = new LinkActions();
  #nowMs = 0;
  #wallMicros = 0;

  constructor(options: LinkOptions) {
    const { definition, self, settings, draw } = options;
    this.#options = options;
    this.definition = definition;
    this.#candidates = new CandidateSet(self, settings.identifier);
    this.#dial = new DialPolicy(settings, draw);
  }

  /** Under which name the table and the callers know the other end. */
  get name(): string {
    return peerNameOf(this.definition);
  }

  /** The connection to send on; `null` when there is none. */
  get usable(): number | null {
    return this.#candidates.usable;
  }

  /** Why the last dial came to nothing, for people; empty: it did not. */
  get lastDialError(): string {
    return this.#dial.lastError;
  }

  /** What this end wants of it, and where the other end is. */
  get phase(): "up" | "down" | "draining" | "ended" {
    return phaseOf(this.#state, this.#presence, this.usable !== null);
  }

  /** Why it has ended; `null` while it has not. */
  get endedBy(): ErrorCode | null {
    return this.#state.kind === "ended" ? this.#state.code : null;
  }

  /** Whether the other end, where it is here, has heard that this one is closing. */
  get drainIsHeard(): boolean {
    return this.#state.kind !== "draining" || this.#state.nonce === null || this.usable === null;
  }

  /** The link number, until `closed` was told; 0 when it is not decided, or not there. */
  numberOf(connection: number): number {
    return this.#candidates.numberOf(connection);
  }

  /** When `timeout` is due, monotonic milliseconds; `Infinity`: never. */
  nextDeadlineMs(): number {
    const awayMs = this.#presence.kind === "away" ? this.#presence.nextMs : Infinity;
    return Math.min(this.#dial.deadlineMs, awayMs, this.#candidates.nextDeadlineMs());
  }

  /** A number for the next ping; a later one is greater. */
  drawNonce(): number {
    return this.#candidates.drawNonce();
  }

  /** Whether that is the one that this link leads to, see `admitAs`; changes nothing. */
  admit(remote: Hello, certificateNames: readonly string[] | null = null): Admission {
    const { name: own } = this.#options.self;
    const refusal = refusalIn(this.#state, own, remote, this.#session);
    if (refusal !== null) return refusal;
    const expected = expectedBy(own, this.definition, this.#candidates.present);
    return admitAs(expected, remote, certificateNames);
  }

  /**
   * Takes what happened.
   *
   * @param nowMs Monotonic milliseconds.
   * @param wallMicros The wall clock, microseconds since 1970; it may step back.
   * @returns What is to be done, in this order, before the next event is told.
   */
  handle(event: LinkEvent, nowMs: number, wallMicros: number): readonly LinkAction[] {
    const { list } = this.#actions = new LinkActions();
    this.#nowMs = nowMs;
    this.#wallMicros = wallMicros;
    switch (event.kind) {
      case "start":
        this.#start(event.isAwaited ?? false);
        break;
      case "moved":
        this.#renewDial();
        break;
      case "dial":
        this.#dialNow();
        break;
      case "dial-ended":
        this.#dial.fail(event.error, event.code ?? "");
        this.#dialLater();
        break;
      case "opened":
        this.#handleOpened(event);
        break;
      case "control":
        this.#handleControl(event);
        break;
      case "refused":
        this.#handleRefused(event);
        break;
      case "suspect":
        if (event.connection !== this.usable) break;
        this.#actions.tell({ ...event, type: "suspect" });
        this.#dialNow();
        break;
      case "closed":
        this.#handleClosed(event.connection);
        break;
      case "timeout":
        this.#handleTimeout();
        break;
      case "drain":
        this.#drain(event.isLeaving ?? false);
        break;
      case "leave":
        if (!isOver(this.#state)) this.#stop(LEFT, "unknown-peer", LEFT_BEHIND);
        break;
      case "stop":
        this.#end(event.code, event.refusal);
    }
    return list;
  }

  /** What tells this state from another one. */
  snapshot(): LinkSnapshot {
    return {
      state: this.#state,
      presence: this.#presence.kind,
      dial: this.#dial.snapshot(),
      session: this.#session,
      isHeld: this.#isHeld,
      candidates: this.#candidates.snapshot(),
    };
  }

  #handleOpened(event: Extract<LinkEvent, { kind: "opened" }>): void {
    const { connection, remote, silence } = event;
    if (event.isOwnDial) this.#dial.end();
    const code = this.#state === LEFT ? "unknown-peer" : "closing";
    if (isOver(this.#state)) return this.#actions.refuse(connection, code, "");
    this.#candidates.add(connection, remote, silence);
    this.#actions.send(connection, FrameKind.PING, this.drawNonce());
    const member = this.#candidates.get(connection)!;
    this.#carryOut(this.#candidates.decide(member, this.#wallMicros));
  }

  #handleControl(event: Extract<LinkEvent, { kind: "control" }>): void {
    const { connection, frame, number } = event;
    // A frame of a connection that was ended while it came.
    if (this.#candidates.get(connection) === undefined) return;
    if (frame === FrameKind.DRAIN) return this.#handleDrain(connection);
    if (frame === FrameKind.PONG && this.#state.kind === "draining") {
      const isHeard = number >= (this.#state.nonce ?? Infinity);
      if (isHeard) this.#state = { ...this.#state, nonce: null };
    }
    // What START says of closing follows.
    if (frame === FrameKind.START && this.#isHeld && connection === this.usable) {
      this.#isHeld = false;
      this.#presence = HERE;
      this.#actions.add({ kind: "release" });
    }
    const decisions = this.#candidates.handleFrame(event, this.#wallMicros);
    if (decisions !== null) this.#carryOut(decisions);
    else this.#actions.add({ kind: "breach", connection, code: "unexpected-frame", frame });
  }

  #handleDrain(connection: number): void {
    if (connection !== this.usable || this.#presence !== HERE) return;
    this.#presence = HERE_CLOSING;
    this.#isHeld = true;
    this.#actions.add({ kind: "hold" });
    this.#actions.tell({ type: "draining", connection });
  }

  #handleRefused({ connection, code, error }: Extract<LinkEvent, { kind: "refused" }>): void {
    // Nothing was in use before: this end was not let in.
    if (error !== undefined && this.usable === null) this.#dial.note(error, code);
    if (code === "duplicate" || code === "displaced") this.#fence(connection, code);
    // That life of the other end is over: nothing will come of what it has.
    if (code === "closing" && connection === this.usable) this.#actions.settle(CLOSED_THERE);
  }

  #fence(connection: number, code: ErrorCode): void {
    const { self: { name }, settings: { fence } } = this.#options;
    if (fence === "process") return this.#actions.add({ kind: "fenced", code });
    this.#dial.lastError = `fenced: another process has the name '${name}'`;
    this.#actions.tell({ type: "fenced", connection, code });
    this.#end("fenced", null);
  }

  #handleClosed(connection: number): void {
    const wasUsable = connection === this.usable;
    const identifier = this.numberOf(connection);
    const decisions = this.#candidates.close(connection, this.#wallMicros);
    if (isOver(this.#state)) return;
    this.#carryOut(decisions);
    if (wasUsable && this.usable === null) {
      this.#wait();
      this.#actions.tell({ type: "lost", connection, identifier });
    }
    this.#dialLater();
  }

  #handleTimeout(): void {
    for (;;) {
      const decisions = this.#candidates.expireProbe(this.#nowMs, this.#wallMicros);
      if (decisions === null) break;
      this.#carryOut(decisions);
    }
    const { resumeWindowMs } = this.#options.settings;
    if (this.#presence.kind === "away" && this.#presence.nextMs <= this.#nowMs) {
      this.#actions.settle(stayedAway(this.#nowMs - resumeWindowMs));
      this.#presence = { kind: "away", nextMs: this.#nowMs + resumeWindowMs / 4 };
    }
    const { members } = this.#candidates;
    if (this.#dial.expire(this.usable !== null, members, this.#nowMs)) this.#dialNow();
  }

  #start(isAwaited: boolean): void {
    const { kind } = this.#state;
    if (kind === "ended" || kind === "kept") return;
    this.#state = KEPT;
    if (kind !== "draining" || this.usable === null) this.#wait();
    if (!isAwaited) this.#renewDial();
  }

  /** Only the START of a newer connection tells the other end where this one is, or what it wants. */
  #renewDial(): void {
    if (this.#state !== KEPT) return;
    this.#actions.giveDialUp(this.#dial.renew());
    this.#dialNow();
  }

  #drain(isLeaving: boolean): void {
    if (isOver(this.#state) || this.#state.kind === "draining") return;
    const { usable } = this;
    const nonce = usable === null ? null : this.drawNonce();
    this.#state = { kind: "draining", nonce, isLeaving };
    if (isLeaving) this.#actions.giveDialUp(this.#dial.turnOff());
    if (usable === null || nonce === null) return;
    this.#actions.send(usable, FrameKind.DRAIN, 0);
    this.#actions.send(usable, FrameKind.PING, nonce);
  }

  #end(code: ErrorCode, refusal: ErrorCode | null): void {
    if (this.#state.kind === "ended") return;
    this.#stop({ kind: "ended", code }, refusal, stoppedHere(code));
  }

  #stop(state: LinkState, refusal: ErrorCode | null, outcome: Outcome): void {
    this.#state = state;
    this.#presence = { kind: "away", nextMs: Infinity };
    this.#candidates.stopProbes();
    this.#actions.giveDialUp(this.#dial.turnOff());
    this.#actions.endAll(this.#candidates.members, refusal);
    this.#actions.settle(outcome);
  }

  // Deciding.

  #carryOut(decisions: readonly Decision[]): void {
    for (const decision of decisions) {
      const member = this.#candidates.get(decision.connection);
      if (member === undefined) continue;
      const { id } = member;
      switch (decision.kind) {
        case "propose":
          member.number = decision.number;
          this.#actions.send(id, FrameKind.USE, decision.number);
          break;
        case "adopt":
          this.#adopt(member, decision.number, decision.newSession);
          break;
        case "resume":
          this.#attach(id);
          break;
        case "probe":
          this.#actions.send(id, FrameKind.PING, decision.nonce);
          this.#candidates.startProbe(decision.claimant, this.#afterMs("probeTimeoutMs"));
          break;
        case "refuse":
          this.#actions.tell(duplicateNews(member, this.#session));
          this.#remove(id).refuse(id, "duplicate", "a living process has this name");
          break;
        case "supersede":
          this.#actions.tell(supersededNews(member, this.#candidates.usableNumber));
          this.#remove(id).abort(id, "local");
          break;
        case "displace":
          this.#actions.tell(displacedNews(member, this.#session, this.#candidates.usableNumber));
          this.#remove(id).refuse(id, "displaced", "another process has taken this name");
          break;
        case "abandon":
          this.#remove(id).abort(id, "silent");
      }
    }
  }

  #adopt(member: Member, number: number, newSession: boolean): void {
    const { id, remote: { bootId } } = member;
    const before = this.#session;
    member.number = number;
    if (newSession) {
      this.#session = bootId;
      this.#isHeld = false;
      this.#actions.settle(...outcomeOfNext(before, bootId));
      this.#actions.add({ kind: "begin", connection: id });
    }
    if (this.#candidates.isFollower) this.#actions.send(id, FrameKind.USEACK, number);
    this.#attach(id);
    const newProcess = before !== null && before !== bootId;
    this.#actions.connected({ connection: id, identifier: number, bootId, newProcess });
  }

  #attach(connection: number): void {
    this.#presence = HERE;
    this.#actions.add({ kind: "attach", connection });
    this.#actions.giveDialUp(this.#dial.succeed());
  }

  /** From now on there is nobody to send to. */
  #wait(): void {
    this.#presence = { kind: "away", nextMs: this.#afterMs("resumeWindowMs") };
  }

  #afterMs(setting: "probeTimeoutMs" | "resumeWindowMs"): number {
    return this.#nowMs + this.#options.settings[setting];
  }

  #remove(connection: number): LinkActions {
    this.#candidates.remove(connection);
    return this.#actions;
  }

  // Dialling.

  #dialNow(): void {
    if (this.#dial.begin()) this.#actions.add({ kind: "dial" });
  }

  #dialLater(): void {
    this.#dial.beginLater(this.usable !== null, this.#candidates.members, this.#nowMs);
  }
}
