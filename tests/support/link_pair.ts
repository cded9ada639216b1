/**
 * Two ends with the real links, and connections as pairs of queues: the control plane without
 * sockets, so that any order of deliveries can be played. It decides nothing: what a link says is
 * carried out as `LinkDriver`, `Connection` and `ConnectionManager` do, one `case` each.
 */

import type { Candidate } from "../../src/core/link/candidate.ts";
import type { LinkAction, LinkEvent } from "../../src/core/link/link_event.ts";
import { FrameKind } from "../../src/core/wire/frame.ts";
import {
  claimsOf,
  type End,
  ENDS,
  KINDS,
  type Life,
  type LinkPairOptions,
  type Message,
  type MessageKind,
  newLife,
  newPipe,
  other,
  type Pipe,
} from "./link_life.ts";

/** A pair of ends. */
export class LinkPair {
  /** What must never happen, in words. */
  readonly violations: string[] = [];
  /** Every life there has been. */
  readonly everyLife: Life[] = [];
  readonly pipes: Pipe[] = [];
  /** The lives that handshakes are with. */
  readonly lives: Record<End, Life>;
  /** The wall clocks, microseconds. */
  readonly wallMicros: Record<End, number> = { a: 1_000_000, b: 1_000_000 };
  readonly #options: LinkPairOptions;

  constructor(options: LinkPairOptions = {}) {
    this.#options = options;
    this.lives = { a: this.begin("a", 10), b: this.begin("b", 10) };
  }

  // By hand.

  /** A handshake completes between the present lives: CONFIRM is read at both ends at once. */
  connect(first: End = "b"): number {
    const id = this.open();
    this.complete(id, first);
    this.complete(id, other(first));
    return id;
  }

  /** A connection whose handshake has completed at neither end yet; nobody of the two dialled. */
  open(): number {
    return this.#addPipe({ ...this.lives }).id;
  }

  /** The handshake completes at one end. */
  complete(id: number, end: End): void {
    this.#complete(this.pipe(id), end);
  }

  /** Reads up to the next message, of that kind where there is one, and that one too. */
  deliver(id: number, end: End, kind?: MessageKind): MessageKind {
    const pipe = this.pipe(id);
    for (;;) {
      if (pipe.inbox[end].length === 0) throw new Error(`Nothing to read for ${end} on ${id}`);
      const read = this.read(pipe, end);
      if (kind === undefined || read === kind) return read;
    }
  }

  /** Reads all that lies in one queue of a connection. */
  deliverRest(id: number, end: End): void {
    const pipe = this.pipe(id);
    while (pipe.inbox[end].length > 0) this.read(pipe, end);
  }

  /** Delivers everything, connection by connection, until nothing is left to read. */
  settle(): void {
    if (!this.readAll((pipe, end) => pipe.lives[end] === this.lives[end])) {
      throw new Error("The pair does not come to rest");
    }
  }

  /** Packets of a connection vanish from now on; both ends keep thinking it is open. */
  cut(id: number): void {
    const pipe = this.pipe(id);
    pipe.isCut = true;
    pipe.inbox.a.length = pipe.inbox.b.length = 0;
  }

  /** One end finds a connection dead (its heartbeat, or its socket). */
  detectDead(id: number, end: End): void {
    const pipe = this.pipe(id);
    if (pipe.open[end]) this.#end(pipe, end, "RST");
  }

  /** The deadline of the probe that began first passes at an end. */
  probeTimeout(end: End): void {
    this.passTime(this.lives[end]);
  }

  /** The host of an end dies without a word and another process starts under the same name. */
  restart(end: End, ordinal: number): void {
    this.crash(this.lives[end]);
    this.lives[end] = this.begin(end, ordinal);
  }

  /** A second process with the same name starts while the first one lives. */
  twin(end: End, ordinal: number): void {
    this.lives[end] = this.begin(end, ordinal);
  }

  /** The connection in use at an end, or `null`. */
  usable(end: End): number | null {
    return this.lives[end].link.usable;
  }

  /** The link number of a connection at an end. */
  number(id: number, end: End): number {
    return this.pipe(id).lives[end].link.numberOf(id);
  }

  /** A connection as the rules of a life see it. */
  claim(id: number, life: Life): Readonly<Candidate> | undefined {
    return claimsOf(life).find((claim) => claim.id === id);
  }

  // For whoever searches.

  /** A connection. */
  pipe(id: number): Pipe {
    return this.pipes[id - 1]!;
  }

