/**
 * A discovery that is a loop: it looks, tells, waits and looks again, until nobody listens.
 *
 * @module
 */

import type { PeerDefinition, PeerDiscovery } from "../options.ts";

type List = readonly PeerDefinition[];

/** What a loop is given. */
export interface Loop {
  /** Aborts when nobody listens any more. */
  readonly signal: AbortSignal;
  /** Tells a list; one that nobody has taken yet is replaced by a newer one. */
  tell(list: List): void;
  /** Waits, in milliseconds; not beyond the end, or `signal`. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** What one loop leaves to the next one. */
  readonly memory: Map<string, unknown>;
}

/** The discovery: each who listens has a loop. */
export class LoopingDiscovery implements PeerDiscovery {
  readonly #begin: () => (loop: Loop) => Promise<void>;
  readonly #memory = new Map<string, unknown>();

  /** @param begin Makes the loop of one who listens; what it throws is what the listener gets. */
  constructor(begin: () => (loop: Loop) => Promise<void>) {
    this.#begin = begin;
  }

  [Symbol.asyncIterator](): AsyncIterator<List> {
    return new LoopIterator(this.#begin(), this.#memory);
  }
}

class LoopIterator implements AsyncIterator<List>, Loop {
  readonly memory: Map<string, unknown>;
  readonly #run: (loop: Loop) => Promise<void>;
  readonly #controller = new AbortController();
  #isRunning = false;
  #latest: List | null = null;
  #failure: { readonly error: unknown } | null = null;
  #isDone = false;
  #wake: () => void = () => {};

  constructor(run: (loop: Loop) => Promise<void>, memory: Map<string, unknown>) {
    this.#run = run;
    this.memory = memory;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  tell(list: List): void {
    this.#latest = list;
    this.#wake();
  }

  sleep(ms: number, signal: AbortSignal = this.signal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal.addEventListener("abort", wake);
      if (signal.aborted) wake();
    });
  }

  async next(): Promise<IteratorResult<List>> {
    this.#start();
    for (;;) {
      const list = this.#latest;
      this.#latest = null;
      if (list !== null) return { value: list, done: false };
      if (this.#failure !== null) throw this.#failure.error;
      if (this.#isDone) return { value: undefined, done: true };
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  return(): Promise<IteratorResult<List>> {
    this.#isDone = true;
    this.#controller.abort();
    this.#wake();
    return Promise.resolve({ value: undefined, done: true });
  }

  #start(): void {
    if (this.#isRunning || this.#isDone) return;
    this.#isRunning = true;
    this.#run(this).then(() => this.#isDone = true, (error) => this.#failure = { error }).then(() =>
      this.#wake()
    );
  }
}
