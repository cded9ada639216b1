/**
 * The connections of one link, with the rules that choose between them and the probes on their
 * behalf. It passes on what the rules decide and carries nothing out.
 *
 * @module
 */

import { FrameKind } from "../wire/frame.ts";
import type { Hello } from "../wire/hello.ts";
import { Arbiter } from "./arbiter.ts";
import { compareNames, type Decision, type LinkRules, type RulesSnapshot } from "./candidate.ts";
import { Follower } from "./follower.ts";
import type { LinkEvent, Silence } from "./link_event.ts";
import type { IdentifierMode } from "./link_number.ts";
import { SmallList } from "./small_list.ts";

/** A control frame came. */
type ControlEvent = Extract<LinkEvent, { kind: "control" }>;

/** A connection whose handshake is complete. */
export interface Member {
  readonly id: number;
  /** Who the other end has proved to be. */
  readonly remote: Hello;
  readonly silence: Silence;
  /** Its link number; 0 before it is proposed. */
  number: number;
}

/** The deadline of the probe on behalf of a connection. */
interface Probe {
  readonly id: number;
  readonly deadlineMs: number;
}

/** All that the set goes by, for whoever compares states; times are left out. */
export interface CandidateSetSnapshot {
  /** Who has proved to be the other end. */
  readonly proved: string | null;
  readonly rules: RulesSnapshot | null;
  /** The connections with their numbers, in the order in which they came. */
  readonly members: readonly (readonly [number, number])[];
  /** On whose behalf probes run, in the order of their deadlines; those of one deadline together. */
  readonly probes: readonly (readonly number[])[];
}

/** The connections of one link. */
export class CandidateSet {
  readonly #self: Hello;
  readonly #mode: IdentifierMode;
  readonly #members = new SmallList<Member>();
  /** Those that the rules have ended and whose end has not been told yet; hardly ever any. */
  #ending: SmallList<Member> | null = null;
  /** Hardly any link ever probes. */
  #probes: SmallList<Probe> | null = null;
  #rules: LinkRules | null = null;
  #proved: string | null = null;

  /** @param mode Where an arbiter's numbers come from. */
  constructor(self: Hello, mode: IdentifierMode) {
    this.#self = self;
    this.#mode = mode;
  }

  /** The connections, oldest first. */
  get members(): readonly Member[] {
    return this.#members.all;
  }

  /** The one that is used; `null` when there is none. */
  get usable(): number | null {
    return this.#rules?.usable ?? null;
  }

  /** Its link number; 0 when there is none. */
  get usableNumber(): number {
    return this.usable === null ? 0 : this.get(this.usable)?.number ?? 0;
  }

  /** Whether the other end decides. */
  get isFollower(): boolean {
    return this.#rules instanceof Follower;
  }

  /** Who has proved to be the other end, as long as a connection to it is open; else `null`. */
  get present(): string | null {
    return this.#members.all.length > 0 ? this.#proved : null;
  }

  /** A connection, or `undefined`. */
  get(id: number): Member | undefined {
    return this.#members.get(id);
  }

  /** The link number, as long as its end has not been told; 0: not decided, or not there. */
  numberOf(id: number): number {
    return (this.#members.get(id) ?? this.#ending?.get(id))?.number ?? 0;
  }

  /** A number for the next ping; a later one is greater. */
  drawNonce(): number {
    return this.#rules?.drawNonce() ?? 0;
  }

  /** A handshake is complete; `decide` follows. Another name of the other end begins anew. */
  add(id: number, remote: Hello, silence: Silence): void {
    if (this.#proved !== remote.name) this.#rules = null;
    this.#proved = remote.name;
    this.#rules ??= this.#decides(remote) ? new Arbiter(this.#mode) : new Follower();
    this.#members.add({ id, remote, silence, number: 0 });
  }

  /** What the rules say to the connection that was added. */
  decide({ id, remote }: Member, wallMicros: number): Decision[] {
    return this.#rules!.handleCompleted(id, remote, wallMicros);
  }

  /** What the rules say to a control frame; `null`: it may not come now. */
  handleFrame(event: ControlEvent, wallMicros: number): Decision[] | null {
    const { connection: id, frame, number, session = 0 } = event;
    const rules = this.#rules!;
    switch (frame) {
      case FrameKind.USE:
        return rules.handleUse(id, number, session);
      case FrameKind.USEACK:
        return rules.handleUseAck(id, number, wallMicros);
      case FrameKind.START:
        return rules.handleStart(id, wallMicros);
      case FrameKind.PONG:
        return rules.handlePong(id, number, wallMicros);
      default:
        return null;
    }
  }

  /** A connection is gone. @returns What the rules say; nothing where it was taken out before. */
  close(id: number, wallMicros: number): Decision[] {
    if (this.#ending?.delete(id) === true && this.#ending.all.length === 0) this.#ending = null;
    return this.#takeOut(id) ? this.#rules!.handleClosed(id, wallMicros) : [];
  }

  /** Takes a connection out that the rules have ended; `close` follows. */
  remove(id: number): void {
    const member = this.#members.get(id);
    if (member !== undefined && this.#takeOut(id)) (this.#ending ??= new SmallList()).add(member);
  }

  /** A probe on behalf of a claimant begins, instead of an earlier one. */
  startProbe(claimant: number, deadlineMs: number): void {
    const probes = this.#probes ??= new SmallList();
    probes.delete(claimant);
    probes.add({ id: claimant, deadlineMs });
  }

  /** What the rules say to the first probe whose deadline has passed; `null`: there is none. */
  expireProbe(nowMs: number, wallMicros: number): Decision[] | null {
    for (const { id, deadlineMs } of this.#probes?.all ?? []) {
      if (deadlineMs > nowMs) continue;
      this.#probes!.delete(id);
      return this.#rules!.handleProbeTimeout(id, wallMicros);
    }
    return null;
  }

  /** Nothing is probed any more. */
  stopProbes(): void {
    this.#probes = null;
  }

  /** When the next probe's deadline passes, monotonic milliseconds; `Infinity`: none runs. */
  nextDeadlineMs(): number {
    let nextMs = Infinity;
    if (this.#probes === null) return nextMs;
    for (const { deadlineMs } of this.#probes.all) nextMs = Math.min(nextMs, deadlineMs);
    return nextMs;
  }

  /** What tells this state from another one. */
  snapshot(): CandidateSetSnapshot {
    return {
      proved: this.#proved,
      rules: this.#rules?.snapshot() ?? null,
      members: this.#members.all.map(({ id, number }) => [id, number] as const),
      probes: this.#probesByDeadline(),
    };
  }

  /** Of two peers the greater name decides; of an endpoint and its client always the endpoint. */
  #decides({ role, name }: Hello): boolean {
    if (role === "client" || this.#self.role === "client") return role === "client";
    return compareNames(this.#self.name, name) > 0;
  }

  #probesByDeadline(): number[][] {
    const byDeadline = new Map<number, number[]>();
    for (const { id, deadlineMs } of this.#probes?.all ?? []) {
      const ids = byDeadline.get(deadlineMs);
      if (ids === undefined) byDeadline.set(deadlineMs, [id]);
      else ids.push(id);
    }
    return [...byDeadline.values()];
  }

  #takeOut(id: number): boolean {
    this.#probes?.delete(id);
    return this.#members.delete(id);
  }
}
