/**
 * The states of a link, and how it is made.
 *
 * | state | since | it ends with |
 * | --- | --- | --- |
 * | new | the beginning | `start` |
 * | kept | `start`: whoever is away is dialled | `drain`, `stop`, a verdict |
 * | draining | `drain`: the other end is told, what is open goes on | `stop`, `leave`, `start`, a verdict |
 * | left | `leave`: it is not wanted; its connections are refused, its session is kept | `start`, `stop` |
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
import type { Admission } from "../channel/handshake.ts";
import type { Hello } from "../wire/hello.ts";
import type { CandidateSetSnapshot } from "./candidate_set.ts";
import type { DialSnapshot } from "./dial_policy.ts";
import type { LinkDefinition, LinkSettings } from "./link_event.ts";

/** What this end wants of the link. */
export type LinkState =
  | { readonly kind: "new" }
  | { readonly kind: "kept" }
  /**
   * `nonce`: of the ping whose pong says that the other end has heard of it; `null`: it has.
   * `isLeaving`: only this link ends.
   */
  | { readonly kind: "draining"; readonly nonce: number | null; readonly isLeaving: boolean }
  /** It is not wanted, and may be again. */
  | { readonly kind: "left" }
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
/** It is not wanted, and may be again. */
export const LEFT: Readonly<LinkState> = { kind: "left" };
/** A connection is in use. */
export const HERE: Readonly<Presence> = { kind: "here", isClosing: false };
/** A connection is in use, and the other end takes nothing new. */
export const HERE_CLOSING: Readonly<Presence> = { kind: "here", isClosing: true };

/** Whether nothing comes of a link, at least now. */
export function isOver({ kind }: LinkState): boolean {
  return kind === "ended" || kind === "left";
}

/** What this end wants of a link, and where the other end is, in one word. */
export function phaseOf(
  { kind }: LinkState,
  presence: Presence,
  hasUsable: boolean,
): "up" | "down" | "draining" | "ended" {
  if (kind === "ended" || kind === "left") return "ended";
  if (kind === "draining") return "draining";
  if (!hasUsable) return "down";
  return presence === HERE_CLOSING ? "draining" : "up";
}

/**
 * Why nobody is admitted in a state; `null`: whoever the link leads to is.
 *
 * @param own The name of this end.
 * @param session The life whose session is held: what is open in it is finished.
 */
export function refusalIn(
  state: LinkState,
  own: string,
  remote: Hello,
  session: string | null,
): Admission {
  if (state.kind === "ended") return { code: "closing", detail: `'${own}' has ended this link` };
  const isLeaving = state.kind === "draining" && state.isLeaving;
  if (state.kind === "left" || (isLeaving && remote.bootId !== session)) {
    return { code: "unknown-peer", detail: `'${remote.name}' is not defined at '${own}'` };
  }
  return null;
}

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
  readonly dial: DialSnapshot;
  readonly session: string | null;
  readonly isHeld: boolean;
  readonly candidates: CandidateSetSnapshot;
}
