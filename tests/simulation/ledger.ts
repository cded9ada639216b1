/**
 * The ledger: what callers were told and what handlers really did. It sees both sides, which no
 * process can, and compares them with what the README promises.
 */

import type { Delivery } from "../../mod.ts";
import { type NotePlan, PATIENT_MS, type RequestPlan } from "./plan.ts";

/**
 * Who may execute a request again: nobody; another process, where it is idempotent. Of a client
 * also the same process, in another session: such a one has a number of its own, as a life has.
 */
export type Repeats = "never" | "next life";

/** Whether a name had one process all the time, and one session with a caller. */
export type Lived = (name: string, caller: number) => boolean;

/** A request as the ledger knows it. */
export interface Entry {
  readonly id: number;
  /** The process that called. */
  readonly caller: number;
  readonly plan: RequestPlan;
  /** The request whose handler made it; `null`: an application did. */
  readonly parent: Entry | null;
  /** Who may execute it again. */
  readonly repeats: Repeats;
  /** The processes whose handlers began, one item for each time. */
  readonly executedBy: number[];
  /** Nothing may happen to it any more but an answer. */
  mustBeAnswered: boolean;
  /** Whether something that its handler asked failed. */
  hasFailedBelow: boolean;
  /** How it ended; `null`: not yet. */
  outcome: Outcome | null;
}

/** Larger payloads go in pieces. */
const PIECE_BYTES = 65_536;

/** How a request ended. */
export interface Outcome {
  /** `ok`, or the code of the error. */
  readonly code: string;
  /** What the caller was told; `null` where the request succeeded. */
  readonly delivery: Delivery | null;
}

/** A notification as the ledger knows it. */
export interface Note {
  readonly id: number;
  readonly caller: number;
  readonly plan: NotePlan;
  readonly sequence: number;
  /** Waits for the queue, was taken by it, or was refused. */
  state: "offered" | "taken" | "refused";
  readonly startedBy: number[];
}

/** What was counted. */
export interface Counts {
  requests: number;
  answered: number;
  failed: number;
  notifications: number;
  executedTwice: number;
  lost: number;
  outOfOrder: number;
  /** Patient calls and notifications that ended although nobody died. */
  unanswered: number;
  /** Payload bytes that arrived whole. */
  bytes: number;
}

/** Requests and notifications of one run. */
export class Ledger {
  /** What is wrong, in words. */
  readonly problems: string[] = [];
  readonly counts: Counts = {
    requests: 0,
    answered: 0,
    failed: 0,
    notifications: 0,
    executedTwice: 0,
    lost: 0,
    outOfOrder: 0,
    unanswered: 0,
    bytes: 0,
  };
  /** Counts everything that happens. */
  progress = 0;
  /** Whether from the first moment on nothing happens that could end a call. */
  isFaultless = false;
  readonly #requests = new Map<number, Entry>();
  readonly #notes = new Map<number, Note>();
  /** Handlers that run, by process. */
  readonly #running = new Map<number, number>();
  readonly #lastSent = new Map<string, number>();
  readonly #lastSeen = new Map<string, number>();
  #lastId = 0;

  /** A request begins. */
  request(caller: number, plan: RequestPlan, repeats: Repeats, parent: Entry | null): Entry {
    const entry: Entry = {
      id: ++this.#lastId,
      caller,
      plan,
      parent,
      repeats,
      executedBy: [],
      mustBeAnswered: this.isFaultless && isPatient(plan, parent),
      hasFailedBelow: false,
      outcome: null,
    };
    this.counts.requests++;
    this.progress++;
    this.#requests.set(entry.id, entry);
    return entry;
  }

  /** The number of the request or notification that began last. */
  get lastId(): number {
    return this.#lastId;
  }

  /** The request of that number. */
  entry(id: number): Entry | undefined {
    return this.#requests.get(id);
  }

