/**
 * Checks options, all problems at once, and fills in what was left out.
 *
 * @module
 */

import { type Codec, jsonCodec, resolveCodec } from "../codec.ts";
import type { ConnectionSettings } from "../connection/context.ts";
import { ConfigurationError } from "../errors.ts";
import type { ClientOptions, EndpointOptions, PeerDefinition, TuningOptions } from "../options.ts";
import type { TlsOptions } from "../runtime/runtime.ts";
import { DEFAULTS } from "./defaults.ts";
import { checkDefinitions } from "./definitions.ts";
import { Problems } from "./problems.ts";

/** Options of an endpoint, checked and complete. */
export interface ResolvedEndpointOptions extends ConnectionSettings {
  readonly name: string | undefined;
  readonly listen: { readonly hostname: string; readonly port: number };
  readonly advertise: { readonly hostname?: string; readonly port?: number };
  readonly peers: readonly PeerDefinition[];
  readonly secret: Uint8Array;
  readonly tls: TlsOptions | undefined;
  readonly stateFile: string | undefined;
  readonly codec: Codec;
  readonly requestTimeoutMs: number;
  readonly drainMs: number;
  readonly whenDown: "wait" | "fail";
}

/** Options of a client, checked and complete. */
export interface ResolvedClientOptions extends ConnectionSettings {
  readonly hostname: string;
  readonly port: number;
  readonly to: string | undefined;
  readonly name: string | undefined;
  readonly secret: Uint8Array;
  readonly tls: TlsOptions | undefined;
  readonly codec: Codec;
  readonly requestTimeoutMs: number;
}

const DURATIONS: readonly string[] = Object.freeze([
  "heartbeatIntervalMs",
  "deadAfterMs",
  "suspectAfterMs",
  "probeTimeoutMs",
  "connectTimeoutMs",
  "handshakeTimeoutMs",
  "redialMinMs",
  "redialMaxMs",
  "requestTimeoutMs",
  "resumeWindowMs",
  "drainMs",
]);

const SHARED_KEYS: readonly string[] = Object.freeze([
  ...DURATIONS,
  "maxInFlight",
  "payloadMaxBytes",
  "retainMaxBytes",
  "queueMaxBytes",
  "secret",
  "tls",
  "codec",
  "runtime",
  "name",
]);

const ENDPOINT_KEYS: readonly string[] = Object.freeze([
  ...SHARED_KEYS,
  "listen",
  "advertise",
  "peers",
  "insecure",
  "identifier",
  "stateFile",
  "whenDown",
]);

const CLIENT_ONLY: readonly string[] = Object.freeze(["hostname", "port", "to"]);

/** The least window, in bytes: two segments, so that one is filled while the other is sent. */
const RETAIN_MIN_BYTES = 131_072;

const U32_MAX = 0xffff_ffff;

/**
 * Checks the options of an endpoint.
 *
 * @throws {ConfigurationError} `invalid-options`, with every problem at once.
 */
