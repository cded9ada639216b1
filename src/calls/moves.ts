/**
 * Calls that somebody has another place for: they do not wait for a peer that is away.
 *
 * @module
 */

/**
 * Among the options of a request: it fails with `peer-down` as soon as there is no connection that
 * takes it, unless it was written; and if it is idempotent, also then.
 */
export const MOVES: unique symbol = Symbol("moves");

/** Whether it is among the options. */
export function moves(options: object): boolean {
  return MOVES in options;
}
