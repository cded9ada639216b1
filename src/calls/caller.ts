/**
 * Makes requests and notifications of what the application hands over: shared by `Endpoint` and
 * `Client`.
 *
 * @module
 */

import { type Codec, encodeWith, resolveCodec } from "../codec.ts";
import type { Timers } from "../connection/timers.ts";
import type { Session } from "../core/session/session.ts";
import { NO_METADATA } from "../core/wire/metadata.ts";
import { type ErrorCode, RequestError } from "../errors.ts";
import type { FlushOptions, NotifyOptions, RequestOptions, StreamOptions } from "../options.ts";
import {
  checkFlushOptions,
  checkNotifyOptions,
  checkPeerName,
  checkRequestOptions,
  checkServiceName,
  checkStreamOptions,
} from "../options/call_options.ts";
import type { CopyBytes } from "../runtime/runtime.ts";
import { AbortGroups } from "./abort_groups.ts";
import { Call, type CallHost, type CallReport, Notice, type Route } from "./call.ts";
import type { HandlerContext } from "./call_context.ts";
import { Flush } from "./flush.ts";
import { finalOptions, type InterceptedCall, type Interceptors } from "./interceptors.ts";
import { moves } from "./moves.ts";
import type { ItemReader } from "./item_reader.ts";
import { isItems, type Items, type ItemStream, LateItems, newItemStream } from "./item_stream.ts";
import { encodedMetadata, refused } from "./refusals.ts";
import { StreamCall } from "./stream_call.ts";
import { messageOf } from "./thrown.ts";

/** What holds for calls that do not say otherwise. */
export interface CallDefaults {
  readonly codec: Codec;
  readonly requestTimeoutMs: number;
  readonly payloadMaxBytes: number;
  readonly whenDown?: "wait" | "fail";
}

/** Whom a call is for: a name, or the other end of one session and nobody after it. */
export type Destination = string | Session;

/** Where calls go. */
export interface CallerOwner {
  /**
   * Where a call goes, or why it goes nowhere.
   *
   * @param isNested Whether it is made for work that is open: that goes on while it closes.
   */
  routeTo(to: Destination, isNested: boolean): Route | ErrorCode;
  /** A notification that was taken will not be sent. */
  handleDropped: CallHost["handleDropped"];
}

const NOTHING = new Uint8Array(0);

/** Makes the calls of one endpoint or client. */
export class Caller {
  readonly #owner: CallerOwner;
  readonly #host: CallHost;
  readonly #defaults: CallDefaults;
  readonly #interceptors: Interceptors;

  constructor(
    owner: CallerOwner,
    timers: Timers,
    copy: CopyBytes,
    defaults: CallDefaults,
    interceptors: Interceptors,
  ) {
    this.#owner = owner;
    const handleDropped: CallHost["handleDropped"] = (...what) => owner.handleDropped(...what);
    this.#host = { timers, copy, aborts: new AbortGroups(), handleDropped };
    this.#defaults = defaults;
    this.#interceptors = interceptors;
  }

