/**
 * Claims and decisions: the words in which the arbiter and the follower speak.
 *
 * A claim is a connection whose handshake is complete, as the rules see it. The rules take what
 * happened and yield decisions; the link carries them out. They know no socket, no time (a probe's
 * deadline comes in as `handleProbeTimeout`) and no message.
 *
 * Source: docs/protocol.md, "Which connection".
 *
 * @module
 */

/** Where a claim stands. */
export type CandidateState =
  /** Follower: complete, USE has not come. */
  | "waiting"
  /** The connection in use is being probed on behalf of this one. */
  | "probing"
  /** Follower: this one itself is being probed before another life is believed. */
  | "verifying"
  /** Follower: its proposal is smaller than that of the connection in use. */
  | "standby"
  /** Arbiter: USE was sent. */
  | "proposed"
  /** Both: USEACK was received (arbiter) or sent (follower). */
  | "adopted";

/** What the rules read of a HELLO. */
export interface CandidateLife {
  readonly bootId: string;
  readonly ordinal: number;
  readonly ordinalRises: boolean;
}

/** A connection as the rules see it. */
export interface Candidate {
  /** The connection. */
  readonly id: number;
  /** Which life of the peer it leads to; at a client, from USE on, with the number of the session. */
  bootId: string;
  /** The ordinal of that life. */
  readonly ordinal: number;
  /** Whether that is known to be above those of all lives of its name before. */
  readonly rises: boolean;
  /** Where it stands. */
  state: CandidateState;
  /** What the arbiter proposed; 0 before. Orders the claims of one life of the arbiter. */
  proposal: number;
  /** The link number: the proposal until it is settled. */
  number: number;
  /** While `probing`: the connection that is probed. */
  target: number;
  /** While `probing` or `verifying`: the least nonce whose pong answers. */
  nonce: number;
  /** While `verifying`: whose session was held when the probe was sent. */
  against: string | null;
}

/** What is to be done, in this order. */
export type Decision =
  /** Send USE(`number`) on it. */
  | { readonly kind: "propose"; readonly connection: number; readonly number: number }
  /** It is the one to use: (follower: answer USEACK(`number`),) send START and what is kept. */
  | {
    readonly kind: "adopt";
    readonly connection: number;
    readonly number: number;
    /** The peer's process is another one: its session begins, the old one ends. */
    readonly newSession: boolean;
  }
  /** It is the one to use again after a newer one died: send START and what is kept. */
  | { readonly kind: "resume"; readonly connection: number }
  /** Send PING(`nonce`) on `connection`; the verdict is about `claimant`. */
  | {
    readonly kind: "probe";
    readonly connection: number;
    readonly claimant: number;
    readonly nonce: number;
  }
  /** Refuse it as a duplicate: a living process owns the name. */
  | { readonly kind: "refuse"; readonly connection: number }
  /** Abort it: a newer connection to the same process took its place. */
  | { readonly kind: "supersede"; readonly connection: number }
  /** Tell its process that another one took the name over, and end it. */
  | { readonly kind: "displace"; readonly connection: number }
  /** Abort it: it did not answer its own probe. */
  | { readonly kind: "abandon"; readonly connection: number };

/** What the link asks of the rules, in either role. */
export interface LinkRules {
  /** The connection to send on; `null` when there is none. */
  readonly usable: number | null;
  /** The life of the peer with which a session is held; `null` before the first. */
  readonly sessionBootId: string | null;
  /** A number for the next ping; all pings of a link draw from here, so a later one is greater. */
  drawNonce(): number;
  /** A handshake completed. */
  handleCompleted(id: number, life: CandidateLife, wallMicros: number): Decision[];
  /** USE arrived, at a client for a session (else 0). `null`: it may not come now, or its number is implausible. */
  handleUse(id: number, proposal: number, session?: number): Decision[] | null;
  /** USEACK arrived. `null`: it may not come now, or its number is implausible. */
  handleUseAck(id: number, settled: number, wallMicros: number): Decision[] | null;
  /** START arrived: the other end sends its session on this connection now. */
  handleStart(id: number, wallMicros: number): Decision[];
  /** PONG arrived on `id`. */
  handlePong(id: number, nonce: number, wallMicros: number): Decision[];
  /** The probe on behalf of `claimant` had no answer in time. */
  handleProbeTimeout(claimant: number, wallMicros: number): Decision[];
  /** The connection is gone, for whatever reason. */
  handleClosed(id: number, wallMicros: number): Decision[];
  /** The claim of a connection, for whoever looks. */
  claim(id: number): Readonly<Candidate> | undefined;
  /** All that the rules go by. */
  snapshot(): RulesSnapshot;
}

/** All that the rules of one end go by, for whoever compares states. */
export interface RulesSnapshot {
  readonly role: "arbiter" | "follower";
  readonly lastNumber: number;
  readonly lastNonce: number;
  readonly sessionBootId: string | null;
  /** At the follower: see there. */
  readonly sessionOrdinal: number;
  readonly claims: readonly Readonly<Candidate>[];
  readonly displaced: readonly string[];
}

/** A claim whose handshake has just completed. */
export function newCandidate(
  id: number,
  { bootId, ordinal, ordinalRises }: CandidateLife,
  state: CandidateState,
): Candidate {
  return {
    id,
    bootId,
    ordinal,
    rises: ordinalRises,
    state,
    proposal: 0,
    number: 0,
    target: 0,
    nonce: 0,
    against: null,
  };
}

const encoder = new TextEncoder();

/** Compares names by their UTF-8 bytes: the greater one arbitrates. */
export function compareNames(left: string, right: string): number {
  const a = encoder.encode(left);
  const b = encoder.encode(right);
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    if (a[index] !== b[index]) return a[index]! - b[index]!;
  }
  return a.length - b.length;
}
