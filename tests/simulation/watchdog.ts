/**
 * The watchdog: while every path is whole and no handler works, what is open must move. Open work
 * of which nothing has begun, ended or been taken for so long is stuck, and the run fails at once.
 */

import type { World } from "./world.ts";

/** How often it looks, in virtual milliseconds. */
const LOOK_MS = 1_000;

/** Open work that is named. */
const MAX_NAMED = 8;

/** Watches one world. */
export class Watchdog {
  readonly #world: World;
  readonly #stuckAfterMs: number;
  #progress = -1;
  #movedMs = 0;
  #isOn = false;

  /** @param stuckAfterMs In virtual milliseconds; longer than anything that may take its time. */
  constructor(world: World, stuckAfterMs: number) {
    this.#world = world;
    this.#stuckAfterMs = stuckAfterMs;
  }

  /** From now on nothing is in the way of what is open. */
  start(): void {
    if (this.#isOn) return;
    this.#isOn = true;
    this.#movedMs = this.#world.simulation.nowMs;
    this.#look();
  }

  /** From now on there may be. */
  stop(): void {
    this.#isOn = false;
  }

  #look(): void {
    if (!this.#isOn) return;
    const { simulation, ledger, problems } = this.#world;
    const isAlive = (id: number) => this.#world.isAlive(id);
    if (ledger.progress !== this.#progress || ledger.handlersRunning(isAlive) > 0) {
      this.#progress = ledger.progress;
      this.#movedMs = simulation.nowMs;
    }
    const stillMs = simulation.nowMs - this.#movedMs;
    if (stillMs >= this.#stuckAfterMs) {
      const open = openWork(this.#world);
      if (open.length > 0) {
        const named = open.slice(0, MAX_NAMED).join("\n      ");
        problems.push(`stuck: ${open.length} wait, nothing moved for ${stillMs} ms:
      ${named}`);
        this.#isOn = false;
        return;
      }
      this.#movedMs = simulation.nowMs;
    }
    simulation.after(LOOK_MS, () => this.#look());
  }
}

/** What waits between processes that live, in words. */
export function openWork(world: World): string[] {
  return world.ledger.open(
    (id) => world.isAlive(id),
    (name, caller) => world.lived(name, caller),
  );
}
