/**
 * freshlink: one live link to every peer process, and always the right one.
 *
 * Server processes on several machines talk over persistent TCP connections. A machine dies without
 * a word, restarts and dials in again, and now there are two connections to one process, one of them
 * dead. freshlink keeps a table in which each connection carries an identifier that says which one
 * is the newer, uses that one and ends the other at once. What was in flight goes on over the new
 * connection, or its caller is told what is known about it.
 *
 * ## Install
 *
 * ```sh
 * deno add jsr:@freshlink/freshlink   # import { Endpoint } from "@freshlink/freshlink"
 * npm install freshlink               # or: bun add freshlink; import { Endpoint } from "freshlink"
 * ```
 *
 * It runs unchanged on Deno, Node and Bun. Deno wants `--allow-net`.
 *
 * ## An endpoint and a client
 *
 * Each process has one {@linkcode Endpoint}, with a definition of each peer: a name, a host name and
 * a port. Whoever is up dials. A {@linkcode Client} is a caller that is not a peer.
 *
 * ```ts
 * import { Client, Endpoint } from "@freshlink/freshlink";
 *
 * await using stock = await Endpoint.start({ name: "SP30", listen: { port: 0 } });
 * stock.handle("reserve", (item: string) => `${item} is reserved`);
 *
 * const { port } = stock.address;
 * await using client = await Client.connect({ hostname: "127.0.0.1", port });
 * const answer = await client.request("reserve", "tea", { timeoutMs: 2_000 });
 * if (answer !== "tea is reserved") throw new Error("something else was reserved");
 * ```
 *
 * ## Secret and TLS
 *
 * On loopback nothing is asked for. To listen beyond it, all processes and clients need the same
 * `secret`, of at least 16 bytes, or `tls` with certificates of one authority. Either protects all
 * that is said; only certificates tell names apart.
 *
 * ```ts ignore
 * const stock = await Endpoint.start({
 *   name: "SP30",
 *   listen: { hostname: "0.0.0.0", port: 11_000 },
 *   peers: [{ name: "SP10", hostname: "10.0.0.1", port: 11_000 }],
 *   secret: Deno.env.get("FRESHLINK_SECRET")!,
 * });
 * ```
 *
 * ## Errors
 *
 * Every request ends, within its deadline, with an answer or a {@linkcode RequestError}. Match on
 * its `code`; its `delivery` says what is known: `not-sent` and `not-executed` may be repeated,
 * `maybe-executed` only where that does no harm, and `executed` is the handler's own answer. What
 * cannot work at all (an option, a definition) is a {@linkcode ConfigurationError} that lists every
 * problem.
 *
 * ```ts
 * import { Endpoint, RequestError } from "@freshlink/freshlink";
 *
 * const peers = [{ name: "SP30", hostname: "127.0.0.1", port: 12_031 }];
 * await using orders = await Endpoint.start({ name: "SP10", listen: { port: 0 }, peers });
 * try {
 *   await orders.request("SP30", "reserve", "tea", { whenDown: "fail" });
 * } catch (error) {
 *   if (!(error instanceof RequestError)) throw error;
 *   if (error.code !== "peer-down" || error.delivery !== "not-sent") throw error;
 * }
 * ```
 *
 * ## More
 *
 * The [guide](https://github.com/freshlink/freshlink/blob/main/docs/guide/README.md),
 * [options](https://github.com/freshlink/freshlink/blob/main/docs/options.md),
 * [what becomes of a call](https://github.com/freshlink/freshlink/blob/main/docs/calls.md),
 * [runtimes and permissions](https://github.com/freshlink/freshlink/blob/main/docs/runtimes.md) and
 * [the protocol](https://github.com/freshlink/freshlink/blob/main/docs/protocol.md).
 *
 * @module
 */

export { Client } from "./src/client.ts";
export { bytesCodec, type Codec, jsonCodec } from "./src/codec.ts";
export type { IdentifierMode } from "./src/core/link/link_number.ts";
export type { ConnectionRow } from "./src/core/link/connection_table.ts";
export type { ClientRow, PeerRow } from "./src/core/link/peer_row.ts";
export type { ItemStream } from "./src/calls/item_stream.ts";
export { Endpoint } from "./src/endpoint.ts";
export {
  type AnyServices,
  type Callee,
  DUMP_SERVICE,
  type EndpointTable,
  type FlightDump,
  type Group,
  type HandlersOf,
  type Peer,
  type Service,
  TABLE_SERVICE,
} from "./src/calls/contract.ts";
export type * from "./src/calls/contract_types.ts";
export type { Metadata } from "./src/core/wire/metadata.ts";
export type { CallChanges, InterceptedCall, Interceptor, Next } from "./src/calls/interceptors.ts";
export type { GroupMemberRow, GroupNotified } from "./src/calls/group_face.ts";
export type { Health, HealthOptions } from "./src/calls/health.ts";
export type { CallReport } from "./src/calls/call.ts";
export type { FlightEntry } from "./src/connection/flight_recorder.ts";
export type { InspectOptions, Inspector } from "./src/inspector/inspector.ts";
export type { HandlerContext } from "./src/calls/call_context.ts";
export type {
  AnyHandler,
  CodedHandler,
  Handler,
  Handlers,
  StreamHandler,
} from "./src/calls/handlers.ts";
export type { RemoteCaller } from "./src/calls/remote_caller.ts";
export {
  ConfigurationError,
  type Delivery,
  type ErrorCode,
  type ErrorDetails,
  type Fault,
  FreshlinkError,
  LinkError,
  ProtocolError,
  RequestError,
} from "./src/errors.ts";
export type * from "./src/events.ts";
export {
  type ClientOptions,
  DEFAULTS,
  type EndpointOptions,
  type FlushOptions,
  type GroupNotifyOptions,
  type GroupRequestOptions,
  type NotifyOptions,
  type PeerDefinition,
  type PeerDiscovery,
  type RemotePeer,
  type RequestOptions,
  type SecurityOptions,
  type ServingOptions,
  type StreamOptions,
  type TuningOptions,
} from "./src/options.ts";
export type { StreamTuningOptions } from "./src/options/streams.ts";
export type * from "./src/runtime/runtime.ts";
