/**
 * The items of a stream as an application takes them: an async iterable that is a `ReadableStream`.
 *
 * @module
 */

/** Where items come from. */
export interface Items<Item> {
  /** The next item. Rejects once where the stream has failed. */
  next(): Promise<IteratorResult<Item, undefined>>;
  /** No more are wanted. */
  end(reason?: unknown): Promise<void>;
}

/** What a `ReadableStream` iterates with. */
type ItemIterator<Item> = ReturnType<ReadableStream<Item>["values"]>;

/**
 * A sequence of items from another process. It is read once: with `for await`, whose `break` tells
 * the other end that no more is wanted, or as any `ReadableStream` (`getReader`, `pipeTo`, `tee`).
 * Nothing is fetched that its reader does not ask for, beyond a window of 64 KiB (more where it
 * keeps up).
 */
export type ItemStream<Item = unknown> = ReadableStream<Item> & AsyncIterable<Item>;

/** Makes one. */
export function newItemStream<Item>(items: Items<Item>): ItemStream<Item> {
  return new ReadableItems<Item>(items);
}

/** Its type is not told to others: not all libraries know that a `ReadableStream` is iterable. */
class ReadableItems<Item> extends ReadableStream<Item> {
  readonly #items: Items<Item>;

  constructor(items: Items<Item>) {
    super({
      async pull(controller): Promise<void> {
        const result = await items.next();
        if (result.done === true) controller.close();
        else controller.enqueue(result.value);
      },
      cancel: (reason) => items.end(reason),
    }, { highWaterMark: 0 });
    this.#items = items;
  }

  /** Iterates over the items; `preventCancel`: leaving the loop does not end the stream. */
  override values(options: { readonly preventCancel?: boolean } = {}): ItemIterator<Item> {
    // It is locked as long as somebody iterates, as any stream is.
    const lock = this.getReader();
    const iterator = new StreamIterator(this.#items, lock, options.preventCancel === true);
    return iterator as unknown as ItemIterator<Item>;
  }

  /** The same. */
  override [Symbol.asyncIterator](
    options: { readonly preventCancel?: boolean } = {},
  ): ItemIterator<Item> {
    return this.values(options);
  }
}

/** Takes the items without a queue and its promises in between. */
class StreamIterator<Item> {
  readonly #items: Items<Item>;
  readonly #lock: ReadableStreamDefaultReader<Item>;
  readonly #preventCancel: boolean;
  #isOver = false;

  constructor(
    items: Items<Item>,
    lock: ReadableStreamDefaultReader<Item>,
    preventCancel: boolean,
  ) {
    this.#items = items;
    this.#lock = lock;
    this.#preventCancel = preventCancel;
  }

  async next(): Promise<IteratorResult<Item, undefined>> {
    if (this.#isOver) return { done: true, value: undefined };
    try {
      const result = await this.#items.next();
      if (result.done === true) this.#end();
      return result;
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  async return(value?: unknown): Promise<IteratorResult<Item, unknown>> {
    if (!this.#isOver) {
      this.#end();
      if (!this.#preventCancel) await this.#items.end();
    }
    return { done: true, value };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #end(): void {
    this.#isOver = true;
    this.#lock.releaseLock();
  }
}

/** Items of a stream that is not there yet, or not at all. */
export class LateItems<Item> implements Items<Item> {
  readonly #iterator: Promise<AsyncIterator<Item>>;

  constructor(items: Promise<AsyncIterable<Item>>) {
    this.#iterator = items.then((all) => iterate(all));
    // It is told to whoever reads.
    this.#iterator.catch(() => {});
  }

  async next(): Promise<IteratorResult<Item, undefined>> {
    const result = await (await this.#iterator).next();
    return result.done === true ? { done: true, value: undefined } : result;
  }

  async end(): Promise<void> {
    const iterator = await this.#iterator.catch(() => null);
    await iterator?.return?.();
  }
}

/** Whether a value is a sequence of items: an async iterable, as a `ReadableStream` is. */
export function isItems(value: unknown): value is AsyncIterable<unknown> {
  if (typeof value !== "object" || value === null) return false;
  try {
    return typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === "function";
  } catch {
    return false;
  }
}

/** @throws {TypeError} It is no sequence of items. */
export function iterate<Item>(
  items: AsyncIterable<Item> | Iterable<Item>,
): AsyncIterator<Item> {
  const { [Symbol.asyncIterator]: begin } = items as AsyncIterable<Item>;
  if (typeof begin === "function") return begin.call(items);
  const { [Symbol.iterator]: beginNow } = items as Iterable<Item>;
  if (typeof beginNow !== "function") throw new TypeError("an async iterable was expected");
  const iterator = beginNow.call(items);
  return {
    next: () => Promise.resolve(iterator.next()),
    return: () => Promise.resolve(iterator.return?.() ?? { done: true, value: undefined }),
  };
}
