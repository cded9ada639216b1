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
import { admitAs } from "./admission.ts";
import type { Decision } from "./candidate.ts";
import { CandidateSet, type Member } from "./candidate_set.ts";
import { DialPolicy, type DialWish, dialWish } from "./dial_policy.ts";
import type { LinkAction, LinkEvent, Outcome, Restart } from "./link_event.ts";
import { displacedNews, duplicateNews, type LinkNews, supersededNews } from "./link_news.ts";
import {
  HERE,
  HERE_CLOSING,
  KEPT,
  type LinkOptions,
  type LinkSnapshot,
  type LinkState,
  NEW,
  type Presence,
} from "./link_state.ts";
import { CLOSED_THERE, RESTARTED, stayedAway, stoppedHere } from "./outcome.ts";

/** The link. */
export class Link {
  /** Under which name the table and the callers know the other end. */
  readonly name: string;
  readonly #options: LinkOptions;
  readonly #dial: DialPolicy;
  readonly #candidates: CandidateSet;
  #state: LinkState = NEW;
  #presence: Presence = { kind: "away", nextMs: Infinity };
  /** The life with which a session was begun last. */
  #session: string | null = null;
  #actions: LinkAction[] = [];
  #nowMs = 0;
  #wallMicros = 0;

  constructor(options: LinkOptions) {
    const { definition, self, settings, draw } = options;
    this.#options = options;
    this.name = definition.name ?? `${definition.hostname}:${definition.port}`;
    this.#candidates = new CandidateSet(self, settings.identifier);
    this.#dial = new DialPolicy(settings, draw);
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
    if (this.#state.kind === "ended" || this.#state.kind === "draining") return this.#state.kind;
    if (this.usable === null) return "down";
    return this.#presence === HERE_CLOSING ? "draining" : "up";
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
    const { self: { name: own }, definition } = this.#options;
    if (this.#state.kind === "ended") {
      return { code: "closing", detail: `'${own}' has ended this link` };
    }
    const isNamed = definition.name !== undefined;
    const { present } = this.#candidates;
    const { publicKey } = definition;
    return admitAs({ own, name: this.name, isNamed, present, publicKey }, remote, certificateNames);
  }

  /**
   * Takes what happened.
   *
   * @param nowMs Monotonic milliseconds.
   * @param wallMicros The wall clock, microseconds since 1970; it may step back.
   * @returns What is to be done, in this order, before the next event is told.
   */
  handle(event: LinkEvent, nowMs: number, wallMicros: number): readonly LinkAction[] {
    const actions: LinkAction[] = this.#actions = [];
    this.#nowMs = nowMs;
    this.#wallMicros = wallMicros;
    switch (event.kind) {
      case "start":
        this.#state = KEPT;
        this.#wait();
        this.#dialNow();
        break;
      case "dial":
        this.#dialNow();
        break;
      case "dial-ended":
        this.#dial.end();
        if (event.error !== "") this.#dial.lastError = event.error;
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
        this.#tell({ ...event, type: "suspect" });
        this.#dialNow();
        break;
      case "closed":
        this.#handleClosed(event.connection);
        break;
      case "timeout":
        this.#handleTimeout();
        break;
      case "drain":
        this.#drain();
        break;
      case "stop":
        this.#end(event.code, event.refusal);
    }
    return actions;
  }

  /** What tells this state from another one. */
  snapshot(): LinkSnapshot {
    return {
      state: this.#state,
      presence: this.#presence.kind,
      dial: this.#dial.state,
      session: this.#session,
      candidates: this.#candidates.snapshot(),
    };
  }

  #handleOpened(event: Extract<LinkEvent, { kind: "opened" }>): void {
    const { connection, remote, silence } = event;
    if (event.isOwnDial) this.#dial.end();
    if (this.#state.kind === "ended") {
      this.#actions.push({ kind: "refuse", connection, code: "closing", detail: "" });
      return;
    }
    this.#candidates.add(connection, remote, silence);
    this.#send(connection, FrameKind.PING, this.drawNonce());
    const member = this.#candidates.get(connection)!;
    this.#carryOut(this.#candidates.decide(member, this.#wallMicros));
  }

  #handleControl({ connection, frame, number }: Extract<LinkEvent, { kind: "control" }>): void {
    // A frame of a connection that was ended while it came.
    if (this.#candidates.get(connection) === undefined) return;
    if (frame === FrameKind.DRAIN) {
      this.#handleDrain(connection);
      return;
    }
    if (frame === FrameKind.PONG && this.#state.kind === "draining") {
      const isHeard = number >= (this.#state.nonce ?? Infinity);
      if (isHeard) this.#state = { kind: "draining", nonce: null };
    }
    const decisions = this.#candidates.handleFrame(connection, frame, number, this.#wallMicros);
    if (decisions !== null) this.#carryOut(decisions);
    else this.#actions.push({ kind: "breach", connection, code: "unexpected-frame", frame });
  }

  #handleDrain(connection: number): void {
    if (connection !== this.usable || this.#presence !== HERE) return;
    this.#presence = HERE_CLOSING;
    this.#actions.push({ kind: "hold" });
    this.#tell({ type: "draining", connection });
  }

  #handleRefused({ connection, code, error }: Extract<LinkEvent, { kind: "refused" }>): void {
    // Nothing was in use before: this end was not let in.
    if (error !== undefined && this.usable === null) this.#dial.lastError = error;
    if (code === "duplicate" || code === "displaced") this.#fence(connection, code);
    // That life of the other end is over: nothing will come of what it has.
    if (code === "closing" && connection === this.usable) this.#settle(CLOSED_THERE);
  }

