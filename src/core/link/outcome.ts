/**
 * What fails, and what is repeated.
 *
 * | when | written requests | never written | the session |
 * | --- | --- | --- | --- |
 * | the other end's process is another one | fail, idempotent ones are repeated | waits | ends |
 * | a client: the endpoint has given its session up | fail, idempotent ones are repeated | waits | ends |
 * | the other end says that it is closing | fail, idempotent ones are repeated | waits | ends |
 * | it has stayed away for the resume window | fail | fails if it came before | stays |
 * | this end stops | fail | fails | ends |
 * | the other end is not wanted any more | fail | fails | stays |
 *
 * In the third case and in the last the session's numbers stay: the other process may live, have
 * executed what was written, and come back. Source: docs/protocol.md, "Sessions".
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import type { Outcome, Restart } from "./link_event.ts";

/** The other end's process is another one: what the old one may have executed fails. */
export const RESTARTED: Readonly<Outcome> = {
  code: "peer-restarted",
  endsSession: true,
  repeats: "idempotent",
  unwrittenBeforeMs: -Infinity,
};

/** The same process, which has given the session of this client up: it may have executed all. */
export const FORGOTTEN: Readonly<Outcome> = { ...RESTARTED, code: "session-lost" };

/** Another session begins. @param before The life whose session was held; `null`: none. */
export function outcomeOfNext(before: string | null, bootId: string): [Outcome, Restart | null] {
  if (before === bootId) return [FORGOTTEN, null];
  return [RESTARTED, before === null ? null : { oldBootId: before, bootId }];
}

/** The other end has closed: nothing will come of what it has. */
export const CLOSED_THERE: Readonly<Outcome> = {
  code: "peer-down",
  endsSession: true,
  repeats: "idempotent",
  unwrittenBeforeMs: -Infinity,
};

/** The other end has stayed away. @param sinceMs What has waited since then, monotonic, fails. */
export function stayedAway(sinceMs: number): Outcome {
  return {
    code: "peer-down",
    endsSession: false,
    repeats: "none",
    unwrittenBeforeMs: sinceMs,
  };
}

/** The other end is not wanted any more. */
export const LEFT_BEHIND: Readonly<Outcome> = {
  code: "undefined-peer",
  endsSession: false,
  repeats: "none",
  unwrittenBeforeMs: Infinity,
};

/** This end stops: nobody can send anything any more. */
export function stoppedHere(code: ErrorCode): Outcome {
  return { code, endsSession: true, repeats: "none", unwrittenBeforeMs: Infinity };
}
