/**
 * When to dial: one attempt at a time, with back-off between them.
 *
 * | there is | then |
 * | --- | --- |
 * | a connection in use | nobody dials, but for a suspicion |
 * | one that waits for a decision and is heard of | later: a second one only disturbs |
 * | nothing, or only silent ones | now |
 *
 * A connection that comes into use ends the attempt under way, and the next wait is short again.
 *
 * @module
 */

import { Backoff } from "./backoff.ts";
import type { LinkSettings, Silence } from "./link_event.ts";

type DialState =
  | { readonly kind: "idle" }
  | { readonly kind: "waiting"; readonly untilMs: number }
  | { readonly kind: "dialing" };

const IDLE: Readonly<DialState> = { kind: "idle" };
const DIALING: Readonly<DialState> = { kind: "dialing" };

/** Whether another attempt makes sense now. */
export type DialWish = "now" | "later" | "no";

/** What the connections of a link are to whoever thinks of dialling. */
export function dialWish(
  hasUsable: boolean,
  members: readonly { readonly silence: Silence }[],
  { suspectAfterMs }: LinkSettings,
  nowMs: number,
): DialWish {
  if (hasUsable) return "no";
  for (const { silence } of members) {
    if (silence.silenceMs(nowMs) < suspectAfterMs) return "later";
  }
  return "now";
}

/** The dials of one link. */
export class DialPolicy {
  readonly #backoff: Backoff;
  readonly #draw: () => number;
  #state: DialState = IDLE;
  /** Why the last attempt came to nothing, for people; empty: it did not. */
  lastError = "";

  /** @param draw A number from 0 (included) to 1 (excluded), for the jitter. */
  constructor({ redialMinMs, redialMaxMs }: LinkSettings, draw: () => number) {
    this.#backoff = new Backoff(redialMinMs, redialMaxMs);
    this.#draw = draw;
  }

  /** How far it is. */
  get state(): DialState["kind"] {
    return this.#state.kind;
  }

  /** When the wait is over, monotonic milliseconds; `Infinity` where nobody waits. */
  get deadlineMs(): number {
    return this.#state.kind === "waiting" ? this.#state.untilMs : Infinity;
  }

  /** An attempt begins, unless one is under way. @returns Whether it does. */
  begin(): boolean {
    if (this.#state === DIALING) return false;
    this.#state = DIALING;
    return true;
  }

  /** After a while, unless an attempt is under way or waited for. */
  beginLater(nowMs: number): void {
    if (this.#state !== IDLE) return;
    this.#state = { kind: "waiting", untilMs: nowMs + this.#backoff.nextMs(this.#draw()) };
  }

  /** The attempt is over, or the wait. */
  end(): void {
    this.#state = IDLE;
  }

  /** A connection is in use. @returns Whether an attempt is to be given up. */
  succeed(): boolean {
    this.#backoff.reset();
    this.lastError = "";
    return this.stop();
  }

  /** Nobody dials. @returns Whether an attempt is to be given up. */
  stop(): boolean {
    const isDialing = this.#state === DIALING;
    this.#state = IDLE;
    return isDialing;
  }
}
