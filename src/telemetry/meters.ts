/**
 * The instruments of the metrics, and what an endpoint is asked and tells for them.
 *
 * @module
 */

import type {
  Attributes,
  BatchObservableCallback,
  Counter,
  Histogram,
  Meter,
  Observable,
} from "@opentelemetry/api";
import type { Endpoint } from "../endpoint.ts";
import type { EndpointEvent } from "../events.ts";
import { type MetricName, METRICS } from "./metric_table.ts";

/** What the RPC conventions recommend for durations, in seconds. */
const DURATION_BUCKETS: readonly number[] = Object.freeze([
  0.005,
  0.01,
  0.025,
  0.05,
  0.075,
  0.1,
  0.25,
  0.5,
  0.75,
  1,
  2.5,
  5,
  7.5,
  10,
]);

/** All instruments of one meter. */
export class Meters {
  readonly meter: Meter;
  readonly #histograms = new Map<string, Histogram>();
  readonly #counters = new Map<string, Counter>();
  readonly #observables = new Map<string, Observable>();

  constructor(meter: Meter) {
    this.meter = meter;
    for (const [name, { kind, unit, description }] of Object.entries(METRICS)) {
      const options = { unit, description };
      if (kind === "histogram") {
        const advice = { explicitBucketBoundaries: [...DURATION_BUCKETS] };
        this.#histograms.set(name, meter.createHistogram(name, { ...options, advice }));
      } else if (kind === "counter") {
        this.#counters.set(name, meter.createCounter(name, options));
      } else if (kind === "observable-counter") {
        this.#observables.set(name, meter.createObservableCounter(name, options));
      } else this.#observables.set(name, meter.createObservableGauge(name, options));
    }
  }

  /** A duration in milliseconds is recorded, in seconds. */
  record(name: MetricName, durationMs: number, attributes: Attributes): void {
    this.#histograms.get(name)!.record(durationMs / 1_000, attributes);
  }

  /** Something happened so often. */
  count(name: MetricName, attributes: Attributes, times = 1): void {
    if (times > 0) this.#counters.get(name)!.add(times, attributes);
  }

  /** What is asked for when metrics are collected. */
  observable(name: MetricName): Observable {
    return this.#observables.get(name)!;
  }

  /** All that are asked for. */
  get observables(): Observable[] {
    return [...this.#observables.values()];
  }
}

/** Measures an endpoint's links. @returns Ends that. */
export function measureEndpoint(endpoint: Endpoint, meters: Meters): () => void {
  const observe: BatchObservableCallback = (result) => {
    const say = (name: MetricName, value: number, attributes: Attributes) =>
      result.observe(meters.observable(name), value, attributes);
    const rows = endpoint.connections();
    for (const { peer, state, inFlight, waiting, creditBytes } of endpoint.peers()) {
      const about = { "freshlink.peer": peer };
      const own = rows.filter((row) => row.peer === peer);
      const used = own.find(({ usable }) => usable);
      say("freshlink.link.up", state === "down" ? 0 : 1, about);
      say("freshlink.link.identifier", used?.identifier ?? 0, about);
      say("freshlink.link.calls.active", inFlight, about);
      say("freshlink.link.queue.length", waiting, about);
      say("freshlink.connections", own.length, about);
      if (creditBytes !== null) say("freshlink.link.credit", creditBytes, about);
      const { roundTripMs = null } = used ?? {};
      if (roundTripMs !== null) say("freshlink.link.round_trip", roundTripMs / 1_000, about);
    }
    const { sentBytes, receivedBytes } = endpoint.traffic();
    say("freshlink.io", sentBytes, { "network.io.direction": "transmit" });
    say("freshlink.io", receivedBytes, { "network.io.direction": "receive" });
  };
  const { observables } = meters;
  meters.meter.addBatchObservableCallback(observe, observables);
  const end = endpoint.on((event) => countEvent(meters, event), { quiet: true });
  return () => {
    end();
    meters.meter.removeBatchObservableCallback(observe, observables);
  };
}

function countEvent(meters: Meters, event: EndpointEvent): void {
  const about = { "freshlink.peer": event.peer ?? "" };
  switch (event.type) {
    case "connected":
      meters.count("freshlink.link.connects", about);
      meters.count("freshlink.link.frames.replayed", about, event.replayedFrames);
      break;
    case "lost":
      meters.count("freshlink.link.losses", about);
      break;
    case "superseded":
      meters.count("freshlink.link.supersessions", about);
      break;
    case "peer-restarted":
      meters.count("freshlink.link.restarts", about);
      meters.count("freshlink.link.calls.failed_by_restart", about, event.failed);
      meters.count("freshlink.link.calls.repeated", about, event.repeated);
      break;
    case "suspect":
      meters.count("freshlink.link.suspicions", about);
      break;
    case "dial-failed":
      meters.count("freshlink.dials.failed", about);
      break;
    case "handshake-failed":
      // Names and addresses of strangers are without end: only whether it is known is told.
      meters.count("freshlink.handshakes.refused", {
        "error.type": event.code,
        "freshlink.known": event.peer !== null,
      });
      break;
    case "protocol-error":
      meters.count("freshlink.protocol.errors", { "error.type": event.code });
      break;
    case "notification-dropped":
      meters.count("freshlink.notifications.dropped", { ...about, "error.type": event.code });
      break;
    case "handler-failed":
      meters.count("freshlink.notifications.failed", about);
      break;
    default:
  }
}
