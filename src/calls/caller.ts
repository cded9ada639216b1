/**
 * Makes requests and notifications of what the application hands over: shared by `Endpoint` and
 * `Client`.
 *
 * @module
 */

import { type Codec, encodeWith, resolveCodec } from "../codec.ts";
import type { Timers } from "../connection/timers.ts";
import { encodeMetadata } from "../core/wire/metadata.ts";
import { type ErrorCode, RequestError } from "../errors.ts";
import type { FlushOptions, NotifyOptions, RequestOptions } from "../options.ts";
import {
  checkFlushOptions,
  checkNotifyOptions,
  checkPeerName,
  checkRequestOptions,
  checkServiceName,
} from "../options/call_options.ts";
import type { CopyBytes } from "../runtime/runtime.ts";
import { AbortGroups } from "./abort_groups.ts";
import { Call, callError, type CallHost, Notice, type Route } from "./call.ts";
import { Flush } from "./flush.ts";
import { messageOf } from "./thrown.ts";

/** What holds for calls that do not say otherwise. */
export interface CallDefaults {
  readonly codec: Codec;
  readonly requestTimeoutMs: number;
  readonly payloadMaxBytes: number;
  readonly whenDown?: "wait" | "fail";
}

/** Makes the calls of one endpoint or client. */
export class Caller {
  readonly #host: CallHost;
  readonly #defaults: CallDefaults;

  /** @param handleDropped A notification that was taken will not be sent. */
  constructor(
    timers: Timers,
    copy: CopyBytes,
    defaults: CallDefaults,
    handleDropped: CallHost["handleDropped"],
  ) {
    this.#host = { timers, copy, aborts: new AbortGroups(), handleDropped };
    this.#defaults = defaults;
  }

  /**
   * @param route Where it goes, or why it goes nowhere.
   * @param depth How many handlers wait for it, one in the other.
   */
  request<Result>(
    route: Route | ErrorCode,
    peer: string,
    service: string,
    payload: unknown,
    options: RequestOptions,
    depth = 0,
  ): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      checkRequestOptions(options);
      const codec = this.#codecOf(options);
      const bytes = this.#encode(route, peer, service, payload, codec, options);
      if (!(bytes instanceof Uint8Array)) return reject(bytes);
      const metadata = encodedMetadata(peer, service, options);
      if (metadata instanceof RequestError) return reject(metadata);
      const { requestTimeoutMs, whenDown } = this.#defaults;
      new Call(
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
      ).start((options.whenDown ?? whenDown) === "fail", options.whenFull === "fail");
    });
  }

  /** @param route Where it goes, or why it goes nowhere. */
  notify(
    route: Route | ErrorCode,
    peer: string,
    service: string,
    payload: unknown,
    options: NotifyOptions,
  ): Promise<void> {
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
  flush(route: Route | ErrorCode, peer: string, options: FlushOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      checkFlushOptions(options);
      const { signal, timeoutMs } = options;
      if (typeof route === "string") return reject(refused(route, peer, "flush"));
      if (signal?.aborted) return reject(refused("cancelled", peer, "flush", "", signal.reason));
      new Flush(this.#host, route, peer, signal, resolve, reject)
        .start(timeoutMs ?? this.#defaults.requestTimeoutMs);
    });
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
    checkPeerName(peer);
    checkServiceName(service);
    if (typeof route === "string") return refused(route, peer, service);
    if (signal?.aborted) return refused("cancelled", peer, service, "", signal.reason);
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

/** The metadata's bytes, `null` for none, or why the call goes nowhere. */
function encodedMetadata(
  peer: string,
  service: string,
  { metadata }: NotifyOptions,
): Uint8Array | RequestError | null {
  if (metadata === undefined) return null;
  const encoded = encodeMetadata(metadata);
  return typeof encoded === "string"
    ? refused("invalid-metadata", peer, service, encoded)
    : encoded;
}

/** Whether encoded bytes are memory of the caller's. */
function isOf(payload: unknown, bytes: Uint8Array): boolean {
  return ArrayBuffer.isView(payload) && payload.buffer === bytes.buffer;
}

function refused(
  code: ErrorCode,
  peer: string,
  service: string,
  text = "",
  cause?: unknown,
): RequestError {
  return callError(code, "not-sent", peer, service, text, { cause });
}
