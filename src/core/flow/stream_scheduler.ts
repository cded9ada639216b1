/**
 * What streams have to write: windows and stops first, then a frame's worth of each source in turn,
 * so that a small item waits for a piece of another stream and never for all of it.
 *
 * @module
 */

import type { StreamId, StreamWriter } from "../wire/stream_frames.ts";
import type { ItemSink } from "./item_sink.ts";
import type { ItemSource } from "./item_source.ts";
import type { TransfersOwner } from "./transfers.ts";

/** What the streams of one session have to write. */
export class StreamScheduler {
  readonly #owner: TransfersOwner;
  readonly #writer: StreamWriter;
  readonly #sinks = new Set<ItemSink>();
  readonly #stops: StreamId[] = [];
  /** Sources that can write, each once; the first one has its turn. */
  #ready: ItemSource[] = [];

  constructor(owner: TransfersOwner, writer: StreamWriter) {
    this.#owner = owner;
    this.#writer = writer;
  }

  /** Whether something could be written, as soon as there is room for it. */
  get hasWork(): boolean {
    return this.#ready.length > 0 || this.#sinks.size > 0 || this.#stops.length > 0;
  }

  /** The other end is to be told of a window. */
  tell(sink: ItemSink): void {
    this.#sinks.add(sink);
  }

  /** The other end is to be told that its items are not wanted. */
  stop(id: StreamId): void {
    this.#stops.push(id);
  }

  /** It has something to write. */
  add(source: ItemSource): void {
    if (source.isQueued) return;
    source.isQueued = true;
    this.#ready.push(source);
  }

  /** Windows and stops. @returns Whether anything was written. */
  writeSmall(): boolean {
    if (this.#sinks.size === 0 && this.#stops.length === 0) return false;
    let moved = false;
    while (this.#stops.length > 0) {
      if (!this.#writer.stop(this.#stops[0]!)) return moved;
      this.#stops.shift();
      moved = true;
    }
    for (const sink of this.#sinks) {
      if (sink.isDue) {
        const { limit } = sink;
        if (!this.#writer.window(sink, limit)) return moved;
        sink.told(limit);
        moved = true;
      }
      this.#sinks.delete(sink);
    }
    return moved;
  }

  /** Up to a frame's worth of the source whose turn it is. @returns Its bytes. */
  writePiece(): number {
    while (this.#ready.length > 0 && this.#owner.mayWritePiece) {
      const source = this.#ready[0]!;
      const written = source.write(this.#writer);
      if (written === 0 && source.isReady) return 0;
      this.#ready.shift();
      source.isQueued = false;
      if (source.isReady) this.add(source);
      if (written === 0) continue;
      this.#owner.handlePiece(written);
      return written;
    }
    return 0;
  }

  /** Nothing is written any more. */
  clear(): void {
    this.#sinks.clear();
    this.#stops.length = 0;
    this.#ready = [];
  }
}
