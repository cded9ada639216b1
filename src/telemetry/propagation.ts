/**
 * Trace context in the metadata: by the propagator that the application has set up, or, where it has
 * none, by W3C Trace Context.
 *
 * @module
 */

import {
  type Context,
  isSpanContextValid,
  propagation,
  type SpanContext,
  trace,
} from "@opentelemetry/api";
import type { Metadata } from "../core/wire/metadata.ts";

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The metadata with the trace context in it; what was there under its names is replaced. */
export function inject(context: Context, metadata: Metadata): Metadata {
  const carrier: Record<string, string> = { ...metadata };
  if (propagation.fields().length > 0) {
    propagation.inject(context, carrier);
    return carrier;
  }
  const span = trace.getSpanContext(context);
  if (span === undefined || !isSpanContextValid(span)) return metadata;
  const flags = span.traceFlags.toString(16).padStart(2, "0");
  carrier["traceparent"] = `00-${span.traceId}-${span.spanId}-${flags}`;
  const state = span.traceState?.serialize() ?? "";
  if (state !== "") carrier["tracestate"] = state;
  return carrier;
}

/** The context that a caller has put into its metadata. */
export function extract(context: Context, metadata: Metadata): Context {
  if (propagation.fields().length > 0) return propagation.extract(context, metadata);
  const [, traceId, spanId, flags] = TRACEPARENT.exec(metadata["traceparent"] ?? "") ?? [];
  if (traceId === undefined) return context;
  const span: SpanContext = {
    traceId,
    spanId: spanId!,
    traceFlags: parseInt(flags!, 16),
    isRemote: true,
  };
  return isSpanContextValid(span) ? trace.setSpanContext(context, span) : context;
}
