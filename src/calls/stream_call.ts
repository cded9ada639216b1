/**
 * A stream that this end opens, with its items and its deadlines: the border between iterables
 * above and callbacks below.
 *
 * @module
 */

import { type Codec, codecTag, encodeWith, jsonCodec } from "../codec.ts";
import { OutgoingStream } from "../core/flow/outgoing_stream.ts";
import { DONE, endOf, type StreamEnd } from "../core/wire/stream_frames.ts";
import { CODES, type Delivery, type ErrorCode, RequestError } from "../errors.ts";
import type { CopyBytes } from "../runtime/runtime.ts";
import type { Timers } from "../connection/timers.ts";
import { type Abortable, reasonOf } from "./abort_groups.ts";
import { callError, type CallHost, type CallReport, downText, type Route } from "./call.ts";
import { decodeCause } from "./cause.ts";
import { ItemPump, leave, type PumpEnd } from "./item_pump.ts";
import { ItemReader, type ItemReaderOwner } from "./item_reader.ts";
import { messageOf } from "./thrown.ts";

/** How a stream is called. */
export interface StreamCallOptions {
  readonly peer: string;
  readonly service: string;
  readonly codec: Codec;
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly depth: number;
  readonly signal: AbortSignal | undefined;
  readonly metadata: Uint8Array | null;
  /** The payload; nothing where the request is a sequence. */
  readonly payload: Uint8Array;
  /** The items of the request; `null`: it is the payload. */
  readonly items: AsyncIterable<unknown> | null;
  /** Whether its answer is one item. */
  readonly wantsOne: boolean;
  readonly resumeFrom: number;
  /** The largest item that this end sends, in bytes. */
  readonly itemMaxBytes: number;
}

/** A stream of this end. */
export class StreamCall extends OutgoingStream implements Abortable, ItemReaderOwner {
  signalPlace = 0;
  /** The items of its answer. */
  readonly reader: ItemReader = new ItemReader(this);
  readonly idleTimeoutMs: number;
  readonly #host: CallHost;
  readonly #route: Route;
  readonly #options: StreamCallOptions;
  readonly #report: CallReport | null;
  #pump: ItemPump | null = null;
  /** Items of the request that had been taken when its deadline was armed. */
  #countBefore = 0;

  constructor(host: CallHost, route: Route, options: StreamCallOptions, report: CallReport | null) {
    const { payload, codec, service, timeoutMs, depth, metadata, items } = options;
    super(payload, codecTag(codec), service, timeoutMs, depth, metadata, {
      sendsItems: items !== null,
      wantsOne: options.wantsOne,
      resumeFrom: options.resumeFrom,
    });
    this.#host = host;
    this.#route = route;
    this.#options = options;
    this.#report = report;
    this.idleTimeoutMs = options.idleTimeoutMs;
  }

