/**
 * Checks what is handed over with each call. What fits is looked at once, without an allocation;
 * the words are made only where something does not fit.
 *
 * @module
 */

import { DUMP_SERVICE, INSPECT_SERVICE, LOAD_SERVICE, TABLE_SERVICE } from "../calls/contract.ts";
import { messageOf } from "../calls/thrown.ts";
import type {
  GroupRequestOptions,
  NotifyOptions,
  RequestOptions,
  StreamOptions,
} from "../options.ts";
import { isCodec, Problems } from "./problems.ts";
import { DURATION_MAX_MS } from "./table.ts";

const NOTIFY_KEYS: readonly string[] = Object.freeze([
  "timeoutMs",
  "signal",
  "whenDown",
  "whenFull",
  "codec",
  "metadata",
]);
const REQUEST_KEYS: readonly string[] = Object.freeze([...NOTIFY_KEYS, "idempotent"]);
const FLUSH_KEYS: readonly string[] = Object.freeze(["timeoutMs", "signal"]);
const EVENT_KEYS: readonly string[] = Object.freeze(["signal"]);
const CLOSE_KEYS: readonly string[] = Object.freeze(["drainMs"]);
const HANDLE_KEYS: readonly string[] = Object.freeze(["codec"]);

const CODED_KEYS: readonly string[] = Object.freeze(["handler", "codec"]);

/** What an endpoint serves of itself. */
const OWN_SERVICES: readonly string[] = Object.freeze([
  TABLE_SERVICE,
  DUMP_SERVICE,
  INSPECT_SERVICE,
  LOAD_SERVICE,
]);

const EXAMPLE = "an object such as { timeoutMs: 500 }";

const encoder = new TextEncoder();

/** The options of a call that names none: they need no check. */
export const NO_OPTIONS: RequestOptions = Object.freeze({});

/**
 * Checks the options of a request.
 *
 * @throws {ConfigurationError} `invalid-options`, with every problem at once.
 */
export function checkRequestOptions(options: RequestOptions): void {
  if (options === NO_OPTIONS || isWell(options, true)) return;
  tell(options, REQUEST_KEYS);
}

/**
 * Checks the options of a notification.
 *
 * @throws {ConfigurationError} `invalid-options`, with every problem at once.
 */
export function checkNotifyOptions(options: NotifyOptions): void {
  if (options === NO_OPTIONS || isWell(options, false)) return;
  tell(options, NOTIFY_KEYS);
}

/**
 * Checks the options of a call to a group.
 *
 * @throws {ConfigurationError} `invalid-options`, with every problem at once.
 */
export function checkGroupOptions(options: GroupRequestOptions, isRequest: boolean): void {
  if (options === NO_OPTIONS) return;
  const { key, groupTimeoutMs, ...rest } = options;
  const isKeyed = key === undefined || typeof key === "string";
  const isTimed = groupTimeoutMs === undefined || groupTimeoutMs === 0 || isTimeout(groupTimeoutMs);
  if (isKeyed && isTimed && !("whenDown" in rest) && isWell(rest, isRequest)) return;
  const problems = new Problems();
  if (!isKeyed) problems.add("options.key", "a string", key);
  if (!isTimed) {
    problems.duration("options.groupTimeoutMs", groupTimeoutMs, 0, DURATION_MAX_MS);
  }
  const known = (isRequest ? REQUEST_KEYS : NOTIFY_KEYS).filter((name) => name !== "whenDown");
  collect(problems, rest, [...known, "key", "groupTimeoutMs"]);
  problems.check();
}

/**
 * Checks the options of a stream.
 *
 * @throws {ConfigurationError} `invalid-options`, with every problem at once.
 */
