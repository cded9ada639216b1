/**
 * Interceptors: functions around every call, on the side that makes it and on the side that
 * answers it. Each may look, change, repeat, answer itself, or refuse.
 *
 * @module
 */

import { type Metadata, NO_METADATA } from "../core/wire/metadata.ts";
import type { RequestOptions } from "../options.ts";
import type { CallReport } from "./call.ts";
import type { HandlerContext } from "./call_context.ts";

/** Services of freshlink's own begin so: nothing stands around them. */
const OWN_SERVICES = "freshlink/";

/** A call as an interceptor sees it. */
export interface InterceptedCall {
  /** `calling`: it is made here. `serving`: it is answered here. */
  readonly side: "calling" | "serving";
  /**
   * A notification has no answer: `next` resolves with `undefined` when it is taken or handled. The
   * answer of a stream is its items: an async iterable, at once.
   */
  readonly kind: "request" | "notification" | "stream";
  /** Who is called; on the serving side, who calls. */
  readonly peer: string;
  /** The service. */
  readonly service: string;
  /** The payload, before it is encoded; on the serving side, decoded. */
  readonly payload: unknown;
  /** What goes with it beside the payload; empty where there is none. */
  readonly metadata: Metadata;
  /** What the caller asks for, without `metadata`; on the serving side its `timeoutMs` alone. */
  readonly options: RequestOptions;
  /**
   * On the serving side what the handler is told. On the calling side the call for which this one
   * is made (`context.request`), or `null`.
   */
  readonly context: HandlerContext | null;
  /** On the calling side filled in when a request has ended; on the serving side at once. */
  readonly report: Readonly<CallReport>;
}

/** What goes on otherwise than it came. */
export interface CallChanges {
  /** Another payload. */
  readonly payload?: unknown;
  /** Other metadata, all of it; on the serving side the handler finds it in its context. */
  readonly metadata?: Metadata;
  /** Other options, all of them; on the serving side without effect. */
  readonly options?: RequestOptions;
}

/** Goes on to the next interceptor, and at last to the call itself. May be called again. */
export type Next = (changes?: CallChanges) => Promise<unknown>;

/**
 * Stands around calls. What it returns (or resolves to) is the answer; what it throws, the failure.
 *
 * @example How long calls take
 * ```ts
 * import type { Interceptor } from "@freshlink/freshlink";
 *
 * const timed: Interceptor = async (call, next) => {
 *   const startMs = performance.now();
 *   try {
 *     return await next();
 *   } finally {
 *     console.log(`${call.side} ${call.service}: ${performance.now() - startMs} ms`);
 *   }
 * };
 * ```
 */
export type Interceptor = (call: InterceptedCall, next: Next) => unknown;

/** The interceptors of one endpoint or client, the outermost first. */
export class Interceptors {
  /** Replaced when it changes: calls under way keep the ones they began with. */
  #list: readonly Interceptor[] = [];

  /** Adds the innermost one. @returns Takes it away again. */
  use(interceptor: Interceptor): () => void {
    // So that one that is used twice is taken away once.
    const own: Interceptor = (call, next) => interceptor(call, next);
    this.#list = [...this.#list, own];
    return () => {
      this.#list = this.#list.filter((other) => other !== own);
    };
  }

  /** Whether some stand around this service. */
  standAround(service: string): boolean {
    return this.#list.length > 0 && !service.startsWith(OWN_SERVICES);
  }

  /** Runs them around `innermost`. */
  run(
    call: InterceptedCall,
    innermost: (call: InterceptedCall) => unknown,
  ): Promise<unknown> {
    const list = this.#list;
    const step = (index: number, current: InterceptedCall): Promise<unknown> =>
      new Promise((resolve) => {
        const interceptor = list[index];
        if (interceptor === undefined) return resolve(innermost(current));
        const next: Next = (changes) => step(index + 1, withChanges(current, changes));
        resolve(interceptor(current, next));
      });
    return step(0, call);
  }
}

function withChanges(call: InterceptedCall, changes: CallChanges | undefined): InterceptedCall {
  if (changes === undefined) return call;
  const { metadata: said, ...options } = changes.options ?? call.options;
  const metadata = changes.metadata ?? said ?? call.metadata;
  return {
    ...call,
    payload: "payload" in changes ? changes.payload : call.payload,
    options,
    metadata,
  };
}

/** The options with which an intercepted call goes out. */
export function finalOptions({ options, metadata }: InterceptedCall): RequestOptions {
  return metadata === NO_METADATA ? options : { ...options, metadata };
}
