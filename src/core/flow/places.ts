/**
 * Places: the right to have a call open at the other end. The caller's half.
 *
 * A call takes its place before its first byte goes out, and has it until its answer has come, also
 * when the caller has given up before (then the place stays taken without it). So there are never
 * more calls at the other end than it allows, whatever the callers do. Calls that a handler makes
 * have some more places than those that nobody waits for: so handlers that call each other back
 * cannot starve each other.
 *
 * A place is an array slot with a generation, which counts the uses of the slot and never wraps: a
 * slot that has used them up is not used again.
 *
 * Source: docs/protocol.md, "Places".
 *
 * @module
 */

import type { OutgoingRequest } from "./outgoing.ts";

/** How many places there are beyond those that the receiver tells: one for each depth. */
export const DEPTH_MAX = 4;

const GENERATION_MAX = 0xffff_ffff;

/** The place is taken, and nobody waits any more. */
const ABANDONED = Symbol("abandoned");

/** The calls of a session that are open at the other end. */
export class Places {
  readonly #limit: number;
  /** By slot: who waits for the answer. */
  readonly #requests: (OutgoingRequest | typeof ABANDONED | null)[] = [];
  readonly #generations: number[] = [];
  readonly #free: number[] = [];
  #open = 0;

  /** @param limit How many calls of depth 0 the other end allows at a time. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Places taken. */
  get openCount(): number {
    return this.#open;
  }

  /** Whether there is a place for a call of this depth. */
  hasPlace(depth: number): boolean {
    if (this.#open >= this.#limit + depth) return false;
    return this.#free.length > 0 || this.#requests.length < this.#limit + DEPTH_MAX;
  }

  /** Gives a request a place; ask `hasPlace` first. Sets its `slot` and `generation`. */
  open(request: OutgoingRequest): void {
    let slot = this.#free.pop();
    if (slot === undefined) {
      if (this.#requests.length >= this.#limit + DEPTH_MAX) {
        throw new RangeError(`Cannot open a request: all ${this.#open} places are taken`);
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

  /** Whether that use of that slot was open at any time. */
  wasOpen(slot: number, generation: number): boolean {
    return generation > 0 && generation <= (this.#generations[slot] ?? 0);
  }

  /** Who waits for that answer; `null`: nobody (any more). */
  at(slot: number, generation: number): OutgoingRequest | null {
    if (this.#generations[slot] !== generation) return null;
    const request = this.#requests[slot]!;
    return request === ABANDONED ? null : request;
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

  /** Every request that still has a caller, in the order of their slots. */
  waiting(): OutgoingRequest[] {
    const all: OutgoingRequest[] = [];
    for (const request of this.#requests) {
      if (request !== null && request !== ABANDONED) all.push(request);
    }
    return all;
  }

  /** Takes out every request that still has a caller, in the order of their slots. */
  takeAll(): OutgoingRequest[] {
    const all = this.waiting();
    for (const request of all) this.abandon(request);
    return all;
  }
}
