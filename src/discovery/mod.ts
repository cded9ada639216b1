/**
 * Discoveries: what says who the peers are, for the option `peers` of `Endpoint.start`.
 *
 * @example A file that may change while the endpoint runs
 * ```ts
 * import { Endpoint } from "@freshlink/freshlink";
 * import { fromFile } from "@freshlink/freshlink/discovery";
 *
 * const file = await Deno.makeTempFile();
 * const peers = [{ name: "SP20", hostname: "127.0.0.1", port: 12_032 }];
 * await Deno.writeTextFile(file, JSON.stringify(peers));
 * await using endpoint = await Endpoint.start({
 *   name: "SP10",
 *   listen: { port: 0 },
 *   peers: fromFile(file),
 * });
 * for await (const { type } of endpoint.events()) if (type === "peers-changed") break;
 * if (endpoint.peers()[0]?.peer !== "SP20") throw new Error("SP20 is not defined");
 * ```
 *
 * @module
 */

export { type FromDnsOptions, fromDnsSrv } from "./from_dns_srv.ts";
export { fromEtcd, type FromEtcdOptions } from "./from_etcd.ts";
export { fromFile, type FromFileOptions } from "./from_file.ts";
export type { PeerDefinition, PeerDiscovery } from "../options.ts";
