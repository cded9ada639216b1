/**
 * The types around a service: contracts, typed peers, and the table that an endpoint shows.
 *
 * @module
 */

import type { ConnectionRow } from "../core/link/connection_table.ts";
import type { NotifyOptions, RequestOptions } from "../options.ts";
import type { TcpAddress } from "../runtime/runtime.ts";

/** The service under which an endpoint shows its table to clients. */
export const TABLE_SERVICE: string = "freshlink/table";

/** What `TABLE_SERVICE` answers. */
export interface EndpointTable {
  /** The endpoint's name. */
  readonly name: string;
  /** Its life. */
  readonly bootId: string;
  /** Where it listens. */
  readonly address: TcpAddress;
  /** Its connection table. */
  readonly rows: readonly ConnectionRow[];
}

/** A peer whose services are checked against a contract by the compiler. */
export interface Peer<Contract> {
  /** The peer's name. */
  readonly name: string;
  /** See `Endpoint.request`. */
  request<Service extends keyof Contract & string>(
    service: Service,
    payload: PayloadOf<Contract[Service]>,
    options?: RequestOptions,
  ): Promise<ResultOf<Contract[Service]>>;
  /** See `Endpoint.notify`. */
  notify<Service extends keyof Contract & string>(
    service: Service,
    payload: PayloadOf<Contract[Service]>,
    options?: NotifyOptions,
  ): Promise<void>;
}

/** What a service takes. The method may be the handler itself, with its second parameter. */
export type PayloadOf<Method> = Method extends (payload: infer Payload, ...more: never[]) => unknown
  ? Payload
  : never;

/** What a service answers. */
export type ResultOf<Method> = Method extends (...payload: never[]) => infer Result
  ? Awaited<Result>
  : never;
