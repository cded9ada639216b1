/**
 * Checks options, all problems at once, and fills in what was left out.
 *
 * @module
 */

import { type Codec, jsonCodec, resolveCodec } from "../codec.ts";
import type { Handlers } from "../calls/handlers.ts";
import type { AdmissionRule } from "../connection/connection_manager.ts";
import type { ConnectionSettings } from "../connection/context.ts";
import { ConfigurationError } from "../errors.ts";
import type { ClientOptions, EndpointOptions, PeerDefinition, ServingOptions } from "../options.ts";
import type { TlsOptions } from "../runtime/runtime.ts";
import { DEFAULTS } from "./defaults.ts";
import { checkDefinitions } from "./definitions.ts";
import { checkHandlers } from "./call_options.ts";
import { Problems } from "./problems.ts";
import {
  checkIdentityKey,
  checkProtection,
  checkSecret,
  checkSecrets,
  secretsOf,
} from "./protection.ts";
import { checkTls } from "./tls.ts";
import { DURATION_MAX_MS, keysOf, type OptionKey, OPTIONS } from "./table.ts";

/** Options of an endpoint, checked and complete. */
export interface ResolvedEndpointOptions extends ConnectionSettings {
  readonly name: string | undefined;
  readonly listen: { readonly hostname: string; readonly port: number };
  readonly advertise: { readonly hostname?: string; readonly port?: number };
  readonly group: string | undefined;
  readonly admit: AdmissionRule | null;
  readonly peers: readonly PeerDefinition[];
  readonly secrets: readonly Uint8Array[];
  readonly identity: string | undefined;
  readonly allow: ServingOptions["allow"];
  readonly tls: TlsOptions | undefined;
  readonly stateFile: string | undefined;
  readonly consoleNotices: boolean;
  readonly codec: Codec;
  readonly requestTimeoutMs: number;
  readonly handlers: Handlers;
  readonly startingMs: number;
  readonly drainMs: number;
  readonly whenDown: "wait" | "fail";
}

/** Options of a client, checked and complete. */
export interface ResolvedClientOptions extends ConnectionSettings {
  readonly hostname: string;
  readonly port: number;
  readonly to: string | undefined;
  readonly name: string | undefined;
  readonly secrets: readonly Uint8Array[];
  readonly identity: string | undefined;
  readonly tls: TlsOptions | undefined;
  readonly codec: Codec;
  readonly requestTimeoutMs: number;
  readonly handlers: Handlers;
  readonly startingMs: number;
  readonly allow: ServingOptions["allow"];
  readonly drainMs: number;
  readonly whenDown: "wait" | "fail";
}

const PLACE_KEYS: readonly string[] = Object.freeze(["hostname", "port"]);

/** So many beats fit into the silence after which a connection is dead, by default. */
const DEAD_AFTER_BEATS = DEFAULTS.deadAfterMs / DEFAULTS.heartbeatIntervalMs;

const ENDPOINT_KEYS: readonly OptionKey[] = Object.freeze(keysOf("endpoint"));
const CLIENT_KEYS: readonly OptionKey[] = Object.freeze(keysOf("client"));

/** Options as they come: nothing is known of them. */
type Values = Readonly<Partial<Record<OptionKey, unknown>>>;

/**
 * Checks the options of an endpoint.
 *
 * @throws {ConfigurationError} `invalid-options`, with every problem at once.
 */
