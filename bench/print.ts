/**
 * The results as tables: for a terminal, and for docs/performance.md.
 *
 * @module
 */

import type { SeenRow } from "./seen.ts";
import type { LatencyRow } from "./beside.ts";
import type { LinksRow } from "./links.ts";
import type { Results, TakeoverRow } from "./measure.ts";
import type { CrowdRow, TableRow } from "./crowd.ts";
import type { IdleRow, UnacknowledgedRow } from "./memory.ts";
import type { OtherRow } from "./others.ts";
import { type PeerRow, timesTheBest } from "./peers.ts";
import { TARGET_PEERS_RATIO } from "./plan.ts";
import type { Share } from "./profile.ts";
import type { ProtectedRow } from "./protected.ts";
import type { StartupRow } from "./startup.ts";
import type { RateRow, RetentionRow, UserRow } from "./rates.ts";

/** One table. A row has as many cells as the head. */
export interface Table {
  /** Its place in docs/performance.md. */
  readonly name: string;
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** All results as a text of several tables. */
export function resultsText(results: Results): string {
  const parts = [...tablesOf(results).map(tableText), peersText(results.peers)];
  return parts.filter((part) => part !== "").join("\n");
}

/** The tables that have rows. */
export function tablesOf(results: Results): Table[] {
  const tables = [loadTables, stateTables, startTables].flatMap((make) => make(results));
  return [...tables, seenTable(results)]
    .filter(({ rows }) => rows.length > 0);
}

/** What is done in a second. */
function loadTables(results: Results): Table[] {
  return [
    {
      name: "rates",
      title:
        "Requests on one connection: ratios of rates, with one in flight of median latencies, to the\nfloor (an echo with a promise a request and a copy an answer; with JSON it parses) and to the\nbare echo (callbacks; never parses)",
      head: [
        "runtime",
        "bytes",
        "in flight",
        "codec",
        "bare a second",
        "floor",
        "freshlink",
        "floor median",
        "freshlink",
        "99 %",
        "99.9 %",
        "of bare",
        "of floor",
        "spread",
        "to reach",
      ],
      rows: results.rows.map(rateCells),
    },
    {
      name: "user",
      title:
        "As a user calls (an async handler that reads its signal, options and a signal with each call)\nbeside the bench's way, requests a second",
      head: ["runtime", "bytes", "in flight", "bench", "user", "ratio", "to reach"],
      rows: results.users.map(userCells),
    },
    {
      name: "beside",
      title: "A small call beside large ones on the same link: milliseconds",
      head: ["runtime", "beside", "median", "99 %", "to reach", "large, MiB a second"],
      rows: results.latency.map(latencyCells),
    },
    {
      name: "links",
      title: "1,024 in flight over links in turns, beside the bare echo over as many sockets",
      head: ["runtime", "links", "bare a second", "freshlink", "ratio", "to reach"],
      rows: results.links.map(linksCells),
    },
    {
      name: "retention",
      title:
        "What retention costs: requests a second of a session, and of a client that keeps nothing",
      head: ["runtime", "bytes", "in flight", "client", "session", "ratio", "to reach"],
      rows: results.retention.map(retentionCells),
    },
    {
      name: "other-loads",
      title: "Other loads of 64 bytes: a second, and the ratio to the bare echo's rate",
      head: ["runtime", "what", "in flight", "connections", "bare", "freshlink", "ratio"],
      rows: results.others.map(otherCells),
    },
    {
      name: "libraries",
      title: "Other libraries on Node: requests a second, and the ratio to freshlink's rate",
      head: ["bytes", "in flight", "library", "version", "a second", "ratio"],
      rows: results.peers.map(peerCells),
    },
  ];
}

/** What it takes, and how fast it changes. */
function stateTables(results: Results): Table[] {
  return [
    {
      name: "crowd",
      title: "Many at one endpoint, all of them in one other process",
      head: [
        "runtime",
        "kind",
        "count",
        "all linked",
        "memory each",
        "CPU while idle",
        "each beat",
      ],
      rows: results.crowds.map(crowdCells),
    },
    {
      name: "table",
      title: "The connection table: nanoseconds of an operation, by rows",
      head: ["runtime", "rows", "add", "find", "remove"],
      rows: results.tables.map(tableCells),
    },
    {
      name: "takeover",
      title: "A restarted peer, with 64 requests waiting for it: milliseconds after its HELLO",
      head: [
        "runtime",
        "restarts",
        "old closed",
        "longest",
        "first reply",
        "to reach",
        "unanswered",
      ],
      rows: results.takeovers.map(takeoverCells),
    },
    {
      name: "idle",
      title: "Memory of an idle connection at the accepting end: its objects",
      head: ["runtime", "connections", "bare socket", "freshlink", "ratio", "to reach"],
      rows: results.memory.idle.map(idleCells),
    },
    {
      name: "unacknowledged",
      title: "Memory of one session whose path is cut: what it keeps to send it again",
      head: ["runtime", "unacknowledged", "grown by", "ratio"],
      rows: results.memory.unacknowledged.map(unacknowledgedCells),
    },
  ];
}

/** The start, and what the time goes into. */
function startTables(results: Results): Table[] {
  return [
    {
      name: "startup",
      title:
        "The start: milliseconds of a program that is empty or only imports, and resident memory",
      head: [
        "runtime",
        "starts",
        "empty",
        "import",
        "added",
        "at most",
        "idle listener",
        "endpoint",
      ],
      rows: results.startup.map(startupCells),
    },
    {
      name: "protected",
      title:
        "In clear, under a secret (Noise), and in TLS: requests or handshakes a second, bytes a link",
      head: ["runtime", "what", "plain", "secret", "of plain", "to reach", "TLS", "of plain"],
      rows: results.protected.map(protectedCells),
    },
    {
      name: "profile",
      title: "What the client's busy time goes into, with 64 bytes and 1,024 in flight",
      head: ["runtime", "share", "what"],
      rows: results.profiles.flatMap(({ runtime, parts }) => shareCells(runtime, parts)),
    },
    {
      name: "functions",
      title: "The functions that take most of it themselves",
      head: ["runtime", "share", "function"],
      rows: results.profiles.flatMap(({ runtime, functions }) => shareCells(runtime, functions)),
    },
  ];
}

function rateCells(row: RateRow): string[] {
  return [
    row.runtime,
    String(row.payload),
    String(row.inFlight),
    row.codec,
    whole(row.bare),
    whole(row.floor),
    whole(row.freshlink),
    `${row.floorP50Ms.toFixed(3)} ms`,
    `${row.p50Ms.toFixed(3)} ms`,
    `${row.p99Ms.toFixed(3)} ms`,
    `${row.p999Ms.toFixed(3)} ms`,
    row.ratio.toFixed(2),
    row.ratioToFloor.toFixed(2),
    row.spread.map((ratio) => ratio.toFixed(2)).join(" to "),
    reached(row.target, row.ratioToFloor),
  ];
}

function userCells(row: UserRow): string[] {
  const { runtime, payload, inFlight, bench, user, ratio, target } = row;
  const rates = [bench, user].map(whole);
  const cells = [runtime, String(payload), String(inFlight), ...rates];
  return [...cells, ratio.toFixed(2), reached(target, ratio)];
}

/** What it costs to see something. */
function seenTable(results: Results): Table {
  return {
    name: "seen",
    title: "Calls that are looked at, as parts of those that are not (on the calling side)",
    head: [
      "runtime",
      "bytes",
      "in flight",
      "none",
      "of a copy without",
      "to reach",
      "by CPU",
      "use() empty",
      "metadata",
      "tracing",
    ],
    rows: results.seen.map(seenCells),
  };
}

function seenCells(row: SeenRow): string[] {
  const { runtime, payload, inFlight, none, unseen, unseenCpu, target, ratios } = row;
  const { intercepted, metadata, traced } = ratios;
  const parts = [intercepted, metadata, traced].map((ratio) => ratio.toFixed(2));
  const cells = [runtime, String(payload), String(inFlight), whole(none), unseen.toFixed(2)];
  return [...cells, reached(target, unseen), unseenCpu.toFixed(2), ...parts];
}

function latencyCells({ runtime, beside, p50, p99, target, largeBytes }: LatencyRow): string[] {
  const isMet = target === null ? "" : `${target}${mark(p99 <= target)}`;
  const mebibytes = largeBytes === 0 ? "" : (largeBytes / 1_048_576).toFixed(0);
  return [runtime, beside, p50.toFixed(3), p99.toFixed(3), isMet, mebibytes];
}

function linksCells({ runtime, count, bare, freshlink, ratio, target }: LinksRow): string[] {
  const rates = [bare, freshlink].map(whole);
  return [runtime, whole(count), ...rates, ratio.toFixed(2), reached(target, ratio)];
}

/** A ratio to reach, and whether it is; nothing where none is stated. */
function reached(target: number | null, ratio: number): string {
  return target === null ? "" : `${target.toFixed(2)}${mark(ratio >= target)}`;
}

function otherCells(row: OtherRow): string[] {
  return [
    row.runtime,
    row.what,
    String(row.inFlight),
    String(row.connections),
    whole(row.bare),
    whole(row.freshlink),
    row.ratio.toFixed(2),
  ];
}

function peerCells(row: PeerRow): string[] {
  const { payload, inFlight, name, version, rate, ratioToFreshlink } = row;
  const cells = [String(payload), String(inFlight), name, version, whole(rate)];
  return [...cells, ratioToFreshlink.toFixed(2)];
}

/** How far ahead freshlink is of the best of the others. */
function peersText(rows: readonly PeerRow[]): string {
  if (rows.length === 0) return "";
  return [64, 1_024].map((payload) => {
    const times = timesTheBest(rows, payload, 64);
    const target = `to reach ${TARGET_PEERS_RATIO}:${mark(times >= TARGET_PEERS_RATIO)}`;
    return `At ${payload} bytes and 64 in flight: ${times.toFixed(1)} times the best; ${target}\n`;
  }).join("");
}

function crowdCells(row: CrowdRow): string[] {
  return [
    row.runtime,
    row.kind,
    whole(row.count),
    `${whole(row.linkedMs)} ms`,
    kib(row.bytesEach),
    `${row.cpuMsPerSecond.toFixed(1)} ms a second`,
    `${row.beatMicros.toFixed(1)} µs`,
  ];
}

function tableCells({ runtime, rows, addNs, findNs, removeNs }: TableRow): string[] {
  return [runtime, whole(rows), ...[addNs, findNs, removeNs].map((ns) => ns.toFixed(0))];
}

function retentionCells(row: RetentionRow): string[] {
  return [
    row.runtime,
    String(row.payload),
    String(row.inFlight),
    whole(row.without),
    whole(row.with),
    row.ratio.toFixed(2),
    reached(row.target, row.ratio),
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

function idleCells(row: IdleRow): string[] {
  return [
    row.runtime,
    String(row.connections),
    kib(row.bareBytes),
    kib(row.linkBytes),
    row.ratio.toFixed(2),
    `${row.target}${mark(row.ratio <= row.target)}`,
  ];
}

function unacknowledgedCells(row: UnacknowledgedRow): string[] {
  const { runtime, unacknowledgedBytes, grownBytes } = row;
  const ratio = grownBytes / unacknowledgedBytes;
  return [runtime, kib(unacknowledgedBytes), kib(grownBytes), ratio.toFixed(2)];
}

function startupCells(row: StartupRow): string[] {
  return [
    row.runtime,
    String(row.starts),
    row.emptyMs.toFixed(1),
    row.importMs.toFixed(1),
    row.addedMs.toFixed(1),
    `${row.target}${mark(row.addedMs <= row.target)}`,
    kib(row.listenerBytes),
    kib(row.endpointBytes),
  ];
}

function protectedCells(row: ProtectedRow): string[] {
  const { runtime, what, plain, secret, tls, secretRatio, tlsRatio, target } = row;
  return [
    runtime,
    what,
    whole(plain),
    whole(secret),
    secretRatio.toFixed(2),
    target === null ? "" : `${target}${mark(secretRatio >= target)}`,
    whole(tls),
    tlsRatio.toFixed(2),
  ];
}

function shareCells(runtime: string, shares: readonly Share[]): string[][] {
  return shares.map(({ name, share }) => [runtime, `${(share * 100).toFixed(1)} %`, name]);
}

function kib(bytes: number): string {
  return `${(bytes / 1_024).toFixed(1)} KiB`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function mark(isMet: boolean): string {
  return isMet ? " met" : " missed";
}

/** Words to the left, numbers to the right. */
function tableText({ title, head, rows }: Table): string {
  const lines = [head, ...rows].map((row) =>
    row.map((cell, column) =>
      isNumber(rows, column)
        ? cell.padStart(width(head, rows, column))
        : cell.padEnd(width(head, rows, column))
    ).join("  ").trimEnd()
  );
  return `${title}\n\n${lines.map((line) => `  ${line}`).join("\n")}\n`;
}

/** The same in Markdown. */
export function tableMarkdown({ head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, column) => isNumber(rows, column) ? "--:" : "---");
  return [head, rule, ...rows].map(line).join("\n");
}

function isNumber(rows: readonly (readonly string[])[], column: number): boolean {
  return /^\d/.test(rows[0]![column]!);
}

function width(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  column: number,
): number {
  return Math.max(...[head, ...rows].map((row) => row[column]!.length));
}
