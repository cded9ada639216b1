/** The numbers of the model, and the ways to break its rules. */

/** How much there is of everything. Credit, room and pool are in units: see `units`. */
export interface Limits {
  readonly ends: 2 | 3;
  /** Calls that one end may have open at another. */
  readonly places: number;
  /** Places on top for calls that handlers make. */
  readonly depth: number;
  /** Frames of one direction that may be unacknowledged. */
  readonly log: number;
  /** Standing credit of each session, in each direction, for requests and for answers. */
  readonly credit: number;
  /** Room of each end for requests, and as much for answers. */
  readonly room: number;
  /** Answers of one session that wait for their grant, in units, after which nothing is started. */
  readonly answersMax: number;
  /** Notifications whose handlers have not ended. */
  readonly notes: number;
  /** What notifications whose handlers have not started may take. */
  readonly noteUnits: number;
  /** What a stream may be ahead of its consumer. */
  readonly window: number;
  /** What all streams of an end may borrow together. */
  readonly pool: number;
  /** How often a path breaks, and is made again. */
  readonly breaks: number;
}

/** Enough of each, as little as possible: one large payload fits. */
export const NARROW: Limits = {
  ends: 2,
  places: 1,
  depth: 1,
  log: 1,
  credit: 0,
  room: 2,
  answersMax: 99,
  notes: 1,
  noteUnits: 2,
  window: 1,
  pool: 1,
  breaks: 0,
};

/** One rule that is left out. */
export type Broken =
  /** A call takes its place with the last frame of its request, not with the first. */
  | "late place"
  /** A place is free again when the caller knows of the answer, not when it has the answer. */
  | "early place"
  /** Deeper calls get no places of their own. */
  | "no depth places"
  /** Deeper calls have places of their own among those for everybody. */
  | "reserved depth places"
  /** Requests, answers and streams share one room. */
  | "one room"
  /** Room is granted to requests that cannot be started. */
  | "unready grant"
  /** Room is granted piece by piece. */
  | "partial grant"
  /** What fits the standing credit waits for credit and never asks for room. */
  | "credit only"
  /** Credit does not come back. */
  | "credit kept"
  /** One peer may have all the room. */
  | "no share"
  /** A peer never gets more than half of what is free, also where it holds nothing. */
  | "strict share"
  /** Granted room does not come back at a deadline. */
  | "no deadline"
  /** A cancel leaves granted room where it is. */
  | "cancel keeps room"
  /** A callee whose answer waits for its grant does not hear a cancel. */
  | "deaf callee"
  /** The end of a call leaves the room of its answer where it is. */
  | "answer room leaks"
  /** Notifications have no credit: what has no handler yet is not acknowledged. */
  | "withheld acknowledgement"
  /** `notify` ends when the message is sent, not when the queue has taken it. */
  | "notify waits"
  /** Notifications have less credit than the largest of them takes. */
  | "narrow notes"
  /** A closing end is sent no calls at all. */
  | "deaf to deeper"
  /** Closing is said once, and not with each START. */
  | "closing forgotten"
  /** GRANT and CREDIT have no numbers: those on a path that breaks are lost. */
  | "unnumbered grant"
  /** What is sent again is handled again. */
  | "replay handled"
  /** An item larger than its window is lent room before its consumer waits for it. */
  | "borrow ahead";
