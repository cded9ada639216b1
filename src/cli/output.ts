/**
 * Where the command writes: lines for people, or lines of JSON for programs.
 *
 * @module
 */

import process from "node:process";

/** One command's output. */
export class Output {
  /** Whether programs read it. */
  readonly json: boolean;

  constructor(json: boolean) {
    this.json = json;
  }

  /** Whether to write in colour: on a terminal, unless `NO_COLOR` is set. */
  get colour(): boolean {
    return this.isTerminal && !process.env["NO_COLOR"];
  }

  /** Whether somebody looks at it. */
  get isTerminal(): boolean {
    return !this.json && process.stdout.isTTY === true;
  }

  /** Writes a line: the text, or the value where programs read. */
  line(text: string, value: unknown): void {
    process.stdout.write(`${this.json ? JSON.stringify(value) : text}\n`);
  }

  /** Writes as it is. */
  raw(text: string): void {
    process.stdout.write(text);
  }

  /** Writes what went wrong. */
  error(text: string, value: Readonly<Record<string, unknown>>): void {
    if (this.json) process.stdout.write(`${JSON.stringify({ error: value })}\n`);
    else process.stderr.write(`freshlink: ${text}\n`);
  }
}
