/**
 * Every way freshlink can fail, in one table. Imports nothing.
 *
 * An error is told by its `code`, never by its message. `delivery` says what is known about the
 * request it ended; `fault` says who has to change something; `wire` is the number of a code that
 * crosses the network (docs/protocol.md lists the same numbers, and a test compares the two).
 *
 * @module
 */

/** What is known about a request that failed. */
export type Delivery =
  /** It never left this process: repeating it is always safe. */
  | "not-sent"
  /** It arrived, and no handler ran: repeating it is as safe. */
  | "not-executed"
  /** It may have reached a handler. */
  | "maybe-executed"
  /** A handler ran, and this error is its answer. */
  | "executed";

/** Who has to change something. */
export type Fault = "caller" | "peer" | "network" | "handler" | "configuration";

/** The code of an error: what programs match on. */
export type ErrorCode =
  | "timeout"
  | "cancelled"
  | "peer-restarted"
  | "peer-down"
  | "undefined-peer"
  | "unknown-service"
  | "handler-failed"
  | "codec-failed"
  | "codec-mismatch"
  | "payload-too-large"
  | "invalid-metadata"
  | "overloaded"
  | "session-lost"
  | "closed"
  | "fenced"
  | "dial-failed"
  | "handshake-timeout"
  | "handshake-lost"
  | "unsupported-version"
  | "wrong-recipient"
  | "wrong-name"
  | "own-boot-id"
  | "unknown-peer"
  | "proof-mismatch"
  | "certificate-mismatch"
  | "duplicate"
  | "displaced"
  | "closing"
  | "not-needed"
  | "silent"
  | "unknown-frame"
  | "frame-too-large"
  | "malformed-frame"
  | "number-out-of-range"
  | "unexpected-frame"
  | "sequence-gap"
  | "limit-exceeded"
  | "record-mismatch"
  | "key-mismatch"
  | "not-allowed"
  | "invalid-options"
  | "invalid-definitions"
  | "listen-failed";

/** What is known of a code. */
export interface CodeRow {
  /** The class of its error. */
  readonly class: "RequestError" | "LinkError" | "ProtocolError" | "ConfigurationError";
  /** Its number on the wire; `null` where it never crosses it. */
  readonly wire: number | null;
  /** Who has to change something. */
  readonly fault: Fault;
  /** In words. */
  readonly summary: string;
}

/** The table. Wire numbers are never reused. */
export const CODES: Readonly<Record<ErrorCode, CodeRow>> = Object.freeze({
  // A request ended.
  "timeout": row("RequestError", 9, "network", "no answer came before the deadline"),
  "cancelled": row("RequestError", 1, "caller", "the caller's signal aborted it"),
  "peer-restarted": row("RequestError", null, "network", "the process that had it is gone"),
  "peer-down": row("RequestError", null, "network", "no connection to the peer"),
  "undefined-peer": row("RequestError", null, "caller", "no such peer definition"),
  "unknown-service": row("RequestError", 2, "peer", "no handler has that name"),
  "handler-failed": row("RequestError", 3, "handler", "the handler threw"),
  "codec-failed": row("RequestError", 4, "caller", "the codec cannot write or read the payload"),
  "codec-mismatch": row("RequestError", 5, "caller", "both ends use different codecs"),
  "payload-too-large": row("RequestError", 6, "caller", "the payload is over the limit"),
  "invalid-metadata": row("RequestError", 10, "caller", "the metadata cannot be sent or read"),
  "not-allowed": row("RequestError", 11, "configuration", "the endpoint does not allow it"),
  "overloaded": row("RequestError", 7, "peer", "no place became free in time"),
  "session-lost": row("RequestError", null, "network", "the endpoint gave the session up"),
  "closed": row("RequestError", 8, "caller", "this endpoint or client is closed"),
  "fenced": row("RequestError", null, "configuration", "another process owns this name"),

  // A link could not be made, or a handshake was refused.
  "dial-failed": row("LinkError", null, "network", "the socket did not open"),
  "handshake-timeout": row("LinkError", 32, "peer", "the handshake did not finish in time"),
  "handshake-lost": row("LinkError", null, "network", "the socket ended in the handshake"),
  "unsupported-version": row("LinkError", 33, "peer", "no common protocol version"),
  "wrong-recipient": row("LinkError", 34, "configuration", "the hello was for another name"),
  "wrong-name": row("LinkError", 35, "configuration", "another name answered than was dialled"),
  "own-boot-id": row("LinkError", 36, "configuration", "the endpoint dialled itself"),
  "unknown-peer": row("LinkError", 37, "configuration", "the peer has no definition here"),
  "proof-mismatch": row("LinkError", 38, "configuration", "the secrets differ"),
  "certificate-mismatch": row(
    "LinkError",
    39,
    "configuration",
    "the certificate does not carry the announced name",
  ),
  "key-mismatch": row("LinkError", 44, "configuration", "the key is not the defined one"),
  "duplicate": row("LinkError", 40, "configuration", "a living process owns the name"),
  "displaced": row("LinkError", 41, "configuration", "a newer process took the name over"),
  "closing": row("LinkError", 42, "peer", "the endpoint is closing"),
  "not-needed": row("LinkError", 43, "network", "another connection came into use meanwhile"),
  "silent": row("LinkError", null, "network", "nothing was heard for deadAfterMs"),

  // The other end broke the protocol.
  "unknown-frame": row("ProtocolError", 64, "peer", "a frame of an unknown kind"),
  "frame-too-large": row("ProtocolError", 65, "peer", "a frame over 65 KiB"),
  "malformed-frame": row("ProtocolError", 66, "peer", "a frame whose fields do not fit"),
  "number-out-of-range": row("ProtocolError", 67, "peer", "a number outside its range"),
  "unexpected-frame": row("ProtocolError", 68, "peer", "a frame that may not come now"),
  "sequence-gap": row("ProtocolError", 69, "peer", "a message frame is missing"),
  "limit-exceeded": row("ProtocolError", 70, "peer", "more than the announced limit was sent"),
  "record-mismatch": row("ProtocolError", null, "network", "bytes were changed on their way"),

  // This process was set up wrongly.
  "invalid-options": row(
    "ConfigurationError",
    null,
    "caller",
    "options or arguments that cannot work",
  ),
  "invalid-definitions": row("ConfigurationError", null, "caller", "a definition file is wrong"),
  "listen-failed": row("ConfigurationError", null, "caller", "the address cannot be bound"),
});