  /** A handler begins with a request. @returns The request. */
  executed(id: number, life: number): Entry | null {
    this.progress++;
    const entry = this.#requests.get(id);
    if (entry === undefined) {
      this.#problem(`a request that nobody sent was executed: ${id}`);
      return null;
    }
    const { repeats } = entry;
    const before =
      entry.executedBy.filter((other) =>
        repeats === "never" || (repeats === "next life" && other === life)
      ).length;
    if (before > 0) {
      this.counts.executedTwice++;
      this.#problem(`request ${id} was executed ${before + 1} times: ${entry.executedBy} ${life}`);
    }
    entry.executedBy.push(life);
    const { delivery } = entry.outcome ?? {};
    if (delivery === "not-sent" || delivery === "not-executed") {
      this.#problem(`request ${id} was executed after it was called ${delivery}`);
    }
    return entry;
  }

  /** A handler of a process runs, or (-1) has ended. */
  running(life: number, by: 1 | -1): void {
    this.progress++;
    this.#running.set(life, (this.#running.get(life) ?? 0) + by);
  }

  /** Handlers that run in processes that live. */
  handlersRunning(isAlive: (life: number) => boolean): number {
    let sum = 0;
    for (const [life, count] of this.#running) if (isAlive(life)) sum += count;
    return sum;
  }

  /** The caller is told how it ended. */
  settled(entry: Entry, outcome: Outcome, answerId: number | null): void {
    this.progress++;
    if (entry.outcome !== null) this.#problem(`request ${entry.id} ended twice`);
    entry.outcome = outcome;
    if (outcome.delivery === null) this.counts.answered++;
    else this.counts.failed++;
    const { id, executedBy, parent } = entry;
    if (parent !== null && outcome.delivery !== null) parent.hasFailedBelow = true;
    if (answerId !== null && answerId !== id) {
      this.#problem(`request ${id} got the answer of ${answerId}`);
    }
    const claimsNone = outcome.delivery === "not-sent" || outcome.delivery === "not-executed";
    if (claimsNone && executedBy.length > 0) {
      this.#problem(`request ${id} was executed and called ${outcome.delivery} (${outcome.code})`);
    }
    const claimsExecution = outcome.delivery === null || outcome.delivery === "executed";
    if (claimsExecution && executedBy.length === 0) {
      this.counts.lost++;
      this.#problem(`request ${id} ended as ${outcome.code} and was never executed`);
    }
    this.#judge(entry, outcome);
  }

  /** From now on nothing happens that could end what is open between living processes. */
  calm(lives: (caller: number, to: string) => boolean): void {
    this.isFaultless = true;
    for (const entry of this.#requests.values()) {
      const { caller, plan, outcome, parent } = entry;
      if (outcome !== null || !isPatient(plan, parent) || !lives(caller, plan.to)) continue;
      entry.mustBeAnswered = true;
    }
  }

  /** A notification begins. */
  note(caller: number, plan: NotePlan): Note {
    const note: Note = {
      id: ++this.#lastId,
      caller,
      plan,
      sequence: this.#nextSequence(`note ${caller} ${plan.to}`),
      state: "offered",
      startedBy: [],
    };
    this.counts.notifications++;
    this.progress++;
    this.#notes.set(note.id, note);
    return note;
  }

  /** The queue takes or refuses a notification. */
  noteSettled(note: Note, code: string): void {
    this.progress++;
    note.state = code === "ok" ? "taken" : "refused";
    if (code === "ok" || !this.isFaultless || note.plan.timeoutMs < PATIENT_MS) return;
    this.counts.unanswered++;
    this.#problem(`notification ${note.id} to ${note.plan.to} was refused: ${code}`);
  }

  /** A handler begins with a notification. */
  noteStarted(id: number, life: number): Note | null {
    this.progress++;
    const note = this.#notes.get(id);
    if (note === undefined) {
      this.#problem(`a notification that nobody sent arrived: ${id}`);
      return null;
    }
    if (note.startedBy.length > 0) {
      this.counts.executedTwice++;
      this.#problem(`notification ${id} arrived at ${note.startedBy} and at ${life}`);
    }
    note.startedBy.push(life);
    const key = `note ${note.caller} ${note.plan.to} ${life}`;
    const last = this.#lastSeen.get(key) ?? 0;
    if (note.sequence <= last) {
      this.counts.outOfOrder++;
      this.#problem(`${id} came out of order: ${note.sequence} after ${last} (${key})`);
    }
    this.#lastSeen.set(key, Math.max(note.sequence, last));
    return note;
  }

  /** A payload arrived as it was sent, or (`damage`) did not. */
  arrived(what: string, bytes: number, damage: string): void {
    if (damage === "") this.counts.bytes += bytes;
    else this.#problem(`${what} arrived damaged: ${damage}`);
  }

  /** What has not ended between processes that live, in words. */
  open(isAlive: (caller: number) => boolean, lived: Lived): string[] {
    const open: string[] = [];
    for (const { id, caller, plan, outcome, executedBy, parent } of this.#requests.values()) {
      if (outcome !== null || !isAlive(caller)) continue;
      const how = executedBy.length === 0 ? "not executed" : `executed by ${executedBy}`;
      const below = parent === null ? "" : ` in the handler of ${parent.id}`;
      open.push(`request ${id} of ${caller} to ${plan.to}${below}, ${plan.requestBytes} and \
${plan.answerBytes} bytes: ${how}`);
    }
    for (const { id, caller, plan, state, startedBy } of this.#notes.values()) {
      if (startedBy.length > 0 || !isAlive(caller)) continue;
      const waits = state === "offered" || (state === "taken" && lived(plan.to, caller));
      if (waits) {
        open.push(`notification ${id} of ${caller} to ${plan.to}, ${plan.bytes} bytes: \
${state}`);
      }
    }
    return open;
  }

  /**
   * All has come to rest.
   *
   * @param isAlive Whether a process still lives: what it began must have ended.
   * @param lived Whether nothing that was taken may be lost.
   */
  close(isAlive: (caller: number) => boolean, lived: Lived): void {
    for (const { id, caller, outcome, plan } of this.#requests.values()) {
      if (outcome !== null || !isAlive(caller)) continue;
      this.counts.lost++;
      this.#problem(`request ${id} of ${caller} to ${plan.to} never ended`);
    }
    for (const { id, caller, plan, state, startedBy } of this.#notes.values()) {
      if (state !== "taken" || startedBy.length > 0) continue;
      if (!isAlive(caller) || !lived(plan.to, caller)) continue;
      this.counts.lost++;
      this.#problem(`notification ${id} of ${caller} to ${plan.to} was taken and never arrived`);
    }
  }

  /** Whether it ended as the README promises. */
  #judge(
    { id, plan, mustBeAnswered, hasFailedBelow, parent }: Entry,
    { code, delivery }: Outcome,
  ): void {
    if (code === "ok" || !isPatient(plan, parent)) return;
    // Its path was down for longer than `assemblyTimeoutMs`, with a part of it, or of its answer,
    // at the other end.
    const inParts = { "not-executed": plan.requestBytes, executed: plan.answerBytes };
    const cutBytes = delivery === "not-executed" || delivery === "executed" ? inParts[delivery] : 0;
    if (code === "timeout" && cutBytes > PIECE_BYTES && !this.isFaultless) return;
    if (code === "cancelled" && plan.cancelAfterMs !== null) return;
    if (code === "handler-failed" && (plan.fails || hasFailedBelow)) return;
    // Whoever can wait so long never waits in vain, not even for the next process.
    const isVain = code === "timeout" || code === "overloaded" || code === "handler-failed";
    if (!mustBeAnswered && !isVain) return;
    this.counts.unanswered++;
    this.#problem(`request ${id} to ${plan.to} (${plan.requestBytes} and ${plan.answerBytes} \
bytes) ended as ${code} although nobody died`);
  }

  #nextSequence(key: string): number {
    const sequence = (this.#lastSent.get(key) ?? 0) + 1;
    this.#lastSent.set(key, sequence);
    return sequence;
  }

  #problem(text: string): void {
    this.problems.push(text);
  }
}

/** Whether neither it nor a call that waits for it has a deadline that could come. */
function isPatient(plan: RequestPlan, parent: Entry | null): boolean {
  for (let above = parent; above !== null; above = above.parent) {
    if (above.plan.timeoutMs < PATIENT_MS || above.plan.cancelAfterMs !== null) return false;
  }
  return plan.timeoutMs >= PATIENT_MS;
}
