/**
 * How an endpoint or client ends: in good order, or because another process has its name.
 *
 * @module
 */

import type { Timers } from "../connection/timers.ts";
import type { ErrorCode } from "../errors.ts";
import type { EventBody } from "../events.ts";
import { type Drainable, whenDrained } from "./drain.ts";
import type { HandlerRegistry } from "./handler_registry.ts";

/** What ends. */
export interface ClosingParts {
  readonly timers: Timers;
  /** What lets others in; a client has none. */
  readonly listener: { close(): void } | null;
  readonly manager: Drainable;
  readonly handlers: HandlerRegistry;
  emit(event: EventBody): void;
  /** All else that ends with it, before connections do ... */
  before(): void;
  /** ... and after everybody was told. */
  after(): void;
}

/** The end of one endpoint or client. */
export class Closing {
  readonly #parts: ClosingParts;
  #closing: Promise<void> | null = null;
  /** Ends the closing, whatever is still open. */
  #endDrain: (() => void) | null = null;
  #isClosed = false;

  constructor(parts: ClosingParts) {
    this.#parts = parts;
  }

  /** Whether it has begun. */
  get isClosing(): boolean {
    return this.#closing !== null;
  }

  /** Whether nothing is left. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Ends in good order, after `drainMs` at the latest. Another call waits for the same end. */
  close(drainMs: number): Promise<void> {
    return this.#closing ??= this.#drain(drainMs);
  }

  /** Another process has the name: nothing that is open will be finished. */
  fence(code: ErrorCode): void {
    this.#parts.listener?.close();
    this.#parts.emit({ type: "fenced", peer: null, remoteAddress: null, code });
    this.#endDrain?.();
  }

  #drain(drainMs: number): Promise<void> {
    const { handlers, manager } = this.#parts;
    handlers.ready();
    manager.drain();
    return whenDrained(drainMs, {
      ...this.#parts,
      stop: () => this.#stop(),
      whenFenced: (endNow) => this.#endDrain = endNow,
    });
  }

  #stop(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parts.before();
    this.#parts.listener?.close();
    this.#parts.manager.stop("closed");
    this.#parts.emit({ type: "closed", peer: null, remoteAddress: null });
    this.#parts.after();
  }
}
