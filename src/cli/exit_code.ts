/**
 * What the command's exit codes mean; the numbers above 63 are those of sysexits.h.
 *
 * @module
 */

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

  constructor(code: string, exitCode: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.exitCode = exitCode;
  }
}
