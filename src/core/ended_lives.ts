/**
 * The lives of a peer with which a session was held and has ended, because another life was adopted.
 *
 * A process that was displaced may not have heard of it. Its session goes on at its own end; if it
 * were adopted again, a new session here would meet an old one there, and messages would be taken
 * for known ones or executed again. So it is told that it was displaced, and fences itself.
 *
 * Source: docs/protocol.md, "Which connection".
 *
 * @module
 */

/** More lives than any peer has had since this process began; older ones are forgotten. */
const MAX_LIVES = 1_024;

/** BootIds of ended sessions. A bootId is never used again, so none of them bars a new process. */
export class EndedLives {
  readonly #bootIds = new Set<string>();

  /** Whether a session with this life has ended. */
  has(bootId: string): boolean {
    return this.#bootIds.has(bootId);
  }

  /** A session with this life ends now; `null`: there was none. */
  add(bootId: string | null): void {
    if (bootId === null) return;
    this.#bootIds.add(bootId);
    if (this.#bootIds.size <= MAX_LIVES) return;
    for (const oldest of this.#bootIds) {
      this.#bootIds.delete(oldest);
      return;
    }
  }
}
