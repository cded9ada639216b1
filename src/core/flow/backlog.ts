/**
 * What waits for one other end and has no number yet, by class: it outlives connections and
 * sessions.
 *
 * @module
 */

import { NotificationQueue } from "./notification_flow.ts";
import type { OutgoingRequest } from "./outgoing.ts";
import type { OutgoingStream } from "./outgoing_stream.ts";
import { DEPTH_MAX, type Places } from "./places.ts";
import { SendQueue } from "./send_queue.ts";

/** The backlog of one other end. */
export class Backlog {
  readonly notifications: NotificationQueue;
  /** Whether the other end is closing: it takes no calls of depth 0. */
  isClosing = false;
  /** Streams that wait to be opened. */
  readonly streams: SendQueue<OutgoingStream> = new SendQueue();
  /** Requests by depth; those that a handler makes wait by themselves. */
  readonly #requests: (SendQueue<OutgoingRequest> | null)[] = [new SendQueue()];

  /** @param maxBytes What the queue of notifications takes. */
  constructor(maxBytes: number) {
    this.notifications = new NotificationQueue(maxBytes);
  }

  /** Whether requests wait. */
  get hasRequests(): boolean {
    for (const queue of this.#requests) if (queue !== null && queue.size > 0) return true;
    return false;
  }

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return !this.hasRequests && this.streams.size === 0 && this.notifications.isEmpty;
  }

  /** How many messages wait. */
  get size(): number {
    return this.#requests.reduce((sum, queue) => sum + (queue?.size ?? 0), 0) +
      this.notifications.size + this.streams.size;
  }

  /** Their payloads, in bytes. */
  get bytes(): number {
    return this.#requests.reduce((sum, queue) => sum + (queue?.bytes ?? 0), 0) +
      this.notifications.bytes + this.streams.bytes;
  }

  /** Whether a request of this depth would be the next one of its kind. */
  isNext(depth: number): boolean {
    return (this.#requests[depth]?.size ?? 0) === 0;
  }

  /** A request waits. */
  push(request: OutgoingRequest): void {
    this.#queue(request.depth).push(request);
  }

  /** A request waits again, ahead of all. */
  unshift(request: OutgoingRequest): void {
    this.#queue(request.depth).unshift(request);
  }

  /** Takes a request out. @returns Whether it waited. */
  remove(request: OutgoingRequest): boolean {
    return this.#requests[request.depth]?.remove(request) ?? false;
  }

  /** The requests whose first one can be sent now: somebody's handler waits for the deepest. */
  nextRequests(places: Places): SendQueue<OutgoingRequest> | null {
    for (let depth = this.#requests.length - 1; depth > 0; depth--) {
      const queue = this.#requests[depth] ?? null;
      if (queue !== null && queue.size > 0 && places.hasPlace(depth)) return queue;
    }
    const queue = this.#requests[0]!;
    return queue.size > 0 && !this.isClosing && places.hasPlace(0) ? queue : null;
  }

  /** All requests that wait, by depth. */
  requests(): OutgoingRequest[] {
    const all: OutgoingRequest[] = [];
    for (const queue of this.#requests) {
      for (let item = queue?.first ?? null; item !== null;) {
        all.push(item);
        item = item.behind as OutgoingRequest | null;
      }
    }
    return all;
  }

  /** All streams that wait. */
  waitingStreams(): OutgoingStream[] {
    const all: OutgoingStream[] = [];
    for (let item = this.streams.first; item !== null;) {
      all.push(item);
      item = item.behind as OutgoingStream | null;
    }
    return all;
  }

  /** The stream that can be opened now; those that handlers open go first. */
  nextStream(canOpen: (depth: number) => boolean): OutgoingStream | null {
    for (let item = this.streams.first; item !== null;) {
      if ((item.depth > 0 || !this.isClosing) && canOpen(item.depth)) return item;
      item = item.behind as OutgoingStream | null;
    }
    return null;
  }

  #queue(depth: number): SendQueue<OutgoingRequest> {
    const level = Math.min(depth, DEPTH_MAX);
    while (this.#requests.length <= level) this.#requests.push(null);
    return this.#requests[level] ??= new SendQueue();
  }
}