  /** A process starts; its link is not wanted yet. */
  begin(end: End, ordinal: number): Life {
    const life = newLife(this.everyLife.length, end, ordinal, this.#options);
    this.everyLife.push(life);
    return life;
  }

  /** A life dies without a word. */
  crash(life: Life): void {
    life.isAlive = false;
    for (const pipe of this.pipes) {
      if (pipe.lives[life.end] !== life) continue;
      pipe.open[life.end] = false;
      pipe.isCut = true;
      pipe.inbox[life.end].length = 0;
    }
  }

  /** What a link that wants to dial gets: a connection, with HELLO on its way. */
  dialFrom(life: Life): Pipe {
    const peer = this.lives[other(life.end)];
    const pipe = this.#addPipe(life.end === "a" ? { a: life, b: peer } : { a: peer, b: life });
    life.attempt = pipe;
    this.#post(pipe, peer.end, "HELLO");
    return pipe;
  }

  /** Reads until nothing is left that fits. @returns Whether it came to rest. */
  readAll(fits: (pipe: Pipe, end: End) => boolean): boolean {
    for (let round = 0; round < 1_000; round++) {
      let isQuiet = true;
      for (const pipe of this.pipes) {
        for (const end of ENDS) {
          if (pipe.inbox[end].length === 0 || !fits(pipe, end)) continue;
          this.read(pipe, end);
          isQuiet = false;
        }
      }
      if (isQuiet) return true;
    }
    return false;
  }

  /** An end reads the next message of a connection. */
  read(pipe: Pipe, end: End): MessageKind {
    const message = pipe.inbox[end].shift()!;
    const { kind, number } = message;
    const life = pipe.lives[end];
    switch (kind) {
      case "HELLO":
        this.#answerHello(pipe, end);
        break;
      case "WELCOME": {
        const admission = life.link.admit(pipe.lives[other(end)].hello);
        if (admission !== null) this.#end(pipe, end, "REFUSE", admission.code);
        else {
          this.#post(pipe, other(end), "CONFIRM");
          this.#complete(pipe, end);
        }
        break;
      }
      case "CONFIRM":
        this.#complete(pipe, end);
        break;
      case "PING":
        this.#post(pipe, other(end), "PONG", number);
        break;
      case "REFUSE":
        this.#readRefusal(pipe, end, message);
        break;
      case "RST":
        this.#end(pipe, end, null);
        break;
      case "START":
        if (!pipe.isAttached[end]) this.violations.push("START comes before the session");
        this.#control(pipe, end, kind, number);
        break;
      default:
        this.#control(pipe, end, kind, number);
    }
    return kind;
  }

  /** Time passes at a life until its link has something to do. */
  passTime(life: Life): void {
    life.nowMs = life.link.nextDeadlineMs();
    this.tell(life, { kind: "timeout" });
  }

  /** Tells a link of what happened, and does what it says. What happens meanwhile waits. */
  tell(life: Life, event: LinkEvent): void {
    if (life.pending !== null) {
      life.pending.push(event);
      return;
    }
    if (!life.isAlive) return;
    const pending = life.pending = [event];
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
      const actions = life.link.handle(next, ++life.nowMs, this.wallMicros[life.end]);
      for (const action of actions) this.#carryOut(life, action);
    }
    life.pending = null;
  }

  /** Whether at each life the connection in use has the greatest number; else `violations` says. */
  checkNumbers(): void {
    for (const life of this.everyLife) if (life.isAlive) this.#checkNumbers(life);
  }

  /** A life has read a verdict against it: it ends all that it has, whoever it is with. */
  protected handleFenced(life: Life): void {
    life.isFenced = true;
    this.tell(life, { kind: "stop", code: "fenced", refusal: null });
    for (const pipe of this.pipes) {
      if (pipe.lives[life.end] !== life || pipe.isComplete[life.end]) continue;
      if (life.attempt !== pipe) this.#end(pipe, life.end, "RST");
    }
  }

