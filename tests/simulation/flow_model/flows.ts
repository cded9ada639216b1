/** Loads that must come to their end under the rules. */

import {
  CALL_FOR_EACH,
  CALLS_BACK,
  CANCELS,
  CLOSING,
  IN_TURN,
  large,
  LATE,
  NOTES,
  small,
  STALLED_PEER,
  TWICE_DEEP,
} from "./common_loads.ts";
import { call, type Load, note, stream, times } from "./load.ts";
import type { Limits } from "./rules.ts";

/** A load as it is written down; the rest of its case follows from the list that it stands in. */
export interface Draft {
  readonly name: string;
  /** What differs from `NARROW`. */
  readonly limits: Partial<Limits>;
  readonly load: Load;
  /** More than 10,000 states: CI leaves it out. */
  readonly isBig?: boolean;
}

/** Without a rule left out, every load must come to its end, whatever comes first. */
export const FLOWS: readonly Draft[] = [
  {
    name: "large both ways, handlers call back large",
    limits: {},
    load: {
      work: [
        call("A>B", large, { then: [call("B>A", large)] }),
        call("B>A", large, { then: [call("A>B", large)] }),
      ],
    },
  },
  {
    name: "two of them each way",
    limits: {},
    load: {
      work: [
        ...times(2, call("A>B", large, { then: [call("B>A", large)] })),
        ...times(2, call("B>A", large, { then: [call("A>B", large)] })),
      ],
    },
    isBig: true,
  },
  {
    name: "large both ways, few unwritten answers",
    limits: { places: 2, depth: 0, answersMax: 2 },
    load: { work: [...times(2, call("A>B", large)), call("B>A", large)] },
  },
  {
    name: "three large each way, few unwritten answers",
    limits: { places: 2, depth: 0, answersMax: 2 },
    load: { work: [...times(3, call("A>B", large)), ...times(3, call("B>A", large))] },
    isBig: true,
  },
  { name: "handlers call back, one place", limits: {}, load: CALLS_BACK, isBig: true },
  { name: "handlers call back twice deep", limits: { depth: 2 }, load: TWICE_DEEP },
  {
    name: "standing credit of one, some small and some large",
    limits: { places: 2, depth: 0, credit: 1 },
    load: { work: [...times(2, call("A>B", small)), call("A>B", large), call("B>A", small)] },
    isBig: true,
  },
  {
    name: "standing credit both ways, handlers call back",
    limits: { places: 2, credit: 1 },
    load: {
      work: [
        call("A>B", "small/large", { then: [call("B>A", small)] }),
        call("A>B", small),
        call("B>A", "large/small", { then: [call("A>B", small)] }),
      ],
    },
    isBig: true,
  },
  {
    name: "standing credit held by what cannot be started",
    limits: { places: 3, depth: 0, credit: 1 },
    load: {
      work: [
        call("A>B", small, { opensCaller: true }),
        ...times(2, call("B>A", small)),
      ],
    },
  },
  { name: "cancels at any moment", limits: { places: 2, depth: 0 }, load: CANCELS },
  {
    name: "cancels at any moment, with standing credit and few unwritten answers",
    limits: { places: 2, depth: 0, credit: 1, answersMax: 1 },
    load: {
      work: [
        call("A>B", "small/large", { mayCancel: true }),
        call("A>B", "large/small", { mayCancel: true }),
        call("B>A", large),
      ],
    },
    isBig: true,
  },
  {
    name: "a handler calls back, its caller cancels",
    limits: { credit: 1 },
    load: { work: [call("A>B", large, { mayCancel: true, then: [call("B>A", large)] })] },
  },
  { name: "a handler that comes late", limits: { places: 2 }, load: LATE },
  {
    name: "requests of a sender that stops",
    limits: { places: 3, log: 2 },
    load: {
      work: [...times(2, call("A>B", "large/small", { stalls: "request" })), call("A>B", large)],
    },
  },
  {
    name: "answers of a sender that stops",
    limits: { places: 3, log: 2 },
    load: {
      work: [call("A>B", "small/large", { stalls: "answer" }), ...times(2, call("A>B", large))],
    },
  },
  {
    name: "three ends in a ring",
    limits: { ends: 3 },
    load: {
      work: [
        call("A>B", small, { then: [call("B>C", large)] }),
        call("B>C", small, { then: [call("C>A", large)] }),
        call("C>A", small, { then: [call("A>B", large)] }),
      ],
    },
    isBig: true,
  },
  {
    name: "three ends, each asks the next, which asks the one after",
    limits: { ends: 3 },
    load: {
      work: [
        call("A>B", "small/large", { then: [call("B>C", small)] }),
        call("C>A", "large/small", { then: [call("A>B", small)] }),
      ],
    },
  },
  {
    name: "three ends, one of them stops",
    limits: { ends: 3, places: 2, room: 2 },
    load: STALLED_PEER,
  },
  { name: "notifications whose handlers call", limits: { log: 2 }, load: NOTES },
  {
    name: "notifications whose handlers notify",
    limits: { log: 2 },
    load: {
      work: [
        note("A>B", "small", [note("B>A", "small")]),
        note("B>A", "small", [note("A>B", "large")]),
        call("A>B", small),
      ],
    },
    isBig: true,
  },
  { name: "streams taken in turn", limits: { log: 2 }, load: IN_TURN },
  { name: "a large call for each item of a stream", limits: { places: 2 }, load: CALL_FOR_EACH },
  {
    name: "two consumers, streams both ways",
    limits: { places: 2, log: 2 },
    load: {
      work: [],
      streams: [stream("B>A", "large", "large"), stream("A>B", "large", "large")],
      readers: [
        { at: 0, steps: [0, call("A>B", "small/large"), 0] },
        { at: 1, steps: [1, call("B>A", "small/large"), 1] },
      ],
    },
  },
  { name: "an end closes", limits: {}, load: CLOSING },
  {
    name: "an end closes, the path breaks",
    limits: { breaks: 1 },
    load: CLOSING,
  },
  {
    name: "the path breaks, twice",
    limits: { breaks: 2, credit: 1, log: 2 },
    load: { work: [call("A>B", large), call("B>A", small)] },
  },
  {
    name: "the path breaks, handlers call back",
    limits: { breaks: 1, credit: 1, log: 2 },
    load: {
      work: [
        call("A>B", large, { then: [call("B>A", small)] }),
        call("B>A", small),
        note("A>B", "large"),
      ],
    },
    isBig: true,
  },
];
