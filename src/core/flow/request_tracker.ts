/**
 * The open requests of a session: array slots with a generation in the id.
 *
 * A slot is taken when a request is written and comes free when its answer arrives, also when the
 * caller has given up before (then the place stays taken without it). So there are never more
 * requests at the other end than it allows, whatever the callers do. A generation counts the uses
 * of a slot and never wraps: a slot that has used them up is not used again.
 *
 * @module
 */

import type { OutgoingRequest } from "./outgoing.ts";

const GENERATION_MAX = 0xffff_ffff;

/** The place is taken, and nobody waits any more. */
const ABANDONED = Symbol("abandoned");

/** The outgoing half of the requests of a session. */
export class RequestTracker {
  readonly #limit: number;
  /** By slot: who waits for the answer. */
  readonly #requests: (OutgoingRequest | typeof ABANDONED | null)[] = [];
  readonly #generations: number[] = [];
  readonly #free: number[] = [];
  #open = 0;

  /** @param limit How many requests the other end allows at a time. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Places taken. */
  get openCount(): number {
    return this.#open;
  }

  /** Whether a place is free. */
  get hasPlace(): boolean {
    return this.#free.length > 0 || this.#requests.length < this.#limit;
  }

  /** Gives a request a place; ask `hasPlace` first. Sets its `slot` and `generation`. */
  open(request: OutgoingRequest): void {
    let slot = this.#free.pop();
    if (slot === undefined) {
      if (this.#requests.length >= this.#limit) {
        throw new RangeError(`Cannot open a request: all ${this.#limit} places are taken`);
      }
      slot = this.#requests.length;
      this.#generations.push(0);
      this.#requests.push(null);
    }
    const generation = this.#generations[slot]! + 1;
    this.#generations[slot] = generation;
    this.#requests[slot] = request;
    request.slot = slot;
    request.generation = generation;
    this.#open++;
  }

  /** Whether that use of that slot is open: its answer may come. */
  isOpen(slot: number, generation: number): boolean {
    return this.#generations[slot] === generation && this.#requests[slot] !== null;
  }

  /**
   * The answer came: the place is free.
   *
   * @returns The request, or `null` when its caller has given up. Ask `isOpen` first.
   */
  close(slot: number): OutgoingRequest | null {
    const request = this.#requests[slot]!;
    this.#requests[slot] = null;
    this.#open--;
    if (this.#generations[slot]! < GENERATION_MAX) this.#free.push(slot);
    return request === ABANDONED ? null : request;
  }

  /** The caller gives up; the place stays taken until the answer comes. */
  abandon(request: OutgoingRequest): void {
    if (this.#requests[request.slot] === request) this.#requests[request.slot] = ABANDONED;
  }

  /** Takes out every request that still has a caller, in the order of their slots. */
  takeAll(): OutgoingRequest[] {
    const all: OutgoingRequest[] = [];
    for (let slot = 0; slot < this.#requests.length; slot++) {
      const request = this.#requests[slot]!;
      if (request === null || request === ABANDONED) continue;
      this.#requests[slot] = ABANDONED;
      all.push(request);
    }
    return all;
  }
}
