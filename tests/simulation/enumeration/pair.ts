/**
 * A pair of links, and everything that can happen to it: every step is an action of a list, so that
 * a state is the list of actions that led to it.
 */

import { type End, ENDS, type Life, other, type Pipe } from "../../support/link_life.ts";
import { LinkPair } from "../../support/link_pair.ts";
import { isDead, isOpen, stateKey } from "./state_key.ts";

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
  /** A life tells the other end that it is closing. */
  | { readonly kind: "drain"; readonly life: number }
  /** The probe of a life that began first has no answer in time. */
  | { readonly kind: "timeout"; readonly life: number };

/** How much may happen. */
export interface Bounds {
  /** Connections. */
  readonly pipes: number;
  /** Connections that are cut. */
  readonly cuts: number;
  /** Crashes and second processes. */
  readonly restarts: number;
  /** Whether processes begin to close; what is open goes on then, so they converge all the same. */
  readonly drains: boolean;
  /** Whether a process that starts later has a greater ordinal, and says so in its HELLO. */
  readonly rises: boolean;
}

/** What is searched whole. */
export const SEARCHED: Bounds = { pipes: 3, cuts: 1, restarts: 1, drains: false, rises: false };

const ORDINALS: readonly number[] = [9, 10, 11];

/** The pair in one state. */
export class SearchedPair extends LinkPair {
  readonly #bounds: Bounds;
  #maxPipes: number;
  #cuts = 0;
  #restarts = 0;
  #hasTwin = false;

  constructor(bounds: Bounds = SEARCHED) {
    super({ ordinalRises: bounds.rises });
    this.#bounds = bounds;
    this.#maxPipes = bounds.pipes;
    for (const life of this.everyLife) this.tell(life, { kind: "start" });
  }

  /** Everything that can happen now. */
  actions(): Action[] {
    const actions: Action[] = [];
    for (const life of this.everyLife) {
      if (!isActive(life)) continue;
      if (this.pipes.length < this.#maxPipes && !isHandshaking(life)) {
        actions.push({ kind: "dial", life: life.id });
      }
      if (this.#bounds.drains && life.link.snapshot().state.kind === "kept") {
        actions.push({ kind: "drain", life: life.id });
      }
      if (isProbing(life)) actions.push({ kind: "timeout", life: life.id });
    }
    for (const pipe of this.pipes) {
      for (const end of ENDS) {
        if (!isOpen(pipe, end)) continue;
        if (pipe.inbox[end].length > 0) actions.push({ kind: "deliver", pipe: pipe.id, end });
        if (isDead(pipe, end)) actions.push({ kind: "dead", pipe: pipe.id, end });
      }
      if (this.#cuts < this.#bounds.cuts && !pipe.isCut && pipe.open.a && pipe.open.b) {
        actions.push({ kind: "cut", pipe: pipe.id });
      }
    }
    if (this.#restarts < this.#bounds.restarts) {
      for (const end of ENDS) {
        for (const ordinal of this.#bounds.rises ? [11 + this.#restarts] : ORDINALS) {
          actions.push({ kind: "crash", end, ordinal });
          if (ordinal !== 10) actions.push({ kind: "twin", end, ordinal });
        }
      }
    }
    return actions;
  }

  /** One step, and what follows from it whenever it happens. */
  act(action: Action): void {
    this.#act(action);
    for (const pipe of this.pipes) for (const end of ENDS) this.#sweep(pipe, end);
  }

