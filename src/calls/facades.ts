/**
 * A peer and a service whose contract the compiler checks: the endpoint's own methods under other
 * types.
 *
 * @module
 */

import type { Codec } from "../codec.ts";
import type { NotifyOptions, RequestOptions } from "../options.ts";
import type { Peer, Service } from "./contract.ts";
import type { Encoding } from "./contract_types.ts";
import type { Handler } from "./handlers.ts";

/** What calls one other end. */
interface Calls {
  request(service: string, payload?: unknown, options?: RequestOptions): Promise<unknown>;
  notify(service: string, payload?: unknown, options?: NotifyOptions): Promise<void>;
}

/** What registers handlers. */
interface Handling {
  handle(
    service: string,
    handler: Handler<unknown, unknown>,
    options?: { readonly codec?: "json" | "bytes" | Codec },
  ): void;
}

/** A peer's services as its contract has them. */
export function typedPeer<Contract, Carrier extends Encoding>(
  name: string,
  { request, notify }: Calls,
): Peer<Contract, Carrier> {
  return { name, request, notify } as unknown as Peer<Contract, Carrier>;
}

/** Handlers as their contract has them. */
export function typedService<Contract, Carrier extends Encoding>(
  endpoint: Handling,
): Service<Contract, Carrier> {
  const handle: Handling["handle"] = (...parts) => endpoint.handle(...parts);
  return { handle } as unknown as Service<Contract, Carrier>;
}
