/** Streams whose items are made and taken as a test says. */

import type { ItemReceiver, ItemSink } from "../../src/core/flow/item_sink.ts";
import type { ItemSource } from "../../src/core/flow/item_source.ts";
import { OutgoingStream } from "../../src/core/flow/outgoing_stream.ts";
import { DONE, type StreamEnd } from "../../src/core/wire/stream_frames.ts";
import type { ErrorCode } from "../../src/errors.ts";

/** A stream whose outcome is recorded. */
export class TestStream extends OutgoingStream {
  outcome: string | null = null;

  constructor(
    payload: Uint8Array,
    kind: { sendsItems?: boolean; wantsOne?: boolean; resumeFrom?: number; codec?: number } = {},
    depth = 0,
    metadata: Uint8Array | null = null,
  ) {
    super(payload, kind.codec ?? 0, "s", 1_000, depth, metadata, {
      sendsItems: kind.sendsItems ?? false,
      wantsOne: kind.wantsOne ?? false,
      resumeFrom: kind.resumeFrom ?? 0,
    });
  }

  override expire(): void {}

  override handleOpened(): void {
    this.outcome = "open";
  }

  override fail(code: ErrorCode): void {
    this.outcome = code;
  }
}

/** Takes items when the test says so. */
export class Reader implements ItemReceiver {
  readonly items: Uint8Array[] = [];
  end: StreamEnd | null = null;
  isWaiting = false;
  readonly sink: ItemSink;

  constructor(sink: ItemSink) {
    this.sink = sink;
  }

  /** Waits for the next item, unless it does already or all are there. */
  next(): void {
    if (this.isWaiting || this.end !== null) return;
    this.isWaiting = true;
    this.sink.next(this);
  }

  /** Takes all that is here. */
  drain(): void {
    for (let count = -1; count !== this.items.length && this.end === null;) {
      count = this.items.length;
      this.next();
    }
  }

  handleItem(bytes: Uint8Array, start: number, end: number): void {
    this.isWaiting = false;
    this.items.push(bytes.slice(start, end));
  }

  handleEnd(end: StreamEnd): void {
    this.isWaiting = false;
    this.end = end;
  }
}

/** The items of a test: each says which one it is, so that none can stand for another one. */
export function itemOf(index: number, length: number): Uint8Array {
  const item = new Uint8Array(length).fill(index);
  if (length >= 4) new DataView(item.buffer).setUint32(0, index);
  return item;
}

/** Makes items of these lengths as far as they are wanted. */
export class Maker {
  made = 0;
  readonly source: ItemSource;
  readonly #lengths: readonly number[];
  #end: StreamEnd | null;

  constructor(source: ItemSource, lengths: readonly number[], end: StreamEnd | null = DONE) {
    this.source = source;
    this.#lengths = lengths;
    this.#end = end;
  }

  /** Whether all of them are made, or none is wanted any more. */
  get isDone(): boolean {
    return this.source.isStopped || this.made === this.#lengths.length;
  }

  make(): void {
    while (this.made < this.#lengths.length && this.source.isWanted) {
      this.source.push(itemOf(this.made, this.#lengths[this.made]!));
      this.made++;
    }
    if (this.made < this.#lengths.length || this.#end === null) return;
    this.source.end(this.#end);
    this.#end = null;
  }
}
