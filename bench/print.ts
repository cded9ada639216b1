/** The results in words. */

import type { MemoryRow, RateRow, Results, TakeoverRow } from "./measure.ts";

/** All results as a text of several tables. */
export function resultsText(results: Results): string {
  const parts = [
    table(
      "Requests on one connection: the ratio is the rate as a part of a bare framed echo's,\nwith one in flight the bare echo's median latency as a part of it",
      [
        ["runtime", "bytes", "in flight", "", "per second", "median", "99 %", "ratio", "to reach"],
        ...results.rates.map(rateCells),
      ],
    ),
    table("A restarted peer, with 64 requests waiting for it: milliseconds after its HELLO", [
      ["runtime", "restarts", "old closed", "longest", "first reply", "to reach", "unanswered"],
      ...results.takeovers.map(takeoverCells),
    ]),
    table("Memory of an idle connection at the accepting end", [
      ["runtime", "connections", "bare socket", "freshlink", "ratio", "to reach"],
      ...results.memory.map(memoryCells),
    ]),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

const CARRIER_NAMES = { bare: "bare echo", bytes: "bytes", json: "JSON" } as const;

function rateCells(row: RateRow): string[] {
  return [
    row.runtime,
    String(row.payload),
    String(row.inFlight),
    CARRIER_NAMES[row.carrier],
    Math.round(row.perSecond).toLocaleString("en-US"),
    `${row.p50Ms.toFixed(3)} ms`,
    `${row.p99Ms.toFixed(3)} ms`,
    row.carrier === "bare" ? "" : row.ratio.toFixed(2),
    row.target === null ? "" : `${row.target.toFixed(2)}${mark(row.ratio >= row.target)}`,
  ];
}

function takeoverCells(row: TakeoverRow): string[] {
  return [
    row.runtime,
    String(row.restarts),
    row.oldClosedMs.toFixed(2),
    row.oldClosedMaxMs.toFixed(2),
    row.firstReplyMs.toFixed(2),
    `${row.target}${mark(row.oldClosedMs <= row.target)}`,
    String(row.failed),
  ];
}

function memoryCells(row: MemoryRow): string[] {
  const kib = (bytes: number) => `${(bytes / 1_024).toFixed(1)} KiB`;
  return [
    row.runtime,
    String(row.connections),
    kib(row.bareBytes),
    kib(row.linkBytes),
    row.ratio.toFixed(2),
    `${row.target}${mark(row.ratio <= row.target)}`,
  ];
}

function mark(isMet: boolean): string {
  return isMet ? " met" : " missed";
}

/** Words to the left, numbers to the right; nothing where there are no rows. */
function table(title: string, rows: readonly (readonly string[])[]): string {
  const [head] = rows;
  if (head === undefined || rows.length === 1) return "";
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row.map((cell, column) =>
      /^\d/.test(rows[1]![column]!) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)
    ).join("  ").trimEnd()
  );
  return `${title}\n\n${lines.map((line) => `  ${line}`).join("\n")}\n`;
}
