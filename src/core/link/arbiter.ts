/**
 * The arbiter: the end with the greater name, which alone decides between connections.
 *
 * | when a handshake completes on N, and C is the newest connection decided on | then |
 * | --- | --- |
 * | N's process was displaced or refused before | N is displaced |
 * | there is no C | N |
 * | C leads to the same process (bootId) | N: the newest completed handshake wins |
 * | N's process has the higher ordinal | N |
 * | otherwise | C is probed: dead means N, alive means N is refused as a duplicate |
 *
 * "N" means: propose a number on it (USE). Until the follower settles it (USEACK) the arbiter goes
 * on sending on C; only then are the older connections ended. If N dies before, C stays in use.
 * A USEACK that comes after another process was proposed, with a number that is not below that
 * proposal, is not taken: two connections would have their numbers in the wrong order.
 *
 * A probe is sent for each claimant after its own handshake, and only its pong or a later one
 * refuses it. If C was superseded meanwhile that is no verdict: the rule is applied anew.
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
import {
  type IdentifierMode,
  isPlausibleNumber,
  lastWithoutConnections,
  proposeNumber,
} from "./link_number.ts";

/** The rules at the end with the greater name. */
export class Arbiter implements LinkRules {
  readonly #mode: IdentifierMode;
  readonly #claims = new SmallList<Candidate>();
  readonly #displaced = new DisplacedBootIds();
  #lastNumber = 0;
  #lastNonce = 0;
  #sessionBootId: string | null = null;

  /** @param mode Where numbers come from. */
  constructor(mode: IdentifierMode) {
    this.#mode = mode;
  }

  get usable(): number | null {
    return this.#greatest((claim) => claim.state === "adopted")?.id ?? null;
  }

  get sessionBootId(): string | null {
    return this.#sessionBootId;
  }

  claim(id: number): Readonly<Candidate> | undefined {
    return this.#claims.get(id);
  }

  snapshot(): RulesSnapshot {
    return {
      role: "arbiter",
      lastNumber: this.#lastNumber,
      lastNonce: this.#lastNonce,
      sessionBootId: this.#sessionBootId,
      sessionOrdinal: Infinity,
      claims: this.#claims.all,
      displaced: this.#displaced.all,
    };
  }

  drawNonce(): number {
    return ++this.#lastNonce;
  }

  handleCompleted(id: number, life: CandidateLife, wallMicros: number): Decision[] {
    const claim = newCandidate(id, life, "waiting");
    this.#claims.add(claim);
    return this.#decide(claim, wallMicros);
  }

  /** Only the arbiter sends USE. */
  handleUse(): null {
    return null;
  }

  handleUseAck(id: number, settled: number, wallMicros: number): Decision[] | null {
    const claim = this.#claims.get(id);
    if (claim === undefined || claim.state !== "proposed") return null;
    if (settled < claim.proposal || !isPlausibleNumber(settled, this.#lastNumber)) return null;
    // While this one was proposed another life was adopted, and this one's was told.
    if (this.#displaced.has(claim.bootId)) return this.#displace(claim);
    if (this.#isOvertaken(claim, settled)) {
      return [{ kind: "abandon", connection: id }, ...this.handleClosed(id, wallMicros)];
    }
    claim.state = "adopted";
    claim.number = settled;
    this.#lastNumber = Math.max(this.#lastNumber, settled);
    const newSession = this.#sessionBootId !== claim.bootId;
    if (newSession && this.#sessionBootId !== null) this.#displaced.add(this.#sessionBootId);
    this.#sessionBootId = claim.bootId;
    const decisions: Decision[] = [
      { kind: "adopt", connection: id, number: settled, newSession },
    ];
    for (const older of this.#claims.all) {
      if (!isDecided(older) || older.proposal >= claim.proposal) continue;
      const isOut = older.bootId !== claim.bootId;
      if (isOut) this.#displaced.add(older.bootId);
      decisions.push({ kind: isOut ? "displace" : "supersede", connection: older.id });
      decisions.push(...this.handleClosed(older.id, wallMicros));
    }
    return decisions;
  }

  /** It has decided already; the older connections were ended with the decision. */
  handleStart(): Decision[] {
    return [];
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
    return decisions;
  }

  handleProbeTimeout(claimant: number, wallMicros: number): Decision[] {
    const claim = this.#claims.get(claimant);
    if (claim === undefined || claim.state !== "probing") return [];
    return this.#settleDead(claim, wallMicros);
  }

  handleClosed(id: number, wallMicros: number): Decision[] {
    if (!this.#claims.delete(id)) return [];
    if (this.#claims.all.length === 0) this.#lastNumber = lastWithoutConnections(this.#lastNumber);
    const decisions: Decision[] = [];
    for (const claimant of this.#claims.all) {
      if (claimant.state !== "probing" || claimant.target !== id) continue;
      decisions.push(...this.#settleDead(claimant, wallMicros));
    }
    return decisions;
  }

  #decide(claim: Candidate, wallMicros: number): Decision[] {
    if (this.#displaced.has(claim.bootId)) return this.#displace(claim);
    const current = this.#greatest(isDecided);
    if (current === null || current.bootId === claim.bootId || claim.ordinal > current.ordinal) {
      return this.#propose(claim, wallMicros);
    }
    claim.state = "probing";
    claim.target = current.id;
    claim.nonce = this.drawNonce();
    return [
      { kind: "probe", connection: current.id, claimant: claim.id, nonce: claim.nonce },
    ];
  }

  /** The probed connection is dead or gone; unless another took its place, the claimant wins. */
  #settleDead(claim: Candidate, wallMicros: number): Decision[] {
    const target = claim.target;
    claim.state = "waiting";
    claim.target = 0;
    if (this.#displaced.has(claim.bootId)) return this.#displace(claim);
    const current = this.#greatest(isDecided);
    if (current === null || current.id === target) return this.#propose(claim, wallMicros);
    return this.#decide(claim, wallMicros);
  }

  #propose(claim: Candidate, wallMicros: number): Decision[] {
    const number = proposeNumber(this.#mode, this.#lastNumber, wallMicros);
    this.#lastNumber = number;
    claim.state = "proposed";
    claim.proposal = number;
    claim.number = number;
    return [{ kind: "propose", connection: claim.id, number }];
  }

  /**
   * Whether another process was proposed after this one, under a number that is not above what this
   * one's process has settled. That process knows nothing of this count and will settle what was
   * proposed: adopted now, the older connection would have the greater number.
   */
  #isOvertaken(claim: Candidate, settled: number): boolean {
    for (const other of this.#claims.all) {
      if (other.state !== "proposed" || other.bootId === claim.bootId) continue;
      if (other.proposal > claim.proposal && other.proposal <= settled) return true;
    }
    return false;
  }

  /** Its verdict was spoken before. */
  #displace(claim: Candidate): Decision[] {
    this.#claims.delete(claim.id);
    return [{ kind: "displace", connection: claim.id }];
  }

  #greatest(matches: (claim: Candidate) => boolean): Candidate | null {
    let greatest: Candidate | null = null;
    for (const claim of this.#claims.all) {
      if (!matches(claim)) continue;
      if (greatest === null || claim.proposal > greatest.proposal) greatest = claim;
    }
    return greatest;
  }
}

function isDecided(claim: Candidate): boolean {
  return claim.state === "proposed" || claim.state === "adopted";
}
