/**
 * The table of the crash lab, for people.
 *
 * @module
 */

import { DEFAULTS } from "../../mod.ts";
import type { Row } from "./judge.ts";

const COLUMNS: readonly (readonly [title: string, cell: (row: Row) => string])[] = [
  ["scenario", ({ scenario }) => scenario],
  ["survivor", ({ runtime }) => runtime],
  ["peer", ({ peerRuntime }) => peerRuntime],
  ["verdict", ({ verdictMs }) => milliseconds(verdictMs)],
  ["predicted", ({ predictedMs }) => milliseconds(predictedMs)],
  ["beats", ({ verdictMs }) => multiple(verdictMs, DEFAULTS.heartbeatIntervalMs)],
  ["old end", ({ helloToOldEndMs }) => milliseconds(helloToOldEndMs)],
  ["reply", ({ helloToFirstReplyMs }) => milliseconds(helloToFirstReplyMs)],
  ["trips", (row) => multiple(row.helloToFirstReplyMs, row.roundTripMs)],
  ["ok", ({ ok }) => String(ok)],
  ["failed", ({ failed }) => String(failed)],
  ["timed out", ({ timedOut }) => String(timedOut)],
  ["twice", ({ executedTwice }) => String(executedTwice)],
  ["lost", ({ lost }) => String(lost)],
  ["links", ({ links }) => String(links)],
  ["agree", ({ agree }) => agree ? "yes" : "NO"],
];

const LEGEND = `
verdict: from the fault to the end of the connection that it struck; what the simulator predicts; and in beats
old end: from the next connection's hello to the old one's end; - where that had ended before
reply: from the same hello to the first answer of the process behind it, and in round trips`;

/** The rows as a table. */
export function tableText(rows: readonly Row[]): string {
  const lines = [
    COLUMNS.map(([title]) => title),
    ...rows.map((row) => COLUMNS.map(([, cell]) => cell(row))),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const text = lines.map((line) =>
    line.map((cell, column) =>
      column < 3 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
    ).join("  ").trimEnd()
  );
  return [...text, LEGEND, failuresText(rows)].join("\n");
}

/** The failures by code and delivery, for the rows that have some. */
function failuresText(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ scenario, runtime, peerRuntime, failures }) => {
    const all = Object.entries(failures).map(([end, count]) => `${count} ${end}`);
    return all.length === 0
      ? []
      : [`  ${scenario}, ${runtime} and ${peerRuntime}: ${all.join(", ")}`];
  });
  return lines.length === 0 ? "" : ["\nfailed, as told to their callers:", ...lines].join("\n");
}

function milliseconds(ms: number | null): string {
  return ms === null ? "-" : `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;
}

function multiple(ms: number | null, unitMs: number | null): string {
  return ms === null || unitMs === null ? "-" : (ms / unitMs).toFixed(1);
}