export function resolveEndpointOptions(
  options: EndpointOptions & { readonly peers?: readonly PeerDefinition[] },
): ResolvedEndpointOptions {
  const problems = new Problems();
  if (!problems.object("options", options)) throw invalid(problems);
  problems.keys("", options, ENDPOINT_KEYS);
  checkShared(problems, options);
  const { listen, advertise = {}, identifier, whenDown, insecure, stateFile } = options;
  const hasListen = problems.object("listen", listen);
  const hostname = (hasListen ? listen.hostname : undefined) ?? "127.0.0.1";
  if (hasListen) {
    problems.keys("listen.", listen as Record<string, unknown>, ["hostname", "port"]);
    problems.hostname("listen.hostname", hostname);
    problems.port("listen.port", listen.port, 0);
  }
  if (problems.object("advertise", advertise)) {
    problems.keys("advertise.", advertise, ["hostname", "port"]);
    const { hostname: told, port } = advertise as { hostname?: unknown; port?: unknown };
    if (told !== undefined) problems.hostname("advertise.hostname", told);
    if (port !== undefined) problems.port("advertise.port", port, 1);
  }
  if (identifier !== undefined) {
    problems.oneOf("identifier", identifier, ["counter", "clock"]);
  }
  if (whenDown !== undefined) problems.oneOf("whenDown", whenDown, ["wait", "fail"]);
  if (stateFile !== undefined) problems.text("stateFile", stateFile);
  if (insecure !== undefined && typeof insecure !== "boolean") {
    problems.add("insecure", "true or false", insecure);
  }
  const peers = checkDefinitions(problems, "peers", options.peers ?? []);
  checkIdentity(problems, options, hostname, peers);
  if (problems.list.length > 0) throw invalid(problems);
  return {
    ...settings(options),
    name: options.name,
    listen: { hostname, port: listen.port },
    advertise,
    peers,
    secret: secretBytes(options.secret),
    tls: options.tls,
    stateFile,
    codec: options.codec === undefined ? jsonCodec : resolveCodec(options.codec),
  };
}

/**
 * Checks the options of a client.
 *
 * @throws {ConfigurationError} `invalid-options`, with every problem at once.
 */
export function resolveClientOptions(options: ClientOptions): ResolvedClientOptions {
  const problems = new Problems();
  if (!problems.object("options", options)) throw invalid(problems);
  problems.keys("", options, [...SHARED_KEYS, ...CLIENT_ONLY]);
  checkShared(problems, options);
  problems.hostname("hostname", options.hostname);
  problems.port("port", options.port, 1);
  if (options.to !== undefined) problems.name("to", options.to);
  if (problems.list.length > 0) throw invalid(problems);
  return {
    ...settings(options),
    hostname: options.hostname,
    port: options.port,
    to: options.to,
    name: options.name,
    secret: secretBytes(options.secret),
    tls: options.tls,
    codec: options.codec === undefined ? jsonCodec : resolveCodec(options.codec),
  };
}

function invalid(problems: Problems): ConfigurationError {
  return new ConfigurationError("invalid-options", problems.list);
}

/** The numbers, with what was left out. */
function settings<Options extends TuningOptions>(options: Options) {
  const chosen: Record<string, unknown> = { ...DEFAULTS };
  for (const key of Object.keys(DEFAULTS)) {
    const value = (options as Record<string, unknown>)[key];
    if (value !== undefined) chosen[key] = value;
  }
  if (options.queueMaxBytes === undefined) {
    chosen["queueMaxBytes"] = Math.max(DEFAULTS.queueMaxBytes, 2 * (options.payloadMaxBytes ?? 0));
  }
  return chosen as { -readonly [Key in keyof typeof DEFAULTS]: (typeof DEFAULTS)[Key] };
}

function checkShared(problems: Problems, options: EndpointOptions | ClientOptions): void {
  const values = options as unknown as Record<string, unknown>;
  for (const key of DURATIONS) {
    if (values[key] === undefined) continue;
    problems.duration(key, values[key], key === "drainMs" || key === "redialMinMs" ? 0 : 1);
  }
  const { maxInFlight, payloadMaxBytes, retainMaxBytes, queueMaxBytes } = options;
  if (maxInFlight !== undefined) problems.integer("maxInFlight", maxInFlight, 1, 1_000_000);
  if (payloadMaxBytes !== undefined) {
    problems.integer("payloadMaxBytes", payloadMaxBytes, 1, U32_MAX);
  }
  if (retainMaxBytes !== undefined) {
    problems.integer("retainMaxBytes", retainMaxBytes, RETAIN_MIN_BYTES, U32_MAX);
  }
  if (queueMaxBytes !== undefined) {
    problems.integer("queueMaxBytes", queueMaxBytes, 1, Number.MAX_SAFE_INTEGER);
  }
  const largest = payloadMaxBytes ?? DEFAULTS.payloadMaxBytes;
  if (queueMaxBytes !== undefined && queueMaxBytes < largest) {
    problems.add("queueMaxBytes", `at least payloadMaxBytes (${largest})`, queueMaxBytes);
  }
  if (options.name !== undefined) problems.name("name", options.name);
  checkOrder(problems, values, "heartbeatIntervalMs", "deadAfterMs");
  checkOrder(problems, values, "probeTimeoutMs", "handshakeTimeoutMs");
  checkOrder(problems, values, "redialMinMs", "redialMaxMs", true);
  checkSecurity(problems, options);
  const { codec } = options;
  const isCodec = codec === undefined || codec === "json" || codec === "bytes" ||
    (typeof codec === "object" && codec !== null && typeof codec.encode === "function" &&
      typeof codec.decode === "function" && typeof codec.name === "string");
  if (!isCodec) problems.add("codec", '"json", "bytes" or { name, encode, decode }', codec);
}

