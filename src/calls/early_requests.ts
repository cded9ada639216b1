/**
 * Requests that came before their handler, while the endpoint is starting: they wait for it until
 * it is registered, their caller gives up, or the start is over.
 *
 * What they hold is bounded, whoever sends them.
 *
 * @module
 */

import type { Session } from "../core/session/session.ts";
import type { InboundRequest } from "../core/session/session_handler.ts";
import type { ErrorCode } from "../errors.ts";

/** The most that wait at a time. */
const WAITING_MAX = 1_024;

/** The most payload bytes that wait at a time, unless a single payload may be larger. */
const WAITING_MAX_BYTES = 16_777_216;

/** A request as it came; its payload is its own. */
export class EarlyRequest implements InboundRequest {
  readonly session: Session;
  readonly slot: number;
  readonly generation: number;
  readonly deadlineMs: number;
  readonly timeoutMs: number;
  readonly depth: number;
  readonly service: string;
  readonly codec: number;
  readonly metadata: Uint8Array | null;
  readonly payload: Uint8Array;
  /** What answers it, once its handler runs. */
  running: InboundRequest | null = null;
  readonly #requests: EarlyRequests;

  constructor(
    requests: EarlyRequests,
    session: Session,
    slot: number,
    generation: number,
    deadlineMs: number,
    timeoutMs: number,
    depth: number,
    service: string,
    codec: number,
    metadata: Uint8Array | null,
    payload: Uint8Array,
  ) {
    this.#requests = requests;
    this.session = session;
    this.slot = slot;
    this.generation = generation;
    this.deadlineMs = deadlineMs;
    this.timeoutMs = timeoutMs;
    this.depth = depth;
    this.service = service;
    this.codec = codec;
    this.metadata = metadata;
    this.payload = payload;
  }

  /** Bytes of payload and metadata. */
  get heldBytes(): number {
    return this.payload.length + (this.metadata?.length ?? 0);
  }

  cancel(code: ErrorCode): void {
    if (this.#requests.remove(this)) this.refuse("cancelled", "it waited for its handler");
    else this.running?.cancel(code);
  }

  /** Answers it with an error; without effect where its session has ended. */
  refuse(code: ErrorCode, text: string): void {
    this.session.reject(this.slot, this.generation, code, "not-executed", text);
  }
}

/** Those of one endpoint. */
export class EarlyRequests {
  readonly #waiting = new Set<EarlyRequest>();
  readonly #maxBytes: number;
  #bytes = 0;
  #isOpen = true;

  /** @param payloadMaxBytes The largest single payload. */
  constructor(payloadMaxBytes: number) {
    this.#maxBytes = Math.max(WAITING_MAX_BYTES, payloadMaxBytes);
  }

  /** Whether requests may still wait. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Whether one more that holds so much may wait. */
  hasRoom(bytes: number): boolean {
    return this.#waiting.size < WAITING_MAX && this.#bytes + bytes <= this.#maxBytes;
  }

  /** It waits from now on. */
  add(request: EarlyRequest): void {
    this.#waiting.add(request);
    this.#bytes += request.heldBytes;
  }

  /** It waits no longer. @returns Whether it did. */
  remove(request: EarlyRequest): boolean {
    if (!this.#waiting.delete(request)) return false;
    this.#bytes -= request.heldBytes;
    return true;
  }

  /** Those that wait for a service, in the order in which they came. */
  of(service: string): EarlyRequest[] {
    return [...this.#waiting].filter((request) => request.service === service);
  }

  /** None waits any more, now and from now on. @returns Those that did. */
  close(): EarlyRequest[] {
    this.#isOpen = false;
    const left = [...this.#waiting];
    this.#waiting.clear();
    this.#bytes = 0;
    return left;
  }
}
