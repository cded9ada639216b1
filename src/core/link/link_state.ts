/**
 * The states of a link, and how it is made.
 *
 * | state | since | it ends with |
 * | --- | --- | --- |
 * | new | the beginning | `start` |
 * | kept | `start`: whoever is away is dialled | `drain`, `stop`, a verdict |
 * | draining | `drain`: the other end is told, what is open goes on | `stop`, a verdict |
 * | ended | `stop`, or a verdict against this end: nothing comes of it any more | – |
 *
 * A verdict ends the process, and `stop` follows; or with `fence: "link"` this link alone.
 *
 * In each of them the other end is here (a connection is in use) or away (then requests wait for
 * the resume window).
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import type { Hello } from "../wire/hello.ts";
import type { CandidateSetSnapshot } from "./candidate_set.ts";
import type { DialPolicy } from "./dial_policy.ts";
import type { LinkDefinition, LinkSettings } from "./link_event.ts";

/** What this end wants of the link. */
export type LinkState =
  | { readonly kind: "new" }
  | { readonly kind: "kept" }
  /** `nonce`: of the ping whose pong says that the other end has heard of it; `null`: it has. */
  | { readonly kind: "draining"; readonly nonce: number | null }
  | { readonly kind: "ended"; readonly code: ErrorCode };

/** Where the other end is. */
export type Presence =
  | { readonly kind: "here"; readonly isClosing: boolean }
  /** `nextMs`: when it is looked what has waited too long, monotonic milliseconds. */
  | { readonly kind: "away"; readonly nextMs: number };

/** It has not begun. */
export const NEW: Readonly<LinkState> = { kind: "new" };
/** It is wanted. */
export const KEPT: Readonly<LinkState> = { kind: "kept" };
/** A connection is in use. */
export const HERE: Readonly<Presence> = { kind: "here", isClosing: false };
/** A connection is in use, and the other end takes nothing new. */
export const HERE_CLOSING: Readonly<Presence> = { kind: "here", isClosing: true };

/** How a link is made. */
export interface LinkOptions {
  /** This end. */
  readonly self: Hello;
  readonly definition: LinkDefinition;
  readonly settings: LinkSettings;
  /** A number from 0 (included) to 1 (excluded), for the jitter of dials. */
  readonly draw: () => number;
}

/** All that a link goes by, for whoever compares states. Times are left out. */
export interface LinkSnapshot {
  readonly state: LinkState;
  readonly presence: Presence["kind"];
  readonly dial: DialPolicy["state"];
  readonly session: string | null;
  readonly candidates: CandidateSetSnapshot;
}
