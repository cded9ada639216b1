/** One state of the model: what each end knows, and what is on its way. */

import { type CallPlan, type Load, NAMES, type NotePlan, type StreamPlan, units } from "./load.ts";
import type { Broken, Limits } from "./rules.ts";

/** Which room a payload is granted from. */
export type RoomClass = "requests" | "answers";

/** A call as both ends see it. */
export interface Call {
  readonly kind: "call";
  readonly plan: CallPlan;
  readonly depth: number;
  /** The work whose handler made it, or -1. */
  readonly parent: number;
  /**
   * At the caller: queued, or asked for room and granted; sent: the request is out; stated: the
   * answer waits for room here; taking: it was granted.
   */
  caller: "queued" | "asked" | "granted" | "sent" | "stated" | "taking" | "ended";
  /**
   * At the callee: stated: the request waits for room; taking: it was granted; ready: it is here;
   * runs; asks: the answer waits for its grant, and may go out; refuses: an error is to be written.
   */
  callee:
    | "unknown"
    | "stated"
    | "taking"
    | "ready"
    | "runs"
    | "asks"
    | "may"
    | "refuses"
    | "ended";
  /** Units of the callee's room that the request holds, and of its standing credit. */
  requestRoom: number;
  requestCredit: number;
  /** Units of the caller's room that the answer holds. */
  answerRoom: number;
  isCancelled: boolean;
  /** Whether the callee knows that it is. */
  isTold: boolean;
  /** How many of the handler's steps are done, and the one that is being done, or -1. */
  done: number;
  child: number;
}

/** A notification as both ends see it. */
export interface Note {
  readonly kind: "note";
  readonly plan: NotePlan;
  readonly depth: number;
  readonly parent: number;
  /** Pieces that were sent, and that have arrived. */
  sent: number;
  arrived: number;
  handler: "waits" | "runs" | "ended";
  done: number;
  child: number;
}

/** A stream as both ends see it; all counts are items. */
export interface Stream {
  readonly plan: StreamPlan;
  sent: number;
  arrived: number;
  taken: number;
  /** Units of the window that the producer may fill. */
  window: number;
  /** The next item is larger than the window: it was stated, was heard of, and may be sent. */
  isStated: boolean;
  isHeard: boolean;
  mayGo: boolean;
  /** Units that its consumer's end has lent it. */
  lent: number;
}

/** A consumer: how many of its steps are done, and the call that it waits for, or -1. */
export interface Reader {
  done: number;
  child: number;
}

/** What is on its way from one end to another. */
export interface Wire {
  /** Frames that are not acknowledged, oldest first. */
  log: string[];
  /** How many of them the other end has. */
  arrived: number;
  /** The next one on the present connection. */
  next: number;
}

/** What one end has for another one and has not written yet. */
export interface Owed {
  /** Frames of single messages: grants, and windows of streams. */
  frames: string[];
  requests: number;
  answers: number;
  notes: number;
  noteUnits: number;
}

/** What one end may send another one unasked. */
export interface Credit {
  requests: number;
  answers: number;
  notes: number;
  noteUnits: number;
}

/** All of it. */
export class FlowState {
  work: (Call | Note)[] = [];
  streams: Stream[] = [];
  readers: Reader[] = [];
  /** By sender and receiver. */
  wires: Wire[][] = [];
  owed: Owed[][] = [];
  credit: Credit[][] = [];
  closing = -1;
  /** By end: whether it has heard of the closing, and whether it has forgotten it. */
  heard: ("no" | "yes" | "forgotten")[] = [];
  breaks = 0;
  /** What may never be, in words. */
  violation = "";
  readonly limits: Limits;
  readonly load: Load;
  readonly broken: ReadonlySet<Broken>;

  constructor(limits: Limits, load: Load, broken: ReadonlySet<Broken>) {
    this.limits = limits;
    this.load = load;
    this.broken = broken;
  }

  /** Nothing has happened yet. */
  static first(limits: Limits, load: Load, broken: ReadonlySet<Broken>): FlowState {
    const state = new FlowState(limits, load, broken);
    for (const plan of load.work) state.begin(plan, 0, -1);
    for (const plan of load.streams ?? []) state.streams.push(newStream(plan, limits.window));
    for (const _plan of load.readers ?? []) state.readers.push({ done: 0, child: -1 });
    const ends = Array.from({ length: limits.ends }, (_, end) => end);
    state.wires = ends.map(() => ends.map(() => ({ log: [], arrived: 0, next: 0 })));
    state.owed = ends.map(() => ends.map(owesNothing));
    const { credit, notes } = limits;
    const noteUnits = broken.has("narrow notes") ? limits.noteUnits - 1 : limits.noteUnits;
    state.credit = ends.map(() =>
      ends.map(() => ({ requests: credit, answers: credit, notes, noteUnits }))
    );
    state.heard = ends.map(() => "no");
    state.breaks = limits.breaks;
    return state;
  }

