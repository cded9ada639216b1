/** What can happen with handlers, notifications, streams and the end itself. */

import type { Move } from "./call_moves.ts";
import { NAMES, type Plan, units } from "./load.ts";
import { heldRoom, lentUnits } from "./room.ts";
import { type Call, type FlowState, nextItemUnits, type Note } from "./state.ts";

/** Everything that can happen beside calls and wires. */
export function* otherMoves(state: FlowState): Iterable<Move> {
  yield* handlerMoves(state);
  yield* noteMoves(state);
  yield* streamMoves(state);
  yield* readerMoves(state);
  const { closes } = state.load;
  if (closes !== undefined && state.closing < 0) {
    const end = NAMES.indexOf(closes);
    yield { name: `${closes} closes`, run: (next) => void (next.closing = end) };
  }
  for (const [end, heard] of state.heard.entries()) {
    // Said on each connection: whoever has none is told with the next one.
    if (state.closing < 0 || state.closing === end || heard !== "no") continue;
    yield {
      name: `${NAMES[end]} hears that ${NAMES[state.closing]} closes`,
      run: (next) => void (next.heard[end] = "yes"),
    };
  }
}

/** Handlers do one thing after the other. */
function* handlerMoves(state: FlowState): Iterable<Move> {
  for (const [index, one] of state.work.entries()) {
    const runs = one.kind === "call" ? one.callee === "runs" : one.handler === "runs";
    if (!runs) continue;
    const { plan: { then, to }, done, child } = one;
    if (child >= 0) {
      if (!hasEnded(state, child)) continue;
      yield {
        name: `the handler of ${index} goes on`,
        run(next) {
          next.work[index]!.child = -1;
          next.work[index]!.done++;
        },
      };
    } else if (done < then.length && !(one.kind === "call" && one.isTold)) {
      yield {
        name: `the handler of ${index} at ${NAMES[to]} calls`,
        run(next) {
          next.work[index]!.child = next.begin(then[done]!, one.depth + 1, index);
        },
      };
    } else if (one.kind === "note" && done === then.length) {
      yield { name: `the handler of note ${index} ends`, run: (next) => endNote(next, index) };
    }
  }
}

/** Whether whoever made it may go on. A notification needs only to be taken. */
function hasEnded(state: FlowState, index: number): boolean {
  const one = state.work[index]!;
  if (one.kind === "call") return one.caller === "ended";
  return !state.broken.has("notify waits") || one.sent === units(one.plan.size);
}

function endNote(state: FlowState, index: number): void {
  const note = state.work[index] as Note;
  note.handler = "ended";
  state.owed[note.plan.to]![note.plan.from]!.notes++;
}

/** The next piece of the oldest notification of each direction. */
function* noteMoves(state: FlowState): Iterable<Move> {
  const seen = new Set<string>();
  for (const [index, note] of state.work.entries()) {
    if (note.kind !== "note") continue;
    const { plan: { from, to, size }, sent } = note;
    const way = `${from} ${to}`;
    if (seen.has(way) || sent === units(size)) continue;
    seen.add(way);
    const { notes, noteUnits } = state.credit[from]![to]!;
    const hasCredit = noteUnits > 0 && (sent > 0 || notes > 0);
    if (!state.hasSpace(from, to)) continue;
    if (!hasCredit && !state.broken.has("withheld acknowledgement")) continue;
    yield {
      name: `${NAMES[from]} sends ${sent > 0 ? "more of " : ""}note ${index}`,
      run(next) {
        const credit = next.credit[from]![to]!;
        if (sent === 0) credit.notes--;
        credit.noteUnits--;
        (next.work[index] as Note).sent++;
        next.send(from, to, `note ${index}`);
      },
    };
  }
}

/** Producers fill the window, and state what is larger; consumers lend. */
function* streamMoves(state: FlowState): Iterable<Move> {
  for (const [index, stream] of state.streams.entries()) {
    const { plan: { from, to }, window, isStated, isHeard, mayGo, lent } = stream;
    const size = nextItemUnits(stream);
    const hasSpace = state.hasSpace(from, to);
    const isLarge = size > state.limits.window;
    if (size > 0 && hasSpace && !isLarge && size <= window) {
      yield {
        name: `${NAMES[from]} sends an item of stream ${index}`,
        run(next) {
          next.streams[index]!.sent++;
          next.streams[index]!.window -= size;
          next.send(from, to, `item ${index}`);
        },
      };
    }
    if (size > 0 && hasSpace && isLarge && !isStated) {
      yield {
        name: `${NAMES[from]} states a large item of stream ${index}`,
        run(next) {
          next.streams[index]!.isStated = true;
          next.send(from, to, `large ${index}`);
        },
      };
    }
    if (isHeard && lent === 0 && canLend(state, index)) {
      yield {
        name: `${NAMES[to]} lends stream ${index} room`,
        run(next) {
          next.streams[index]!.isHeard = false;
          next.streams[index]!.lent = size - next.limits.window;
          next.owed[to]![from]!.frames.push(`lend ${index}`);
        },
      };
    }
    if (mayGo && hasSpace) {
      yield {
        name: `${NAMES[from]} sends the large item of stream ${index}`,
        run(next) {
          const sending = next.streams[index]!;
          sending.sent++;
          sending.mayGo = sending.isStated = false;
          next.send(from, to, `item ${index}`);
        },
      };
    }
  }
}

/** What was fetched ahead has its window; more is lent only to whom a consumer waits for. */
function canLend(state: FlowState, index: number): boolean {
  const { plan: { to }, arrived, taken } = state.streams[index]!;
  const { limits: { pool, room }, broken } = state;
  const isFree = broken.has("one room")
    ? heldRoom(state, to, null, "answers") < room
    : lentUnits(state, to) < pool;
  if (broken.has("borrow ahead")) return isFree;
  return isFree && arrived === taken && isAwaited(state, index);
}

function isAwaited({ readers, load }: FlowState, stream: number): boolean {
  return readers.some(({ done }, reader) => load.readers![reader]!.steps[done] === stream);
}

/** Consumers take what has come, or make their call. */
function* readerMoves(state: FlowState): Iterable<Move> {
  for (const [index, { done, child }] of state.readers.entries()) {
    const step = state.load.readers![index]!.steps[done];
    if (step === undefined) continue;
    if (typeof step === "number") {
      const { arrived, taken } = state.streams[step]!;
      if (arrived === taken) continue;
      yield { name: `reader ${index} takes an item`, run: (next) => take(next, index, step) };
    } else if (child < 0) {
      yield {
        name: `reader ${index} calls`,
        run: (next) => void (next.readers[index]!.child = next.begin(step as Plan, 0, -1)),
      };
    } else if ((state.work[child] as Call).caller === "ended") {
      yield {
        name: `reader ${index} goes on`,
        run: (next) => void (next.readers[index] = { done: done + 1, child: -1 }),
      };
    }
  }
}

function take(state: FlowState, reader: number, index: number): void {
  const stream = state.streams[index]!;
  const { plan: { from, to, items }, taken } = stream;
  const size = units(items[taken]!);
  stream.taken++;
  state.readers[reader]!.done++;
  if (size > state.limits.window) stream.lent = 0;
  else state.owed[to]![from]!.frames.push(`window ${index}`);
}