  #fence(connection: number, code: ErrorCode): void {
    if (this.#options.settings.fence === "process") {
      this.#actions.push({ kind: "fenced", code });
      return;
    }
    this.#dial.lastError = `fenced: another process has the name '${this.#options.self.name}'`;
    this.#tell({ type: "fenced", connection, code });
    this.#end("fenced", null);
  }

  #handleClosed(connection: number): void {
    const wasUsable = connection === this.usable;
    const identifier = this.numberOf(connection);
    const decisions = this.#candidates.close(connection, this.#wallMicros);
    if (this.#state.kind === "ended") return;
    this.#carryOut(decisions);
    if (wasUsable && this.usable === null) {
      this.#wait();
      this.#tell({ type: "lost", connection, identifier });
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
      this.#settle(stayedAway(this.#nowMs - resumeWindowMs));
      this.#presence = { kind: "away", nextMs: this.#nowMs + resumeWindowMs / 4 };
    }
    if (this.#dial.deadlineMs > this.#nowMs) return;
    this.#dial.end();
    if (this.#wish() === "now") this.#dialNow();
    else this.#dialLater();
  }

  #drain(): void {
    if (this.#state.kind === "ended" || this.#state.kind === "draining") return;
    const { usable } = this;
    const nonce = usable === null ? null : this.drawNonce();
    this.#state = { kind: "draining", nonce };
    if (usable === null || nonce === null) return;
    this.#send(usable, FrameKind.DRAIN, 0);
    this.#send(usable, FrameKind.PING, nonce);
  }

  #end(code: ErrorCode, refusal: ErrorCode | null): void {
    if (this.#state.kind === "ended") return;
    this.#state = { kind: "ended", code };
    this.#presence = { kind: "away", nextMs: Infinity };
    this.#candidates.stopProbes();
    if (this.#dial.stop()) this.#actions.push({ kind: "give-dial-up" });
    for (const { id } of this.#candidates.members) {
      this.#actions.push(
        refusal === null
          ? { kind: "abort", connection: id, reason: "local" }
          : { kind: "refuse", connection: id, code: refusal, detail: "" },
      );
    }
    this.#settle(stoppedHere(code));
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
          this.#send(id, FrameKind.USE, decision.number);
          break;
        case "adopt":
          this.#adopt(member, decision.number, decision.newSession);
          break;
        case "resume":
          this.#attach(id);
          break;
        case "probe":
          this.#send(id, FrameKind.PING, decision.nonce);
          this.#candidates.startProbe(
            decision.claimant,
            this.#nowMs + this.#options.settings.probeTimeoutMs,
          );
          break;
        case "refuse":
          this.#tell(duplicateNews(member, this.#session));
          this.#refuse(id, "duplicate", "a living process has this name");
          break;
        case "supersede":
          this.#tell(supersededNews(member, this.#candidates.usableNumber));
          this.#abort(id, "local");
          break;
        case "displace":
          this.#tell(displacedNews(member, this.#session, this.#candidates.usableNumber));
          this.#refuse(id, "displaced", "another process has taken this name");
          break;
        case "abandon":
          this.#abort(id, "silent");
      }
    }
  }

  #adopt(member: Member, number: number, newSession: boolean): void {
    const { id, remote: { bootId } } = member;
    const before = this.#session;
    member.number = number;
    if (newSession) {
      this.#session = bootId;
      const restarted = before === null ? null : { oldBootId: before, bootId };
      this.#settle(RESTARTED, restarted);
      this.#actions.push({ kind: "begin", connection: id });
    }
    if (this.#candidates.isFollower) this.#send(id, FrameKind.USEACK, number);
    this.#attach(id);
    const newProcess = before !== null && before !== bootId;
    this.#tell({ type: "connected", connection: id, identifier: number, bootId, newProcess });
  }

  #attach(connection: number): void {
    this.#presence = HERE;
    this.#actions.push({ kind: "attach", connection });
    if (this.#dial.succeed()) this.#actions.push({ kind: "give-dial-up" });
  }

  /** From now on there is nobody to send to. */
  #wait(): void {
    const nextMs = this.#nowMs + this.#options.settings.resumeWindowMs;
    this.#presence = { kind: "away", nextMs };
  }

  #refuse(connection: number, code: ErrorCode, detail: string): void {
    this.#candidates.remove(connection);
    this.#actions.push({ kind: "refuse", connection, code, detail });
  }

  #abort(connection: number, reason: "local" | "silent"): void {
    this.#candidates.remove(connection);
    this.#actions.push({ kind: "abort", connection, reason });
  }

  #send(connection: number, frame: number, number: number): void {
    this.#actions.push({ kind: "send", connection, frame, number });
  }

  #settle(outcome: Outcome, restarted: Restart | null = null): void {
    this.#actions.push({ kind: "settle", outcome, restarted });
  }

  // Dialling.

  #wish(): DialWish {
    if (this.#state.kind === "ended" || this.#state.kind === "new") return "no";
    const { settings } = this.#options;
    return dialWish(this.usable !== null, this.#candidates.members, settings, this.#nowMs);
  }

  #dialNow(): void {
    if (this.#state.kind === "ended" || !this.#dial.begin()) return;
    this.#actions.push({ kind: "dial" });
  }

  #dialLater(): void {
    if (this.#wish() !== "no") this.#dial.beginLater(this.#nowMs);
  }

  // Telling.

  #tell(news: LinkNews): void {
    this.#actions.push({ kind: "tell", news });
  }
}
