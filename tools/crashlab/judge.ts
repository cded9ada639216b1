/**
 * Compares what callers were told with what handlers did, and makes a row of it.
 *
 * @module
 */

import type { RuntimeName } from "../runtimes.ts";
import { agree, type Lab, pause } from "./lab.ts";
import type { Prediction } from "./prediction.ts";
import type { Kind, Outcome, Report } from "./program.ts";
import type { Scenario } from "./scenarios.ts";

/** One row of the table. Times are in milliseconds; `null` where it never came to that. */
export interface Row {
  readonly scenario: string;
  /** Of the survivor. */
  readonly runtime: RuntimeName;
  readonly peerRuntime: RuntimeName;
  /** From the fault to the end of the connection that it struck. */
  readonly verdictMs: number | null;
  /** What the simulator says that it would be. */
  readonly predictedMs: number | null;
  /** From the next connection's hello to the old one's end; `null` where that had ended before. */
  readonly helloToOldEndMs: number | null;
  /** From the same hello to the first answer of the process behind it. */
  readonly helloToFirstReplyMs: number | null;
  readonly faultToLinkMs: number | null;
  readonly faultToFirstReplyMs: number | null;
  /** The middle of the round trips, which the other times can be compared with. */
  readonly roundTripMs: number | null;
  readonly ok: number;
  readonly failed: number;
  /** How many failed with which code and delivery. */
  readonly failures: Readonly<Record<string, number>>;
  readonly timedOut: number;
  /** Not idempotent and executed more than once, or by one process more than once. */
  readonly executedTwice: number;
  /** Told wrongly: never ended, answered without an execution, or executed and told `not-sent`. */
  readonly lost: number;
  /** Connections in the survivor's table at the end. */
  readonly links: number;
  /** Whether both tables hold one connection, the same one. */
  readonly agree: boolean;
  /** Processes that stopped, and said so, because another one owns their name. */
  readonly alarms: number;
  /** Connections that were taken into use after the fault. */
  readonly switches: number;
  /** `lost` events at the survivor. */
  readonly lostEvents: number;
  /** What should hold and does not. */
  readonly problems: readonly string[];
}

/** A process takes time to start, and a busy machine to act; the simulator knows neither. */
const PREDICTION_ERROR_MS = 500;

/** How long notifications may take to arrive once all requests have ended, in milliseconds. */
const NOTES_TIMEOUT_MS = 5_000;
const POLL_MS = 20;

/** A line of a ledger: the life that did it, what, and its number. */
export interface Entry {
  readonly life: string;
  readonly kind: Kind;
  readonly number: string;
}

/** Ends the load of a lab in which everything has happened, and judges. */
export async function judge(
  lab: Lab,
  scenario: Scenario,
  prediction: Prediction | null,
): Promise<Row> {
  const outcomes = (await lab.stop()).flat();
  const entries = await ledger(lab, scenario.sameSession ? outcomes : []);
  const reports = await Promise.all([lab.survivor.report(), lab.peer.report()]);
  const [survivor] = reports;
  const count = countOutcomes(outcomes, entries, scenario.sameSession);
  const row: Row = {
    scenario: scenario.name,
    runtime: lab.survivor.runtime,
    peerRuntime: lab.peer.runtime,
    ...times(lab, survivor),
    predictedMs: prediction?.verdictMs ?? null,
    roundTripMs: survivor.roundTripMs,
    ...count,
    executedTwice: countTwice(entries),
    alarms: (await lab.fenced()).length,
    links: survivor.rows.length,
    agree: agree(reports),
    problems: [],
  };
  const problems = [
    ...row.timedOut > 0 ? [`${row.timedOut} requests timed out`] : [],
    ...row.executedTwice > 0 ? [`${row.executedTwice} executed twice`] : [],
    ...row.lost > 0 ? [`${row.lost} lost or told wrongly`] : [],
    ...row.agree ? [] : ["the two tables do not agree"],
    ...scenario.sameSession && row.failed > 0 ? [`${row.failed} failed in one session`] : [],
    ...scenario.sameSession && !isInOrder(entries) ? ["notifications out of order"] : [],
    ...row.ok === 0 ? ["nothing was answered"] : [],
    ...prediction === null ? [] : differences(row, prediction),
    ...scenario.problems?.(row) ?? [],
  ];
  return { ...row, problems };
}

/** Where the lab and the simulator differ, one of them is wrong. */
export function differences(
  { verdictMs, failures }: Pick<Row, "verdictMs" | "failures">,
  predicted: Prediction,
): string[] {
  const same = verdictMs === null || predicted.verdictMs === null
    ? verdictMs === predicted.verdictMs
    : Math.abs(verdictMs - predicted.verdictMs) <= PREDICTION_ERROR_MS;
  const [told, expected] = [Object.keys(failures).sort().join(), predicted.failures.join()];
  return [
    ...same ? [] : [`the simulator says verdict ${predicted.verdictMs}, it was ${verdictMs} ms`],
    ...told === expected ? [] : [`the simulator says failures "${expected}", there was "${told}"`],
  ];
}

