/** Loads that several cases play, with and without a rule. */

import { call, type Load, note, stream, times } from "./load.ts";

/** A call that needs room both ways. */
export const large = "large/large";

/** A call that fits the standing credit. */
export const small = "small/small";

/** Handlers that call back, from both ends, more than there are places. */
export const CALLS_BACK: Load = {
  work: [
    ...times(2, call("A>B", small, { then: [call("B>A", small)] })),
    ...times(2, call("B>A", small, { then: [call("A>B", small)] })),
  ],
};

/** Handlers call back, and so do the handlers of those calls. */
export const TWICE_DEEP: Load = {
  work: [
    call("A>B", small, { then: [call("B>A", small, { then: [call("A>B", small)] })] }),
    call("B>A", small, { then: [call("A>B", small, { then: [call("B>A", small)] })] }),
  ],
};

/** Two ends ask a third one, of which one stops after its grants. */
export const STALLED_PEER: Load = {
  work: [...times(2, call("A>C", "large/small", { stalls: "request" })), call("B>C", large)],
};

/** A takes from two streams in turn; what comes ahead of one must not stop the other. */
export const IN_TURN: Load = {
  work: [call("B>A", large)],
  streams: [stream("B>A", "large", "large"), stream("B>A", "large", "large")],
  readers: [{ at: 0, steps: [0, 1, 0, 1] }],
};

/** A makes a large call for each large item. */
export const CALL_FOR_EACH: Load = {
  work: [],
  streams: [stream("B>A", "large", "large")],
  readers: [{ at: 0, steps: [0, call("A>B", "small/large"), 0, call("A>B", large)] }],
};

/** Each handler of a notification calls back. */
export const NOTES: Load = {
  work: [
    note("A>B", "small", [call("B>A", small)]),
    note("A>B", "large"),
    note("A>B", "small", [call("B>A", small)]),
    call("A>B", small),
  ],
};

/** A cannot serve before B has answered it, and B asks meanwhile. */
export const LATE: Load = {
  work: [
    call("A>B", "small/large", { opensCaller: true }),
    ...times(2, call("B>A", "large/small")),
  ],
};

/** An end closes under calls of both ends, one of which calls back. */
export const CLOSING: Load = {
  work: [call("A>B", small, { then: [call("B>A", large)] }), call("B>A", small)],
  closes: "A",
};

/** Callers give up whenever they like. */
export const CANCELS: Load = { work: times(2, call("A>B", large, { mayCancel: true })) };
