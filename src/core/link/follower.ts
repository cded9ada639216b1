/**
 * The follower: the end with the smaller name, which does what the arbiter decides.
 *
 * | USE(n) arrives on N, and C is the connection in use | then |
 * | --- | --- |
 * | N's life was displaced or refused before | N is displaced |
 * | N leads to the same life of the arbiter, n is greater than C's proposal, or no C | adopt N |
 * | the same life, n is smaller | N stands by, and is adopted when the greater one dies |
 * | another life with a higher ordinal, or no C | N |
 * | another life with a lower or equal ordinal | C is probed: dead means N, alive refuses N |
 *
 * "N" of another life is adopted only after N itself has answered a probe, as long as a session
 * with another life is held: a decision that lay in a dead machine's buffer takes nothing over. The
 * probe is left out where the ordinals of both lives are known to rise (each keeps a state file) and
 * N's is above that of the session's life: N's began later then. With ordinals that may fall, or
 * that of the connection in use instead, the dead machine's decision would be back.
 * START on N says that the arbiter uses N and has ended what is older: then it ends that too.
 * Adopting, it settles the number above all that this link has had. When the connection in use
 * dies, it falls back to the greatest other one of the same life.
 *
 * Source: docs/protocol.md, "Which connection".
 *
 * @module
 */

import {
  type Candidate,
  type CandidateLife,
  type Decision,
  type LinkRules,
  newCandidate,
  type RulesSnapshot,
} from "./candidate.ts";
import { DisplacedBootIds } from "./displaced_boot_ids.ts";
import { SmallList } from "./small_list.ts";
import { isPlausibleNumber, lastWithoutConnections, settleNumber } from "./link_number.ts";

/** The rules at the end with the smaller name. */
export class Follower implements LinkRules {
  readonly #claims = new SmallList<Candidate>();
  readonly #displaced = new DisplacedBootIds();
  #lastNumber = 0;
  #lastNonce = 0;
  #sessionBootId: string | null = null;
  /** The ordinal of that life, where ordinals are known to rise; else `Infinity`. */
  #sessionOrdinal = Infinity;

  get usable(): number | null {
    return this.#current()?.id ?? null;
  }

  get sessionBootId(): string | null {
    return this.#sessionBootId;
  }

  claim(id: number): Readonly<Candidate> | undefined {
    return this.#claims.get(id);
  }

  snapshot(): RulesSnapshot {
    return {
      role: "follower",
      lastNumber: this.#lastNumber,
      lastNonce: this.#lastNonce,
      sessionBootId: this.#sessionBootId,
      sessionOrdinal: this.#sessionOrdinal,
      claims: this.#claims.all,
      displaced: this.#displaced.all,
    };
  }

  drawNonce(): number {
    return ++this.#lastNonce;
  }

  handleCompleted(id: number, life: CandidateLife): Decision[] {
    this.#claims.add(newCandidate(id, life, "waiting"));
    return [];
  }

