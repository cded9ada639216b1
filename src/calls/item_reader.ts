/**
 * Items on their way from a session to whoever reads them: decoded one by one when they are asked
 * for.
 *
 * @module
 */

import { type Codec, decodeRange } from "../codec.ts";
import { TimerTask } from "../connection/timer_task.ts";
import type { Timers } from "../connection/timers.ts";
import type { ItemReceiver, ItemSink } from "../core/flow/item_sink.ts";
import type { StreamEnd } from "../core/wire/stream_frames.ts";
import type { CopyBytes } from "../runtime/runtime.ts";
import type { Items } from "./item_stream.ts";

/** Whom a reader tells. */
export interface ItemReaderOwner {
  readonly itemCodec: Codec;
  readonly copy: CopyBytes;
  readonly timers: Timers;
  /** How long it waits for the next item, in milliseconds, or `Infinity`. */
  readonly idleTimeoutMs: number;
  /** It is over: all has come, or it has failed. @returns What its reader is told; `null`: nothing. */
  handleEnd(end: StreamEnd): unknown;
  /** An item cannot be decoded. @returns What its reader is told. */
  handleUndecoded(cause: unknown): unknown;
  /** Nothing came for `idleTimeoutMs`. */
  handleIdle(): void;
  /** Its reader wants no more. */
  handleUnwanted(): void | Promise<void>;
}

interface Waiting {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/** The items of one direction of a stream. */
export class ItemReader implements Items<unknown>, ItemReceiver {
  /** How many items were handed on. */
  received = 0;
  readonly #owner: ItemReaderOwner;
  #sink: ItemSink | null = null;
  /** Who waits for the next ones, in their order; the first one waits at the sink. */
  #waiting: Waiting[] = [];
  #isOver = false;
  #failure: { readonly error: unknown } | null = null;
  #idleTask: TimerTask | null = null;

  constructor(owner: ItemReaderOwner) {
    this.#owner = owner;
  }

  /** Whether no more comes. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether something is there, or all has come. */
  get hasBegun(): boolean {
    const sink = this.#sink;
    return this.received > 0 || sink !== null && (sink.heldBytes > 0 || sink.hasEnded);
  }

  /** Its items come from there. */
  attach(sink: ItemSink): void {
    this.#sink = sink;
    if (this.#waiting.length > 0) this.#ask();
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#isOver) return this.#last();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (this.#waiting.length === 1 && this.#sink !== null) this.#ask();
    });
  }

  async end(): Promise<void> {
    if (this.#isOver) return;
    this.#finish(null);
    await this.#owner.handleUnwanted();
  }

  /** It has failed here. Whoever waits is told, or whoever asks next. */
  fail(error: unknown): void {
    if (!this.#isOver) this.#finish({ error });
  }

  handleItem(bytes: Uint8Array, start: number, end: number): void {
    if (this.#idleTask !== null) this.#owner.timers.remove(this.#idleTask);
    let value: unknown;
    try {
      value = decodeRange(this.#owner.itemCodec, bytes, start, end, this.#owner.copy);
    } catch (cause) {
      this.fail(this.#owner.handleUndecoded(cause));
      return;
    }
    this.received++;
    this.#waiting.shift()?.resolve({ done: false, value });
    if (this.#waiting.length > 0 && !this.#isOver) this.#ask();
  }

  handleEnd(end: StreamEnd): void {
    const error = this.#owner.handleEnd(end);
    if (!this.#isOver) this.#finish(error === null ? null : { error });
  }

  #ask(): void {
    const { idleTimeoutMs, timers } = this.#owner;
    if (idleTimeoutMs !== Infinity && this.received > 0) {
      timers.add(this.#idleTask ??= new TimerTask(() => this.#owner.handleIdle()), idleTimeoutMs);
    }
    this.#sink!.next(this);
  }

  #finish(failure: { readonly error: unknown } | null): void {
    this.#isOver = true;
    this.#failure = failure;
    if (this.#idleTask !== null) this.#owner.timers.remove(this.#idleTask);
    this.#sink?.drop();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve, reject } of waiting) this.#last().then(resolve, reject);
  }

  /** What comes after the last item: the failure, once, and then nothing more. */
  #last(): Promise<IteratorResult<unknown, undefined>> {
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) return Promise.reject(failure.error);
    return Promise.resolve({ done: true, value: undefined });
  }
}
