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
 * Where the other end says that it does not know this one, waits grow to a minute.
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

/** What the other end does not know will not change soon: the wait grows to this, milliseconds. */
const STRANGER_MAX_MS = 60_000;

/** Whether another attempt makes sense now. */
export type DialWish = "now" | "later" | "no";

/** The connections of a link. */
type Members = readonly { readonly silence: Silence }[];

/** What the connections of a link are to whoever thinks of dialling. */
export function dialWish(
  hasUsable: boolean,
  members: Members,
  { suspectAfterMs }: LinkSettings,
  nowMs: number,
): DialWish {
  if (hasUsable) return "no";
  for (const { silence } of members) {
    if (silence.silenceMs(nowMs) < suspectAfterMs) return "later";
  }
  return "now";
}

/** All that the policy goes by, for whoever compares states. */
export interface DialSnapshot {
  readonly state: DialState["kind"];
  readonly isOn: boolean;
  readonly wantsAnother: boolean;
  readonly isStranger: boolean;
}

/** The dials of one link. */
export class DialPolicy {
  readonly #settings: LinkSettings;
  readonly #backoff: Backoff;
  readonly #draw: () => number;
  #state: DialState = IDLE;
  /** Why the last attempt came to nothing, for people; empty: it did not. */
  lastError = "";
  /** Whether the other end said last that this one is not wanted there. */
  #isStranger = false;
  /** Whether anybody is dialled at all. */
  #isOn = false;
  /** Whether a newer connection is wanted although there may be one in use. */
  #wantsAnother = false;

  /** @param draw A number from 0 (included) to 1 (excluded), for the jitter. */
  constructor(settings: LinkSettings, draw: () => number) {
    this.#settings = settings;
    this.#backoff = new Backoff(settings.redialMinMs, settings.redialMaxMs);
    this.#draw = draw;
  }

  /** What tells this state from another one; times and waits are left out. */
  snapshot(): DialSnapshot {
    return {
      state: this.#state.kind,
      isOn: this.#isOn,
      wantsAnother: this.#wantsAnother,
      isStranger: this.#isStranger,
    };
  }

  /** When the wait is over, monotonic milliseconds; `Infinity` where nobody waits. */
  get deadlineMs(): number {
    return this.#state.kind === "waiting" ? this.#state.untilMs : Infinity;
  }

  /** An attempt begins, unless one is under way. @returns Whether it does. */
  begin(): boolean {
    if (!this.#isOn || this.#state === DIALING) return false;
    this.#state = DIALING;
    return true;
  }

  /** After a while, if that makes sense, and unless an attempt is under way or waited for. */
  beginLater(hasUsable: boolean, members: Members, nowMs: number): void {
    if (this.wish(hasUsable, members, nowMs) !== "no") this.#wait(nowMs);
  }

  /** The wait may be over. @returns Whether an attempt is to begin. */
  expire(hasUsable: boolean, members: Members, nowMs: number): boolean {
    if (this.deadlineMs > nowMs) return false;
    this.end();
    const wish = this.wish(hasUsable, members, nowMs);
    if (wish === "later") this.#wait(nowMs);
    return wish === "now";
  }

  #wait(nowMs: number): void {
    if (this.#state !== IDLE) return;
    const waitMs = this.#isStranger
      ? this.#backoff.nextMs(this.#draw(), STRANGER_MAX_MS)
      : this.#backoff.nextMs(this.#draw());
    this.#state = { kind: "waiting", untilMs: nowMs + waitMs };
  }

  /** The attempt came to nothing. @param error For people. @param code Of a refusal. */
  fail(error: string, code: string): void {
    this.end();
    this.note(error, code);
  }

  /** What came of an attempt, also where it had a connection. @param code Of a refusal. */
  note(error: string, code: string): void {
    if (error !== "") this.lastError = error;
    this.#isStranger = code === "unknown-peer" || code === "own-boot-id";
  }

  /** Whether another attempt makes sense now. @param members The connections of the link. */
  wish(hasUsable: boolean, members: Members, nowMs: number): DialWish {
    if (!this.#isOn) return "no";
    return dialWish(hasUsable && !this.#wantsAnother, members, this.#settings, nowMs);
  }

  /**
   * From now on, or anew, somebody is dialled, also beside a connection in use.
   *
   * @returns Whether an attempt is to be given up before.
   */
  renew(): boolean {
    this.#isOn = true;
    this.#wantsAnother = true;
    return this.#forget();
  }

  /** Nobody is dialled. @returns Whether an attempt is to be given up. */
  turnOff(): boolean {
    this.#isOn = false;
    return this.#stop();
  }

  /** The attempt is over, or the wait. */
  end(): void {
    this.#state = IDLE;
  }

  /** A connection is in use. @returns Whether an attempt is to be given up. */
  succeed(): boolean {
    this.lastError = "";
    this.#wantsAnother = false;
    return this.#forget();
  }

  /** The next wait is short again. */
  #forget(): boolean {
    this.#backoff.reset();
    this.#isStranger = false;
    return this.#stop();
  }

  #stop(): boolean {
    const isDialing = this.#state === DIALING;
    this.#state = IDLE;
    return isDialing;
  }
}
