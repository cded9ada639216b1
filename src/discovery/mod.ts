/**
 * Discoveries: what says who the peers are, for the option `peers` of `Endpoint.start`.
 *
 * @module
 */

export { type FromDnsOptions, fromDnsSrv } from "./from_dns_srv.ts";
export { fromEtcd, type FromEtcdOptions } from "./from_etcd.ts";
export { fromFile, type FromFileOptions } from "./from_file.ts";
export type { PeerDefinition, PeerDiscovery } from "../options.ts";
