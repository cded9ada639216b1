/**
 * The lives of a peer that were displaced or refused here.
 *
 * Such a process may not have heard of it, and another of its connections may still be waiting for
 * a decision. If it were adopted then, it might read the older verdict later and fence itself, when
 * the process that had won is gone too. And a session with it may go on at its own end, which ended
 * here: numbers of two sessions would meet. So a verdict is final, on every connection.
 *
 * Source: docs/protocol.md, "Which connection".
 *
 * @module
 */

/** More lives than any peer has had since this process began; older ones are forgotten. */
const MAX_LIVES = 1_024;

/** BootIds with a final verdict. A bootId is never used again, so none of them bars a new process. */
export class DisplacedBootIds {
  /** Hardly any peer ever has one. */
  #bootIds: Set<string> | null = null;

  /** Whether this life is out. */
  has(bootId: string): boolean {
    return this.#bootIds?.has(bootId) ?? false;
  }

  /** All of them, in the order in which they were added. */
  get all(): readonly string[] {
    return [...this.#bootIds ?? []];
  }

  /** This life is out from now on. */
  add(bootId: string): void {
    const bootIds = this.#bootIds ??= new Set();
    bootIds.add(bootId);
    if (bootIds.size <= MAX_LIVES) return;
    for (const oldest of bootIds) {
      bootIds.delete(oldest);
      return;
    }
  }
}
