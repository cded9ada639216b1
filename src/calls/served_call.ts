/**
 * A stream of the other end, as its handler sees it, and what becomes of its items.
 *
 * @module
 */

import { type Codec, decodeRange } from "../codec.ts";
import type { Timers } from "../connection/timers.ts";
import type { ServedStream } from "../core/session/served_stream.ts";
import type { InboundRequest } from "../core/session/session_handler.ts";
import type { Metadata } from "../core/wire/metadata.ts";
import { DONE, endOf, type StreamEnd } from "../core/wire/stream_frames.ts";
import { type ErrorCode, RequestError } from "../errors.ts";
import type { NotifyOptions, RequestOptions, StreamOptions } from "../options.ts";
import type { CopyBytes } from "../runtime/runtime.ts";
import { destinationOf, type HandlerContext, type NestedCalls } from "./call_context.ts";
import { decodeCause, encodeCause } from "./cause.ts";
import { ItemPump, type PumpEnd } from "./item_pump.ts";
import { ItemReader, type ItemReaderOwner } from "./item_reader.ts";
import { isItems, type ItemStream, newItemStream } from "./item_stream.ts";
import { callerOf, type RemoteCaller } from "./remote_caller.ts";
import { codecEnd, encodeItem } from "./stream_call.ts";
import { detailsOf, isThenable, messageOf, waitFor } from "./thrown.ts";

/** Runs a handler with what its caller has sent. */
export type RunHandler = (payload: unknown, context: ServedCall) => unknown;

/** A stream that is being answered. */
export class ServedCall implements InboundRequest, HandlerContext, ItemReaderOwner {
  readonly service: string;
  readonly timeoutMs: number;
  readonly timeLeftMs = Infinity;
  readonly idleTimeoutMs = Infinity;
  readonly resumeFrom: number;
  readonly itemCodec: Codec;
  readonly copy: CopyBytes;
  metadata: Metadata;
  /** Whether its handler has begun: interceptors may refuse it before. */
  isBegun = true;
  readonly #calls: NestedCalls;
  readonly #stream: ServedStream;
  #controller: AbortController | null = null;
  #cancelled: ErrorCode | null = null;

  constructor(
    calls: NestedCalls,
    stream: ServedStream,
    codec: Codec,
    copy: CopyBytes,
    metadata: Metadata,
  ) {
    this.#calls = calls;
    this.#stream = stream;
    this.itemCodec = codec;
    this.copy = copy;
    this.metadata = metadata;
    const { service, timeoutMs, resumeFrom } = stream.opening;
    this.service = service;
    this.timeoutMs = timeoutMs;
    this.resumeFrom = resumeFrom;
    stream.handler = this;
  }