function row(
  cls: CodeRow["class"],
  wire: number | null,
  fault: Fault,
  summary: string,
): CodeRow {
  return { class: cls, wire, fault, summary };
}

const BY_WIRE: ReadonlyMap<number, ErrorCode> = new Map(
  (Object.keys(CODES) as ErrorCode[]).flatMap((code) => {
    const wire = CODES[code].wire;
    return wire === null ? [] : [[wire, code] as const];
  }),
);

/** The code that a number on the wire stands for, or `undefined`. */
export function codeOfWire(wire: number): ErrorCode | undefined {
  return BY_WIRE.get(wire);
}

/** The number of a code on the wire; 0 for a code that never crosses it. */
export function wireOfCode(code: ErrorCode): number {
  return CODES[code].wire ?? 0;
}

/** What an error is made of, beside its code and message. */
export interface ErrorDetails {
  /** The peer it is about. */
  readonly peer?: string | undefined;
  /** What brought it about. */
  readonly cause?: unknown;
}

/**
 * Makes an error without the frames of its stack: those of a timer or a socket say nothing about
 * whose call it was, and cost ten times as much as the error. Forty thousand calls may end at once.
 */
export function withoutFrames<Made extends Error>(make: () => Made): Made {
  const limited = Error as { stackTraceLimit?: number | undefined };
  const limit = limited.stackTraceLimit;
  // Where it is not known, or cannot be changed, the error has its frames.
  if (limit === undefined || !Reflect.set(limited, "stackTraceLimit", 0)) return make();
  try {
    return make();
  } finally {
    limited.stackTraceLimit = limit;
  }
}

/** The common face of all freshlink errors. */
export abstract class FreshlinkError extends Error {
  /** What programs match on. */
  readonly code: ErrorCode;
  /** The peer it is about, or `null`. */
  readonly peer: string | null;

  /** Makes an error of a code. */
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.peer = details.peer ?? null;
  }

  /** Who has to change something. */
  get fault(): Fault {
    return CODES[this.code].fault;
  }
}

/** A request or notification did not succeed. */
export class RequestError extends FreshlinkError {
  /** The class's name. */
  override readonly name: string = "RequestError";
  /** What is known about its execution. */
  readonly delivery: Delivery;
  /** What the handler attached (`error.details` of what it threw), decoded; else `undefined`. */
  readonly details: unknown;
  /** Of a stream: how many items its reader has; else `undefined`. */
  readonly received: number | undefined;

  /** Makes an error for a request that ended. */
  constructor(
    code: ErrorCode,
    message: string,
    delivery: Delivery,
    details: ErrorDetails & {
      readonly details?: unknown;
      readonly received?: number | undefined;
    } = {},
  ) {
    super(code, message, details);
    this.delivery = delivery;
    this.details = details.details;
    this.received = details.received;
  }
}

/** There is no connection, or a handshake was refused. Seen in events and as a `cause`. */
export class LinkError extends FreshlinkError {
  /** The class's name. */
  override readonly name: string = "LinkError";
}

/** The other end broke the protocol; its connection was aborted. Seen in events. */
export class ProtocolError extends FreshlinkError {
  /** The class's name. */
  override readonly name: string = "ProtocolError";
}

/** Options or a definition file that cannot work; `problems` lists all of them. */
export class ConfigurationError extends FreshlinkError {
  /** The class's name. */
  override readonly name: string = "ConfigurationError";
  /** One sentence each: where, what was found, what was expected. */
  readonly problems: readonly string[];

  /** Makes an error that lists every problem at once. */
  constructor(
    code: "invalid-options" | "invalid-definitions" | "listen-failed",
    problems: readonly string[],
    details: ErrorDetails = {},
  ) {
    super(code, problems.join("\n"), details);
    this.problems = problems;
  }
}
