/**
 * The ledger: what callers were told and what handlers really did. It sees both sides, which no
 * process can, and compares them.
 */

import type { Delivery } from "../../mod.ts";

/**
 * Who may execute a request again: nobody; another process, where it is idempotent; also the same
 * one, where the caller is a client besides: it has no session that would know.
 */
export type Repeats = "never" | "next life" | "always";

/** A request as the ledger knows it. */
export interface Entry {
  readonly id: number;
  /** The process that called. */
  readonly caller: number;
  readonly to: string;
  /** Who may execute it again. */
  readonly repeats: Repeats;
  /** Its place among the small requests of this caller to this name; 0: a large one. */
  readonly sequence: number;
  /** The processes whose handlers began, one item for each time. */
  readonly executedBy: number[];
  /** How it ended; `null`: not yet. */
  outcome: Outcome | null;
}

/** How a request ended. */
export interface Outcome {
  /** `ok`, or the code of the error. */
  readonly code: string;
  /** What the caller was told; `null` where the request succeeded. */
  readonly delivery: Delivery | null;
}

/** A notification as the ledger knows it. */
interface Note {
  readonly id: number;
  readonly caller: number;
  readonly to: string;
  readonly sequence: number;
  /** Whether the caller was told that it is written. */
  written: boolean;
  readonly arrivedAt: number[];
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
  };
  readonly #requests = new Map<number, Entry>();
  readonly #notes = new Map<number, Note>();
  readonly #lastSent = new Map<string, number>();
  readonly #lastSeen = new Map<string, number>();
  #lastId = 0;

  /** A request begins. */
  request(caller: number, to: string, repeats: Repeats, isSmall: boolean): Entry {
    const entry: Entry = {
      id: ++this.#lastId,
      caller,
      to,
      repeats,
      sequence: isSmall ? this.#nextSequence(`request ${caller} ${to}`) : 0,
      executedBy: [],
      outcome: null,
    };
    this.counts.requests++;
    this.#requests.set(entry.id, entry);
    return entry;
  }

  /** A handler begins with a request. */
  executed(id: number, life: number): void {
    const entry = this.#requests.get(id);
    if (entry === undefined) {
      this.#problem(`a request that nobody sent was executed: ${id}`);
      return;
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
    if (entry.outcome?.delivery === "not-sent") {
      this.#problem(`request ${id} was executed after it was called not-sent`);
    }
    if (repeats === "never" && entry.sequence > 0) {
      this.#seen(`request ${entry.caller} ${entry.to} ${life}`, entry);
    }
  }

  /** The caller is told how it ended. */
  settled(entry: Entry, outcome: Outcome, answerId: number | null): void {
    if (entry.outcome !== null) this.#problem(`request ${entry.id} ended twice`);
    entry.outcome = outcome;
    if (outcome.delivery === null) this.counts.answered++;
    else this.counts.failed++;
    const { id, executedBy } = entry;
    if (answerId !== null && answerId !== id) {
      this.#problem(`request ${id} got the answer of ${answerId}`);
    }
    if (outcome.delivery === "not-sent" && executedBy.length > 0) {
      this.#problem(`request ${id} was executed and called not-sent (${outcome.code})`);
    }
    const claimsExecution = outcome.delivery === null || outcome.delivery === "executed";
    if (claimsExecution && executedBy.length === 0) {
      this.counts.lost++;
      this.#problem(`request ${id} ended as ${outcome.code} and was never executed`);
    }
  }

  /** A notification begins. */
  note(caller: number, to: string): { readonly id: number; written: boolean } {
    const note: Note = {
      id: ++this.#lastId,
      caller,
      to,
      sequence: this.#nextSequence(`note ${caller} ${to}`),
      written: false,
      arrivedAt: [],
    };
    this.counts.notifications++;
    this.#notes.set(note.id, note);
    return note;
  }

  /** A notification arrives. */
  noted(id: number, life: number): void {
    const note = this.#notes.get(id);
    if (note === undefined) {
      this.#problem(`a notification that nobody sent arrived: ${id}`);
      return;
    }
    if (note.arrivedAt.length > 0) {
      this.counts.executedTwice++;
      this.#problem(`notification ${id} arrived at ${note.arrivedAt} and at ${life}`);
    }
    note.arrivedAt.push(life);
    this.#seen(`note ${note.caller} ${note.to} ${life}`, note);
  }

  /**
   * All has come to rest.
   *
   * @param isAlive Whether a process still lives: what it began must have ended.
   * @param lived Whether a name had one process all the time: then nothing that was written to it
   * may be lost.
   */
  close(isAlive: (caller: number) => boolean, lived: (name: string) => boolean): void {
    for (const { id, caller, outcome, to } of this.#requests.values()) {
      if (outcome !== null || !isAlive(caller)) continue;
      this.counts.lost++;
      this.#problem(`request ${id} of ${caller} to ${to} never ended`);
    }
    for (const { id, caller, to, written, arrivedAt } of this.#notes.values()) {
      if (!written || arrivedAt.length > 0 || !isAlive(caller) || !lived(to)) continue;
      this.counts.lost++;
      this.#problem(`notification ${id} of ${caller} to ${to} was written and never arrived`);
    }
  }

  #nextSequence(key: string): number {
    const sequence = (this.#lastSent.get(key) ?? 0) + 1;
    this.#lastSent.set(key, sequence);
    return sequence;
  }

  #seen(key: string, { id, sequence }: { readonly id: number; readonly sequence: number }): void {
    const last = this.#lastSeen.get(key) ?? 0;
    if (sequence <= last) {
      this.counts.outOfOrder++;
      this.#problem(`${id} came out of order: ${sequence} after ${last} (${key})`);
    }
    this.#lastSeen.set(key, Math.max(sequence, last));
  }

  #problem(text: string): void {
    this.problems.push(text);
  }
}
