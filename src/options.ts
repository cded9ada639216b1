import { type Codec, jsonCodec, resolveCodec } from "./codec.ts";
import type { IdentifierMode } from "./core/identifier.ts";
import type { Runtime, TlsOptions } from "./runtime/runtime.ts";
export const DEFAULTS = Object.freeze({
  heartbeatIntervalMs: 1000,
  deadAfterMs: 3000,
  suspectAfterMs: 1000,
  probeTimeoutMs: 1000,
  connectTimeoutMs: 3000,
  handshakeTimeoutMs: 5000,
  redialMinMs: 100,
  redialMaxMs: 5000,
  requestTimeoutMs: 5000,
  resumeWindowMs: 30000,
  drainMs: 10000,
  maxInFlight: 1024,
  payloadMaxBytes: 16 * 1024 * 1024,
  retainMaxBytes: 4 * 1024 * 1024,
  queueMaxBytes: 16 * 1024 * 1024,
  whenDown: "wait" as "wait" | "fail",
  identifier: "counter" as IdentifierMode,
});
type D = { -readonly [K in keyof typeof DEFAULTS]?: (typeof DEFAULTS)[K] };
export interface PeerDefinition {
  name?: string;
  hostname: string;
  port: number;
}
export interface EndpointOptions extends D {
  name?: string;
  listen: { hostname?: string; port: number };
  advertise?: { hostname?: string; port?: number };
  peers?: string | readonly PeerDefinition[];
  secret?: string | Uint8Array;
  tls?: TlsOptions;
  insecure?: boolean;
  stateFile?: string;
  codec?: "json" | "bytes" | Codec;
  runtime?: Runtime;
}
export interface ClientOptions extends D {
  hostname: string;
  port: number;
  to?: string;
  name?: string;
  secret?: string | Uint8Array;
  tls?: TlsOptions;
  codec?: "json" | "bytes" | Codec;
  runtime?: Runtime;
}
export interface RequestOptions {
  timeoutMs?: number;
  signal?: AbortSignal;
  idempotent?: boolean;
  whenDown?: "wait" | "fail";
  codec?: "json" | "bytes" | Codec;
}
export type NotifyOptions = Omit<RequestOptions, "idempotent">;
export type ResolvedEndpointOptions = Required<D> & {
  name?: string;
  listen: { hostname: string; port: number };
  advertise: { hostname?: string; port?: number };
  peers: readonly PeerDefinition[];
  secret: Uint8Array;
  tls?: TlsOptions;
  stateFile?: string;
  codec: Codec;
};
export type ResolvedClientOptions = Required<D> & {
  hostname: string;
  port: number;
  to?: string;
  name?: string;
  secret: Uint8Array;
  tls?: TlsOptions;
  codec: Codec;
};
const sec = (s: string | Uint8Array | undefined) =>
  s === undefined ? new Uint8Array(0) : typeof s === "string" ? new TextEncoder().encode(s) : s;
export function resolveEndpointOptions(o: EndpointOptions): ResolvedEndpointOptions {
  return {
    ...DEFAULTS,
    ...o,
    listen: { hostname: "127.0.0.1", ...o.listen },
    advertise: o.advertise ?? {},
    peers: o.peers as PeerDefinition[],
    secret: sec(o.secret),
    codec: o.codec === undefined ? jsonCodec : resolveCodec(o.codec),
  };
}
export function resolveClientOptions(o: ClientOptions): ResolvedClientOptions {
  return {
    ...DEFAULTS,
    ...o,
    secret: sec(o.secret),
    codec: o.codec === undefined ? jsonCodec : resolveCodec(o.codec),
  };
}
export function parseDefinitions(text: string, _file: string): PeerDefinition[] {
  return JSON.parse(text);
}
