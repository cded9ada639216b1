/** Repeats calls that failed and may be repeated. */

import { type Interceptor, RequestError } from "../../mod.ts";

/** How often, and how long it waits between. */
export interface RetryOptions {
  /** How many attempts there are in all. */
  readonly attempts: number;
  /** How long it waits before the second one, in milliseconds; each further wait is twice that. */
  readonly firstWaitMs: number;
}

/**
 * A call that was certainly not executed is repeated; one that may have been, only if it is
 * idempotent. Whoever gives up is not kept waiting.
 */
export function retry({ attempts, firstWaitMs }: RetryOptions): Interceptor {
  return async (call, next) => {
    if (call.side === "serving") return await next();
    const { signal, idempotent = false } = call.options;
    for (let attempt = 1;; attempt++) {
      try {
        return await next();
      } catch (error) {
        if (attempt === attempts || signal?.aborted || !mayRepeat(error, idempotent)) throw error;
      }
      await wait(firstWaitMs * 2 ** (attempt - 1), signal);
    }
  };
}

function mayRepeat(error: unknown, idempotent: boolean): boolean {
  if (!(error instanceof RequestError) || error.code === "cancelled") return false;
  if (error.delivery === "executed") return false;
  return error.delivery !== "maybe-executed" || idempotent;
}

function wait(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, durationMs);
    signal?.addEventListener("abort", end);
  });
}