/** One duration must be shorter than another, defaults included. */
function checkOrder(
  problems: Problems,
  values: Record<string, unknown>,
  shorter: keyof typeof DEFAULTS,
  longer: keyof typeof DEFAULTS,
  mayBeEqual = false,
): void {
  const short = values[shorter] ?? DEFAULTS[shorter];
  const long = values[longer] ?? DEFAULTS[longer];
  if (typeof short !== "number" || typeof long !== "number") return;
  if (short < long || (mayBeEqual && short === long)) return;
  if (values[shorter] === undefined && values[longer] === undefined) return;
  problems.list.push(`${shorter}: expected less than ${longer} (${long}), found ${short}`);
}

function checkSecurity(problems: Problems, options: EndpointOptions | ClientOptions): void {
  const { secret, tls } = options;
  if (secret !== undefined) {
    const fits = (typeof secret === "string" || secret instanceof Uint8Array) && secret.length > 0;
    // The value is not shown: messages end up in logs.
    if (!fits) problems.list.push("secret: expected a string or bytes that are not empty");
  }
  if (tls === undefined || !problems.object("tls", tls)) return;
  const known = ["certificate", "privateKey", "authorities", "serverName"];
  problems.keys("tls.", tls as Record<string, unknown>, known);
  for (const key of ["certificate", "privateKey", "authorities"] as const) {
    const value: unknown = tls[key];
    if (typeof value === "string" && value.includes("-----BEGIN ")) continue;
    problems.list.push(`tls.${key}: expected PEM text; all three of them are needed`);
  }
}

/** Who this endpoint is must be clear, and must not be one of its own peers. */
function checkIdentity(
  problems: Problems,
  options: EndpointOptions,
  hostname: string,
  peers: readonly PeerDefinition[],
): void {
  const { name, advertise, insecure, secret, tls } = options;
  const isAny = hostname === "0.0.0.0" || hostname === "::";
  if (isAny && advertise?.hostname === undefined && name === undefined) {
    problems.list.push(
      `name: expected a name, or advertise.hostname, as ${hostname} is no address to be known by`,
    );
  }
  const itself = peers.findIndex((peer) => peer.name !== undefined && peer.name === name);
  if (itself >= 0) {
    problems.list.push(`peers[${itself}].name: '${name}' is this endpoint's own name`);
  }
  const isLoopback = hostname === "localhost" || hostname === "::1" || hostname.startsWith("127.");
  if (isLoopback || insecure === true || secret !== undefined || tls !== undefined) return;
  problems.list.push(
    `secret: expected a secret or tls to listen on ${hostname}; ` +
      "with insecure: true anybody may claim any name there",
  );
}

function secretBytes(secret: string | Uint8Array | undefined): Uint8Array {
  if (secret === undefined) return new Uint8Array(0);
  return typeof secret === "string" ? new TextEncoder().encode(secret) : secret;
}