export function checkStreamOptions(options: StreamOptions): void {
  if (options === NO_OPTIONS) return;
  const problems = new Problems();
  if (!problems.object("options", options, EXAMPLE)) return problems.check();
  const { idleTimeoutMs, resumeFrom, ...rest } = options as StreamOptions;
  if (idleTimeoutMs !== undefined && !isTimeout(idleTimeoutMs)) {
    problems.add("options.idleTimeoutMs", "a duration in milliseconds, or Infinity", idleTimeoutMs);
  }
  if (resumeFrom !== undefined && (!Number.isSafeInteger(resumeFrom) || resumeFrom < 0)) {
    problems.add("options.resumeFrom", "how many items there are", resumeFrom);
  }
  if (!isWell(rest, false)) {
    collect(problems, rest, [...NOTIFY_KEYS, "idleTimeoutMs", "resumeFrom"]);
  }
  problems.check();
}

/** Checks the options of a flush. @throws {ConfigurationError} `invalid-options`. */
export function checkFlushOptions(options: unknown): void {
  problemsOf(options, FLUSH_KEYS).check();
}

/** @throws {ConfigurationError} `invalid-options`, unless it is 1 to 255 bytes of UTF-8. */
export function checkServiceName(service: string): void {
  if (isServiceName(service)) return;
  const problems = new Problems();
  problems.add("service", "a name of 1 to 255 bytes of UTF-8", service);
  problems.check();
}

function isServiceName(service: unknown): boolean {
  if (typeof service !== "string" || service === "") return false;
  // Three bytes at most become of each UTF-16 unit.
  return service.length <= 85 || encoder.encode(service).length <= 255;
}

/** @throws {ConfigurationError} `invalid-options`, unless it is a text. */
export function checkPeerName(peer: string): void {
  if (typeof peer === "string") return;
  const problems = new Problems();
  problems.add("peer", "the name of a peer", peer);
  problems.check();
}

/** Checks what `handle` is given. @throws {ConfigurationError} `invalid-options`. */
export function checkHandling(service: string, handler: unknown, options: unknown): void {
  checkServiceName(service);
  const problems = new Problems();
  if (typeof handler !== "function") problems.add("handler", "a function", handler);
  if (problems.object("options", options, 'an object such as { codec: "bytes" }')) {
    problems.keys("options.", options, HANDLE_KEYS);
    const { codec } = options;
    if (codec !== undefined) problems.codec("options.codec", codec);
  }
  problems.check();
}

/** Checks handlers by the names of their services. @param where What precedes each name. */
export function checkHandlers(problems: Problems, where: string, handlers: unknown): void {
  if (!problems.object(where, handlers, "an object { service: handler }")) return;
  for (const [service, entry] of Object.entries(handlers)) {
    const key = `${where}.${service}`;
    if (!isServiceName(service)) problems.add(key, "a name of 1 to 255 bytes of UTF-8", service);
    if (OWN_SERVICES.includes(service)) {
      problems.list.push(`${key}: Cannot handle '${service}' twice`);
    }
    if (typeof entry === "function") continue;
    if (!problems.object(key, entry, "a function or { handler, codec }")) continue;
    problems.keys(`${key}.`, entry, CODED_KEYS);
    const { handler, codec } = entry;
    if (typeof handler !== "function") problems.add(`${key}.handler`, "a function", handler);
    if (codec !== undefined) problems.codec(`${key}.codec`, codec);
  }
}

/** Checks what `close` is given. @throws {ConfigurationError} `invalid-options`. */
export function checkCloseOptions(options: unknown): void {
  const problems = new Problems();
  if (problems.object("options", options, "an object such as { drainMs: 500 }")) {
    problems.keys("options.", options, CLOSE_KEYS);
    const { drainMs } = options;
    if (drainMs !== undefined) problems.duration("options.drainMs", drainMs, 0, DURATION_MAX_MS);
  }
  problems.check();
}

/** Checks what `events` is given. @throws {ConfigurationError} `invalid-options`. */
export function checkEventOptions(options: unknown): void {
  const problems = new Problems();
  if (problems.object("options", options, "an object such as { signal }")) {
    problems.keys("options.", options, EVENT_KEYS);
    checkSignal(problems, options["signal"]);
  }
  problems.check();
}

/** Checks a listener. @throws {ConfigurationError} `invalid-options`. */
export function checkListener(listener: unknown): void {
  if (typeof listener === "function") return;
  const problems = new Problems();
  problems.add("listener", "a function", listener);
  problems.check();
}