type Times = Pick<
  Row,
  | "verdictMs"
  | "helloToOldEndMs"
  | "helloToFirstReplyMs"
  | "faultToLinkMs"
  | "faultToFirstReplyMs"
  | "switches"
  | "lostEvents"
>;

function times({ before, faultAtMs }: Lab, { bootId, events, takeovers }: Report): Times {
  // Where the survivor's process is another one, nobody is left to fall a verdict on that link.
  const identifier = before?.bootId === bootId ? before.rows[0]?.identifier : undefined;
  const later = events.filter(({ at }) => at >= faultAtMs);
  const end = later.find((event) =>
    (event.type === "lost" || event.type === "superseded") && event.identifier === identifier
  );
  const fresh = takeovers.filter(({ connectedAtMs }) => connectedAtMs >= faultAtMs);
  const next = fresh.find(({ firstReplyAtMs }) => firstReplyAtMs !== null);
  const since = (fromMs: number, toMs: number | null | undefined) =>
    toMs === null || toMs === undefined ? null : toMs - fromMs;
  const endedLater = end !== undefined && next !== undefined && end.at >= next.helloAtMs;
  return {
    verdictMs: since(faultAtMs, end?.at),
    helloToOldEndMs: endedLater ? end.at - next.helloAtMs : null,
    helloToFirstReplyMs: next === undefined ? null : since(next.helloAtMs, next.firstReplyAtMs),
    faultToLinkMs: since(faultAtMs, next?.connectedAtMs),
    faultToFirstReplyMs: since(faultAtMs, next?.firstReplyAtMs),
    switches: fresh.length,
    lostEvents: later.filter(({ type }) => type === "lost").length,
  };
}

/** What became of the requests, as their callers were told, and whether that is true. */
export function countOutcomes(
  outcomes: readonly Outcome[],
  entries: readonly Entry[],
  sameSession: boolean,
): Pick<Row, "ok" | "failed" | "failures" | "timedOut" | "lost"> {
  const executed = new Set(entries.map(({ number }) => number));
  const failures: Record<string, number> = {};
  let [ok, failed, timedOut, lost] = [0, 0, 0, 0];
  for (const { number, kind, end } of outcomes) {
    // A notification to a process that died has nobody who could tell of it.
    const mustBeExecuted = kind !== "note" || sameSession;
    if (end === "ok") {
      ok++;
      if (mustBeExecuted && !executed.has(number)) lost++;
    } else if (end === "pending") {
      lost++;
    } else {
      failures[end] = (failures[end] ?? 0) + 1;
      if (end.startsWith("timeout")) timedOut++;
      else failed++;
      if (end.endsWith("not-sent") && executed.has(number)) lost++;
    }
  }
  return { ok, failed, failures, timedOut, lost };
}

/** How many executions should not have been. */
export function countTwice(entries: readonly Entry[]): number {
  const byLife = new Set<string>();
  const byNumber = new Set<string>();
  let twice = 0;
  for (const { life, kind, number } of entries) {
    const isRepeated = byLife.has(`${life} ${number}`) ||
      !kind.endsWith("read") && byNumber.has(number);
    if (isRepeated) twice++;
    byLife.add(`${life} ${number}`);
    byNumber.add(number);
  }
  return twice;
}

/** Whether each sender's notifications were executed in the order of their numbers. */
export function isInOrder(entries: readonly Entry[]): boolean {
  const last = new Map<string, number>();
  for (const { kind, number } of entries) {
    if (kind !== "note") continue;
    const [sender, count] = number.split("-") as [string, string];
    if (Number(count) <= (last.get(sender) ?? 0)) return false;
    last.set(sender, Number(count));
  }
  return true;
}

/** What all handlers did, once these notifications have arrived or are late. */
async function ledger(lab: Lab, outcomes: readonly Outcome[]): Promise<Entry[]> {
  const untilMs = performance.now() + NOTES_TIMEOUT_MS;
  const awaited = outcomes.filter(({ kind, end }) => kind === "note" && end === "ok");
  for (;;) {
    const entries = (await Promise.all(lab.machines.map(readLedger))).flat();
    const executed = new Set(entries.map(({ number }) => number));
    const isWhole = awaited.every(({ number }) => executed.has(number));
    if (isWhole || performance.now() > untilMs) return entries;
    await pause(POLL_MS);
  }
}

async function readLedger({ ledgerFile }: { ledgerFile: string }): Promise<Entry[]> {
  const text = await Deno.readTextFile(ledgerFile);
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const [life, kind, number] = line.split(" ") as [string, Kind, string];
    return { life, kind, number };
  });
}
