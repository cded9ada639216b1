/**
 * Two ends with the real rules, and up to three connections between them as queues of messages.
 * Every step is an action of a list, so that a state is the list of actions that led to it.
 */

import { Arbiter } from "../../../src/core/link/arbiter.ts";
import type { Decision, LinkRules } from "../../../src/core/link/candidate.ts";
import { Follower } from "../../../src/core/link/follower.ts";

/** 0 has the smaller name and follows, 1 has the greater one and arbitrates. */
export type End = 0 | 1;

/** What can happen next. */
export type Action =
  /** A life dials the present or another life at the other end. */
  | { readonly kind: "dial"; readonly life: number }
  /** An end reads the next message of a connection. */
  | { readonly kind: "deliver"; readonly pipe: number; readonly end: End }
  /** Packets of a connection vanish from now on. */
  | { readonly kind: "cut"; readonly pipe: number }
  /** A machine dies without a word; the next process of that name has this ordinal. */
  | { readonly kind: "crash"; readonly end: End; readonly ordinal: number }
  /** A second process of that name starts while the first one lives. */
  | { readonly kind: "twin"; readonly end: End; readonly ordinal: number }
  /** An end finds a connection dead. */
  | { readonly kind: "dead"; readonly pipe: number; readonly end: End }
  /** A probe has no answer in time. */
  | { readonly kind: "timeout"; readonly pipe: number; readonly end: End };

type MessageKind =
  | "HELLO"
  | "WELCOME"
  | "CONFIRM"
  | "USE"
  | "USEACK"
  | "START"
  | "PING"
  | "PONG"
  | "REFUSE"
  | "RST";

interface Message {
  readonly kind: MessageKind;
  readonly number: number;
}

/** A process at one end. */
interface Life {
  readonly id: number;
  readonly end: End;
  readonly ordinal: number;
  readonly rules: LinkRules;
  isAlive: boolean;
  isFenced: boolean;
  /** Lives of the other end with which it began a session, in this order. */
  readonly sessions: string[];
  /** The number under which it last adopted a connection. */
  lastNumber: number;
}

/** A connection. */
interface Pipe {
  readonly id: number;
  /** Which life has which end. */
  readonly lives: [Life, Life];
  readonly open: [boolean, boolean];
  readonly inbox: [Message[], Message[]];
  isCut: boolean;
}

/** How much may happen. */
export interface Bounds {
  /** Connections. */
  readonly pipes: number;
  /** Connections that are cut. */
  readonly cuts: number;
  /** Crashes and second processes. */
  readonly restarts: number;
}

/** What is searched whole. */
const SEARCHED: Bounds = { pipes: 3, cuts: 1, restarts: 1 };

const ORDINALS: readonly number[] = [9, 10, 11];
const WALL_MICROS = 1_000_000;

/** The pair in one state. */
export class Pair {
  /** What the rules must never do, in words. */
  readonly violations: string[] = [];
  readonly #lives: Life[] = [];
  readonly #pipes: Pipe[] = [];
  readonly #bounds: Bounds;
  #maxPipes: number;
  #cuts = 0;
  #restarts = 0;
  #hasTwin = false;

  constructor(bounds: Bounds = SEARCHED) {
    this.#bounds = bounds;
    this.#maxPipes = bounds.pipes;
    this.#start(0, 10);
    this.#start(1, 10);
  }

  /** Everything that can happen now. */
  actions(): Action[] {
    const actions: Action[] = [];
    if (this.#pipes.length < this.#maxPipes) {
      for (const { id, isAlive, isFenced } of this.#lives) {
        if (isAlive && !isFenced) actions.push({ kind: "dial", life: id });
      }
    }
    for (const pipe of this.#pipes) {
      for (const end of [0, 1] as const) this.#actionsAt(pipe, end, actions);
      if (this.#cuts < this.#bounds.cuts && !pipe.isCut && pipe.open[0] && pipe.open[1]) {
        actions.push({ kind: "cut", pipe: pipe.id });
      }
    }
    if (this.#restarts < this.#bounds.restarts) {
      for (const end of [0, 1] as const) {
        for (const ordinal of ORDINALS) {
          actions.push({ kind: "crash", end, ordinal });
          if (ordinal !== 10) actions.push({ kind: "twin", end, ordinal });
        }
      }
    }
    return actions;
  }

