/** Loads that stop, or break a promise, where a rule is left out. */

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
import type { Draft } from "./flows.ts";
import { call, note, times } from "./load.ts";
import type { Broken } from "./rules.ts";

/** With the rules that are left out. */
interface BrokenDraft extends Draft {
  readonly broken: readonly Broken[];
}

/** Each rule left out, and the load that then stops or breaks a promise. */
export const BREAKS: readonly BrokenDraft[] = [
  {
    name: "large requests take their places last",
    limits: { depth: 0, log: 2 },
    load: { work: [...times(2, call("A>B", large)), ...times(2, call("B>A", large))] },
    broken: ["late place", "one room"],
  },
  {
    name: "large requests take their places last, room of its own for each class",
    limits: { depth: 0 },
    load: {
      work: [
        call("A>B", small, { then: [call("B>A", "large/small")] }),
        call("A>B", "large/small"),
        call("B>A", small, { then: [call("A>B", "large/small")] }),
        call("B>A", "large/small"),
      ],
    },
    broken: ["late place"],
  },
  {
    name: "the place is free while the answer waits",
    limits: { depth: 0 },
    load: { work: times(2, call("A>B", large)) },
    broken: ["early place"],
  },
  { name: "no places for depth", limits: {}, load: CALLS_BACK, broken: ["no depth places"] },
  {
    name: "places for depth taken from the others",
    limits: {},
    load: { work: [call("A>B", small)] },
    broken: ["reserved depth places"],
  },
  {
    name: "one room, and requests granted that are not started",
    limits: { places: 2 },
    load: LATE,
    broken: ["one room", "unready grant"],
  },
  {
    name: "room granted piece by piece",
    limits: { places: 2, depth: 0 },
    load: { work: times(2, call("A>B", "large/small")) },
    broken: ["partial grant"],
  },
  {
    name: "what fits the credit waits for it",
    limits: { places: 2, depth: 0, credit: 1 },
    load: {
      work: [
        call("A>B", "small/small", { opensCaller: true, then: [call("B>A", small)] }),
        call("B>A", small),
      ],
    },
    broken: ["credit only"],
  },
  {
    name: "credit that does not come back",
    limits: { credit: 1 },
    load: { work: [call("A>B", small)] },
    broken: ["credit kept"],
  },
  {
    name: "one peer has all the room, and stops",
    limits: { ends: 3, places: 2, room: 4 },
    load: STALLED_PEER,
    broken: ["no share", "no deadline"],
  },
  {
    name: "half of what is free, also for whom nothing is held",
    limits: {},
    load: { work: [call("A>B", "large/small")] },
    broken: ["strict share"],
  },
  {
    name: "room that no deadline takes back",
    limits: { places: 2 },
    load: {
      work: [call("A>B", "large/small", { stalls: "request" }), call("A>B", "large/small")],
    },
    broken: ["no deadline"],
  },
  {
    name: "a cancel that keeps room",
    limits: { places: 2 },
    load: CANCELS,
    broken: ["cancel keeps room"],
  },
  {
    name: "a callee that hears no cancel while its answer waits",
    limits: { places: 2 },
    load: CANCELS,
    broken: ["deaf callee"],
  },
  {
    name: "the room of an answer stays when the call has ended",
    limits: { places: 2 },
    load: CANCELS,
    broken: ["answer room leaks"],
  },
  {
    name: "notifications that are not acknowledged while handlers run",
    limits: {},
    load: NOTES,
    broken: ["withheld acknowledgement"],
  },
  {
    name: "notify waits inside a handler",
    limits: { log: 2 },
    load: {
      work: [
        note("A>B", "small", [note("B>A", "small")]),
        note("B>A", "small", [note("A>B", "small")]),
      ],
    },
    broken: ["notify waits"],
  },
  {
    name: "credit for notifications below the largest",
    limits: {},
    load: { work: [note("A>B", "large")] },
    broken: ["narrow notes"],
  },
  {
    name: "closing is deaf to deeper calls",
    limits: {},
    load: CLOSING,
    broken: ["deaf to deeper"],
  },
  {
    name: "closing is said once",
    limits: { breaks: 1, places: 2 },
    load: CLOSING,
    broken: ["closing forgotten"],
  },
  {
    name: "grants without numbers",
    limits: { breaks: 1 },
    load: { work: [call("A>B", "large/small")] },
    broken: ["unnumbered grant"],
  },
  {
    name: "what is sent again is handled again",
    limits: { breaks: 1, credit: 1 },
    load: { work: [call("A>B", small)] },
    broken: ["replay handled"],
  },
  {
    name: "streams borrow ahead",
    limits: { log: 2 },
    load: IN_TURN,
    broken: ["borrow ahead"],
  },
  {
    name: "streams in the room of payloads",
    limits: { places: 2 },
    load: CALL_FOR_EACH,
    broken: ["one room", "borrow ahead"],
  },
];

/** What may stop by design, and only a deadline ends. */
export const BOUNDS: readonly Draft[] = [
  {
    name: "handlers call back deeper than there are places on top",
    limits: {},
    load: TWICE_DEEP,
  },
];

/** What flows with a rule left out, because another one holds it. */
export const HELD: readonly BrokenDraft[] = [
  {
    name: "one peer stops for good, and leaves the third end its share",
    limits: { ends: 3, places: 2, room: 4 },
    load: STALLED_PEER,
    broken: ["no deadline"],
  },
];