  /** Opens it, now or when it can be; from now on it ends by itself. */
  start(failWhenDown: boolean, failWhenFull: boolean): void {
    const { signal } = this.#options;
    if (signal !== undefined) this.#host.aborts.add(signal, this);
    if (this.timeoutMs !== Infinity) this.#host.timers.add(this, this.timeoutMs);
    const refused = this.#route.outbox.stream(this, failWhenDown, failWhenFull);
    if (refused === null) return;
    this.state = "settled";
    this.fail(refused, downText(refused, this.#route), "not-sent");
  }

  override handleOpened(): void {
    const { items, codec } = this.#options;
    this.reader.attach(this.sink!);
    if (items === null || this.source === null) return;
    const maxBytes = Math.min(this.itemMaxBytes, this.#options.itemMaxBytes);
    this.#pump = new ItemPump(
      items,
      this.source,
      (item) => encodeItem(codec, item, maxBytes),
      (end) => this.#handleSent(end),
    );
    this.#pump.start();
  }

  override expire(): void {
    const pump = this.#pump;
    // As long as items of the request go out, or their maker takes its time, nobody is late.
    const isSending = pump !== null && this.source !== null && !this.source.isEnded &&
      (pump.isAsking || pump.count > this.#countBefore);
    if (!isSending && this.reader.hasBegun) return;
    if (isSending) {
      this.#countBefore = pump.count;
      this.#host.timers.add(this, this.timeoutMs);
    } else this.#giveUp("timeout", "");
  }

  handleAbort(): void {
    this.#giveUp("cancelled", "");
  }

  override fail(code: ErrorCode, text: string, delivery: Delivery): void {
    const { items } = this.#options;
    if (items !== null && this.#pump === null && !this.moves) leave(items);
    this.reader.fail(this.#error(code, delivery, text));
    this.#finish();
  }

  // What its reader tells.

  get itemCodec(): Codec {
    return this.#options.codec;
  }

  get copy(): CopyBytes {
    return this.#host.copy;
  }

  get timers(): Timers {
    return this.#host.timers;
  }

  handleEnd({ code, delivery, message, cause, details }: StreamEnd): unknown {
    this.#finish();
    if (code === null) return null;
    return this.#error(code, delivery, message || downText(code, this.#route), {
      cause: decodeCause(cause),
      details: decodeDetails(details),
    });
  }

  handleUndecoded(cause: unknown): unknown {
    this.#route.outbox.endStream(this);
    this.#finish();
    return this.#error("codec-failed", "executed", messageOf(cause), { cause });
  }

  handleIdle(): void {
    this.#giveUp("timeout", `nothing came for ${this.idleTimeoutMs} ms`);
  }

  handleUnwanted(): void {
    const { items } = this.#options;
    if (items !== null && this.#pump === null) leave(items);
    this.#route.outbox.endStream(this);
    this.#finish();
  }

  #handleSent(end: PumpEnd): void {
    if (end.kind === "stopped") return;
    // From now on the answer is waited for.
    if (this.state === "open" && !this.reader.hasBegun && this.timeoutMs !== Infinity) {
      this.#host.timers.add(this, this.timeoutMs);
    }
    if (end.kind === "done") {
      this.source!.end(DONE);
      return;
    }
    const { error, isCodec } = end;
    const text = messageOf(error);
    this.#route.outbox.endStream(this);
    const code = isCodec ? codecCode(error) : "cancelled";
    this.fail(code, isCodec ? text : `the items of the request: ${text}`, "maybe-executed");
  }

  #giveUp(code: "timeout" | "cancelled", text: string): void {
    if (this.state === "settled") return;
    const { delivery } = this;
    const isFull = this.state === "queued" && this.#route.isUp && code === "timeout";
    this.#route.outbox.endStream(this);
    const reason = isFull ? "overloaded" : code;
    this.fail(reason, text || downText(reason, this.#route), delivery);
  }

  #error(
    code: ErrorCode,
    delivery: Delivery,
    text: string,
    more: { readonly cause?: unknown; readonly details?: unknown } = {},
  ): RequestError {
    const { peer, service, signal } = this.#options;
    const cause = more.cause ??
      (code === "cancelled" && signal?.aborted
        ? reasonOf(signal)
        : this.#route.isUp
        ? undefined
        : this.#route.lastDialError ?? undefined);
    const { received } = this.reader;
    return callError(code, delivery, peer, service, text, { ...more, cause, received });
  }

  #finish(): void {
    this.state = "settled";
    this.#host.timers.remove(this);
    const { signal } = this.#options;
    if (signal !== undefined) this.#host.aborts.remove(signal, this);
    this.release();
    if (this.#report === null) return;
    this.#report.identifier = this.#route.identifier;
    this.#report.bootId = this.#route.sessionBootId;
  }
}

/** An item of a stream. @throws {Error} What the codec throws, or that it is too large. */
export function encodeItem(codec: Codec, item: unknown, maxBytes: number): Uint8Array {
  const bytes = encodeWith(codec, item);
  if (bytes.length <= maxBytes || codecTag(codec) === 1) return bytes;
  const text = `an item of ${bytes.length} bytes, at most ${maxBytes} fit`;
  throw new RequestError("payload-too-large", text, "not-sent");
}

/** The code of an item that cannot be sent. */
export function codecCode(error: unknown): ErrorCode {
  return error instanceof RequestError ? error.code : "codec-failed";
}

/** How a stream ends whose items cannot be sent. */
export function codecEnd(error: unknown): StreamEnd {
  const code = codecCode(error);
  return endOf(code, "executed", messageOf(error) || CODES[code].summary);
}

function decodeDetails(details: Uint8Array): unknown {
  if (details.length === 0) return undefined;
  try {
    return jsonCodec.decode(details);
  } catch {
    // The code and the message say what matters.
    return undefined;
  }
}
