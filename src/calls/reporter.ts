/**
 * What an endpoint reports, to whoever listens; what only a configuration can mend, to the console
 * where nobody does.
 *
 * @module
 */

import { FlightRecorder } from "../connection/flight_recorder.ts";
import type { EndpointEvent, EventBody } from "../events.ts";
import type { Clock } from "../runtime/runtime.ts";
import { ConsoleNotice } from "./console_notice.ts";
import { EventHub } from "./event_hub.ts";

/** The reports of one endpoint. */
export class Reporter {
  /** Listeners and iterators. */
  readonly hub: EventHub<EndpointEvent>;
  /** The last of them, and what links decided. */
  readonly recorder: FlightRecorder;
  #notice: ConsoleNotice | null = null;

  constructor(clock: Clock) {
    this.recorder = new FlightRecorder(clock);
    this.hub = new EventHub((error) =>
      this.#stamp({ type: "listener-failed", peer: null, remoteAddress: null, error })
    );
  }

  /** From now on the console is told what nobody else hears. @param name Of the endpoint. */
  tellConsole(name: string): void {
    this.#notice = new ConsoleNotice(name);
  }

  /** Reports. */
  emit(body: EventBody): void {
    const event = this.#stamp(body);
    this.recorder.recordEvent(event);
    this.hub.emit(event);
    if (!this.hub.hasListeners) this.#notice?.handleEvent(event);
  }

  #stamp(event: EventBody): EndpointEvent {
    return { ...event, ...this.recorder.now() } as EndpointEvent;
  }
}
