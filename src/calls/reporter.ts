/**
 * What an endpoint reports, to whoever listens; what only a configuration can mend, to the console
 * where nobody does.
 *
 * @module
 */

import type { EndpointEvent, EventBody } from "../events.ts";
import type { Clock } from "../runtime/runtime.ts";
import { ConsoleNotice } from "./console_notice.ts";
import { EventHub } from "./event_hub.ts";

/** The reports of one endpoint. */
export class Reporter {
  /** Listeners and iterators. */
  readonly hub: EventHub<EndpointEvent>;
  readonly #clock: Clock;
  #notice: ConsoleNotice | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.hub = new EventHub((error) =>
      this.#stamp({ type: "listener-failed", peer: null, remoteAddress: null, error })
    );
  }

  /** From now on the console is told what nobody else hears. @param name Of the endpoint. */
  tellConsole(name: string): void {
    this.#notice = new ConsoleNotice(name);
  }

  /** Reports. */
  emit(event: EventBody): void {
    if (this.hub.hasListeners) this.hub.emit(this.#stamp(event));
    else this.#notice?.handleEvent(this.#stamp(event));
  }

  #stamp(event: EventBody): EndpointEvent {
    const atMicros = this.#clock.wallMicros();
    return { ...event, atMicros, atMs: this.#clock.nowMs() } as EndpointEvent;
  }
}
