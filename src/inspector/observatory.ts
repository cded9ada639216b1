/**
 * Looks at an endpoint for as long as somebody asks: its table, its links, its events, and how long
 * its calls take.
 *
 * @module
 */

import type { InterceptedCall, Next } from "../calls/interceptors.ts";
import type { FlightRecorder } from "../connection/flight_recorder.ts";
import type { Endpoint } from "../endpoint.ts";
import type { EndpointEvent } from "../events.ts";
import { levelOf, textOf } from "../telemetry/logging.ts";
import { Histogram } from "./histogram.ts";
import type { PeerRow } from "../core/link/peer_row.ts";
import type { EventView, GroupView, ServiceView, Snapshot, SnapshotSource } from "./snapshot.ts";

/** When nobody has asked for so long, calls are not measured any more, in milliseconds. */
const IDLE_MS = 30_000;

/** Durations are those of this period and the one before, in milliseconds. */
const PERIOD_MS = 60_000;

/** Services that are measured. */
const SERVICES_MAX = 200;

/** The most events of one look, and the most services. */
const EVENTS_PER_LOOK = 200;
const SERVICES_PER_LOOK = 50;

/** More of a text is not shown, in UTF-16 units. */
const TEXT_MAX_LENGTH = 300;

/** Looks at one endpoint. */
export class Observatory implements SnapshotSource {
  readonly #endpoint: Endpoint;
  readonly #recorder: FlightRecorder;
  readonly #services = new Map<string, ServiceMeter>();
  #stopMeasuring: (() => void) | null = null;
  #askedMs = 0;

  constructor(endpoint: Endpoint, recorder: FlightRecorder) {
    this.#endpoint = endpoint;
    this.#recorder = recorder;
  }

  snapshot(since: number): Promise<Snapshot> {
    this.#askedMs = performance.now();
    this.#stopMeasuring ??= this.#endpoint.use((call, next) => this.#measure(call, next));
    const { name, bootId, address, fenced } = this.#endpoint;
    const events = this.#recorder.eventsSince(since, EVENTS_PER_LOOK);
    const first = this.#recorder.nextEvent - events.length;
    const now = performance.now();
    const peers = this.#endpoint.peers();
    const services = [...this.#services.values()].map((meter) => meter.view(now))
      .sort((one, other) => other.p99Ms - one.p99Ms);
    return Promise.resolve({
      name,
      bootId,
      address,
      fenced,
      atMicros: Date.now() * 1_000,
      rows: this.#endpoint.connections(),
      peers,
      groups: groupsOf(this.#endpoint, peers),
      events: events.map((event, index) => viewOf(event, first + index)),
      nextEvent: this.#recorder.nextEvent,
      services: services.slice(0, SERVICES_PER_LOOK),
      traffic: this.#endpoint.traffic(),
    });
  }

  async #measure(call: InterceptedCall, next: Next): Promise<unknown> {
    const startMs = performance.now();
    if (startMs - this.#askedMs > IDLE_MS) this.#stop();
    const meter = this.#meterOf(call);
    if (meter === null) return await next();
    meter.active++;
    let isFailed = true;
    try {
      const answer = await next();
      isFailed = false;
      return answer;
    } finally {
      meter.active--;
      const nowMs = performance.now();
      meter.record(nowMs - startMs, isFailed, nowMs);
    }
  }

  #meterOf({ side, service }: InterceptedCall): ServiceMeter | null {
    const key = `${side} ${service}`;
    const known = this.#services.get(key);
    if (known !== undefined) return known;
    if (this.#services.size >= SERVICES_MAX) return null;
    const meter = new ServiceMeter(side, service);
    this.#services.set(key, meter);
    return meter;
  }

  #stop(): void {
    this.#stopMeasuring?.();
    this.#stopMeasuring = null;
    this.#services.clear();
  }
}

/** The groups among the peers, with what each member was given. */
function groupsOf(endpoint: Endpoint, peers: readonly PeerRow[]): GroupView[] {
  const names = new Set<string>();
  for (const { group } of peers) if (group !== null) names.add(group);
  return [...names].sort().map((name) => {
    const members = endpoint.group(name).members()
      .map(({ peer, state, inFlight, calls, failedCalls }) => ({
        peer,
        state,
        inFlight,
        calls,
        failedCalls,
      }));
    return { name, members };
  });
}

interface Period {
  readonly durations: Histogram;
  failed: number;
}

/** The calls of one service. */
class ServiceMeter {
  readonly side: InterceptedCall["side"];
  readonly service: string;
  active = 0;
  #sinceMs = performance.now();
  #current: Period = { durations: new Histogram(), failed: 0 };
  #last: Period | null = null;

  constructor(side: InterceptedCall["side"], service: string) {
    this.side = side;
    this.service = service;
  }

  record(durationMs: number, isFailed: boolean, nowMs: number): void {
    this.#turn(nowMs);
    this.#current.durations.record(durationMs);
    if (isFailed) this.#current.failed++;
  }

  view(nowMs: number): ServiceView {
    this.#turn(nowMs);
    const durations = new Histogram();
    durations.add(this.#current.durations);
    if (this.#last !== null) durations.add(this.#last.durations);
    return {
      side: this.side,
      service: this.service,
      ended: durations.count,
      failed: this.#current.failed + (this.#last?.failed ?? 0),
      active: this.active,
      p50Ms: durations.percentileMs(50),
      p99Ms: durations.percentileMs(99),
      maxMs: durations.maxMs,
    };
  }

  #turn(nowMs: number): void {
    const agoMs = nowMs - this.#sinceMs;
    if (agoMs < PERIOD_MS) return;
    this.#last = agoMs < 2 * PERIOD_MS ? this.#current : null;
    this.#current = { durations: new Histogram(), failed: 0 };
    this.#sinceMs = nowMs;
  }
}

/** An event as it goes to the page: plain values only, and not without an end. */
export function viewOf(event: EndpointEvent, number: number): EventView {
  const { type, peer, atMicros, atMs: _atMs, ...more } = event;
  const details: Record<string, string | number | boolean | null> = {};
  for (const [key, value] of Object.entries(more)) {
    if (typeof value === "string") details[key] = value.slice(0, TEXT_MAX_LENGTH);
    else if (typeof value === "number" || typeof value === "boolean" || value === null) {
      details[key] = value;
    }
  }
  const text = textOf(event).slice(0, TEXT_MAX_LENGTH);
  return { number, atMicros, type, level: levelOf(event), peer, text, details };
}
