/**
 * How a command ends: the exit codes, and what went wrong as text or JSON.
 *
 * @module
 */

import { ConfigurationError, FreshlinkError, RequestError } from "../errors.ts";
import type { Host } from "./host.ts";
import { printable } from "./table_text.ts";

/** The exit codes. From 64 on they are those of `sysexits.h`. */
export const EXIT: Readonly<{
  ok: number;
  answeredWithError: number;
  noAnswer: number;
  usage: number;
  unreadableFile: number;
  unavailable: number;
  fenced: number;
  configuration: number;
}> = Object.freeze({
  ok: 0,
  answeredWithError: 1,
  noAnswer: 2,
  usage: 64,
  unreadableFile: 66,
  unavailable: 69,
  fenced: 70,
  configuration: 78,
});

/** A command cannot do what it was asked; knows its exit code. */
export class CommandError extends Error {
  /** The class's name. */
  override readonly name: string = "CommandError";
  /** What this process ends with. */
  readonly exitCode: number;
  /** In one or two words, for programs. */
  readonly code: string;
  /** All that is wrong, one sentence each. */
  readonly problems: readonly string[];

  /** Makes an error; its message is made of the problems. */
  constructor(exitCode: number, code: string, problems: readonly string[], cause?: unknown) {
    super(problems.join("\n"), cause === undefined ? undefined : { cause });
    this.exitCode = exitCode;
    this.code = code;
    this.problems = problems;
  }
}

/** The command line is wrong. */
export function usageError(problem: string, command?: string): CommandError {
  const help = command === undefined ? "freshlink --help" : `freshlink ${command} --help`;
  return new CommandError(EXIT.usage, "usage", [`${problem} Try: ${help}`]);
}

/** A file cannot be read. */
export function fileError(path: string, cause: unknown): CommandError {
  return new CommandError(EXIT.unreadableFile, "unreadable-file", [
    `${path}: cannot be read: ${messageOf(cause)}`,
  ], cause);
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Codes of requests that had no answer: whether they were executed is not known, or they were not. */
const NO_ANSWER: ReadonlySet<string> = new Set([
  "timeout",
  "cancelled",
  "connection-lost",
  "peer-restarted",
  "peer-down",
  "overloaded",
  "closed",
]);

/** What this process ends with because of an error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  if (error instanceof RequestError) {
    return NO_ANSWER.has(error.code) ? EXIT.noAnswer : EXIT.answeredWithError;
  }
  if (error instanceof ConfigurationError) {
    return error.code === "listen-failed" ? EXIT.unavailable : EXIT.configuration;
  }
  return error instanceof FreshlinkError ? EXIT.noAnswer : EXIT.answeredWithError;
}

/** An error as it stands in JSON output. */
export interface ErrorReport {
  /** What programs match on. */
  readonly code: string;
  /** For people. */
  readonly message: string;
  /** What is known about the execution; `null` where there was no request. */
  readonly delivery: string | null;
  /** What the handler attached; left out where it attached nothing. */
  readonly details?: unknown;
  /** All that is wrong with the command line or a file; empty for other errors. */
  readonly problems: readonly string[];
}

/** An error as it stands in JSON output. */
export function errorReport(error: unknown): ErrorReport {
  const isRequest = error instanceof RequestError;
  const hasProblems = error instanceof CommandError || error instanceof ConfigurationError;
  return {
    code: error instanceof FreshlinkError || error instanceof CommandError
      ? error.code
      : "unexpected",
    message: messageOf(error),
    delivery: isRequest ? error.delivery : null,
    ...(isRequest && error.details !== undefined ? { details: error.details } : {}),
    problems: hasProblems ? error.problems : [],
  };
}

/** Tells what went wrong: on standard output with `--json`, else on standard error. */
export function reportError(host: Host, error: unknown, json: boolean): void {
  const report = errorReport(error);
  if (json) {
    host.print(JSON.stringify({ error: report }));
    return;
  }
  const [first = report.message, ...rest] = report.problems;
  if (rest.length > 0) {
    host.warn(`freshlink: ${report.problems.length} problems`);
    for (const problem of report.problems) host.warn(`  ${printable(problem)}`);
    return;
  }
  const told = report.delivery === null ? "" : ` [${report.code}, ${report.delivery}]`;
  host.warn(`freshlink: ${printable(first)}${told}`);
  if (report.details !== undefined) host.warn(`  details: ${JSON.stringify(report.details)}`);
}
