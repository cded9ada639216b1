/**
 * A stream that the other end has opened, as the application's side takes it.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import type { ItemSink } from "../flow/item_sink.ts";
import type { ItemSource } from "../flow/item_source.ts";
import type { StreamEnd } from "../wire/stream_frames.ts";
import type { Session } from "./session.ts";
import type { InboundRequest } from "./session_handler.ts";

/** What OPEN says. */
export interface StreamOpening {
  readonly number: number;
  readonly service: string;
  readonly codec: number;
  /** How long its caller waits for the first item, in milliseconds, or `Infinity`. */
  readonly timeoutMs: number;
  readonly depth: number;
  /** As it is encoded; `null` for none. */
  readonly metadata: Uint8Array | null;
  /** How many items its caller has of an earlier process. */
  readonly resumeFrom: number;
  /** Whether its answer is one item. */
  readonly wantsOne: boolean;
  /** Whether its request is a sequence; else a payload may follow as the only item. */
  readonly hasItems: boolean;
  /** The items of the request; `null`: there are none, the payload came with OPEN. */
  readonly sink: ItemSink | null;
  /** The items of the answer. */
  readonly source: ItemSource;
}

/** A stream of the other end. */
export class ServedStream {
  readonly session: Session;
  readonly opening: StreamOpening;
  /** Told when nobody wants the answer any more. */
  handler: InboundRequest | null = null;
  /** What the application's side holds for it before it runs, in bytes. */
  heldBytes = 0;

  constructor(session: Session, opening: StreamOpening) {
    this.session = session;
    this.opening = opening;
  }

  get number(): number {
    return this.opening.number;
  }

  get sink(): ItemSink | null {
    return this.opening.sink;
  }

  get source(): ItemSource {
    return this.opening.source;
  }

  /** It runs: items of its request may come. */
  accept(): void {
    const { sink } = this;
    if (sink !== null) this.session.streams.handleWindow(sink);
  }

  /** Its answer has ended so; its request is not needed any more. */
  finish(end: StreamEnd): void {
    this.handler = null;
    if (this.source.isStopped) this.source.abandon(end);
    else this.source.end(end);
    if (this.sink !== null) this.session.streams.stopItems(this.sink);
  }

  /** STOP came: its caller gives up. */
  handleStop(): void {
    this.source.handleStop();
    this.handler?.cancel("cancelled");
  }

  /** The caller's process is gone, or this one ends. */
  end(code: ErrorCode): void {
    const { handler } = this;
    this.source.clear();
    this.sink?.drop();
    this.handler = null;
    handler?.cancel(code);
  }
}