/** Checks an interceptor. @throws {ConfigurationError} `invalid-options`. */
export function checkInterceptor(interceptor: unknown): void {
  if (typeof interceptor === "function") return;
  const problems = new Problems();
  problems.add("interceptor", "a function (call, next)", interceptor);
  problems.check();
}

/** Whether all is well; what throws when it is looked at, is not. Runs for each call. */
function isWell(options: RequestOptions, isRequest: boolean): boolean {
  try {
    return fits(options, isRequest);
  } catch {
    return false;
  }
}

function fits(options: RequestOptions, isRequest: boolean): boolean {
  if (typeof options !== "object" || options === null || Array.isArray(options)) return false;
  const { timeoutMs, signal, idempotent, whenDown, whenFull, codec, metadata } = options;
  if (timeoutMs !== undefined && !isTimeout(timeoutMs)) return false;
  if (signal !== undefined && !isSignal(signal)) return false;
  if (idempotent !== undefined && typeof idempotent !== "boolean") return false;
  if (whenDown !== undefined && whenDown !== "wait" && whenDown !== "fail") return false;
  if (whenFull !== undefined && whenFull !== "wait" && whenFull !== "fail") return false;
  if (codec !== undefined && codec !== "json" && codec !== "bytes" && !isCodec(codec)) return false;
  if (metadata !== undefined && !isMetadata(metadata)) return false;
  for (const key in options) {
    if (!isKey(key, isRequest)) return false;
  }
  return true;
}

function isKey(key: string, isRequest: boolean): boolean {
  switch (key) {
    case "timeoutMs":
    case "signal":
    case "whenDown":
    case "whenFull":
    case "codec":
    case "metadata":
      return true;
    default:
      return isRequest && key === "idempotent";
  }
}

function isTimeout(value: unknown): boolean {
  return typeof value === "number" && value > 0 && (value <= DURATION_MAX_MS || value === Infinity);
}

/** One of this realm, or of another one. */
function isSignal(value: unknown): boolean {
  if (value instanceof AbortSignal) return true;
  if (typeof value !== "object" || value === null) return false;
  const { aborted, addEventListener, removeEventListener } = value as Record<string, unknown>;
  return typeof aborted === "boolean" && typeof addEventListener === "function" &&
    typeof removeEventListener === "function";
}

/** @throws {ConfigurationError} `invalid-options`: something does not fit. */
function tell(options: unknown, known: readonly string[]): void {
  const problems = problemsOf(options, known);
  if (problems.list.length === 0) problems.list.push("options: they change while they are read");
  problems.check();
}

function problemsOf(options: unknown, known: readonly string[]): Problems {
  const problems = new Problems();
  try {
    collect(problems, options, known);
  } catch (cause) {
    problems.list.push(`options: they cannot be read: ${messageOf(cause)}`);
  }
  return problems;
}

function collect(problems: Problems, options: unknown, known: readonly string[]): void {
  if (problems.object("options", options, EXAMPLE)) {
    problems.keys("options.", options, known);
    const { timeoutMs, signal, idempotent, whenDown, whenFull, codec, metadata } = options;
    if (timeoutMs !== undefined && !isTimeout(timeoutMs)) {
      const expected = `milliseconds above 0, up to ${DURATION_MAX_MS}, or Infinity`;
      problems.add("options.timeoutMs", expected, timeoutMs);
    }
    checkSignal(problems, signal);
    if (idempotent !== undefined) problems.flag("options.idempotent", idempotent);
    if (whenDown !== undefined) problems.oneOf("options.whenDown", whenDown, ["wait", "fail"]);
    if (whenFull !== undefined) problems.oneOf("options.whenFull", whenFull, ["wait", "fail"]);
    if (codec !== undefined) problems.codec("options.codec", codec);
    if (metadata !== undefined && !isMetadata(metadata)) {
      problems.add("options.metadata", 'an object of texts such as { tenant: "7" }', metadata);
    }
  }
}

function isMetadata(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === "string");
}

function checkSignal(problems: Problems, signal: unknown): void {
  if (signal !== undefined && !isSignal(signal)) {
    problems.add("options.signal", "an AbortSignal", signal);
  }
}
