/**
 * Processes with their links, and connections between them as pairs of queues: what `LinkPair`
 * plays with.
 */

import type { Candidate } from "../../src/core/link/candidate.ts";
import type { LinkEvent } from "../../src/core/link/link_event.ts";
import { Link } from "../../src/core/link/link.ts";
import type { IdentifierMode } from "../../src/core/link/link_number.ts";
import { FrameKind } from "../../src/core/wire/frame.ts";
import type { Hello } from "../../src/core/wire/hello.ts";

/** `a` has the smaller name (follower), `b` the greater one (arbiter). */
export type End = "a" | "b";

/** Both of them. */
export const ENDS: readonly End[] = ["a", "b"];

/** What lies in a queue; RST is what a socket tells of its other end. */
export type MessageKind =
  | "HELLO"
  | "WELCOME"
  | "CONFIRM"
  | "USE"
  | "USEACK"
  | "START"
  | "PING"
  | "PONG"
  | "DRAIN"
  | "REFUSE"
  | "RST";

/** A message on its way. */
export interface Message {
  readonly kind: MessageKind;
  readonly number: number;
  /** Why, where it is REFUSE. */
  readonly code: string;
}

/** A process at one end. */
export interface Life {
  readonly id: number;
  readonly end: End;
  readonly bootId: string;
  readonly ordinal: number;
  readonly hello: Hello;
  readonly link: Link;
  /** What its link said, in words, in order. */
  readonly log: string[];
  /** Lives of the other end with which it began a session, in this order. */
  readonly sessions: string[];
  /** The number under which it last adopted a connection. */
  lastNumber: number;
  isAlive: boolean;
  isFenced: boolean;
  /** Its attempt to dial: the connection whose handshake is under way, or that none is yet. */
  attempt: Pipe | "pending" | null;
  /** Its monotonic clock, milliseconds. */
  nowMs: number;
  /** What happened while actions were carried out. */
  pending: LinkEvent[] | null;
}

/** A connection. */
export interface Pipe {
  readonly id: number;
  /** The life at each end. */
  readonly lives: Readonly<Record<End, Life>>;
  readonly open: Record<End, boolean>;
  /** Where the handshake is complete. */
  readonly isComplete: Record<End, boolean>;
  /** Where the session has been attached. */
  readonly isAttached: Record<End, boolean>;
  /** What has not been read. */
  readonly inbox: Record<End, Message[]>;
  isCut: boolean;
}

/** Durations of the links, in milliseconds; each event takes one, so probes have an order. */
export const SETTINGS = {
  fence: "process" as const,
  suspectAfterMs: 500,
  probeTimeoutMs: 1_000,
  redialMinMs: 1e7,
  redialMaxMs: 1e7,
  resumeWindowMs: 1e12,
};

const LIMITS = {
  maxInFlight: 1,
  payloadMaxBytes: 1,
  clientMaxInFlight: 1,
  clientPayloadMaxBytes: 1,
  creditBytes: 1,
  notificationsMax: 1,
  maxStreams: 16,
  clientMaxStreams: 4,
};

/** The control frames by their numbers. */
export const KINDS = new Map<number, MessageKind>(
  (["USE", "USEACK", "START", "PING", "PONG", "DRAIN"] as const).map((kind) => [
    FrameKind[kind],
    kind,
  ]),
);

/** How the links of a pair are made. */
export interface LinkPairOptions {
  /** Where the arbiter's numbers come from; `counter` by default. */
  readonly mode?: IdentifierMode;
  /** Whether both ends say that their ordinals rise; `false` by default. */
  readonly ordinalRises?: boolean;
}

/** A process starts; its link is not wanted yet. */
export function newLife(id: number, end: End, ordinal: number, options: LinkPairOptions): Life {
  const bootId = `L${id}`;
  const name = end.toUpperCase();
  const hello: Hello = {
    role: "peer",
    name,
    bootId,
    ordinal,
    ordinalRises: options.ordinalRises ?? false,
    hostname: name,
    port: 1,
    heartbeatIntervalMs: 1_000,
    limits: LIMITS,
  };
  const peer = other(end).toUpperCase();
  return {
    id,
    end,
    bootId,
    ordinal,
    hello,
    link: new Link({
      self: hello,
      definition: { name: peer, hostname: peer, port: 1 },
      settings: { ...SETTINGS, identifier: options.mode ?? "counter" },
      draw: () => 0.5,
    }),
    log: [],
    sessions: [],
    lastNumber: 0,
    isAlive: true,
    isFenced: false,
    attempt: null,
    nowMs: 0,
    pending: null,
  };
}

/** A connection between two lives, whose handshake has not begun. */
export function newPipe(id: number, lives: Readonly<Record<End, Life>>): Pipe {
  return {
    id,
    lives,
    open: { a: true, b: true },
    isComplete: { a: false, b: false },
    isAttached: { a: false, b: false },
    inbox: { a: [], b: [] },
    isCut: false,
  };
}

/** The other one. */
export function other(end: End): End {
  return end === "a" ? "b" : "a";
}

/** The connections of a life as its rules see them. */
export function claimsOf({ link }: Life): readonly Readonly<Candidate>[] {
  return link.snapshot().candidates.rules?.claims ?? [];
}
