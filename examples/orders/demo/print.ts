/**
 * How the demonstration speaks.
 */

import process from "node:process";
import { tableLines } from "../../../src/cli/table_text.ts";
import type { ConnectionRow } from "../../../mod.ts";

/** Whether to write in colour: on a terminal, unless `NO_COLOR` is set. */
export const COLOUR: boolean = process.stdout.isTTY === true && !process.env["NO_COLOR"];

/** The lines are indented by two columns: 80 in all. */
const WIDTH = 78;

/** Highlights a text. */
export function paint(code: number, text: string): string {
  return COLOUR ? `\x1b[${code}m${text}\x1b[0m` : text;
}

/** What happens now. */
export function headline(text: string): void {
  console.log(`\n${paint(1, text)}`);
}

/** The connection table. */
export function printTable(rows: readonly ConnectionRow[]): void {
  for (const line of tableLines(rows, { colour: COLOUR, width: WIDTH })) console.log(`  ${line}`);
}

/** One line for a second of orders. */
export function printSecond(second: number, ok: number, failed: number): void {
  const bar = "#".repeat(Math.min(40, Math.ceil(ok / 600)));
  const tail = failed === 0 ? "" : paint(31, `  ${failed} failed`);
  console.log(`  ${String(second).padStart(3)} s  ${String(ok).padStart(6)} orders ${bar}${tail}`);
}

/** A number of milliseconds. */
export function ms(value: number | null): string {
  return value === null ? "never" : `${value.toFixed(1)} ms`;
}