  #addPipe(lives: Readonly<Record<End, Life>>): Pipe {
    const pipe = newPipe(this.pipes.length + 1, lives);
    this.pipes.push(pipe);
    return pipe;
  }

  #carryOut(life: Life, action: LinkAction): void {
    const { end } = life;
    switch (action.kind) {
      case "send": {
        const kind = KINDS.get(action.frame)!;
        life.log.push(`${kind} ${action.connection}`);
        this.#post(this.pipe(action.connection), other(end), kind, action.number);
        break;
      }
      case "refuse":
        life.log.push(`refuse ${action.connection} ${action.code}`);
        this.#end(this.pipe(action.connection), end, "REFUSE", action.code);
        break;
      case "abort":
        life.log.push(`abort ${action.connection} ${action.reason}`);
        this.#end(this.pipe(action.connection), end, "RST");
        break;
      case "breach":
        this.violations.push("a message of an honest end is taken for a breach of the protocol");
        this.#end(this.pipe(action.connection), end, "REFUSE", action.code);
        break;
      case "begin":
        this.#beginSession(life, this.pipe(action.connection).lives[other(end)].bootId);
        break;
      case "attach": {
        life.log.push(`attach ${action.connection}`);
        const pipe = this.pipe(action.connection);
        pipe.isAttached[end] = true;
        this.#post(pipe, other(end), "START", 1);
        break;
      }
      case "dial":
        life.attempt = "pending";
        break;
      case "give-dial-up": {
        const { attempt } = life;
        life.attempt = null;
        if (attempt !== "pending") this.#end(attempt!, end, "REFUSE", "not-needed");
        break;
      }
      case "tell":
        if (action.news.type === "connected") this.#checkGrowth(life, action.news.identifier);
        break;
      case "fenced":
        this.handleFenced(life);
        break;
      case "settle":
      case "hold":
        // Nobody has messages here.
    }
  }

  #answerHello(pipe: Pipe, end: End): void {
    const { link, isFenced } = pipe.lives[end];
    if (isFenced) {
      this.#end(pipe, end, "RST");
      return;
    }
    const admission = link.admit(pipe.lives[other(end)].hello);
    if (admission === null) this.#post(pipe, other(end), "WELCOME");
    else this.#end(pipe, end, "REFUSE", admission.code);
  }

  #readRefusal(pipe: Pipe, end: End, { code }: Message): void {
    const life = pipe.lives[end];
    if (pipe.isComplete[end]) {
      this.tell(life, { kind: "refused", connection: pipe.id, code: code as "duplicate" });
    }
    if (pipe.open[end]) this.#end(pipe, end, null);
  }

  #complete(pipe: Pipe, end: End): void {
    const life = pipe.lives[end];
    const isOwnDial = life.attempt === pipe;
    if (isOwnDial) life.attempt = null;
    pipe.isComplete[end] = true;
    const back = other(end);
    this.tell(life, {
      kind: "opened",
      connection: pipe.id,
      remote: pipe.lives[back].hello,
      silence: { silenceMs: () => (pipe.isCut || !pipe.open[back] ? Infinity : 0) },
      isOwnDial,
    });
  }

  /** One end of a connection closes; `last` is what the other one gets, where it is not gone. */
  #end(pipe: Pipe, end: End, last: "REFUSE" | "RST" | null, code = ""): void {
    if (!pipe.open[end]) return;
    pipe.open[end] = false;
    pipe.inbox[end].length = 0;
    if (last !== null) this.#post(pipe, other(end), last, 0, code);
    const life = pipe.lives[end];
    if (pipe.isComplete[end]) this.tell(life, { kind: "closed", connection: pipe.id });
    else if (life.attempt === pipe) {
      life.attempt = null;
      this.tell(life, { kind: "dial-ended", error: "" });
    }
  }

  #control(pipe: Pipe, end: End, kind: keyof typeof FrameKind, number: number): void {
    const frame = FrameKind[kind];
    this.tell(pipe.lives[end], { kind: "control", connection: pipe.id, frame, number });
  }

  #post(pipe: Pipe, to: End, kind: MessageKind, number = 0, code = ""): void {
    if (!pipe.isCut && pipe.open[to]) pipe.inbox[to].push({ kind, number, code });
  }

  /** Two sessions between the same two processes: their numbers begin again at one end only. */
  #beginSession(life: Life, bootId: string): void {
    if (life.sessions.includes(bootId)) {
      this.violations.push("a session with a life is begun a second time");
    }
    life.sessions.push(bootId);
  }

  /** Whatever happened before, the newer connection has the greater number. */
  #checkGrowth(life: Life, number: number): void {
    if (number <= life.lastNumber) {
      this.violations.push(`number ${number} is adopted after number ${life.lastNumber}`);
    }
    life.lastNumber = number;
  }

  /** The connection in use has the greatest number of those that are in use or stand by. */
  #checkNumbers(life: Life): void {
    const { usable } = life.link;
    if (usable === null) return;
    const { bootId } = this.pipe(usable).lives[other(life.end)];
    const number = life.link.numberOf(usable);
    for (const claim of claimsOf(life)) {
      if (claim.id === usable || claim.state !== "adopted" || claim.bootId !== bootId) continue;
      if (claim.number >= number) {
        this.violations.push("an unused connection has the greater number");
      }
    }
  }
}
