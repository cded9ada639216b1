/**
 * Spans of calls, by the RPC semantic conventions: a client span where a call is made, a server span
 * where it is answered, in one trace. What only freshlink knows goes with them.
 *
 * @module
 */

import {
  type Attributes,
  type Context,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import type { HandlerContext } from "../calls/call_context.ts";
import type { InterceptedCall, Interceptor, Next } from "../calls/interceptors.ts";
import type { Endpoint } from "../endpoint.ts";
import { RequestError } from "../errors.ts";
import type { EndpointEvent } from "../events.ts";
import type { Meters } from "./meters.ts";
import { extract, inject } from "./propagation.ts";

/** Attribute names: the conventions' own, and freshlink's. */
export const ATTRIBUTES = Object.freeze({
  system: "rpc.system.name",
  method: "rpc.method",
  status: "rpc.response.status_code",
  errorType: "error.type",
  serverAddress: "server.address",
  serverPort: "server.port",
  peer: "freshlink.peer",
  kind: "freshlink.call.kind",
  delivery: "freshlink.delivery",
  identifier: "freshlink.link.identifier",
  bootId: "freshlink.boot_id",
  wait: "freshlink.call.wait",
  replayedFrames: "freshlink.replayed_frames",
  silence: "freshlink.silence",
});

/** The value of `rpc.system.name`. */
const SYSTEM = "freshlink";

/** Traces and times the calls of an endpoint or client. */
export class Tracing {
  readonly interceptor: Interceptor = (call, next) => this.#around(call, next);
  readonly #tracer: Tracer | null;
  readonly #meters: Meters | null;
  readonly #endpoint: Endpoint | null;
  /** Spans of calls that are made here and have no answer, by peer. */
  readonly #open = new Map<string, Set<Span>>();
  /** The trace of each call that is being answered: also without a context manager. */
  readonly #contexts = new WeakMap<HandlerContext, Context>();
  #addresses: ReadonlyMap<string, Attributes> = new Map();

  /** @param endpoint `null`: a client. */
  constructor(tracer: Tracer | null, meters: Meters | null, endpoint: Endpoint | null) {
    this.#tracer = tracer;
    this.#meters = meters;
    this.#endpoint = endpoint;
  }

  /** What happens to a link is told to the spans of the calls that wait for its peer. */
  handleEvent(event: EndpointEvent): void {
    const spans = this.#open.get(event.peer ?? "");
    if (spans === undefined) return;
    if (event.type === "connected") {
      const attributes = {
        [ATTRIBUTES.identifier]: event.identifier,
        [ATTRIBUTES.bootId]: event.bootId,
        [ATTRIBUTES.replayedFrames]: event.replayedFrames,
        "freshlink.new_process": event.newProcess,
      };
      for (const span of spans) span.addEvent("freshlink.takeover", attributes);
    } else if (event.type === "suspect") {
      const attributes = { [ATTRIBUTES.silence]: event.silenceMs / 1_000 };
      for (const span of spans) span.addEvent("freshlink.suspicion", attributes);
    } else if (event.type === "lost") {
      for (const span of spans) span.addEvent("freshlink.lost", { reason: event.reason });
    }
  }

  async #around(call: InterceptedCall, next: Next): Promise<unknown> {
    const startMs = performance.now();
    const isCalling = call.side === "calling";
    const attributes = { [ATTRIBUTES.system]: SYSTEM, [ATTRIBUTES.method]: call.service };
    const address = isCalling ? this.#addressOf(call.peer) : {};
    const parent = this.#parentOf(call);
    const span = this.#tracer?.startSpan(call.service, {
      kind: isCalling ? SpanKind.CLIENT : SpanKind.SERVER,
      attributes: {
        ...attributes,
        ...address,
        [ATTRIBUTES.peer]: call.peer,
        [ATTRIBUTES.kind]: call.kind,
      },
    }, parent);
    const own = span === undefined ? parent : trace.setSpan(parent, span);
    if (!isCalling && call.context !== null) this.#contexts.set(call.context, own);
    if (isCalling && span !== undefined) this.#add(call.peer, span);
    let errorType: Attributes = {};
    try {
      const metadata = isCalling && span !== undefined
        ? { metadata: inject(own, call.metadata) }
        : undefined;
      return await context.with(own, () => next(metadata));
    } catch (error) {
      errorType = { [ATTRIBUTES.errorType]: codeOf(error) };
      if (span !== undefined) fail(span, error, errorType);
      throw error;
    } finally {
      const tookMs = performance.now() - startMs;
      if (span !== undefined) {
        if (isCalling) this.#remove(call.peer, span);
        describe(span, call);
        span.end();
      }
      const about = { ...attributes, ...address, ...errorType };
      const name = isCalling ? "rpc.client.call.duration" : "rpc.server.call.duration";
      this.#meters?.record(name, tookMs, about);
      if (isCalling && call.kind === "request") {
        const peer = { [ATTRIBUTES.peer]: call.peer };
        this.#meters?.record("freshlink.call.wait", call.report.waitedMs, peer);
      }
    }
  }

  #parentOf({ side, metadata, context: made }: InterceptedCall): Context {
    const active = context.active();
    if (side === "serving") return extract(active, metadata);
    // Where nobody manages contexts, the call for which this one is made is known all the same.
    if (made === null || trace.getSpan(active) !== undefined) return active;
    return this.#contexts.get(made) ?? active;
  }

  #addressOf(peer: string): Attributes {
    const known = this.#addresses.get(peer);
    if (known !== undefined || this.#endpoint === null) return known ?? {};
    this.#addresses = new Map(
      this.#endpoint.peers().map(({ peer, hostname, port }) => [
        peer,
        { [ATTRIBUTES.serverAddress]: hostname, [ATTRIBUTES.serverPort]: port },
      ]),
    );
    return this.#addresses.get(peer) ?? {};
  }

  #add(peer: string, span: Span): void {
    const spans = this.#open.get(peer) ?? new Set();
    this.#open.set(peer, spans.add(span));
  }

  #remove(peer: string, span: Span): void {
    const spans = this.#open.get(peer);
    spans?.delete(span);
    if (spans?.size === 0) this.#open.delete(peer);
  }
}

/** What is known when a call has ended. */
function describe(span: Span, { side, kind, report }: InterceptedCall): void {
  if (report.bootId !== null) span.setAttribute(ATTRIBUTES.bootId, report.bootId);
  if (report.identifier > 0) span.setAttribute(ATTRIBUTES.identifier, report.identifier);
  if (side === "calling" && kind === "request") {
    span.setAttribute(ATTRIBUTES.wait, report.waitedMs / 1_000);
  }
}

function fail(span: Span, error: unknown, errorType: Attributes): void {
  span.setAttributes(errorType);
  if (error instanceof RequestError) {
    span.setAttribute(ATTRIBUTES.status, error.code);
    span.setAttribute(ATTRIBUTES.delivery, error.delivery);
  }
  const message = error instanceof Error ? error.message : "";
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

/** A code of freshlink's, or the name of what was thrown. */
function codeOf(error: unknown): string {
  if (error instanceof RequestError) return error.code;
  return error instanceof Error ? error.name : "_OTHER";
}