export function resolveEndpointOptions(
  options: EndpointOptions & { readonly peers?: readonly PeerDefinition[] },
): ResolvedEndpointOptions {
  const problems = new Problems();
  if (!problems.object("options", options, "an object, at least { listen: { port } }")) {
    throw new ConfigurationError("invalid-options", problems.list);
  }
  const settings = checkTable(problems, options, ENDPOINT_KEYS);
  const { listen, advertise = {} } = options;
  const hasListen = problems.object("listen", listen, "an object { hostname, port }");
  const hostname = (hasListen ? listen.hostname : undefined) ?? "127.0.0.1";
  if (hasListen) {
    problems.keys("listen.", listen, PLACE_KEYS);
    problems.hostname("listen.hostname", hostname);
    problems.port("listen.port", listen.port, 0);
  }
  if (problems.object("advertise", advertise, "an object { hostname, port }")) {
    problems.keys("advertise.", advertise, PLACE_KEYS);
    const { hostname: told, port } = advertise as { hostname?: unknown; port?: unknown };
    if (told !== undefined) problems.hostname("advertise.hostname", told);
    if (port !== undefined) problems.port("advertise.port", port, 1);
  }
  const peers = checkDefinitions(problems, "peers", options.peers ?? []);
  checkIdentity(problems, options, hostname, peers);
  checkProtection(problems, options, peers);
  problems.check();
  return {
    ...settings,
    ...servingOf(options, settings),
    name: options.name,
    group: options.group,
    admit: options.admit ?? null,
    listen: { hostname, port: listen.port },
    advertise,
    peers,
    secrets: secretsOf(options),
    identity: options.identity,
    tls: options.tls,
    stateFile: options.stateFile,
    consoleNotices: options.consoleNotices ?? true,
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
  if (!problems.object("options", options, "an object, at least { hostname, port }")) {
    throw new ConfigurationError("invalid-options", problems.list);
  }
  const settings = checkTable(problems, options, CLIENT_KEYS);
  checkProtection(problems, options);
  problems.check();
  return {
    ...settings,
    ...servingOf(options, settings),
    // It has no name that another process could take.
    fence: "link",
    hostname: options.hostname,
    port: options.port,
    to: options.to,
    name: options.name,
    secrets: secretsOf(options),
    identity: options.identity,
    tls: options.tls,
    codec: options.codec === undefined ? jsonCodec : resolveCodec(options.codec),
  };
}

/** What it serves; whoever hands all handlers over has no start to wait for. */
function servingOf(
  { handlers, startingMs, allow }: ServingOptions,
  settings: typeof DEFAULTS,
): Pick<ResolvedClientOptions, "handlers" | "startingMs" | "allow"> {
  return {
    handlers: handlers ?? {},
    startingMs: handlers === undefined ? settings.startingMs : startingMs ?? 0,
    allow,
  };
}

/** Checks what the table knows. @returns Its numbers and words, with what was left out. */
function checkTable(
  problems: Problems,
  options: EndpointOptions | ClientOptions,
  keys: readonly OptionKey[],
): typeof DEFAULTS {
  const values: Values = options;
  problems.keys("", values, keys);
  for (const key of keys) {
    const value = values[key];
    if (value !== undefined || NEEDED.includes(key)) checkRow(problems, key, value);
  }
  const settings = withDefaults(values);
  for (const key of keys) checkOrder(problems, values, settings, key);
  return settings;
}

/** Options that cannot be left out and are checked by their kind. */
const NEEDED: readonly OptionKey[] = Object.freeze(["hostname", "port"]);

function checkRow(problems: Problems, key: OptionKey, value: unknown): void {
  const row = OPTIONS[key];
  switch (row.kind) {
    case "number":
      if (row.unit === "ms") problems.duration(key, value, row.min, row.max);
      else problems.integer(key, value, row.min, row.max);
      break;
    case "word":
      problems.oneOf(key, value, row.words);
      break;
    case "port":
      problems.port(key, value, 1);
      break;
    case "other":
      checkOther(problems, key, value);
      break;
    default:
      problems[row.kind](key, value);
  }
}

/** What is checked neither by its kind nor together with other options. */
function checkOther(problems: Problems, key: OptionKey, value: unknown): void {
  if (key === "secret") checkSecret(problems, key, value);
  else if (key === "secrets") checkSecrets(problems, value);
  else if (key === "identity") checkIdentityKey(problems, value);
  else if (key === "allow") checkAllow(problems, value);
  else if (key === "tls") checkTls(problems, value);
  else if (key === "codec") problems.codec(key, value);
  else if (key === "admit" && typeof value !== "function") problems.add(key, "a function", value);
  else if (key === "handlers") checkHandlers(problems, key, value);
  else if (key === "runtime") checkRuntime(problems, value);
}

/** The numbers and words, with what was left out. */
function withDefaults(values: Values): typeof DEFAULTS {
  const chosen: Record<string, unknown> = { ...DEFAULTS, ...heartbeatDefaults(values) };
  for (const key of Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]) {
    if (values[key] !== undefined) chosen[key] = values[key];
  }
  const { payloadMaxBytes } = values;
  if (typeof payloadMaxBytes === "number") {
    if (values.queueMaxBytes === undefined) {
      chosen["queueMaxBytes"] = Math.max(DEFAULTS.queueMaxBytes, 2 * payloadMaxBytes);
    }
    if (values.receiveMaxBytes === undefined) {
      chosen["receiveMaxBytes"] = Math.max(DEFAULTS.receiveMaxBytes, payloadMaxBytes);
    }
    if (values.streamMaxBytes === undefined) {
      chosen["streamMaxBytes"] = Math.max(DEFAULTS.streamMaxBytes, payloadMaxBytes);
    }
  }
  return chosen as unknown as typeof DEFAULTS;
}

