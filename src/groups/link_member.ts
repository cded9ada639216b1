/**
 * A link as a member of a group.
 *
 * @module
 */

import type { GroupMember } from "../calls/group_face.ts";
import type { ToldLoad } from "../calls/load.ts";
import type { LinkDriver } from "../connection/link_driver.ts";
import { Failures, hashOf } from "./choice.ts";

/** What a member has told is asked for again after so many milliseconds, while calls are made ... */
const ASK_AGAIN_MS = 100;

/** ... and counts for so many at most. */
const TOLD_FOR_MS = 1_000;

/** The member; it lives as long as its link. */
export class LinkMember implements GroupMember {
  readonly nameHash: number;
  readonly failures: Failures = new Failures();
  calls = 0;
  failedCalls = 0;
  readonly #link: LinkDriver;
  readonly #ask: () => Promise<ToldLoad>;
  #isAsked = false;
  #askedMs = -Infinity;
  /** What others have open there, as it told last. */
  #told = 0;

  /** @param ask Asks it what it has to do for others. */
  constructor(link: LinkDriver, ask: () => Promise<ToldLoad>) {
    this.#link = link;
    this.#ask = ask;
    this.nameHash = hashOf(link.name);
  }

  get name(): string {
    return this.#link.name;
  }

  get takesCalls(): boolean {
    return this.#link.takesCalls;
  }

  load(nowMs: number): number {
    if (!this.#isAsked && nowMs - this.#askedMs >= ASK_AGAIN_MS) this.#askAgain(nowMs);
    // The question is no work.
    const own = this.#link.openCount - (this.#isAsked ? 1 : 0);
    return Math.max(0, own) + this.#told + this.failures.weight(nowMs);
  }

  #askAgain(nowMs: number): void {
    if (nowMs - this.#askedMs > TOLD_FOR_MS) this.#told = 0;
    this.#askedMs = nowMs;
    this.#isAsked = true;
    this.#ask().then(
      ({ calls }) => this.#take(calls),
      // One that does not say is taken for one that has nothing to do for others.
      () => this.#take(0),
    );
  }

  #take(calls: unknown): void {
    this.#isAsked = false;
    this.#told = typeof calls === "number" && calls >= 0 ? calls : 0;
  }
}
