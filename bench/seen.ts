/**
 * What it costs to see something: an interceptor that does nothing, metadata, a span for each call,
 * each beside none of it.
 *
 * @module
 */

import type { Endpoint } from "../mod.ts";
import type { RuntimeName } from "../tools/runtimes.ts";

/** Ways of looking at calls, as carriers of a load. */
export const SEEN = ["intercepted", "metadata", "traced"] as const;

/** One of them. */
export type Seen = typeof SEEN[number];

/** What each costs on the calling side, beside none. */
export interface SeenRow {
  readonly runtime: RuntimeName;
  readonly payload: number;
  readonly inFlight: number;
  /** Requests a second with none of it. */
  readonly none: number;
  /** `none` as a part of what a copy does in which nobody can look: the median of the rounds. */
  readonly unseen: number;
  /** The same of the requests for a second of CPU, which other work disturbs less. */
  readonly unseenCpu: number;
  /** The least `unseen` to reach. */
  readonly target: number;
  /** As parts of `none`: the medians of the rounds' own ratios. */
  readonly ratios: Readonly<Record<Seen, number>>;
  /** Requests without the right answer. */
  readonly failed: number;
}

/** Metadata of the size of a trace's. */
export const METADATA = Object.freeze({
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
});

/** Looks at the calls of an endpoint from now on. @returns Ends that. */
export async function look(endpoint: Endpoint, how: Seen): Promise<() => void> {
  if (how === "metadata") return () => {};
  if (how === "intercepted") return endpoint.use((_call, next) => next());
  const { BasicTracerProvider } = await import("@opentelemetry/sdk-trace-base");
  const { instrument } = await import("../src/telemetry/opentelemetry.ts");
  // Spans are made, and nobody takes them: what an exporter costs is its own affair.
  return instrument(endpoint, { tracerProvider: new BasicTracerProvider(), metrics: false });
}
