/** Keeps answers for a while, so that the same question is asked once. */

import type { Interceptor } from "../../mod.ts";

/** What is kept, and for how long. */
export interface CachingOptions {
  /** The services whose answers depend on nothing but the payload. */
  readonly services: ReadonlySet<string>;
  /** How long an answer holds, in milliseconds. */
  readonly holdsMs: number;
  /** How many answers are kept; the oldest makes room. */
  readonly maxEntries: number;
}

interface Entry {
  readonly answer: Promise<unknown>;
  readonly untilMs: number;
}

/** Those who ask while an answer is on its way wait for the same one; failures are not kept. */
export function caching({ services, holdsMs, maxEntries }: CachingOptions): Interceptor {
  const entries = new Map<string, Entry>();
  return (call, next) => {
    const { side, kind, peer, service, payload } = call;
    if (side === "serving" || kind !== "request" || !services.has(service)) return next();
    const key = JSON.stringify([peer, service, payload]);
    const known = entries.get(key);
    if (known !== undefined && performance.now() < known.untilMs) return known.answer;
    const answer = next();
    entries.delete(key);
    entries.set(key, { answer, untilMs: performance.now() + holdsMs });
    answer.catch(() => {
      if (entries.get(key)?.answer === answer) entries.delete(key);
    });
    if (entries.size > maxEntries) entries.delete(entries.keys().next().value!);
    return answer;
  };
}
