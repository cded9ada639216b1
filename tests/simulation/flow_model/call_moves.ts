/** What can happen with calls: at the caller, at the callee, and with the room of both. */

import { NAMES, units } from "./load.ts";
import { canStart, hasPlace, hasRoom, heldRoom } from "./room.ts";
import type { Call, FlowState } from "./state.ts";

/** Something that can happen now. */
export interface Move {
  readonly name: string;
  run(state: FlowState): void;
}

/** Everything that can happen with calls. */
export function* callMoves(state: FlowState): Iterable<Move> {
  for (const [index, call] of state.calls()) {
    const { plan: { from, to } } = call;
    if (state.hasSpace(from, to)) yield* callerWrites(state, index, call);
    if (state.hasSpace(to, from)) yield* calleeWrites(state, index, call);
    yield* grants(state, index, call);
    yield* deadlines(state, index, call);
    if (call.callee === "ready" && canStart(state, call)) {
      yield { name: `${NAMES[to]} starts ${index}`, run: (next) => start(next, index) };
    }
  }
}

/** Takes back what was to tell the other end that its payload may come. */
export function withdrawGrant(state: FlowState, from: number, to: number, frame: string): void {
  const owed = state.owed[from]![to]!;
  owed.frames = owed.frames.filter((other) => other !== frame);
}

function* callerWrites(state: FlowState, index: number, call: Call): Iterable<Move> {
  const { plan, caller, isCancelled } = call;
  const { from, to, request, mayCancel } = plan;
  const who = NAMES[from];
  if (caller === "queued" && isRefused(state, call)) {
    if (call.depth > 0) return;
    yield {
      name: `${who} gives ${index} up: ${NAMES[to]} closes`,
      run: (next) => void (next.call(index).caller = "ended"),
    };
  } else if (caller === "queued") {
    if (hasPlace(state, call) || state.broken.has("late place")) {
      const size = units(request);
      const fits = size <= state.credit[from]![to]!.requests;
      const waits = state.broken.has("credit only") && size <= state.limits.credit;
      if (fits) {
        yield { name: `${who} sends ${index} unasked`, run: (next) => open(next, index, true) };
      } else if (!waits) {
        yield { name: `${who} asks room for ${index}`, run: (next) => open(next, index, false) };
      }
    }
  }
  const mayWrite = !isCancelled && plan.stalls !== "request" &&
    (!state.broken.has("late place") || hasPlace(state, call));
  if (caller === "granted" && mayWrite) {
    yield {
      name: `${who} sends the payload of ${index}`,
      run(next) {
        next.call(index).caller = "sent";
        next.send(from, to, `data ${index}`);
      },
    };
  }
  if (mayCancel && !isCancelled && caller !== "queued" && caller !== "ended") {
    yield { name: `${who} cancels ${index}`, run: (next) => cancel(next, index) };
  }
}

/** A closing end is sent no new calls of depth 0, by nobody who knows. */
function isRefused({ heard, closing, broken }: FlowState, { plan, depth }: Call): boolean {
  if (closing !== plan.to || heard[plan.from] !== "yes") return false;
  return depth === 0 || broken.has("deaf to deeper");
}

function open(state: FlowState, index: number, isUnasked: boolean): void {
  const call = state.call(index);
  const { plan: { from, to, request }, depth } = call;
  if (state.heard[from] === "forgotten" && state.closing === to && depth === 0) {
    state.violation = `${NAMES[to]} said that it closes, and is sent call ${index}`;
  }
  call.caller = isUnasked ? "sent" : "asked";
  if (isUnasked) state.credit[from]![to]!.requests -= units(request);
  state.send(from, to, `${isUnasked ? "request" : "ask"} ${index}`);
}

function cancel(state: FlowState, index: number): void {
  const call = state.call(index);
  const { from, to } = call.plan;
  call.isCancelled = true;
  if (call.caller === "stated") call.caller = "sent";
  state.send(from, to, `cancel ${index}`);
}

