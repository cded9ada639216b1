/**
 * Two ends, their rules, and connections as pairs of queues: the control plane of a link without
 * sockets, so that any order of deliveries can be played by hand.
 */

import { Arbiter } from "../../src/core/link/arbiter.ts";
import type { Decision, LinkRules } from "../../src/core/link/candidate.ts";
import { Follower } from "../../src/core/link/follower.ts";
import type { IdentifierMode } from "../../src/core/link/link_number.ts";

/** `a` has the smaller name (follower), `b` the greater one (arbiter). */
export type End = "a" | "b";

type Message =
  | { kind: "USE" | "USEACK" | "PING" | "PONG"; number: number }
  | { kind: "START" | "REFUSE" | "RST"; number: 0 };

interface Life {
  rules: LinkRules;
  bootId: string;
  ordinal: number;
  /** What its rules decided, in words, in order. */
  log: string[];
  /** Set when it was refused or displaced: it fences itself. */
  fenced: boolean;
}

interface Pipe {
  /** The life at each end when the handshake completed. */
  lives: Record<End, Life>;
  open: Record<End, boolean>;
  /** What has not been read. */
  inbox: Record<End, Message[]>;
  cut: boolean;
}

/** A pair of ends. */
export class LinkPair {
  readonly pipes = new Map<number, Pipe>();
  readonly lives: Record<End, Life>;
  readonly #mode: IdentifierMode;
  #lastId = 0;
  #boots = 0;
  /** The wall clocks, microseconds. */
  readonly wallMicros: Record<End, number> = { a: 1_000_000, b: 1_000_000 };

  constructor(mode: IdentifierMode = "counter") {
    this.#mode = mode;
    this.lives = { a: this.#life("a", 10), b: this.#life("b", 10) };
  }

  /** A handshake completes between the present lives: CONFIRM is read at both ends at once. */
  connect(first: End = "b"): number {
    const id = this.open();
    this.complete(id, first);
    this.complete(id, other(first));
    return id;
  }

  /** A connection whose handshake has completed at neither end yet. */
  open(): number {
    const id = ++this.#lastId;
    this.pipes.set(id, {
      lives: { ...this.lives },
      open: { a: true, b: true },
      inbox: { a: [], b: [] },
      cut: false,
    });
    return id;
  }

  /** The handshake completes at one end. */
  complete(id: number, end: End): void {
    const pipe = this.pipes.get(id)!;
    const peer = pipe.lives[other(end)];
    this.#at(
      end,
      pipe.lives[end],
      (rules) => rules.handleCompleted(id, peer.bootId, peer.ordinal, this.wallMicros[end]),
    );
  }

