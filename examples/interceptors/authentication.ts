/** Lets only those in who show a token that is known, and tells handlers who they are. */

import type { Interceptor } from "../../mod.ts";

/** Shows a token with each call that is made. */
export function showToken(token: string): Interceptor {
  return (call, next) =>
    call.side === "calling" ? next({ metadata: { ...call.metadata, token } }) : next();
}

/** Refused before a handler ran: the caller sees `details.reason`, and `not-executed`. */
export class Unauthenticated extends Error {
  readonly details = { reason: "unauthenticated" };
}

/**
 * Answers only calls with a known token. Handlers find the user in `metadata.user`; what a caller
 * says of that itself does not count.
 *
 * @param users By their tokens.
 */
export function checkToken(users: ReadonlyMap<string, string>): Interceptor {
  return (call, next) => {
    if (call.side === "calling") return next();
    const { token = "", user: _claimed, ...metadata } = call.metadata;
    const user = users.get(token);
    if (user === undefined) throw new Unauthenticated(`Nobody may call '${call.service}' so`);
    return next({ metadata: { ...metadata, user } });
  };
}