function* calleeWrites(state: FlowState, index: number, call: Call): Iterable<Move> {
  const { plan: { from, to, answer, then, stalls }, callee, isTold, done, child } = call;
  const who = NAMES[to];
  if (callee === "refuses" || (callee === "runs" && isTold && child < 0)) {
    yield { name: `${who} answers ${index} with an error`, run: (next) => refuse(next, index) };
  } else if (callee === "runs" && done === then.length) {
    const fits = units(answer) <= state.credit[to]![from]!.answers;
    if (fits) yield { name: `${who} answers ${index}`, run: (next) => answerNow(next, index) };
    else {
      yield {
        name: `${who} asks room for the answer of ${index}`,
        run(next) {
          next.call(index).callee = "asks";
          next.send(to, from, `state ${index}`);
        },
      };
    }
  } else if (callee === "may" && stalls !== "answer") {
    yield {
      name: `${who} sends the answer of ${index}`,
      run(next) {
        next.call(index).callee = "ended";
        next.send(to, from, `answerData ${index}`);
      },
    };
  }
}

function refuse(state: FlowState, index: number): void {
  const call = state.call(index);
  call.callee = "ended";
  state.send(call.plan.to, call.plan.from, `error ${index}`);
}

function answerNow(state: FlowState, index: number): void {
  const call = state.call(index);
  const { from, to, answer } = call.plan;
  call.callee = "ended";
  state.credit[to]![from]!.answers -= units(answer);
  state.send(to, from, `answer ${index}`);
}

function start(state: FlowState, index: number): void {
  const call = state.call(index);
  call.callee = "runs";
  releaseRequest(state, call);
}

/** The application has the request's payload, or nobody needs it any more. */
export function releaseRequest(state: FlowState, call: Call): void {
  if (!state.broken.has("credit kept")) {
    state.owed[call.plan.to]![call.plan.from]!.requests += call.requestCredit;
  }
  call.requestCredit = 0;
  call.requestRoom = 0;
}

/** Each end grants what it has room for, in whatever order. */
function* grants(state: FlowState, index: number, call: Call): Iterable<Move> {
  const { plan: { from, to, request, answer }, callee, caller } = call;
  const { broken } = state;
  if (callee === "stated" && (broken.has("unready grant") || canStart(state, call))) {
    const size = broken.has("partial grant") ? 1 : units(request);
    const fits = broken.has("partial grant")
      ? heldRoom(state, to, null, "requests") < state.limits.room
      : hasRoom(state, to, from, "requests", size);
    if (fits) {
      yield {
        name: `${NAMES[to]} grants ${index} room`,
        run(next) {
          const granted = next.call(index);
          granted.requestRoom += size;
          if (granted.requestRoom < units(request)) return;
          granted.callee = "taking";
          next.owed[to]![from]!.frames.push(`grant ${index}`);
        },
      };
    }
  }
  if (caller === "stated" && hasRoom(state, from, to, "answers", units(answer))) {
    yield {
      name: `${NAMES[from]} grants the answer of ${index} room`,
      run(next) {
        const granted = next.call(index);
        granted.answerRoom = units(answer);
        granted.caller = "taking";
        next.owed[from]![to]!.frames.push(`answerGrant ${index}`);
      },
    };
  }
}

/** A sender that stops costs others a wait: granted room comes back. */
function* deadlines(state: FlowState, index: number, call: Call): Iterable<Move> {
  if (state.broken.has("no deadline")) return;
  const { plan: { from, to, stalls }, callee, caller } = call;
  if (stalls === "request" && callee === "taking") {
    yield {
      name: `${NAMES[to]} takes the room of ${index} back`,
      run(next) {
        const late = next.call(index);
        withdrawGrant(next, to, from, `grant ${index}`);
        releaseRequest(next, late);
        late.callee = "refuses";
      },
    };
  }
  if (stalls === "answer" && caller === "taking" && state.hasSpace(from, to)) {
    yield {
      name: `${NAMES[from]} takes the room of the answer of ${index} back`,
      run(next) {
        const late = next.call(index);
        withdrawGrant(next, from, to, `answerGrant ${index}`);
        late.answerRoom = 0;
        late.caller = "sent";
        late.isCancelled = true;
        next.send(from, to, `cancel ${index}`);
      },
    };
  }
}