  get caller(): RemoteCaller {
    return callerOf(this.#stream.session, this.#calls);
  }

  /** The life of the caller. */
  get callerBootId(): string {
    return this.#stream.session.bootId;
  }

  get signal(): AbortSignal {
    const controller = this.#controller ??= new AbortController();
    if (this.#cancelled !== null) controller.abort(cancelReason(this.#cancelled));
    return controller.signal;
  }

  get timers(): Timers {
    return this.#calls.timers;
  }

  request<Result = unknown>(
    peer: string | RemoteCaller,
    service: string,
    payload?: unknown,
    options: RequestOptions = {},
  ): Promise<Result> {
    const to = destinationOf(peer);
    const depth = this.#stream.opening.depth + 1;
    return this.#calls.requestAt(this, depth, to, service, payload, this.#bind(options));
  }

  notify(
    peer: string | RemoteCaller,
    service: string,
    payload?: unknown,
    options: NotifyOptions = {},
  ): Promise<void> {
    const to = destinationOf(peer);
    return this.#calls.notifyFrom(this, to, service, payload, this.#bind(options));
  }

  stream<Item = unknown>(
    peer: string | RemoteCaller,
    service: string,
    payload?: unknown,
    options: StreamOptions = {},
  ): ItemStream<Item> {
    const to = destinationOf(peer);
    const depth = this.#stream.opening.depth + 1;
    return this.#calls.streamFrom(this, depth, to, service, payload, this.#bind(options));
  }

  cancel(code: ErrorCode): void {
    if (this.#cancelled !== null) return;
    this.#cancelled = code;
    this.#controller?.abort(cancelReason(code));
  }

  /** Begins: with the payload that came with it, the one that follows, or the items as they come. */
  start(run: RunHandler, bytes: Uint8Array, start: number, end: number): void {
    const { sink, opening } = this.#stream;
    this.#stream.accept();
    if (sink === null) this.#decode(run, bytes, start, end);
    else if (opening.hasItems) {
      const reader = new ItemReader(this);
      reader.attach(sink);
      this.#run(run, newItemStream(reader));
    } else {
      sink.next({
        handleItem: (whole, from, to) => this.#decode(run, whole, from, to),
        handleEnd: () =>
          this.#finish(endOf("cancelled", "not-executed", "its payload did not come")),
      });
    }
  }

  // What the reader of its request tells.

  handleEnd({ code, delivery, message, cause }: StreamEnd): unknown {
    if (code === null) return null;
    const text = `The items of the request have ended: ${message || code}`;
    return new RequestError(code, text, delivery, {
      peer: this.#stream.session.peer,
      cause: decodeCause(cause),
    });
  }

  handleUndecoded(cause: unknown): unknown {
    this.handleUnwanted();
    return new RequestError("codec-failed", messageOf(cause), "executed", { cause });
  }

  handleIdle(): void {}

  handleUnwanted(): void {
    const { sink, session } = this.#stream;
    if (sink !== null) session.streams.stopItems(sink);
  }

  #decode(run: RunHandler, bytes: Uint8Array, start: number, end: number): void {
    let payload: unknown;
    try {
      payload = decodeRange(this.itemCodec, bytes, start, end, this.copy);
    } catch (error) {
      this.#finish(endOf("codec-failed", "not-executed", messageOf(error)));
      return;
    }
    this.#run(run, payload);
  }

  #run(run: RunHandler, payload: unknown): void {
    let result: unknown;
    try {
      result = run(payload, this);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (isThenable(result)) {
      waitFor(result, (value) => this.#answer(value), (error) => this.#fail(error));
    } else this.#answer(result);
  }

  #answer(value: unknown): void {
    const { source, session, opening } = this.#stream;
    const maxBytes = session.payloadMaxBytes;
    const encode = (item: unknown) => encodeItem(this.itemCodec, item, maxBytes);
    if (opening.wantsOne) {
      let bytes: Uint8Array;
      try {
        bytes = encode(value);
        if (bytes.length > maxBytes) throw new RangeError(`an answer of ${bytes.length} bytes`);
      } catch (error) {
        this.#finish(codecEnd(error));
        return;
      }
      source.push(bytes);
      this.#finish(DONE);
      return;
    }
    if (!isItems(value) && typeof (value as Iterable<unknown>)?.[Symbol.iterator] !== "function") {
      this.#fail(new TypeError("the handler of a stream returned no iterable"));
      return;
    }
    const items = value as AsyncIterable<unknown>;
    new ItemPump(items, source, encode, (end) => this.#handlePumped(end)).start();
  }

  #handlePumped(end: PumpEnd): void {
    if (end.kind === "done") this.#finish(DONE);
    else if (end.kind === "stopped") this.#finish(this.#cancelEnd());
    else if (end.isCodec) this.#finish(codecEnd(end.error));
    else this.#fail(end.error);
  }

  #fail(error: unknown): void {
    if (this.#cancelled !== null) {
      this.#finish(this.#cancelEnd());
      return;
    }
    this.#finish({
      code: "handler-failed",
      delivery: this.isBegun ? "executed" : "not-executed",
      message: messageOf(error),
      cause: encodeCause(error),
      details: detailsOf(error),
    });
  }

  #cancelEnd(): StreamEnd {
    return endOf("cancelled", "maybe-executed", "its caller gave up");
  }

  #finish(end: StreamEnd): void {
    this.#stream.finish(end);
  }

  /** What it calls is needed as long as its own caller waits. */
  #bind<Options extends NotifyOptions>(options: Options): Options {
    const signal = options.signal === undefined
      ? this.signal
      : AbortSignal.any([options.signal, this.signal]);
    return { ...options, signal };
  }
}

function cancelReason(code: ErrorCode): RequestError {
  return new RequestError(code, "The caller wants no more items", "maybe-executed");
}
