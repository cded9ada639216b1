/**
 * A peer and a service whose contract the compiler checks: the endpoint's own methods under other
 * types.
 *
 * @module
 */

import type { Codec } from "../codec.ts";
import type { NotifyOptions, RequestOptions, StreamOptions } from "../options.ts";
import type { Peer, Service } from "./contract.ts";
import type { Encoding } from "./contract_types.ts";
import type { ItemStream } from "./item_stream.ts";
import type { Handler, StreamHandler } from "./handlers.ts";

/** What calls one other end. */
interface Calls {
  request(service: string, payload?: unknown, options?: RequestOptions): Promise<unknown>;
  notify(service: string, payload?: unknown, options?: NotifyOptions): Promise<void>;
  stream(service: string, payload?: unknown, options?: StreamOptions): ItemStream;
}

/** What registers handlers. */
interface Handling {
  handle(
    service: string,
    handler: Handler<unknown, unknown>,
    options?: { readonly codec?: "json" | "bytes" | Codec },
  ): void;
  handleStream(
    service: string,
    handler: StreamHandler<unknown, unknown>,
    options?: { readonly codec?: "json" | "bytes" | Codec },
  ): void;
}

/** A peer's services as its contract has them. */
export function typedPeer<Contract, Carrier extends Encoding>(
  name: string,
  { request, notify, stream }: Calls,
): Peer<Contract, Carrier> {
  return { name, request, notify, stream } as unknown as Peer<Contract, Carrier>;
}

/** Handlers as their contract has them. */
export function typedService<Contract, Carrier extends Encoding>(
  endpoint: Handling,
): Service<Contract, Carrier> {
  const handle: Handling["handle"] = (...parts) => endpoint.handle(...parts);
  const handleStream: Handling["handleStream"] = (...parts) => endpoint.handleStream(...parts);
  return { handle, handleStream } as unknown as Service<Contract, Carrier>;
}
