/**
 * Events to listeners (at once) and to async iterators (in their own time).
 *
 * @module
 */

/** Events that a slow iterator may leave unread; then the oldest are dropped. */
const UNREAD_MAX = 10_000;

/** Hands events out. */
export class EventHub<Event> {
  readonly #listeners = new Set<(event: Event) => void>();
  readonly #iterators = new Set<EventIterator<Event>>();
  readonly #failed: (error: unknown) => Event;
  /** Those of the listeners that tell nobody. */
  readonly #quiet = new Set<(event: Event) => void>();
  #closed = false;

  /** @param failed Makes the event that tells of a listener that threw. */
  constructor(failed: (error: unknown) => Event) {
    this.#failed = failed;
  }

  /** Whether anybody hears events who may tell of them. */
  get hasListeners(): boolean {
    return this.#listeners.size > this.#quiet.size || this.#iterators.size > 0;
  }

  /** Calls back for each event, while it happens. @param isQuiet It tells nobody. */
  on(listener: (event: Event) => void, isQuiet = false): () => void {
    this.#listeners.add(listener);
    if (isQuiet) this.#quiet.add(listener);
    return () => {
      this.#listeners.delete(listener);
      this.#quiet.delete(listener);
    };
  }

  /**
   * Hands an event out. What a listener throws is an event for all others; what one of them throws
   * because of that event is dropped.
   */
  emit(event: Event): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#tellOthers(listener, this.#failed(error));
      }
    }
    for (const iterator of this.#iterators) iterator.push(event);
  }

  /** Iterates over the events from now on, until `close` or the signal. */
  iterate(signal?: AbortSignal): AsyncIterableIterator<Event> {
    const iterator: EventIterator<Event> = new EventIterator<Event>(() => {
      this.#iterators.delete(iterator);
      signal?.removeEventListener("abort", iterator);
    });
    if (this.#closed || signal?.aborted) iterator.end();
    else {
      this.#iterators.add(iterator);
      signal?.addEventListener("abort", iterator);
    }
    return iterator;
  }

  /** No event comes any more: iterators end when they have been read to the end. */
  close(): void {
    this.#closed = true;
    this.#listeners.clear();
    this.#quiet.clear();
    for (const iterator of this.#iterators) iterator.end();
  }

  #tellOthers(failed: (event: Event) => void, event: Event): void {
    for (const listener of this.#listeners) {
      if (listener === failed) continue;
      try {
        listener(event);
      } catch {
        // A failure because of a failure is told to nobody: that might not end.
      }
    }
    for (const iterator of this.#iterators) iterator.push(event);
  }
}

class EventIterator<Event> implements AsyncIterableIterator<Event> {
  readonly #ended: () => void;
  readonly #unread: Event[] = [];
  readonly #readers: ((result: IteratorResult<Event>) => void)[] = [];
  #done = false;

  /** @param ended Called when no event comes any more, perhaps more than once. */
  constructor(ended: () => void) {
    this.#ended = ended;
  }

  push(event: Event): void {
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader({ value: event, done: false });
      return;
    }
    if (this.#unread.length >= UNREAD_MAX) this.#unread.shift();
    this.#unread.push(event);
  }

  /** The reader's signal. */
  handleEvent(): void {
    this.end();
  }

  end(): void {
    this.#done = true;
    this.#ended();
    for (const reader of this.#readers.splice(0)) reader({ value: undefined, done: true });
  }

  next(): Promise<IteratorResult<Event>> {
    const event = this.#unread.shift();
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    if (this.#done) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  return(): Promise<IteratorResult<Event>> {
    this.#unread.length = 0;
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Event> {
    return this;
  }
}