  /** One end reads the next message of a connection. */
  deliver(id: number, end: End): string {
    const pipe = this.pipes.get(id)!;
    const message = pipe.inbox[end].shift();
    if (message === undefined) throw new Error(`Nothing to read for ${end} on ${id}`);
    if (!pipe.open[end]) return message.kind;
    const life = pipe.lives[end];
    this.#at(end, life, (rules) => {
      switch (message.kind) {
        case "USE":
          return rules.handleUse(id, message.number) ?? [];
        case "USEACK":
          return rules.handleUseAck(id, message.number, this.wallMicros[end]) ?? [];
        case "START":
          return rules.handleStart(id, this.wallMicros[end]);
        case "PING":
          this.#send(pipe, other(end), { kind: "PONG", number: message.number });
          return [];
        case "PONG":
          return rules.handlePong(id, message.number, this.wallMicros[end]);
        case "REFUSE":
          life.fenced = true;
          pipe.open[end] = false;
          return rules.handleClosed(id, this.wallMicros[end]);
        case "RST":
          pipe.open[end] = false;
          return rules.handleClosed(id, this.wallMicros[end]);
      }
    });
    return message.kind;
  }

  /** Delivers everything, connection by connection, until nothing is left to read. */
  settle(): void {
    for (let round = 0; round < 1_000; round++) {
      let quiet = true;
      for (const [id, pipe] of this.pipes) {
        for (const end of ["a", "b"] as const) {
          if (pipe.inbox[end].length > 0 && this.isCurrent(id, end)) {
            this.deliver(id, end);
            quiet = false;
          }
        }
      }
      if (quiet) return;
    }
    throw new Error("The pair does not come to rest");
  }

  /** Whether that end of a connection belongs to the present life. */
  isCurrent(id: number, end: End): boolean {
    return this.pipes.get(id)!.lives[end] === this.lives[end];
  }

  /** Packets of a connection vanish from now on; both ends keep thinking it is open. */
  cut(id: number): void {
    const pipe = this.pipes.get(id)!;
    pipe.cut = true;
    pipe.inbox.a.length = pipe.inbox.b.length = 0;
  }

  /** One end finds a connection dead (its heartbeat, or its socket). */
  detectDead(id: number, end: End): void {
    const pipe = this.pipes.get(id)!;
    pipe.open[end] = false;
    this.#send(pipe, other(end), { kind: "RST", number: 0 });
    this.#at(end, pipe.lives[end], (rules) => rules.handleClosed(id, this.wallMicros[end]));
  }

  /** A probe's deadline passes. */
  probeTimeout(claimant: number, end: End): void {
    this.#at(
      end,
      this.pipes.get(claimant)!.lives[end],
      (rules) => rules.handleProbeTimeout(claimant, this.wallMicros[end]),
    );
  }

  /** The host of an end dies without a word and another process starts under the same name. */
  restart(end: End, ordinal: number): void {
    for (const pipe of this.pipes.values()) {
      if (pipe.lives[end] !== this.lives[end]) continue;
      pipe.open[end] = false;
      pipe.cut = true;
      pipe.inbox[end].length = 0;
    }
    this.lives[end] = this.#life(end, ordinal);
  }

  /** A second process with the same name starts while the first one lives. */
  twin(end: End, ordinal: number): void {
    this.lives[end] = this.#life(end, ordinal);
  }

  /** The connection in use at an end, or `null`. */
  usable(end: End): number | null {
    return this.lives[end].rules.usable;
  }

  /** The link number of a connection at an end. */
  number(id: number, end: End): number {
    return this.pipes.get(id)!.lives[end].rules.claim(id)?.number ?? 0;
  }

  #life(end: End, ordinal: number): Life {
    const rules = end === "a" ? new Follower() : new Arbiter(this.#mode);
    return { rules, bootId: `${end}${this.#boots++}`, ordinal, log: [], fenced: false };
  }

  #at(end: End, life: Life, act: (rules: LinkRules) => Decision[]): void {
    for (const decision of act(life.rules)) this.#carryOut(end, life, decision);
  }

  #carryOut(end: End, life: Life, decision: Decision): void {
    const { connection: id, kind } = decision;
    const pipe = this.pipes.get(id)!;
    life.log.push(`${kind} ${id}`);
    switch (decision.kind) {
      case "propose":
        this.#send(pipe, other(end), { kind: "USE", number: decision.number });
        break;
      case "adopt":
        if (end === "a") this.#send(pipe, "b", { kind: "USEACK", number: decision.number });
        this.#send(pipe, other(end), { kind: "START", number: 0 });
        break;
      case "probe":
        this.#send(pipe, other(end), { kind: "PING", number: decision.nonce });
        break;
      case "refuse":
      case "displace":
        pipe.open[end] = false;
        this.#send(pipe, other(end), { kind: "REFUSE", number: 0 });
        break;
      case "supersede":
      case "abandon":
        pipe.open[end] = false;
        this.#send(pipe, other(end), { kind: "RST", number: 0 });
        break;
      case "resume":
        this.#send(pipe, other(end), { kind: "START", number: 0 });
        break;
    }
  }

  #send(pipe: Pipe, to: End, message: Message): void {
    if (!pipe.cut && pipe.open[to]) pipe.inbox[to].push(message);
  }
}

function other(end: End): End {
  return end === "a" ? "b" : "a";
}
