/** What the simulated load consists of: calls with what their handlers do, and notifications. */

/** Whom a handler asks that asks its caller back. */
export const CALLER = "its caller";

/** How a request is made, and what its handler does. */
export interface RequestPlan {
  readonly to: string;
  readonly timeoutMs: number;
  readonly idempotent: boolean;
  /** How long the handler works, in milliseconds. */
  readonly workMs: number;
  /** Payload bytes each way. */
  readonly requestBytes: number;
  readonly answerBytes: number;
  /** Whether the handler fails. */
  readonly fails: boolean;
  /** After so many milliseconds the caller gives up; `null`: it does not. */
  readonly cancelAfterMs: number | null;
  /** What the handler asks others before it answers, one after the other. */
  readonly then: readonly RequestPlan[];
}

/** How a notification is made, and what its handler does. */
export interface NotePlan {
  readonly to: string;
  readonly timeoutMs: number;
  readonly bytes: number;
  readonly workMs: number;
  /** What the handler asks others before it ends. */
  readonly then: readonly RequestPlan[];
}

/** A call with this deadline may end with an answer only, as long as both processes live. */
export const PATIENT_MS = 600_000;

/** The simplest request. */
export const PLAIN: Omit<RequestPlan, "to"> = {
  timeoutMs: 10_000,
  idempotent: false,
  workMs: 0,
  requestBytes: 0,
  answerBytes: 0,
  fails: false,
  cancelAfterMs: null,
  then: [],
};
