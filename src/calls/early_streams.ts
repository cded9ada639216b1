/**
 * Streams that came before their handler, while the endpoint is starting. What they hold is bounded
 * by the streams that each other end may have open.
 *
 * @module
 */

import type { ServedStream } from "../core/session/served_stream.ts";
import { endOf } from "../core/wire/stream_frames.ts";

/** Those of one endpoint, with the payloads that came with them. */
export class EarlyStreams {
  readonly #waiting = new Map<ServedStream, Uint8Array>();

  /** How many wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** It waits until its handler is there, its caller gives up, or the start is over. */
  add(stream: ServedStream, payload: Uint8Array): void {
    this.#waiting.set(stream, payload);
    stream.heldBytes = payload.length;
    stream.handler = {
      cancel: () => {
        if (!this.#waiting.delete(stream)) return;
        stream.finish(endOf("cancelled", "not-executed", "it waited for its handler"));
      },
    };
  }

  /** Those that wait for a service wait no longer; all of them without one. */
  take(service?: string): [ServedStream, Uint8Array][] {
    const all = [...this.#waiting].filter(([stream]) =>
      service === undefined || stream.opening.service === service
    );
    for (const [stream] of all) {
      this.#waiting.delete(stream);
      stream.heldBytes = 0;
      stream.handler = null;
    }
    return all;
  }
}
