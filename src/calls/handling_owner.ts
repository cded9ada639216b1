/**
 * What the handlers of an endpoint or client are told and can do.
 *
 * @module
 */

import type { Timers } from "../connection/timers.ts";
import type { EventBody } from "../events.ts";
import type { ResolvedClientOptions } from "../options.ts";
import type { Caller } from "./caller.ts";
import type { HandlingOwner } from "./handler_registry.ts";
import type { Interceptors } from "./interceptors.ts";

/** The parts of an endpoint or client that handlers have to do with. */
export interface HandlingParts {
  readonly options: Pick<ResolvedClientOptions, "allow" | "requestTimeoutMs">;
  readonly timers: Timers;
  readonly interceptors: Interceptors;
  /** It is made after the handlers, which call nobody before. */
  caller(): Caller;
  emit(event: EventBody): void;
}

/** Binds them. */
export function handlingOwnerOf(parts: HandlingParts): HandlingOwner {
  const { options, timers, interceptors, caller, emit } = parts;
  return {
    handleNotificationFailed: (peer, service, error) =>
      emit({ type: "handler-failed", peer, remoteAddress: null, service, error }),
    allow: options.allow,
    timers,
    requestTimeoutMs: options.requestTimeoutMs,
    requestAt: (context, depth, ...call) => caller().request(...call, context, depth),
    notifyFrom: (context, ...call) => caller().notify(...call, context),
    requestTo: (...call) => caller().request(...call),
    notifyTo: (...call) => caller().notify(...call),
    streamTo: (...call) => caller().stream(...call),
    streamFrom: (context, depth, ...call) => caller().stream(...call, context, depth),
    interceptors,
  };
}