/** The durations of failure detection keep their proportions where one of them is given. */
function heartbeatDefaults({ heartbeatIntervalMs: beat, deadAfterMs: dead }: Values): object {
  if (fitsRow("heartbeatIntervalMs", beat)) {
    const deadAfterMs = Math.min(beat * DEAD_AFTER_BEATS, DURATION_MAX_MS);
    return { deadAfterMs, suspectAfterMs: beat };
  }
  if (!fitsRow("deadAfterMs", dead)) return {};
  // Longer patience is no reason to beat less often.
  const interval = Math.min(DEFAULTS.heartbeatIntervalMs, dead / DEAD_AFTER_BEATS);
  return { heartbeatIntervalMs: interval, suspectAfterMs: interval };
}

/** One number must be below another, defaults included; the one that was given is named. */
function checkOrder(
  problems: Problems,
  values: Values,
  settings: typeof DEFAULTS,
  key: OptionKey,
): void {
  const row = OPTIONS[key];
  if (row.kind !== "number") return;
  if (row.below !== undefined) checkBelow(problems, values, settings, key, row.below, true);
  for (const other of row.atMost ?? []) checkBelow(problems, values, settings, key, other, false);
}

function checkBelow(
  problems: Problems,
  values: Values,
  settings: typeof DEFAULTS,
  key: OptionKey,
  other: OptionKey,
  strictly: boolean,
): void {
  const [low, high] = [key, other].map((name) => settings[name as keyof typeof DEFAULTS]);
  // What does not fit by itself has been told.
  if (!fitsRow(key, low) || !fitsRow(other, high)) return;
  if (low < high || (!strictly && low === high)) return;
  if (values[key] !== undefined) {
    problems.add(key, `${strictly ? "less than" : "at most"} ${other} (${high})`, low);
  } else if (values[other] !== undefined) {
    problems.add(other, `${strictly ? "more than" : "at least"} ${key} (${low})`, high);
  }
}

function fitsRow(key: OptionKey, value: unknown): value is number {
  const row = OPTIONS[key];
  return row.kind === "number" && typeof value === "number" && value >= row.min &&
    value <= row.max;
}

function checkAllow(problems: Problems, allow: unknown): void {
  if (typeof allow !== "function") {
    problems.add("allow", "a function of caller and service that returns a boolean", allow);
  }
}

/** Enough to tell a runtime from something else. */
function checkRuntime(problems: Problems, runtime: unknown): void {
  const { listen, connect, clock } = (runtime ?? {}) as Record<string, unknown>;
  if (typeof listen === "function" && typeof connect === "function" && clock) return;
  problems.add("runtime", "a Runtime, such as a simulated host's", runtime);
}

/** Who this endpoint is must be clear, and must not be one of its own peers. */
function checkIdentity(
  problems: Problems,
  options: EndpointOptions,
  hostname: string,
  peers: readonly PeerDefinition[],
): void {
  const { name, advertise, insecure, secret, secrets, tls } = options;
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
  if (isLoopback || insecure === true) return;
  // An identity alone keeps nobody out.
  if ((secret ?? secrets ?? tls) !== undefined) return;
  problems.list.push(
    `secret: expected a secret or tls to listen on ${hostname}; ` +
      "with insecure: true anybody may claim any name there",
  );
}