  #act(action: Action): void {
    switch (action.kind) {
      case "dial":
        this.#dial(this.everyLife[action.life]!);
        break;
      case "deliver":
        this.#deliver(this.pipe(action.pipe), action.end);
        break;
      case "cut":
        this.#cuts++;
        this.cut(action.pipe);
        break;
      case "crash":
        this.#restarts++;
        this.restart(action.end, action.ordinal);
        this.tell(this.lives[action.end], { kind: "start" });
        break;
      case "twin":
        this.#restarts++;
        this.#hasTwin = true;
        this.twin(action.end, action.ordinal);
        this.tell(this.lives[action.end], { kind: "start" });
        break;
      case "dead":
        this.detectDead(action.pipe, action.end);
        break;
      case "drain":
        this.tell(this.everyLife[action.life]!, { kind: "drain" });
        break;
      case "timeout":
        this.passTime(this.everyLife[action.life]!);
    }
  }

  /** What tells this state from another one, see `stateKey`. */
  key(): string {
    const { a, b } = this.lives;
    const done = [this.#cuts, this.#restarts, this.pipes.length, this.#hasTwin, a.id, b.id];
    return `${done}|${stateKey(this.everyLife, this.pipes, isActive)}`;
  }

  /**
   * No more faults: what is on its way arrives, what is dead is found dead, and time passes until
   * a link acts. @returns Whether each end then has one process with one and the same connection.
   */
  converge(): boolean {
    this.#maxPipes = Infinity;
    for (let round = 0; round < 40; round++) {
      this.readAll(isOpen);
      for (const pipe of this.pipes) {
        for (const end of ENDS) {
          if (isOpen(pipe, end) && isDead(pipe, end)) this.detectDead(pipe.id, end);
        }
      }
      this.readAll(isOpen);
      for (const life of this.everyLife) {
        if (isActive(life) && isProbing(life)) this.passTime(life);
      }
      this.readAll(isOpen);
      if (this.#isConverged()) return true;
      for (const life of this.everyLife) this.#wake(life);
    }
    return false;
  }

  protected override handleFenced(life: Life): void {
    super.handleFenced(life);
    // The name's address belongs to the newest process that goes on.
    const rest = this.everyLife.filter((one) => one.end === life.end && isActive(one));
    if (this.lives[life.end] === life && rest.length > 0) this.lives[life.end] = rest.at(-1)!;
    if (!this.#hasTwin) this.violations.push("a process is fenced whose name nobody else has");
    else if (rest.length === 0) {
      this.violations.push("nobody of a name is left: both of its processes are fenced");
    }
  }

  /** Whoever wants to dial does; else time passes until it does. */
  #wake(life: Life): void {
    if (!isActive(life) || isHandshaking(life) || life.link.usable !== null) return;
    if (life.attempt === null) this.passTime(life);
    if (life.attempt === "pending") this.dialFrom(life);
  }

  /**
   * Reads a message and the pings that come right behind it: connections answer them, and no link
   * hears of it, so it would be the same step twice.
   */
  #deliver(pipe: Pipe, end: End): void {
    this.read(pipe, end);
    while (pipe.inbox[end][0]?.kind === "PING") this.read(pipe, end);
  }

  /**
   * What came to nothing before its handshake was complete is closed at once. The link of whoever
   * was dialled never hears of it, and that of the dialer only that it may dial again: to close it
   * later is to dial later, and everybody may do that.
   */
  #sweep(pipe: Pipe, end: End): void {
    if (pipe.isComplete[end] || !isOpen(pipe, end)) return;
    const kind = pipe.inbox[end][0]?.kind;
    if (kind === "REFUSE" || kind === "RST") this.read(pipe, end);
    else if (kind === undefined && isDead(pipe, end)) this.detectDead(pipe.id, end);
  }

  /** HELLO is read at once: no link hears of it, and what answers it is on its way as long. */
  override dialFrom(life: Life): Pipe {
    const pipe = super.dialFrom(life);
    this.read(pipe, other(life.end));
    return pipe;
  }

  #dial(life: Life): void {
    // A suspicion, a request: somebody wants one now.
    this.tell(life, { kind: "dial" });
    if (life.attempt === "pending") this.dialFrom(life);
  }

  #isConverged(): boolean {
    const [one, another, ...more] = this.everyLife.filter(isActive);
    if (one === undefined || another === undefined || more.length > 0) return false;
    const id = one.link.usable;
    return id !== null && another.link.usable === id &&
      one.link.numberOf(id) === another.link.numberOf(id);
  }
}

function isActive({ isAlive, isFenced }: Life): boolean {
  return isAlive && !isFenced;
}

function isHandshaking({ attempt }: Life): boolean {
  return attempt !== null && attempt !== "pending";
}

function isProbing({ link }: Life): boolean {
  return link.snapshot().candidates.probes.length > 0;
}
