/**
 * Makes requests and notifications of what the application hands over: shared by `Endpoint` and
 * `Client`.
 *
 * @module
 */

import { type Codec, encodeWith, resolveCodec } from "../codec.ts";
import type { Timers } from "../connection/timers.ts";
import type { ErrorCode, RequestError } from "../errors.ts";
import type { NotifyOptions, RequestOptions } from "../options.ts";
import {
  checkNotifyOptions,
  checkPeerName,
  checkRequestOptions,
  checkServiceName,
} from "../options/call_options.ts";
import type { CopyBytes } from "../runtime/runtime.ts";
import { AbortGroups } from "./abort_groups.ts";
import { Call, callError, type CallHost, Notice, type Route } from "./call.ts";
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

  constructor(timers: Timers, copy: CopyBytes, defaults: CallDefaults) {
    this.#host = { timers, copy, aborts: new AbortGroups() };
    this.#defaults = defaults;
  }

  /** @param route Where it goes, or why it goes nowhere. */
  request<Result>(
    route: Route | ErrorCode,
    peer: string,
    service: string,
    payload: unknown,
    options: RequestOptions,
  ): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      checkRequestOptions(options);
      const codec = this.#codecOf(options);
      const bytes = this.#encode(route, peer, service, payload, codec, options);
      if (!(bytes instanceof Uint8Array)) return reject(bytes);
      const { requestTimeoutMs, whenDown } = this.#defaults;
      new Call(
        this.#host,
        route as Route,
        peer,
        service,
        codec,
        options.timeoutMs ?? requestTimeoutMs,
        options.idempotent ?? false,
        options.signal,
        bytes,
        resolve as (value: unknown) => void,
        reject,
      ).start((options.whenDown ?? whenDown) === "fail");
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
      const { requestTimeoutMs, whenDown } = this.#defaults;
      new Notice(
        this.#host,
        route as Route,
        peer,
        service,
        codec,
        options.timeoutMs ?? requestTimeoutMs,
        options.signal,
        bytes,
        resolve,
        reject,
      ).start((options.whenDown ?? whenDown) === "fail");
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

function refused(
  code: ErrorCode,
  peer: string,
  service: string,
  text = "",
  cause?: unknown,
): RequestError {
  return callError(code, "not-sent", peer, service, text, { cause });
}
