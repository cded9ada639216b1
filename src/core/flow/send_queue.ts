/**
 * First in, first out, with a bound in bytes, and O(1) removal from anywhere: a caller that cancels
 * takes its message out before it ever gets a number.
 *
 * @module
 */

import type { Outgoing } from "./outgoing.ts";

/** What an entry costs beside its payload, in bytes: a bound counts small messages too. */
const ENTRY_BYTES = 64;

/** A queue of messages that have not been written. */
export class SendQueue<Item extends Outgoing = Outgoing> {
  #first: Outgoing | null = null;
  #last: Outgoing | null = null;
  #bytes = 0;
  #size = 0;

  /** Payload bytes queued, with a fixed amount for each message. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Messages queued. */
  get size(): number {
    return this.#size;
  }

  /** The one whose turn it is, or `null`. */
  get first(): Item | null {
    return this.#first as Item | null;
  }

  /** Puts one at the end. */
  push(item: Item): void {
    this.#link(item, this.#last, null);
  }

  /** Puts one at the front: it had its turn, and gets it again. */
  unshift(item: Item): void {
    this.#link(item, null, this.#first);
  }

  /** Takes the first one off. */
  shift(): Item | null {
    const item = this.#first;
    if (item !== null) this.remove(item as Item);
    return item as Item | null;
  }

  /** Whether it stands in this queue. */
  has(item: Item): boolean {
    return item.queue === this;
  }

  /** Takes one off, wherever it stands. @returns Whether it stood in this queue. */
  remove(item: Item): boolean {
    if (item.queue !== this) return false;
    if (item.ahead === null) this.#first = item.behind;
    else item.ahead.behind = item.behind;
    if (item.behind === null) this.#last = item.ahead;
    else item.behind.ahead = item.ahead;
    item.queue = item.ahead = item.behind = null;
    this.#bytes -= ENTRY_BYTES + item.payload.length;
    this.#size--;
    return true;
  }

  #link(item: Item, ahead: Outgoing | null, behind: Outgoing | null): void {
    if (item.queue !== null) throw new Error("Cannot queue a message that is queued already");
    item.queue = this;
    item.ahead = ahead;
    item.behind = behind;
    if (ahead === null) this.#first = item;
    else ahead.behind = item;
    if (behind === null) this.#last = item;
    else behind.ahead = item;
    this.#bytes += ENTRY_BYTES + item.payload.length;
    this.#size++;
  }
}
