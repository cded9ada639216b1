/**
 * The types around a service: typed peers, typed handlers, and the table that an endpoint shows.
 *
 * @module
 */

import type { FlightEntry } from "../connection/flight_recorder.ts";
import type { ConnectionRow } from "../core/link/connection_table.ts";
import type { ClientRow, PeerRow } from "../core/link/peer_row.ts";
import type { EndpointEvent } from "../events.ts";
import type {
  GroupNotifyOptions,
  GroupRequestOptions,
  NotifyOptions,
  RequestOptions,
  StreamOptions,
} from "../options.ts";
import type { TcpAddress } from "../runtime/runtime.ts";
import type {
  AnswerOf,
  CallArguments,
  Encoding,
  HandlerOf,
  ItemOf,
  OtherCodec,
  PayloadOf,
  ServiceOf,
  StreamArguments,
  StreamHandlerOf,
  StreamOf,
} from "./contract_types.ts";
import type { ItemStream } from "./item_stream.ts";
import type { GroupMemberRow, GroupNotified } from "./group_face.ts";

/** The service under which an endpoint shows its table to clients. */
export const TABLE_SERVICE: string = "freshlink/table";

/** The service under which it shows what its links were told and decided last. */
export const DUMP_SERVICE: string = "freshlink/dump";

/** The service that the inspector asks. */
export const INSPECT_SERVICE: string = "freshlink/inspect";

/** The service that tells how much a member of a group has to do for others. */
export const LOAD_SERVICE: string = "freshlink/load";

/** What `DUMP_SERVICE` answers: the flight recorder. */
export interface FlightDump extends EndpointTable {
  /** Of this shape. */
  readonly version: number;
  /** When it was written: on the endpoint's monotonic clock, in milliseconds ... */
  readonly atMs: number;
  /** ... and microseconds since 1970. */
  readonly atMicros: number;
  /** The last that each link was told and decided, by peer. */
  readonly links: Readonly<Record<string, readonly FlightEntry[]>>;
  /** The last events; an error is its text. */
  readonly events: readonly (EndpointEvent | Record<string, unknown>)[];
}

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
  /** Its peers, with those to which there is no connection. */
  readonly peers: readonly PeerRow[];
  /** The clients that are connected, without one that asks for this. */
  readonly clients: readonly ClientRow[];
}

/**
 * One other end that can be asked and told: a `Client`, `endpoint.peer(name)`, and who calls
 * (`context.caller`). A function that takes one runs with each of them.
 *
 * @example
 * ```ts
 * import type { Callee } from "@freshlink/freshlink";
 *
 * async function order(shop: Callee, item: string): Promise<number> {
 *   const { price } = await shop.request<{ price: number }>("order", { item }, { timeoutMs: 500 });
 *   return price;
 * }
 * ```
 */
export interface Callee {
  /** See `Endpoint.request`. */
  request<Result = unknown>(
    service: string,
    payload?: unknown,
    options?: RequestOptions,
  ): Promise<Result>;
  /** See `Endpoint.notify`. */
  notify(service: string, payload?: unknown, options?: NotifyOptions): Promise<void>;
}

/**
 * A peer whose services are checked against a contract by the compiler.
 *
 * @example
 * ```ts
 * import type { Endpoint, Peer } from "@freshlink/freshlink";
 *
 * interface Accounts {
 *   ping(): string;
 *   debit(order: { account: number; amount: number }): { balance: number };
 *   list(filter?: { owner: string }): number[];
 * }
 *
 * async function use(endpoint: Endpoint): Promise<void> {
 *   const accounts: Peer<Accounts> = endpoint.peer<Accounts>("SP20");
 *   await accounts.request("ping");
 *   const { balance } = await accounts.request("debit", { account: 7, amount: 10 });
 *   console.log(balance, await accounts.request("list", undefined, { timeoutMs: 500 }));
 * }
 * ```
 */
export interface Peer<Contract, Carrier extends Encoding = "json"> {
  /** The peer's name. */
  readonly name: string;
  /** See `Endpoint.request`. */
  request<
    Service extends ServiceOf<Contract>,
    Payload extends PayloadOf<Contract[Service]> = PayloadOf<Contract[Service]>,
  >(
    service: Service,
    ...rest: CallArguments<Contract[Service], Payload, Carrier, RequestOptions>
  ): Promise<AnswerOf<Contract[Service], Payload>>;
  /** See `Endpoint.notify`. */
  notify<
    Service extends ServiceOf<Contract>,
    Payload extends PayloadOf<Contract[Service]> = PayloadOf<Contract[Service]>,
  >(
    service: Service,
    ...rest: CallArguments<Contract[Service], Payload, Carrier, NotifyOptions>
  ): Promise<void>;
  /** See `Endpoint.stream`: for methods that return an `AsyncIterable`. */
  stream<Service extends StreamOf<Contract>>(
    service: Service,
    ...rest: StreamArguments<Contract[Service], Carrier, StreamOptions>
  ): ItemStream<ItemOf<Contract[Service]>>;
}

