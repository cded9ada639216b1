/**
 * freshlink: one live link to every peer process, and always the right one.
 *
 * @example An endpoint and a client
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
 * @module
 */

export { Client } from "./src/client.ts";
export { bytesCodec, type Codec, jsonCodec } from "./src/codec.ts";
export type { IdentifierMode } from "./src/core/link/link_number.ts";
export type { ConnectionRow } from "./src/core/link/connection_table.ts";
export type { PeerRow } from "./src/core/link/peer_row.ts";
export { Endpoint } from "./src/endpoint.ts";
export {
  type EndpointTable,
  type HandlersOf,
  type Peer,
  type Service,
  TABLE_SERVICE,
} from "./src/calls/contract.ts";
export type * from "./src/calls/contract_types.ts";
export type { Metadata } from "./src/core/wire/metadata.ts";
export type { CallChanges, InterceptedCall, Interceptor, Next } from "./src/calls/interceptors.ts";
export type { HandlerContext } from "./src/calls/call_context.ts";
export type { AnyHandler, CodedHandler, Handler, Handlers } from "./src/calls/handler_registry.ts";
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
  type NotifyOptions,
  type PeerDefinition,
  type RequestOptions,
  type SecurityOptions,
  type TuningOptions,
} from "./src/options.ts";
export type * from "./src/runtime/runtime.ts";
