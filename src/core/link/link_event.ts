/**
 * What a link is told, and what it answers: the words between `Link` and whoever has sockets.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import type { Hello } from "../wire/hello.ts";
import type { IdentifierMode } from "./link_number.ts";
import type { LinkNews } from "./link_news.ts";

/** The numbers that a link goes by. Durations in milliseconds. */
export interface LinkSettings {
  readonly identifier: IdentifierMode;
  /** What a verdict against this end's name ends: the process, or this link. */
  readonly fence: "process" | "link";
  readonly suspectAfterMs: number;
  readonly probeTimeoutMs: number;
  readonly redialMinMs: number;
  readonly redialMaxMs: number;
  readonly resumeWindowMs: number;
}

/** Whom to dial, and who may dial. */
export interface LinkDefinition {
  readonly name?: string;
  readonly hostname: string;
  readonly port: number;
  /** The static key that it must hold, or several of which one, in base64url; without any is taken. */
  readonly publicKey?: string | readonly string[];
  /** The group whose member it is. */
  readonly group?: string;
  /** It is a client, of this life; the session with it has a number at this end, from 1. */
  readonly client?: { readonly bootId: string; readonly session: number };
  /** Whether any endpoint will do that answers there: this end is a client. */
  readonly isAnybody?: boolean;
}

/** What tells how long a connection has been silent. */
export interface Silence {
  silenceMs(nowMs: number): number;
}

/** What happened. Connections are named by their ids. */
export type LinkEvent =
  /** The link is wanted from now on. `isAwaited`: nobody is dialled, the other end comes. */
  | { readonly kind: "start"; readonly isAwaited?: boolean }
  /** Somebody wants a connection now; where an attempt is under way nothing changes. */
  | { readonly kind: "dial" }
  /** An attempt to dial came to nothing; `error` is for people. */
  | { readonly kind: "dial-ended"; readonly error: string; readonly code?: string }
  /** The other end is dialled at another place from now on; what there is goes on. */
  | { readonly kind: "moved" }
  /** A handshake is complete. */
  | {
    readonly kind: "opened";
    readonly connection: number;
    readonly remote: Hello;
    readonly silence: Silence;
    /** Whether it is what came of `dial`. */
    readonly isOwnDial: boolean;
  }
  /** A control frame came: USE, USEACK, START, PONG, DRAIN, by its number on the wire. */
  | {
    readonly kind: "control";
    readonly connection: number;
    readonly frame: number;
    readonly number: number;
    /** With USE, to a client: which session it is at the other end. */
    readonly session?: number;
  }
  /** The other end refuses to go on; `closed` follows. */
  | {
    readonly kind: "refused";
    readonly connection: number;
    readonly code: ErrorCode;
    /** Why, for people. */
    readonly error?: string;
  }
  /** Nothing was heard on a connection for a while. */
  | { readonly kind: "suspect"; readonly connection: number; readonly silenceMs: number }
  /** A connection is gone, for whatever reason, also for an action of the link. */
  | { readonly kind: "closed"; readonly connection: number }
  /** `nextDeadlineMs` has passed. */
  | { readonly kind: "timeout" }
  /**
   * This end is closing: the other one is told, and what is open goes on. `isLeaving`: only this
   * link ends, nobody is dialled for it, and `start` takes it back.
   */
  | { readonly kind: "drain"; readonly isLeaving?: boolean }
  /**
   * The other end is not wanted any more: its connections are refused, what waits fails. The
   * session is kept, so that `start` goes on with it if the same life comes back.
   */
  | { readonly kind: "leave" }
  /**
   * The link ends for good; what waits fails with `code`. Its connections are refused with
   * `refusal`, or aborted where that is `null`.
   */
  | { readonly kind: "stop"; readonly code: ErrorCode; readonly refusal: ErrorCode | null };

/** What becomes of the messages of a session, and of what waits for one. */
export interface Outcome {
  /** Why what fails has failed. */
  readonly code: ErrorCode;
  /** Whether the session ends; where it stays, its numbers go on. */
  readonly endsSession: boolean;
  /** Written requests that are sent again to the next life; the others fail. */
  readonly repeats: "idempotent" | "none";
  /** What was never written and came before this time, monotonic milliseconds, fails too. */
  readonly unwrittenBeforeMs: number;
}

/** The lives of the other end, where its process is another one. */
export interface Restart {
  readonly oldBootId: string;
  readonly bootId: string;
}

/** What is to be done, in this order. */
export type LinkAction =
  /** Send a control frame. */
  | {
    readonly kind: "send";
    readonly connection: number;
    readonly frame: number;
    readonly number: number;
  }
  /** Tell the other end why, and end the connection. */
  | {
    readonly kind: "refuse";
    readonly connection: number;
    readonly code: ErrorCode;
    readonly detail: string;
  }
  /** End the connection without a word. */
  | { readonly kind: "abort"; readonly connection: number; readonly reason: "local" | "silent" }
  /** The other end broke the protocol with this frame: report it, refuse the connection. */
  | {
    readonly kind: "breach";
    readonly connection: number;
    readonly code: ErrorCode;
    readonly frame: number;
  }
  /** Settle messages. */
  | {
    readonly kind: "settle";
    readonly outcome: Outcome;
    readonly restarted: Restart | null;
  }
  /** A session with the life at the other end of this connection begins. */
  | { readonly kind: "begin"; readonly connection: number }
  /** The session is carried by this connection from now on. */
  | { readonly kind: "attach"; readonly connection: number }
  /** The other end takes nothing new any more. */
  | { readonly kind: "hold" }
  /** The other end takes calls again: the session starts anew, and nothing is said of closing. */
  | { readonly kind: "release" }
  /** Dial; `dial-ended`, or `opened` with `isOwnDial`, follows. */
  | { readonly kind: "dial" }
  /** Give the attempt under way up; nothing follows. */
  | { readonly kind: "give-dial-up" }
  /** Tell people. */
  | { readonly kind: "tell"; readonly news: LinkNews }
  /** This process's name is owned by another one: it must stop. */
  | { readonly kind: "fenced"; readonly code: ErrorCode };
