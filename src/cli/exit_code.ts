/**
 * How the command ends: what its exit codes mean, and what went wrong as text or JSON. The numbers
 * above 63 are those of sysexits.h.
 *
 * @module
 */

import { messageOf } from "../calls/thrown.ts";
import { ConfigurationError, FreshlinkError, RequestError } from "../errors.ts";

/** The exit codes. */
export const EXIT = {
  /** It was done. */
  ok: 0,
  /** An answer came, and it was an error. */
  failed: 1,
  /** No connection, or no answer in time: see `delivery` for what is known. */
  noAnswer: 2,
  /** The command line is wrong. */
  usage: 64,
  /** A file cannot be read. */
  noInput: 66,
  /** Something that is needed is not here. */
  unavailable: 69,
  /** Another living process owns this endpoint's name. */
  fenced: 70,
  /** The configuration is wrong. */
  config: 78,
} as const;

/** Ends the command with a code and a sentence that says what to do. */
export class CommandError extends Error {
  /** The class's name. */
  override readonly name = "CommandError";
  /** The exit code. */
  readonly exitCode: number;
  /** What programs match on. */
  readonly code: string;

  /** Makes an error for programs (`code`), for scripts (`exitCode`) and for people (`message`). */
  constructor(code: string, exitCode: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.exitCode = exitCode;
  }
}

/** An error as it stands in JSON output. */
export interface ErrorReport {
  /** What programs match on. */
  readonly code: string;
  /** For people. */
  readonly message: string;
  /** What is known about the request's execution; `null` where there was no request. */
  readonly delivery: string | null;
  /** What the handler attached; left out where it attached nothing. */
  readonly details?: unknown;
  /** All that is wrong with files and options, one sentence each; empty for other errors. */
  readonly problems: readonly string[];
}

/** An error as it stands in JSON output. */
export function errorReport(error: unknown): ErrorReport {
  const isRequest = error instanceof RequestError;
  const isKnown = error instanceof FreshlinkError || error instanceof CommandError;
  return {
    code: isKnown ? error.code : "unexpected",
    message: messageOf(error),
    delivery: isRequest ? error.delivery : null,
    ...(isRequest && error.details !== undefined ? { details: error.details } : {}),
    problems: error instanceof ConfigurationError ? error.problems : [],
  };
}

/** Codes with which an endpoint answers a request without running a handler. */
const REFUSALS: ReadonlySet<string> = new Set([
  "unknown-service",
  "codec-failed",
  "codec-mismatch",
  "payload-too-large",
  "invalid-metadata",
]);

/** What this process ends with because of an error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  if (error instanceof ConfigurationError) {
    return error.code === "listen-failed" ? EXIT.unavailable : EXIT.config;
  }
  if (error instanceof RequestError) {
    const isAnswered = error.delivery === "executed" || REFUSALS.has(error.code);
    return isAnswered ? EXIT.failed : EXIT.noAnswer;
  }
  return error instanceof FreshlinkError ? EXIT.noAnswer : EXIT.failed;
}
