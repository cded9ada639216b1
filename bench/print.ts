/** The results in words. */

import type { LatencyRow } from "./beside.ts";
import type { LinksRow } from "./links.ts";
import type { Results, TakeoverRow } from "./measure.ts";
import type { CrowdRow, TableRow } from "./crowd.ts";
import type { IdleRow, UnacknowledgedRow } from "./memory.ts";
import type { OtherRow } from "./others.ts";
import { type PeerRow, timesTheBest } from "./peers.ts";
import { TARGET_PEERS_RATIO } from "./plan.ts";
import type { Share } from "./profile.ts";
import type { StartupRow } from "./startup.ts";
import type { RateRow, RetentionRow, UserRow } from "./rates.ts";

/** All results as a text of several tables. */
export function resultsText(results: Results): string {
  const parts = [...loadTables(results), ...stateTables(results)];
  return parts.filter((part) => part !== "").join("\n");
}

/** What is done in a second. */
function loadTables(results: Results): string[] {
  return [
    table(
      "Requests on one connection: ratios of rates, with one in flight of median latencies, to the\nfloor (an echo with a promise a request and a copy an answer; with JSON it parses) and to the\nbare echo (callbacks; never parses)",
      [
        [
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
        ...results.rows.map(rateCells),
      ],
    ),
    table(
      "As a user calls (an async handler that reads its signal, options and a signal with each call)\nbeside the bench's way, requests a second",
      [
        ["runtime", "bytes", "in flight", "bench", "user", "ratio", "to reach"],
        ...results.users.map(userCells),
      ],
    ),
    table("A small call beside large ones on the same link: milliseconds", [
      ["runtime", "beside", "median", "99 %", "to reach", "large, MiB a second"],
      ...results.latency.map(latencyCells),
    ]),
    table("1,024 in flight over links in turns, beside the bare echo over as many sockets", [
      ["runtime", "links", "bare a second", "freshlink", "ratio", "to reach"],
      ...results.links.map(linksCells),
    ]),
    table(
      "What retention costs: requests a second of a session, and of a client that keeps nothing",
      [
        ["runtime", "bytes", "in flight", "client", "session", "ratio", "to reach"],
        ...results.retention.map(retentionCells),
      ],
    ),
    table("Other loads of 64 bytes: a second, and the ratio to the bare echo's rate", [
      ["runtime", "what", "in flight", "connections", "bare", "freshlink", "ratio"],
      ...results.others.map(otherCells),
    ]),
    table("Other libraries on Node: requests a second, and the ratio to freshlink's rate", [
      ["bytes", "in flight", "library", "version", "a second", "ratio"],
      ...results.peers.map(peerCells),
    ]),
    peersText(results.peers),
  ];
}

/** What it takes, and how fast it changes. */
function stateTables(results: Results): string[] {
  return [
    table("Many at one endpoint, all of them in one other process", [
      ["runtime", "kind", "count", "all linked", "memory each", "CPU while idle", "each beat"],
      ...results.crowds.map(crowdCells),
    ]),
    table("The connection table: nanoseconds of an operation, by rows", [
      ["runtime", "rows", "add", "find", "remove"],
      ...results.tables.map(tableCells),
    ]),
    table("A restarted peer, with 64 requests waiting for it: milliseconds after its HELLO", [
      ["runtime", "restarts", "old closed", "longest", "first reply", "to reach", "unanswered"],
      ...results.takeovers.map(takeoverCells),
    ]),
    table("Memory of an idle connection at the accepting end: its objects", [
      ["runtime", "connections", "bare socket", "freshlink", "ratio", "to reach"],
      ...results.memory.idle.map(idleCells),
    ]),
    table("Memory of one session whose path is cut: what it keeps to send it again", [
      ["runtime", "unacknowledged", "grown by", "ratio"],
      ...results.memory.unacknowledged.map(unacknowledgedCells),
    ]),
    table(
      "The start: milliseconds of a program that is empty or only imports, and resident memory",
      [
        ["runtime", "starts", "empty", "import", "added", "at most", "idle listener", "endpoint"],
        ...results.startup.map(startupCells),
      ],
    ),
    table("What the client's busy time goes into, with 64 bytes and 1,024 in flight", [
      ["runtime", "share", "what"],
      ...results.profiles.flatMap(({ runtime, parts }) => shareCells(runtime, parts)),
    ]),
    table("The functions that take most of it themselves", [
      ["runtime", "share", "function"],
      ...results.profiles.flatMap(({ runtime, functions }) => shareCells(runtime, functions)),
    ]),
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