  /**
   * @param context The call for which it is made, or `null`.
   * @param depth How many handlers wait for it, one in the other.
   */
  request<Result>(
    to: Destination,
    service: string,
    payload: unknown,
    options: RequestOptions,
    context: HandlerContext | null = null,
    depth = 0,
  ): Promise<Result> {
    if (!isIntercepted(this.#interceptors, service)) {
      return this.#request(to, service, payload, options, context !== null, depth, null);
    }
    return this.#intercept("request", to, service, payload, options, context, (call) => {
      const final = finalOptions(call);
      const isNested = context !== null;
      return this.#request(to, service, call.payload, final, isNested, depth, call.report);
    }) as Promise<Result>;
  }

  /** @param context The call for which it is made, or `null`. */
  notify(
    to: Destination,
    service: string,
    payload: unknown,
    options: NotifyOptions,
    context: HandlerContext | null = null,
  ): Promise<void> {
    if (!isIntercepted(this.#interceptors, service)) {
      return this.#notify(to, service, payload, options, context !== null);
    }
    return this.#intercept(
      "notification",
      to,
      service,
      payload,
      options,
      context,
      (call) => this.#notify(to, service, call.payload, finalOptions(call), context !== null),
    ) as Promise<void>;
  }

  /** The items of a peer's answer; what cannot work is told to whoever reads them. */
  stream<Item>(
    to: Destination,
    service: string,
    payload: unknown,
    options: StreamOptions,
    context: HandlerContext | null = null,
    depth = 0,
  ): ItemStream<Item> {
    const open = (given: unknown, final: StreamOptions, report: CallReport | null) => {
      checkStreamOptions(final);
      const route = this.#routeTo(to, context !== null);
      const call = this.#openStream(to, service, given, final, false, depth, report, route);
      if (call instanceof RequestError) throw call;
      return call as Items<Item>;
    };
    try {
      if (!isIntercepted(this.#interceptors, service)) {
        return newItemStream<Item>(open(payload, options, null));
      }
    } catch (error) {
      return newItemStream<Item>(new LateItems<Item>(Promise.reject(error)));
    }
    const items = this.#intercept(
      "stream",
      to,
      service,
      payload,
      options,
      context,
      (call) => newItemStream<Item>(open(call.payload, finalOptions(call), call.report)),
    );
    return newItemStream<Item>(new LateItems<Item>(items as Promise<AsyncIterable<Item>>));
  }

  #openStream(
    to: Destination,
    service: string,
    payload: unknown,
    options: StreamOptions,
    wantsOne: boolean,
    depth: number,
    report: CallReport | null,
    route: Route | ErrorCode,
  ): ItemReader | RequestError {
    const peer = nameOf(to);
    const codec = this.#codecOf(options);
    const items = isItems(payload) ? payload : null;
    const bytes = items === null
      ? this.#encode(route, peer, service, payload, codec, options)
      : this.#refusal(route, peer, service, options) ?? NOTHING;
    if (!(bytes instanceof Uint8Array)) return bytes;
    const metadata = encodedMetadata(peer, service, options);
    if (metadata instanceof RequestError) return metadata;
    const { requestTimeoutMs, whenDown, payloadMaxBytes } = this.#defaults;
    const call = new StreamCall(this.#host, route as Route, {
      peer,
      service,
      codec,
      timeoutMs: options.timeoutMs ?? requestTimeoutMs,
      idleTimeoutMs: options.idleTimeoutMs ?? Infinity,
      depth,
      signal: options.signal,
      metadata,
      payload: isOf(payload, bytes) ? this.#host.copy(bytes, 0, bytes.length) : bytes,
      items,
      wantsOne,
      resumeFrom: options.resumeFrom ?? 0,
      itemMaxBytes: payloadMaxBytes,
    }, report);
    call.moves = moves(options);
    if (typeof to !== "string") call.only = to;
    call.start((options.whenDown ?? whenDown) === "fail", options.whenFull === "fail");
    return call.reader;
  }

  #intercept(
    kind: InterceptedCall["kind"],
    to: Destination,
    service: string,
    payload: unknown,
    options: RequestOptions,
    context: HandlerContext | null,
    innermost: (call: InterceptedCall) => unknown,
  ): Promise<unknown> {
    // What cannot work is told before anybody stands around it.
    return new Promise((resolve) => {
      const peer = nameOf(to);
      if (kind === "request") checkRequestOptions(options);
      else if (kind === "stream") checkStreamOptions(options);
      else checkNotifyOptions(options);
      checkPeerName(peer);
      checkServiceName(service);
      const { metadata = NO_METADATA, ...rest } = options;
      const call: InterceptedCall = {
        side: "calling",
        kind,
        peer,
        service,
        payload,
        metadata,
        options: rest,
        context,
        report: { waitedMs: 0, identifier: 0, bootId: null },
      };
      resolve(this.#interceptors.run(call, innermost));
    });
  }

  #request<Result>(
    to: Destination,
    service: string,
    payload: unknown,
    options: RequestOptions,
    isNested: boolean,
    depth: number,
    report: CallReport | null,
  ): Promise<Result> {
    const route = this.#routeTo(to, isNested);
    const peer = nameOf(to);
    return new Promise<Result>((resolve, reject) => {
      checkRequestOptions(options);
      if (isItems(payload)) {
        const call = this.#openStream(to, service, payload, options, true, depth, report, route);
        return call instanceof RequestError ? reject(call) : resolve(onlyItem<Result>(call));
      }
      const codec = this.#codecOf(options);
      const bytes = this.#encode(route, peer, service, payload, codec, options);
      if (!(bytes instanceof Uint8Array)) return reject(bytes);
      const metadata = encodedMetadata(peer, service, options);
      if (metadata instanceof RequestError) return reject(metadata);
      const { requestTimeoutMs, whenDown } = this.#defaults;
      const call = new Call(
        this.#host,
        route as Route,
        peer,
        service,
        codec,
        options.timeoutMs ?? requestTimeoutMs,
        options.idempotent ?? false,
        depth,
        options.signal,
        bytes,
        metadata,
        resolve as (value: unknown) => void,
        reject,
        report,
      );
      call.moves = moves(options);
      if (typeof to !== "string") call.only = to;
      call.start((options.whenDown ?? whenDown) === "fail", options.whenFull === "fail");
    });
  }

  #notify(
    to: Destination,
    service: string,
    payload: unknown,
    options: NotifyOptions,
    isNested: boolean,
  ): Promise<void> {
    const route = this.#routeTo(to, isNested);
    const peer = nameOf(to);
    return new Promise((resolve, reject) => {
      checkNotifyOptions(options);
      const codec = this.#codecOf(options);
      const bytes = this.#encode(route, peer, service, payload, codec, options);
      if (!(bytes instanceof Uint8Array)) return reject(bytes);
      const metadata = encodedMetadata(peer, service, options);
      if (metadata instanceof RequestError) return reject(metadata);
      // It settles when it is taken, and is sent later: what the caller then writes is not sent.
      const own = isOf(payload, bytes) ? this.#host.copy(bytes, 0, bytes.length) : bytes;
      const { requestTimeoutMs, whenDown } = this.#defaults;
      new Notice(
        this.#host,
        route as Route,
        peer,
        service,
        codec,
        options.timeoutMs ?? requestTimeoutMs,
        options.signal,
        own,
        metadata,
        resolve,
        reject,
      ).start((options.whenDown ?? whenDown) === "fail", options.whenFull === "fail");
    });
  }

  /** Waits until the other end has all notifications that were taken. */
  flush(peer: string, options: FlushOptions): Promise<void> {
    const route = this.#owner.routeTo(peer, true);
    return new Promise((resolve, reject) => {
      checkFlushOptions(options);
      const { signal, timeoutMs } = options;
      if (typeof route === "string") return reject(refused(route, peer, "flush"));
      if (signal?.aborted) return reject(refused("cancelled", peer, "flush", "", signal.reason));
      new Flush(this.#host, route, peer, signal, resolve, reject)
        .start(timeoutMs ?? this.#defaults.requestTimeoutMs);
    });
  }

  /** Whoever calls can be called back as long as its session lasts, also while this end closes. */
  #routeTo(to: Destination, isNested: boolean): Route | ErrorCode {
    return this.#owner.routeTo(to, isNested || typeof to !== "string");
  }

  /** Why a call goes nowhere, whatever it carries; else `null`. */
  #refusal(
    route: Route | ErrorCode,
    peer: string,
    service: string,
    { signal }: { readonly signal?: AbortSignal | undefined },
  ): RequestError | null {
    checkPeerName(peer);
    checkServiceName(service);
    if (typeof route === "string") return refused(route, peer, service);
    if (signal?.aborted) return refused("cancelled", peer, service, "", signal.reason);
    return null;
  }

  #codecOf({ codec }: NotifyOptions): Codec {
    return codec === undefined ? this.#defaults.codec : resolveCodec(codec);
  }

  /** The payload's bytes, or why the call goes nowhere. */
  #encode(
    route: Route | ErrorCode,
    peer: string,
    service: string,
    payload: unknown,
    codec: Codec,
    { signal }: NotifyOptions,
  ): Uint8Array | RequestError {
    const refusal = this.#refusal(route, peer, service, { signal });
    if (refusal !== null) return refusal;
    let bytes: Uint8Array;
    try {
      bytes = encodeWith(codec, payload);
    } catch (cause) {
      return refused("codec-failed", peer, service, messageOf(cause), cause);
    }
    const { payloadMaxBytes } = this.#defaults;
    if (bytes.length <= payloadMaxBytes) return bytes;
    const text = `${bytes.length} bytes, at most ${payloadMaxBytes} fit`;
    return refused("payload-too-large", peer, service, text);
  }
}

/** What is no name is told later. */
function nameOf(to: Destination): string {
  return typeof to === "object" && to !== null ? to.peer : to;
}

/** The one item of an answer, once it is whole. */
async function onlyItem<Result>(items: ItemReader): Promise<Result> {
  const { value } = await items.next();
  await items.next();
  return value as Result;
}

/** Whether some stand around a service; what is none is refused without them. */
function isIntercepted(interceptors: Interceptors, service: unknown): boolean {
  return typeof service === "string" && interceptors.standAround(service);
}

/** Whether encoded bytes are memory of the caller's. */
function isOf(payload: unknown, bytes: Uint8Array): boolean {
  return ArrayBuffer.isView(payload) && payload.buffer === bytes.buffer;
}