/** Services of which the compiler knows nothing. */
export interface AnyServices {
  /** Takes and answers whatever the codec does. */
  [service: string]: (payload?: unknown) => unknown;
}

/**
 * A group whose services are checked against a contract by the compiler: processes that offer the
 * same services, of which any may take a call.
 *
 * A member is who a definition says is one (`PeerDefinition.group`). It takes calls from its
 * handshake on, until it is found dead, is no longer listed, or says that it is closing.
 *
 * @example
 * ```ts
 * import type { Endpoint } from "@freshlink/freshlink";
 *
 * interface Stock {
 *   reserve(order: { item: string; count: number }): { isReserved: boolean };
 * }
 *
 * async function use(endpoint: Endpoint): Promise<void> {
 *   const stock = endpoint.group<Stock>("stock");
 *   const order = { item: "tea", count: 2 };
 *   const { isReserved } = await stock.request("reserve", order, { key: order.item });
 *   console.log(isReserved, stock.members());
 * }
 * ```
 */
export interface Group<Contract, Carrier extends Encoding = "json"> {
  /** The group's name. */
  readonly name: string;
  /**
   * Asks a member, and waits for its answer. What no handler has begun goes to another member
   * within the deadline, and waits while there is none; what may have been executed only where it
   * is `idempotent`. Rejects as `Endpoint.request` does.
   */
  request<
    Service extends ServiceOf<Contract>,
    Payload extends PayloadOf<Contract[Service]> = PayloadOf<Contract[Service]>,
  >(
    service: Service,
    ...rest: CallArguments<Contract[Service], Payload, Carrier, GroupRequestOptions>
  ): Promise<AnswerOf<Contract[Service], Payload>>;
  /** Tells a member something; resolves when a member's queue has taken it. */
  notify<
    Service extends ServiceOf<Contract>,
    Payload extends PayloadOf<Contract[Service]> = PayloadOf<Contract[Service]>,
  >(
    service: Service,
    ...rest: CallArguments<Contract[Service], Payload, Carrier, GroupNotifyOptions>
  ): Promise<void>;
  /** Tells all members, also those that are away: each is told when it is back. */
  notifyAll<
    Service extends ServiceOf<Contract>,
    Payload extends PayloadOf<Contract[Service]> = PayloadOf<Contract[Service]>,
  >(
    service: Service,
    ...rest: CallArguments<Contract[Service], Payload, Carrier, GroupNotifyOptions>
  ): Promise<GroupNotified>;
  /** How it stands with each member, in the order of the definitions. */
  members(): GroupMemberRow[];
}

/** A service of this endpoint, whose handlers are checked against a contract by the compiler. */
export interface Service<Contract, Carrier extends Encoding = "json"> {
  /** See `Endpoint.handle`. */
  handle<Name extends ServiceOf<Contract>>(
    service: Name,
    handler: HandlerOf<Contract[Name], Carrier>,
    options?: { readonly codec?: "json" },
  ): void;
  /** The same where JSON does not carry payload and answer. */
  handle<Name extends ServiceOf<Contract>>(
    service: Name,
    handler: HandlerOf<Contract[Name], "any">,
    options: OtherCodec,
  ): void;
  /** See `Endpoint.handleStream`. */
  handleStream<Name extends StreamOf<Contract>>(
    service: Name,
    handler: StreamHandlerOf<Contract[Name], Carrier>,
    options?: { readonly codec?: "json" },
  ): void;
  /** The same where JSON does not carry payload and items. */
  handleStream<Name extends StreamOf<Contract>>(
    service: Name,
    handler: StreamHandlerOf<Contract[Name], "any">,
    options: OtherCodec,
  ): void;
}

/** Handlers for all services of a contract, as `EndpointOptions.handlers` takes them. */
export type HandlersOf<Contract, Carrier extends Encoding = "json"> = {
  readonly [Name in ServiceOf<Contract>]: HandlerOf<Contract[Name], Carrier>;
};
