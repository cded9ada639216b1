/**
 * The ledger of a service: one line for each booking, written before the booking is confirmed.
 */

import { appendFileSync, readFileSync } from "node:fs";
import process from "node:process";

/** A line of a ledger. */
export interface Line {
  /** Which life of the process booked it. */
  readonly life: string;
  /** The order's number. */
  readonly order: number;
}

/** Appends to the file that the environment variable `LEDGER` names; without it, keeps nothing. */
export function openLedger(life: string): (order: number) => void {
  const file = process.env["LEDGER"];
  if (file === undefined) return () => {};
  return (order) => appendFileSync(file, `${JSON.stringify({ life, order })}\n`);
}

/** All lines of a ledger. A process that was killed may have left half of the last one. */
export function readLedger(file: string): Line[] {
  const lines: Line[] = [];
  for (const text of readFileSync(file, "utf8").split("\n")) {
    if (text.endsWith("}")) lines.push(JSON.parse(text) as Line);
  }
  return lines;
}

/** What the ledgers say about orders that were booked more than once. */
export interface Repetitions {
  /** Bookings that a later life did again: nobody could know what the dead one had done. */
  readonly repeated: number;
  /** Bookings that one life did more than once: never allowed. */
  readonly executedTwice: number;
}

/** Counts what one ledger holds more than once. */
export function countRepetitions(lines: readonly Line[]): Repetitions {
  const lives = new Map<number, Set<string>>();
  let executedTwice = 0;
  let repeated = 0;
  for (const { life, order } of lines) {
    const before = lives.get(order);
    if (before === undefined) lives.set(order, new Set([life]));
    else if (before.has(life)) executedTwice++;
    else {
      before.add(life);
      repeated++;
    }
  }
  return { repeated, executedTwice };
}
