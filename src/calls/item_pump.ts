/**
 * Items on their way from an iterable to a session: the next one is asked for when there is room.
 *
 * @module
 */

import type { ItemProducer, ItemSource } from "../core/flow/item_source.ts";
import { iterate } from "./item_stream.ts";

/** How it ended. */
export type PumpEnd =
  /** All items are there. */
  | { readonly kind: "done" }
  /** No more were wanted, and whoever made them has stopped. */
  | { readonly kind: "stopped" }
  /** Whoever made them has failed, or an item cannot be sent. */
  | { readonly kind: "failed"; readonly error: unknown; readonly isCodec: boolean };

/** What an item of its is. */
export type EncodeItem = (item: unknown) => Uint8Array;

/** Pumps the items of one iterable. */
export class ItemPump implements ItemProducer {
  /** How many items were taken out of the iterable. */
  count = 0;
  /** Whether the iterable has been asked for an item. */
  isAsking = false;
  readonly #items: AsyncIterable<unknown> | Iterable<unknown>;
  readonly #source: ItemSource;
  readonly #encode: EncodeItem;
  readonly #handleEnd: (end: PumpEnd) => void;
  #iterator: AsyncIterator<unknown> | null = null;
  #wake: (() => void) | null = null;
  #isStopped = false;
  #returned: Promise<unknown> | null = null;

  constructor(
    items: AsyncIterable<unknown> | Iterable<unknown>,
    source: ItemSource,
    encode: EncodeItem,
    handleEnd: (end: PumpEnd) => void,
  ) {
    this.#items = items;
    this.#source = source;
    this.#encode = encode;
    this.#handleEnd = handleEnd;
  }

  /** Begins; it ends by itself. */
  start(): void {
    this.#source.producer = this;
    if (this.#source.isStopped) this.#isStopped = true;
    this.#run().then(
      this.#handleEnd,
      (error) => this.#handleEnd({ kind: "failed", error, isCodec: false }),
    );
  }

  handleWanted(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  handleStopped(): void {
    this.#isStopped = true;
    this.#return();
    this.handleWanted();
  }

  async #run(): Promise<PumpEnd> {
    const source = this.#source;
    const iterator = this.#iterator = iterate(this.#items);
    while (!this.#isStopped) {
      if (!source.isWanted) {
        await new Promise<void>((resolve) => this.#wake = resolve);
        continue;
      }
      this.isAsking = true;
      const { done, value } = await iterator.next();
      this.isAsking = false;
      if (this.#isStopped) break;
      if (done === true) return { kind: "done" };
      this.count++;
      let bytes: Uint8Array;
      try {
        bytes = this.#encode(value);
      } catch (error) {
        this.#return();
        await this.#returned;
        return { kind: "failed", error, isCodec: true };
      }
      source.push(bytes);
    }
    this.#return();
    await this.#returned;
    return { kind: "stopped" };
  }

  /** Whoever makes the items hears at once that no more are wanted; what that throws is nobody's. */
  #return(): void {
    if (this.#returned !== null || this.#iterator === null) return;
    try {
      this.#returned = Promise.resolve(this.#iterator.return?.()).catch(() => {});
    } catch {
      this.#returned = Promise.resolve();
    }
  }
}

/** Nobody takes the items: whoever makes them need not begin. */
export function leave(items: AsyncIterable<unknown>): void {
  try {
    Promise.resolve(iterate(items).return?.()).catch(() => {});
  } catch {
    // What cannot be iterated makes nothing.
  }
}