  handleUse(id: number, proposal: number, session = 0): Decision[] | null {
    const claim = this.#claims.get(id);
    if (claim === undefined || claim.state !== "waiting" || claim.proposal !== 0) return null;
    if (!isPlausibleNumber(proposal, this.#lastNumber)) return null;
    claim.proposal = proposal;
    claim.number = proposal;
    // At a client, each session counts as a life: one that was given up is over.
    if (session > 0) claim.bootId = `${claim.bootId}/${session}`;
    return this.#judge(claim);
  }

  /** Only the follower sends USEACK. */
  handleUseAck(): null {
    return null;
  }

  /**
   * The arbiter has ended what is older than this one, but on a dead path nobody hears that.
   */
  handleStart(id: number): Decision[] {
    const claim = this.#claims.get(id);
    if (claim?.state !== "adopted") return [];
    const decisions: Decision[] = [];
    for (const older of this.#claims.all) {
      if (older.bootId !== claim.bootId || older.proposal >= claim.proposal) continue;
      if (older.state !== "adopted" && older.state !== "standby") continue;
      decisions.push({ kind: "supersede", connection: older.id });
      decisions.push(...this.handleClosed(older.id));
    }
    return decisions;
  }

  handlePong(id: number, nonce: number): Decision[] {
    const decisions: Decision[] = [];
    for (const claimant of this.#claims.all) {
      if (claimant.state !== "probing" || claimant.target !== id) continue;
      if (claimant.nonce > nonce) continue;
      this.#claims.delete(claimant.id);
      this.#displaced.add(claimant.bootId);
      decisions.push({ kind: "refuse", connection: claimant.id });
    }
    const claim = this.#claims.get(id);
    if (claim?.state === "verifying" && claim.nonce <= nonce) {
      claim.state = "waiting";
      // If another life was adopted while the probe ran, the rule is applied to that one.
      const stands = claim.against === this.#sessionBootId && !this.#displaced.has(claim.bootId);
      decisions.push(...(stands ? this.#adopt(claim) : this.#judge(claim)));
    }
    return decisions;
  }

  handleProbeTimeout(claimant: number): Decision[] {
    const claim = this.#claims.get(claimant);
    if (claim?.state === "probing") return this.#settleDead(claim);
    if (claim?.state !== "verifying") return [];
    this.#claims.delete(claimant);
    return [{ kind: "abandon", connection: claimant }];
  }

  handleClosed(id: number): Decision[] {
    const wasCurrent = this.#current()?.id === id;
    if (!this.#claims.delete(id)) return [];
    if (this.#claims.all.length === 0) this.#lastNumber = lastWithoutConnections(this.#lastNumber);
    const decisions: Decision[] = [];
    for (const claimant of this.#claims.all) {
      if (claimant.state !== "probing" || claimant.target !== id) continue;
      decisions.push(...this.#settleDead(claimant));
    }
    if (wasCurrent) decisions.push(...this.#fallBack());
    return decisions;
  }

  #judge(claim: Candidate): Decision[] {
    if (this.#displaced.has(claim.bootId)) return this.#displace(claim);
    const current = this.#current();
    if (claim.bootId === this.#sessionBootId) {
      if (current === null || claim.proposal > current.proposal) return this.#adopt(claim);
      claim.state = "standby";
      return [];
    }
    if (current === null || claim.ordinal > current.ordinal) return this.#adoptOther(claim);
    claim.state = "probing";
    claim.target = current.id;
    claim.nonce = this.drawNonce();
    return [
      { kind: "probe", connection: current.id, claimant: claim.id, nonce: claim.nonce },
    ];
  }

  #settleDead(claim: Candidate): Decision[] {
    const target = claim.target;
    claim.state = "waiting";
    claim.target = 0;
    if (this.#displaced.has(claim.bootId)) return this.#displace(claim);
    const current = this.#current();
    if (current === null || current.id === target) return this.#adoptOther(claim);
    return this.#judge(claim);
  }

  /**
   * Another life of the arbiter: believed at once only when no session would be given up, or when
   * its life began later than that of the session for sure.
   */
  #adoptOther(claim: Candidate): Decision[] {
    if (this.#sessionBootId === null || this.#sessionBootId === claim.bootId) {
      return this.#adopt(claim);
    }
    if (claim.rises && claim.ordinal > this.#sessionOrdinal) return this.#adopt(claim);
    claim.state = "verifying";
    claim.against = this.#sessionBootId;
    claim.nonce = this.drawNonce();
    return [{ kind: "probe", connection: claim.id, claimant: claim.id, nonce: claim.nonce }];
  }

  #adopt(claim: Candidate): Decision[] {
    const number = settleNumber(claim.proposal, this.#lastNumber);
    const newSession = this.#sessionBootId !== claim.bootId;
    this.#lastNumber = number;
    const ended = newSession ? this.#sessionBootId : null;
    if (ended !== null) this.#displaced.add(ended);
    this.#sessionBootId = claim.bootId;
    this.#sessionOrdinal = claim.rises ? claim.ordinal : Infinity;
    claim.state = "adopted";
    claim.number = number;
    const decisions: Decision[] = [
      { kind: "adopt", connection: claim.id, number, newSession },
    ];
    for (const other of this.#claims.all) {
      if (other.bootId !== ended) continue;
      decisions.push({ kind: "displace", connection: other.id });
      decisions.push(...this.handleClosed(other.id));
    }
    return decisions;
  }

  /** Its verdict was spoken before. */
  #displace(claim: Candidate): Decision[] {
    this.#claims.delete(claim.id);
    return [{ kind: "displace", connection: claim.id }];
  }

  #fallBack(): Decision[] {
    let next: Candidate | null = null;
    for (const claim of this.#claims.all) {
      if (claim.bootId !== this.#sessionBootId) continue;
      if (claim.state !== "adopted" && claim.state !== "standby") continue;
      if (next === null || claim.proposal > next.proposal) next = claim;
    }
    if (next === null) return [];
    if (next.state === "standby") return this.#adopt(next);
    return [{ kind: "resume", connection: next.id }];
  }

  #current(): Candidate | null {
    let current: Candidate | null = null;
    for (const claim of this.#claims.all) {
      if (claim.state !== "adopted" || claim.bootId !== this.#sessionBootId) continue;
      if (current === null || claim.proposal > current.proposal) current = claim;
    }
    return current;
  }
}
