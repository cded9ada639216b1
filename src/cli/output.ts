/**
 * Where the command writes: lines for people, or lines of JSON for programs.
 *
 * @module
 */

import process from "node:process";
import { errorReport } from "./exit_code.ts";
import { printable } from "./table_text.ts";

/** One command's output. */
export class Output {
  /** Whether programs read it. */
  readonly json: boolean;

  /** Makes an output for people or, with `json`, for programs. */
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

  /**
   * Calls back when nobody reads standard output any more (`| head`). Until then, and afterwards,
   * writing into the void is no error.
   *
   * @returns Ends that.
   */
  onReaderGone(callback: () => void): () => void {
    process.stdout.on("error", callback);
    return () => {
      process.stdout.off("error", callback);
    };
  }

  /** Writes a line: the text, or the value where programs read. */
  line(text: string, value: unknown): void {
    process.stdout.write(`${this.json ? jsonText(value) : text}\n`);
  }

  /** Writes as it is. */
  raw(text: string): void {
    process.stdout.write(text);
  }

  /** Tells people something that is no part of the output. */
  notice(text: string): void {
    process.stderr.write(`freshlink: ${printable(text)}\n`);
  }

  /** Tells what went wrong: every problem on a line of its own. */
  error(error: unknown): void {
    const report = errorReport(error);
    if (this.json) {
      this.line("", { error: report });
      return;
    }
    const { code, message, delivery, details, problems } = report;
    const lines = problems.length > 0 ? problems : message.split("\n");
    const known = delivery === null ? "" : ` (${code}, ${delivery})`;
    const more = details === undefined ? [] : [`details: ${jsonText(details)}`];
    const [first = "", ...rest] = [...lines, ...more].map(printable);
    process.stderr.write([`freshlink: ${first}${known}`, ...rest].join("\n  ") + "\n");
  }
}

/** JSON in which nothing is left that a terminal would obey; it reads as the same value. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replaceAll(
    /[\x7f-\x9f]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
}
