/**
 * An endpoint's calls, bound to whom they go to.
 *
 * @module
 */

import type { Codec } from "../codec.ts";
import type { NotifyOptions, RequestOptions } from "../options.ts";
import type { Handler } from "./handler_registry.ts";

/** What makes calls by the name of a peer. */
interface ByPeer {
  request(
    peer: string,
    service: string,
    payload?: unknown,
    options?: RequestOptions,
  ): Promise<unknown>;
  notify(peer: string, service: string, payload?: unknown, options?: NotifyOptions): Promise<void>;
}

/** The calls to one peer. */
export function peerFace(endpoint: ByPeer, name: string) {
  return {
    name,
    request: (service: string, payload?: unknown, options?: RequestOptions) =>
      endpoint.request(name, service, payload, options),
    notify: (service: string, payload?: unknown, options?: NotifyOptions) =>
      endpoint.notify(name, service, payload, options),
  };
}

/** What registers handlers. */
interface Handling {
  handle(
    service: string,
    handler: Handler<unknown, unknown>,
    options?: { readonly codec?: "json" | "bytes" | Codec },
  ): void;
}

/** Its handlers. */
export function serviceFace(endpoint: Handling): Handling {
  return { handle: (service, handler, options) => endpoint.handle(service, handler, options) };
}
