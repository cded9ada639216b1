/**
 * OpenTelemetry: a span for each call on both sides, in one trace through all processes, and
 * metrics of links, calls and bytes. Needs `@opentelemetry/api` beside freshlink; without an SDK
 * that is set up it does nothing.
 *
 * @example Spans and metrics of an endpoint
 * ```ts
 * import { Endpoint } from "@freshlink/freshlink";
 * import { instrument } from "@freshlink/freshlink/opentelemetry";
 *
 * await using endpoint = await Endpoint.start({ name: "SP10", listen: { port: 0 } });
 * instrument(endpoint);
 * ```
 *
 * @module
 */

import { type Meter, metrics, trace, type Tracer } from "@opentelemetry/api";
import type { Interceptor } from "../calls/interceptors.ts";
import type { Endpoint } from "../endpoint.ts";
import { measureEndpoint, Meters } from "./meters.ts";
import { Tracing } from "./tracing.ts";

export { type MetricName, type MetricRow, METRICS } from "./metric_table.ts";

/** Gives tracers: a `TracerProvider` as `@opentelemetry/api` has it. */
export interface TracerSource {
  /** Makes, or finds, the tracer of that name. */
  getTracer(name: string): unknown;
}

/** Gives meters: a `MeterProvider` as `@opentelemetry/api` has it. */
export interface MeterSource {
  /** Makes, or finds, the meter of that name. */
  getMeter(name: string): unknown;
}

/** What is measured, and where it goes. */
export interface InstrumentOptions {
  /** Default: the global one. */
  readonly tracerProvider?: TracerSource;
  /** Default: the global one. */
  readonly meterProvider?: MeterSource;
  /**
   * Whether calls get spans, and their trace goes on at the other end.
   *
   * @default {true}
   */
  readonly tracing?: boolean;
  /**
   * Whether there are metrics.
   *
   * @default {true}
   */
  readonly metrics?: boolean;
}

/** What has calls: an endpoint or a client. */
export interface Instrumented {
  /** See `Endpoint.use`. */
  use(interceptor: Interceptor): () => void;
}

const SCOPE = "freshlink";

/**
 * Measures an endpoint or a client from now on. Interceptors that are used later stand inside the
 * spans.
 *
 * @returns Ends that.
 */
export function instrument(
  target: Instrumented | Endpoint,
  options: InstrumentOptions = {},
): () => void {
  const { tracerProvider = trace, meterProvider = metrics } = options;
  const endpoint = "peers" in target ? target : null;
  const ends: (() => void)[] = [];
  const meter = options.metrics === false ? null : meterProvider.getMeter(SCOPE);
  const tracer = options.tracing === false ? null : tracerProvider.getTracer(SCOPE);
  const meters = meter === null ? null : new Meters(meter as Meter);
  const tracing = new Tracing(tracer as Tracer | null, meters, endpoint);
  ends.push(target.use(tracing.interceptor));
  if (endpoint !== null) {
    ends.push(endpoint.on((event) => tracing.handleEvent(event), { quiet: true }));
    if (meters !== null) ends.push(measureEndpoint(endpoint, meters));
  }
  return () => {
    for (const end of ends) end();
  };
}
