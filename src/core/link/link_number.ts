/**
 * The identifier of a connection: the link number.
 *
 * The arbiter proposes it, the other end settles it; both rules are here. Whatever the mode, the
 * numbers of one link only ever grow, so of two connections to one peer the greater number is the
 * newer one, at both ends and in every table.
 *
 * Source: docs/protocol.md, "The identifier".
 *
 * @module
 */

import { NUMBER_MAX } from "../wire/frame.ts";

/** How numbers are drawn: by counting, or from the clock (microseconds since 1970). */
export type IdentifierMode = "counter" | "clock";

/** Up to here a number may jump: far above any count, and microseconds until the year 2112. */
export const JUMP_MAX = 2 ** 52;

/** Above `JUMP_MAX` numbers may only grow by steps of at most this. */
const STEP_MAX = 2 ** 20;

/**
 * The arbiter's next proposal.
 *
 * @param last The greatest number proposed or settled on this link; 0 at first.
 * @param wallMicros The wall clock; it may have stepped back. Used in mode `clock` only.
 * @throws {RangeError} When the numbers are used up.
 */
export function proposeNumber(mode: IdentifierMode, last: number, wallMicros: number): number {
  const next = mode === "clock" ? Math.max(Math.floor(wallMicros), last + 1) : last + 1;
  if (next > NUMBER_MAX) throw new RangeError(`Cannot propose a link number above ${last}`);
  return next;
}

/**
 * The number under which the other end adopts a connection.
 *
 * @param proposal What the arbiter proposed; it may have forgotten its count in a restart.
 * @param last The last number settled with this peer; 0 at first.
 */
export function settleNumber(proposal: number, last: number): number {
  return Math.max(proposal, last + 1);
}

/**
 * The last number of a link that has no connection any more: kept, unless somebody drove it beyond
 * `JUMP_MAX`. There is nothing left to be newer than, so the link may count from the start.
 */
export function lastWithoutConnections(last: number): number {
  return last > JUMP_MAX ? 0 : last;
}

/**
 * Whether a number that the other end proposed or settled can be believed.
 *
 * A number near the end of its range would lock the link for good. So it may jump only up to
 * `JUMP_MAX`; beyond that it must follow closely on the last one.
 */
export function isPlausibleNumber(value: number, last: number): boolean {
  return value >= 1 && value <= Math.max(JUMP_MAX, last + STEP_MAX) && value <= NUMBER_MAX;
}
