/**
 * Logging: what happens to an endpoint's links, in lines for any logger.
 *
 * @example Lines on the console
 * ```ts
 * import { Endpoint } from "@freshlink/freshlink";
 * import { logEvents } from "@freshlink/freshlink/logging";
 *
 * await using endpoint = await Endpoint.start({ name: "SP10", listen: { port: 0 } });
 * const stop = logEvents(endpoint, console, { level: "info" });
 * stop();
 * ```
 *
 * @module
 */

import type { Endpoint } from "../endpoint.ts";
import { CODES } from "../errors.ts";
import type { EndpointEvent } from "../events.ts";

/** How much somebody has to know of it, the least first. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** What takes lines: the console, pino, or any other with these four methods. */
export interface Logger {
  /** What only one who searches wants to read. */
  debug(...parts: unknown[]): void;
  /** What happens in good order. */
  info(...parts: unknown[]): void;
  /** What somebody should look at. */
  warn(...parts: unknown[]): void;
  /** What somebody has to mend. */
  error(...parts: unknown[]): void;
}

/** How events become lines. */
export interface LoggingOptions {
  /**
   * The least level that is written.
   *
   * @default {"warn"}
   */
  readonly level?: LogLevel;
  /**
   * For how long the same thing is not told again, in milliseconds; then its next line says how
   * often it was.
   *
   * @default {60000}
   */
  readonly repeatMs?: number;
  /**
   * Whether the logger gets the event as an object before the line, as pino wants it.
   *
   * @default {false}
   */
  readonly structured?: boolean;
}

const LEVELS: readonly LogLevel[] = Object.freeze(["debug", "info", "warn", "error"]);

/** Different things that are remembered; beyond that all others are one: strangers make up names. */
const KNOWN_MAX = 1_000;

/** More of what others said is not shown, in UTF-16 units. */
const SHOWN_MAX_LENGTH = 500;

/** When a thing was told, and how often it came since. */
interface Told {
  sinceMs: number;
  left: number;
}

/**
 * Writes lines from now on. Somebody listens then: the endpoint's own console notices end.
 *
 * @returns Ends that.
 */
export function logEvents(
  endpoint: Pick<Endpoint, "name" | "on">,
  logger: Logger,
  options: LoggingOptions = {},
): () => void {
  const { level = "warn", repeatMs = 60_000, structured = false } = options;
  const least = LEVELS.indexOf(level);
  const told = new Map<string, Told>();
  return endpoint.on((event) => {
    const eventLevel = levelOf(event);
    if (LEVELS.indexOf(eventLevel) < least) return;
    const times = countOf(told, event, repeatMs);
    if (times === 0) return;
    const more = times === 1 ? "" : ` (${times} times since it was told last)`;
    const line = `freshlink '${endpoint.name}': ${printable(textOf(event))}${more}`;
    if (structured) logger[eventLevel](detailsOf(event), line);
    else logger[eventLevel](line);
  });
}

/** How often it came since it was told last, this time included; 0: it is not told now. */
function countOf(told: Map<string, Told>, event: EndpointEvent, repeatMs: number): number {
  const code = "code" in event ? event.code : "";
  const exact = `${event.type} ${event.peer ?? ""} ${code}`;
  const key = told.has(exact) || told.size < KNOWN_MAX ? exact : event.type;
  const known = told.get(key);
  // What tells of the state of a link is told each time: it happens with a connection, not a try.
  const isState = event.type === "connected" || event.type === "lost" ||
    event.type === "superseded" || event.type === "peer-restarted";
  if (known === undefined) {
    told.set(key, { sinceMs: event.atMs, left: 0 });
    return 1;
  }
  if (!isState && event.atMs - known.sinceMs < repeatMs) {
    known.left++;
    return 0;
  }
  const count = known.left + 1;
  known.sinceMs = event.atMs;
  known.left = 0;
  return count;
}

/** The level of an event. */
export function levelOf(event: EndpointEvent): LogLevel {
  switch (event.type) {
    case "fenced":
    case "handler-failed":
    case "listener-failed":
      return "error";
    case "handshake-failed":
      return CODES[event.code].fault === "configuration" ? "error" : "info";
    case "protocol-error":
    case "duplicate":
    case "notification-dropped":
    case "discovery-failed":
      return "warn";
    case "peer-restarted":
      return event.failed > 0 ? "warn" : "info";
    case "dial-failed":
      return event.reason === "tls" ? "error" : "debug";
    default:
      return "info";
  }
}

/** An event in a sentence. */
export function textOf(event: EndpointEvent): string {
  const peer = event.peer === null ? `'${event.remoteAddress}'` : `'${event.peer}'`;
  switch (event.type) {
    case "connected": {
      const process = event.newProcess ? "a new process" : "the same process";
      const replayed = event.replayedFrames === 0 ? "" : `, ${event.replayedFrames} frames again`;
      return `linked with ${peer} as number ${event.identifier}, ${process}${replayed}`;
    }
    case "superseded":
      return `connection ${event.identifier} to ${peer} gave way to ${event.by}`;
    case "lost":
      return `connection ${event.identifier} to ${peer} is lost: ${event.reason}`;
    case "peer-restarted":
      return `${peer} is another process: ${event.failed} calls failed, ${event.repeated} are sent again`;
    case "dial-failed":
      return `no link with ${peer}: ${event.detail}`;
    case "handshake-failed": {
      const who = event.peer ?? event.claimedName;
      const whom = who === null ? event.remoteAddress : `'${who}' at ${event.remoteAddress}`;
      return `no link with ${whom}: ${event.code}, ${event.detail}`;
    }
    case "protocol-error":
      return `${peer} broke the protocol: ${event.code}, ${event.detail}`;
    case "suspect":
      return `nothing was heard of ${peer} for ${Math.round(event.silenceMs)} ms, ` +
        `${event.inFlight} calls wait`;
    case "duplicate":
      return `a second process that calls itself ${peer} was refused`;
    case "fenced": {
      const end = event.peer === null ? "this one has stopped" : `the link to ${peer} has ended`;
      return `another process has this name (${event.code}), so ${end} for good`;
    }
    case "draining":
      return `${peer} is closing`;
    case "handler-failed":
      return `the notification '${event.service}' of ${peer} failed: ${messageOf(event.error)}`;
    case "notification-dropped":
      return `the notification '${event.service}' to ${peer} is not sent: ${event.code}`;
    case "listener-failed":
      return `a listener failed: ${messageOf(event.error)}`;
    case "peers-changed":
      return `peers: ${event.added.length} are new, ${event.removed.length} are gone, ` +
        `${event.moved.length} are elsewhere`;
    case "discovery-failed":
      return `the peers cannot be looked up: ${event.detail}`;
    case "closed":
      return "closed";
  }
}

/** The event as one object: an error as its message. */
function detailsOf(event: EndpointEvent): Record<string, unknown> {
  return "error" in event ? { ...event, error: messageOf(event.error) } : { ...event };
}

function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.message) : String(error);
  } catch {
    return "something that cannot be shown";
  }
}

/** Nothing that a terminal would obey, and not without an end. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\ufffd").slice(0, SHOWN_MAX_LENGTH);
}