  /** The same once more, to go another way. */
  copy(): FlowState {
    const { limits, load, broken } = this;
    const state = new FlowState(limits, load, broken);
    state.work = this.work.map((one) => ({ ...one }));
    state.streams = this.streams.map((one) => ({ ...one }));
    state.readers = this.readers.map((one) => ({ ...one }));
    state.wires = this.wires.map((row) => row.map((wire) => ({ ...wire, log: [...wire.log] })));
    state.owed = this.owed.map((row) => row.map((owed) => ({ ...owed, frames: [...owed.frames] })));
    state.credit = this.credit.map((row) => row.map((credit) => ({ ...credit })));
    state.closing = this.closing;
    state.heard = [...this.heard];
    state.breaks = this.breaks;
    state.violation = this.violation;
    return state;
  }

  /** Tells two states apart. */
  key(): string {
    const work = this.work.map((one) => {
      const { kind, parent, done, child } = one;
      if (kind === "note") return [parent, done, child, one.sent, one.arrived, one.handler];
      const { caller, callee, requestRoom, requestCredit, answerRoom, isCancelled, isTold } = one;
      return [
        `${caller} ${callee} ${parent} ${done} ${child} ${requestRoom} ${requestCredit}`,
        `${answerRoom} ${isCancelled} ${isTold}`,
      ];
    });
    const streams = this.streams.map(({ plan: _plan, ...rest }) => Object.values(rest));
    const { readers, wires, owed, credit, closing, heard, breaks } = this;
    return JSON.stringify([work, streams, readers, wires, owed, credit, closing, heard, breaks]);
  }

  /** Something is to be done from now on. @returns Its index. */
  begin(plan: CallPlan | NotePlan, depth: number, parent: number): number {
    const common = { depth, parent, done: 0, child: -1 };
    if (plan.kind === "note") {
      this.work.push({ kind: "note", plan, ...common, sent: 0, arrived: 0, handler: "waits" });
    } else {
      this.work.push({
        kind: "call",
        plan,
        ...common,
        caller: "queued",
        callee: "unknown",
        requestRoom: 0,
        requestCredit: 0,
        answerRoom: 0,
        isCancelled: false,
        isTold: false,
      });
    }
    return this.work.length - 1;
  }

  /** The calls, with their indices. */
  *calls(): Iterable<[number, Call]> {
    for (const [index, one] of this.work.entries()) if (one.kind === "call") yield [index, one];
  }

  /** The call of an index. */
  call(index: number): Call {
    return this.work[index] as Call;
  }

  /** Whether the log of a direction takes another frame. */
  hasSpace(from: number, to: number): boolean {
    return this.wires[from]![to]!.log.length < this.limits.log;
  }

  /** A frame goes into the log. */
  send(from: number, to: number, frame: string): void {
    this.wires[from]![to]!.log.push(frame);
  }

  /** Whether all is done that can be: nothing but a deadline ends what a stopped sender holds. */
  get isDone(): boolean {
    const isEndless = this.broken.has("no deadline");
    return this.work.every((one) => {
      if (one.kind === "note") return one.handler === "ended";
      return one.caller === "ended" || (isEndless && one.plan.stalls !== null);
    }) && this.readers.every(({ done }, index) => done === this.load.readers![index]!.steps.length);
  }

  /** What has not come back though all is done, in words; empty: nothing. */
  leaks(): string {
    if (this.broken.has("no deadline")) return "";
    for (const [index, { requestRoom, requestCredit, answerRoom }] of this.calls()) {
      if (requestRoom + answerRoom > 0) return `call ${index} has ended and keeps room`;
      if (requestCredit > 0) return `call ${index} has ended and keeps credit`;
    }
    const { credit, notes } = this.limits;
    for (const [from, row] of this.credit.entries()) {
      for (const [to, left] of row.entries()) {
        const isWhole = left.requests === credit && left.answers === credit && left.notes === notes;
        if (!isWhole) return `${NAMES[from]} did not get all its credit at ${NAMES[to]} back`;
      }
    }
    return "";
  }

  /** What is not done, in words. */
  left(): string {
    const work = this.work.map((one, index) =>
      one.kind === "call"
        ? `call ${index} ${one.caller}/${one.callee}`
        : `note ${index} ${one.sent} sent, ${one.handler}`
    ).filter((text) => !text.includes("ended"));
    const readers = this.readers.map(({ done }, index) => `reader ${index}: ${done} done`);
    return [...work, ...readers].join(", ");
  }
}

/** Nothing to be written. */
export function owesNothing(): Owed {
  return { frames: [], requests: 0, answers: 0, notes: 0, noteUnits: 0 };
}

function newStream(plan: StreamPlan, window: number): Stream {
  return {
    plan,
    sent: 0,
    arrived: 0,
    taken: 0,
    window,
    isStated: false,
    isHeard: false,
    mayGo: false,
    lent: 0,
  };
}

/** The units of a stream's next item to be sent; 0 when there is none. */
export function nextItemUnits({ plan, sent }: Stream): number {
  return sent < plan.items.length ? units(plan.items[sent]!) : 0;
}