  /** One step. */
  act(action: Action): void {
    switch (action.kind) {
      case "dial":
        this.#dial(this.#lives[action.life]!);
        break;
      case "deliver":
        this.#deliver(this.#pipes[action.pipe]!, action.end);
        break;
      case "cut": {
        const pipe = this.#pipes[action.pipe]!;
        this.#cuts++;
        pipe.isCut = true;
        pipe.inbox[0].length = pipe.inbox[1].length = 0;
        break;
      }
      case "crash":
        this.#restarts++;
        this.#crash(this.#present(action.end));
        this.#start(action.end, action.ordinal);
        break;
      case "twin":
        this.#restarts++;
        this.#hasTwin = true;
        this.#start(action.end, action.ordinal);
        break;
      case "dead":
        this.#close(this.#pipes[action.pipe]!, action.end, true);
        break;
      case "timeout": {
        const pipe = this.#pipes[action.pipe]!;
        this.#apply(
          pipe.lives[action.end],
          (rules) => rules.handleProbeTimeout(pipe.id + 1, WALL_MICROS),
        );
      }
    }
  }

  /** What tells this state from another one. */
  key(): string {
    const lives = this.#lives.map((life) =>
      `${life.end}${life.ordinal}${life.isAlive ? "a" : ""}${life.isFenced ? "f" : ""}` +
      `${life.rules.sessionBootId}/${life.sessions}/${this.#maxNumber(life)}/${life.lastNumber}`
    );
    const pipes = this.#pipes.map((pipe) => {
      const ends = ([0, 1] as const).map((end) => {
        const claim = pipe.lives[end].rules.claim(pipe.id + 1);
        const inbox = pipe.inbox[end].map(({ kind, number }) => `${kind}${number}`);
        const state = claim === undefined
          ? ""
          : `${claim.state}${claim.proposal},${claim.number},${claim.target},${claim.nonce},${claim.against}`;
        return `${pipe.lives[end].id}${pipe.open[end] ? "o" : ""}${state}[${inbox}]`;
      });
      return `${ends}${pipe.isCut ? "x" : ""}`;
    });
    return `${this.#cuts}${this.#restarts}|${lives.join(";")}|${pipes.join(";")}`;
  }

  /**
   * No more faults: what is on its way arrives, what is dead is found dead, and whoever has no
   * connection dials. @returns Whether each end then has one process with one and the same link.
   */
  converge(): boolean {
    this.#maxPipes = Infinity;
    for (let round = 0; round < 40; round++) {
      this.#deliverAll();
      for (const pipe of this.#pipes) {
        for (const end of [0, 1] as const) {
          if (!pipe.open[end] || (pipe.open[1 - end] && !pipe.isCut)) continue;
          this.act({ kind: "dead", pipe: pipe.id, end });
        }
      }
      this.#deliverAll();
      for (const pipe of this.#pipes) {
        for (const end of [0, 1] as const) {
          if (this.#isProbing(pipe, end)) this.act({ kind: "timeout", pipe: pipe.id, end });
        }
      }
      this.#deliverAll();
      if (this.#isConverged()) return true;
      for (const life of this.#lives) if (this.#wantsDial(life)) this.#dial(life);
    }
    return false;
  }

  #actionsAt(pipe: Pipe, end: End, actions: Action[]): void {
    if (!pipe.lives[end].isAlive || !pipe.open[end]) return;
    if (pipe.inbox[end].length > 0) actions.push({ kind: "deliver", pipe: pipe.id, end });
    if (pipe.isCut || !pipe.open[1 - end]) actions.push({ kind: "dead", pipe: pipe.id, end });
    if (this.#isProbing(pipe, end)) actions.push({ kind: "timeout", pipe: pipe.id, end });
  }

  #isProbing(pipe: Pipe, end: End): boolean {
    const state = pipe.lives[end].rules.claim(pipe.id + 1)?.state;
    return pipe.lives[end].isAlive && (state === "probing" || state === "verifying");
  }

  #isConverged(): boolean {
    const living = this.#lives.filter(({ isAlive, isFenced }) => isAlive && !isFenced);
    if (living.length !== 2) return false;
    const [one, other] = living as [Life, Life];
    const id = one.rules.usable;
    return id !== null && other.rules.usable === id &&
      one.rules.claim(id)!.number === other.rules.claim(id)!.number;
  }

  /** Where a connection waits for a decision a second one would only disturb. */
  #wantsDial(life: Life): boolean {
    if (!life.isAlive || life.isFenced || life.rules.usable !== null) return false;
    return !this.#pipes.some((pipe) =>
      pipe.lives[life.end] === life && pipe.open[life.end] &&
      life.rules.claim(pipe.id + 1) !== undefined
    );
  }

  #deliverAll(): void {
    for (let isQuiet = false; !isQuiet;) {
      isQuiet = true;
      for (const pipe of this.#pipes) {
        for (const end of [0, 1] as const) {
          if (pipe.inbox[end].length === 0 || !pipe.open[end] || !pipe.lives[end].isAlive) continue;
          this.#deliver(pipe, end);
          isQuiet = false;
        }
      }
    }
  }

  #start(end: End, ordinal: number): void {
    const rules = end === 0 ? new Follower() : new Arbiter("counter");
    const id = this.#lives.length;
    this.#lives.push({
      id,
      end,
      ordinal,
      rules,
      isAlive: true,
      isFenced: false,
      sessions: [],
      lastNumber: 0,
    });
  }

  /** The process that has the name's address: the newest one, unless it is fenced. */
  #present(end: End): Life {
    const lives = this.#lives.filter((life) => life.end === end && life.isAlive);
    return lives.findLast(({ isFenced }) => !isFenced) ?? lives.at(-1)!;
  }

  #dial(life: Life): void {
    const other = this.#present((1 - life.end) as End);
    const lives: [Life, Life] = life.end === 0 ? [life, other] : [other, life];
    const pipe: Pipe = {
      id: this.#pipes.length,
      lives,
      open: [true, true],
      inbox: [[], []],
      isCut: false,
    };
    this.#pipes.push(pipe);
    this.#send(pipe, other.end, "HELLO", 0);
  }

  #crash(life: Life): void {
    life.isAlive = false;
    for (const pipe of this.#pipes) {
      if (pipe.lives[life.end] !== life) continue;
      pipe.open[life.end] = false;
      pipe.isCut = true;
      pipe.inbox[life.end].length = 0;
    }
  }

  #close(pipe: Pipe, end: End, tells: boolean): void {
    if (!pipe.open[end]) return;
    pipe.open[end] = false;
    pipe.inbox[end].length = 0;
    if (tells) this.#send(pipe, (1 - end) as End, "RST", 0);
    this.#apply(pipe.lives[end], (rules) => rules.handleClosed(pipe.id + 1, WALL_MICROS));
  }

  #deliver(pipe: Pipe, end: End): void {
    const { kind, number } = pipe.inbox[end].shift()!;
    const life = pipe.lives[end];
    const back = (1 - end) as End;
    const id = pipe.id + 1;
    switch (kind) {
      case "HELLO":
        if (life.isFenced) this.#close(pipe, end, true);
        else this.#send(pipe, back, "WELCOME", 0);
        break;
      case "WELCOME":
        this.#send(pipe, back, "CONFIRM", 0);
        this.#complete(pipe, end);
        break;
      case "CONFIRM":
        this.#complete(pipe, end);
        break;
      case "USE":
        this.#apply(life, (rules) => rules.handleUse(id, number));
        break;
      case "USEACK":
        this.#apply(life, (rules) => rules.handleUseAck(id, number, WALL_MICROS));
        break;
      case "START":
        this.#apply(life, (rules) => rules.handleStart(id, WALL_MICROS));
        break;
      case "PING":
        this.#send(pipe, back, "PONG", number);
        break;
      case "PONG":
        this.#apply(life, (rules) => rules.handlePong(id, number, WALL_MICROS));
        break;
      case "REFUSE":
        this.#fence(life);
        this.#close(pipe, end, false);
        break;
      case "RST":
        this.#close(pipe, end, false);
    }
  }

  #complete(pipe: Pipe, end: End): void {
    const life = pipe.lives[end];
    const peer = pipe.lives[1 - end]!;
    this.#apply(
      life,
      (rules) => rules.handleCompleted(pipe.id + 1, `L${peer.id}`, peer.ordinal, WALL_MICROS),
    );
  }

  #apply(life: Life, call: (rules: LinkRules) => Decision[] | null): void {
    if (!life.isAlive) return;
    const decisions = call(life.rules);
    if (decisions === null) {
      this.violations.push("a message of an honest end is taken for a breach of the protocol");
      return;
    }
    for (const decision of decisions) this.#carryOut(life, decision);
    this.#checkNumbers(life);
  }

  #carryOut(life: Life, decision: Decision): void {
    const pipe = this.#pipes[decision.connection - 1]!;
    const back = (1 - life.end) as End;
    if (!pipe.open[life.end]) return;
    switch (decision.kind) {
      case "propose":
        this.#send(pipe, back, "USE", decision.number);
        break;
      case "adopt":
        if (decision.newSession) this.#beginSession(life, pipe.lives[back]);
        this.#checkGrowth(life, decision.number);
        if (life.end === 0) this.#send(pipe, back, "USEACK", decision.number);
        this.#send(pipe, back, "START", 0);
        break;
      case "resume":
        this.#send(pipe, back, "START", 0);
        break;
      case "probe":
        this.#send(pipe, back, "PING", decision.nonce);
        break;
      case "refuse":
      case "displace":
        pipe.open[life.end] = false;
        pipe.inbox[life.end].length = 0;
        this.#send(pipe, back, "REFUSE", 0);
        break;
      case "supersede":
      case "abandon":
        pipe.open[life.end] = false;
        pipe.inbox[life.end].length = 0;
        this.#send(pipe, back, "RST", 0);
    }
  }

  #send(pipe: Pipe, to: End, kind: MessageKind, number: number): void {
    if (!pipe.isCut && pipe.open[to]) pipe.inbox[to].push({ kind, number });
  }

  /** Two sessions between the same two processes: their numbers begin again at one end only. */
  #beginSession(life: Life, peer: Life): void {
    const bootId = `L${peer.id}`;
    if (life.sessions.includes(bootId)) {
      this.violations.push("a session with a life is begun a second time");
    }
    life.sessions.push(bootId);
  }

  #fence(life: Life): void {
    life.isFenced = true;
    for (const pipe of this.#pipes) {
      if (pipe.lives[life.end] === life) this.#close(pipe, life.end, true);
    }
    if (this.#hasTwin) {
      const isLast = !this.#lives.some((other) =>
        other.end === life.end && other.isAlive && !other.isFenced
      );
      if (isLast) {
        this.violations.push("nobody of a name is left: both of its processes are fenced");
      }
    } else this.violations.push("a process is fenced whose name nobody else has");
  }

  /** Whatever happened before, the newer connection has the greater number. */
  #checkGrowth(life: Life, number: number): void {
    if (number <= life.lastNumber) {
      this.violations.push(`number ${number} is adopted after number ${life.lastNumber}`);
    }
    life.lastNumber = number;
  }

  /** The connection in use has the greatest number of those that are in use or stand by. */
  #checkNumbers({ rules }: Life): void {
    const { usable } = rules;
    if (usable === null) return;
    const { number, bootId } = rules.claim(usable)!;
    for (let id = 1; id <= this.#pipes.length; id++) {
      const claim = rules.claim(id);
      if (id === usable || claim?.state !== "adopted" || claim.bootId !== bootId) continue;
      if (claim.number >= number) {
        this.violations.push("an unused connection has the greater number");
      }
    }
  }

  #maxNumber({ rules }: Life): number {
    let greatest = 0;
    for (let id = 1; id <= this.#pipes.length; id++) {
      greatest = Math.max(greatest, rules.claim(id)?.number ?? 0);
    }
    return greatest;
  }
}
