/**
 * Listens to a discovery: takes its lists, and asks it again when it has failed.
 *
 * @module
 */

import { messageOf } from "../calls/thrown.ts";
import { ConfigurationError } from "../errors.ts";
import type { PeerDefinition, PeerDiscovery } from "../options.ts";

/** The bound of the first wait after a failure, in milliseconds; it doubles with each. */
const RETRY_MIN_MS = 1_000;
/** What the bound grows to, in milliseconds. */
const RETRY_MAX_MS = 60_000;

/** What whoever listens to a discovery is told. */
export interface DiscoveryHost {
  /** A list with at least one peer. @throws {ConfigurationError} It cannot be taken. */
  take(list: readonly PeerDefinition[]): void;
  /** The discovery failed. @param retryInMs When it is asked again; `null`: it goes on. */
  failed(detail: string, error: unknown, retryInMs: number | null): void;
  /** Resolves after a while, or never where the host has ended. */
  sleep(ms: number): Promise<void>;
  /** From 0 (included) to 1 (excluded). */
  random(): number;
}

/** One who listens to a discovery. */
export class Following {
  readonly #discovery: PeerDiscovery;
  readonly #host: DiscoveryHost;
  #iterator: AsyncIterator<readonly PeerDefinition[]> | null = null;
  #isStopped = false;
  #failures = 0;
  /** Whether an empty list was told of since the last full one. */
  #isEmptyTold = false;

  constructor(discovery: PeerDiscovery, host: DiscoveryHost) {
    this.#discovery = discovery;
    this.#host = host;
  }

  /** Listens until the discovery ends, or `stop`; never rejects. */
  async run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        await this.#listen();
        return;
      } catch (error) {
        if (this.#isStopped) return;
        const retryInMs = this.#nextMs();
        this.#host.failed(messageOf(error), error, retryInMs);
        await this.#host.sleep(retryInMs);
      }
    }
  }

  /** Nothing is taken any more; whatever the discovery holds, it lets go. */
  stop(): void {
    this.#isStopped = true;
    const iterator = this.#iterator;
    this.#iterator = null;
    // What goes wrong at the end of something that nobody listens to is nobody's concern.
    const ended = Promise.resolve().then(() => iterator?.return?.());
    ended.then(() => {}, () => {});
  }

  async #listen(): Promise<void> {
    const iterator = this.#discovery[Symbol.asyncIterator]();
    this.#iterator = iterator;
    for (;;) {
      const { done, value } = await iterator.next();
      if (done || this.#isStopped) return;
      this.#take(value);
    }
  }

  #take(list: readonly PeerDefinition[]): void {
    if (Array.isArray(list) && list.length === 0) {
      // Whoever asks every few seconds gets the same nothing many times.
      if (!this.#isEmptyTold) this.#host.failed("it told an empty list", undefined, null);
      this.#isEmptyTold = true;
      return;
    }
    try {
      this.#host.take(list);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      this.#host.failed(error.message, error, null);
      return;
    }
    this.#failures = 0;
    this.#isEmptyTold = false;
  }

  #nextMs(): number {
    const bound = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(this.#failures++, 16));
    return bound / 2 + this.#host.random() * bound / 2;
  }
}
