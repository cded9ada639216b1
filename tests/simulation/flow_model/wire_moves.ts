/** What can happen with frames: they are written, arrive, are acknowledged, are lost and sent again. */

import { type Move, releaseRequest, withdrawGrant } from "./call_moves.ts";
import { NAMES, units } from "./load.ts";
import { openAtCallee, placesMax } from "./room.ts";
import { type Call, type FlowState, type Note, owesNothing } from "./state.ts";

/** What a broken variant sends without numbers. */
const UNNUMBERED = /^owed/;

/** Everything that can happen with frames. */
export function* wireMoves(state: FlowState): Iterable<Move> {
  for (const [from, row] of state.wires.entries()) {
    for (const [to, { log, next, arrived }] of row.entries()) {
      const way = `${NAMES[from]}>${NAMES[to]}`;
      if (owesSomething(state, from, to) && state.hasSpace(from, to)) {
        yield { name: `${way} writes grants and credit`, run: (after) => pay(after, from, to) };
      }
      if (next < log.length && !isHeldBack(state, log[next]!)) {
        yield { name: `${way} ${log[next]} arrives`, run: (after) => deliver(after, from, to) };
      }
      if (arrived > 0) {
        yield { name: `${way} is acknowledged`, run: (after) => acknowledge(after, from, to) };
      }
      if (from < to && state.breaks > 0) {
        yield { name: `${way} breaks`, run: (after) => breakPath(after, from, to) };
      }
    }
  }
}

function owesSomething(state: FlowState, from: number, to: number): boolean {
  const { frames, requests, answers, notes, noteUnits } = state.owed[from]![to]!;
  return frames.length + requests + answers + notes + noteUnits > 0;
}

/** All grants and credit that wait go out as one. */
function pay(state: FlowState, from: number, to: number): void {
  const { frames, requests, answers, notes, noteUnits } = state.owed[from]![to]!;
  state.owed[from]![to] = owesNothing();
  state.send(from, to, `owed ${[requests, answers, notes, noteUnits]};${frames.join(";")}`);
}

/** The broken variant takes no notification, and nothing behind it, while handlers run. */
function isHeldBack({ broken, work, limits }: FlowState, frame: string): boolean {
  if (!broken.has("withheld acknowledgement") || !frame.startsWith("note ")) return false;
  const { plan } = work[Number(frame.slice(5))] as Note;
  const running = work.filter((one) =>
    one.kind === "note" && one.handler === "runs" && one.plan.to === plan.to
  );
  return running.length >= limits.notes;
}

function deliver(state: FlowState, from: number, to: number): void {
  const wire = state.wires[from]![to]!;
  const frame = wire.log[wire.next]!;
  wire.next++;
  const isNew = wire.next > wire.arrived;
  wire.arrived = Math.max(wire.arrived, wire.next);
  if (isNew || state.broken.has("replay handled")) read(state, from, to, frame);
  // Where no path can break, an acknowledgement needs no step of its own.
  if (state.limits.breaks === 0) acknowledge(state, from, to);
}

function acknowledge(state: FlowState, from: number, to: number): void {
  const wire = state.wires[from]![to]!;
  wire.log.splice(0, wire.arrived);
  wire.next -= wire.arrived;
  wire.arrived = 0;
}

/** Both directions begin again with the oldest frame that is not acknowledged. */
function breakPath(state: FlowState, one: number, other: number): void {
  const { broken } = state;
  state.breaks--;
  for (const [from, to] of [[one, other], [other, one]] as const) {
    const wire = state.wires[from]![to]!;
    if (broken.has("unnumbered grant")) {
      wire.log = wire.log.filter((frame, index) => index < wire.arrived || !UNNUMBERED.test(frame));
    }
    // What has arrived is dropped when it comes again.
    wire.next = broken.has("replay handled") ? 0 : wire.arrived;
  }
  if (!broken.has("closing forgotten")) return;
  for (const end of [one, other]) if (state.heard[end] === "yes") state.heard[end] = "forgotten";
}

function read(state: FlowState, from: number, to: number, frame: string): void {
  const [kind, rest] = split(frame, " ");
  if (kind === "owed") return readOwed(state, from, to, rest);
  const index = Number(rest);
  switch (kind) {
    case "note":
      return readNote(state, index);
    case "item":
      state.streams[index]!.arrived++;
      return;
    case "large":
      state.streams[index]!.isHeard = true;
      return;
    case "request":
    case "ask":
      return readRequest(state, index, kind === "request");
    case "data":
      if (state.call(index).callee === "taking") state.call(index).callee = "ready";
      return;
    case "cancel":
      return readCancel(state, index);
    default:
      return readAnswer(state, index, kind);
  }
}

function readOwed(state: FlowState, from: number, to: number, text: string): void {
  const [numbers, ...frames] = text.split(";") as [string, ...string[]];
  const [requests, answers, notes, noteUnits] = numbers.split(",").map(Number);
  // What `to` may send to `from`.
  const credit = state.credit[to]![from]!;
  credit.requests += requests!;
  credit.answers += answers!;
  credit.notes += notes!;
  credit.noteUnits += noteUnits!;
  for (const frame of frames) {
    if (frame === "") continue;
    const [kind, rest] = split(frame, " ");
    const index = Number(rest);
    if (kind === "window") state.streams[index]!.window++;
    else if (kind === "lend") state.streams[index]!.mayGo = true;
    else if (kind === "grant") {
      if (state.call(index).caller === "asked") state.call(index).caller = "granted";
    } else if (state.call(index).callee === "asks") state.call(index).callee = "may";
  }
}

function readNote(state: FlowState, index: number): void {
  const note = state.work[index] as Note;
  note.arrived++;
  const size = units(note.plan.size);
  if (note.arrived < size) return;
  if (note.arrived > size) {
    state.violation = `note ${index} has arrived twice`;
    return;
  }
  note.handler = "runs";
  state.owed[note.plan.to]![note.plan.from]!.noteUnits += size;
}

function readRequest(state: FlowState, index: number, isUnasked: boolean): void {
  const call = state.call(index);
  const { plan: { to, request }, depth } = call;
  if (call.callee !== "unknown") {
    state.violation = `call ${index} has arrived twice`;
    return;
  }
  call.callee = isUnasked ? "ready" : "stated";
  if (isUnasked) call.requestCredit = units(request);
  const isPlaced = isUnasked || !state.broken.has("late place");
  if (isPlaced && openAtCallee(state, call.plan) > placesMax(state)) {
    state.violation = `call ${index} is more than ${NAMES[to]} has places for`;
  }
  if (state.closing === to && depth === 0) drop(state, call);
}

function readCancel(state: FlowState, index: number): void {
  const call = state.call(index);
  const { callee, plan: { from, to } } = call;
  if (callee === "ended") return;
  call.isTold = true;
  if (callee === "taking") withdrawGrant(state, to, from, `grant ${index}`);
  if (callee === "stated" || callee === "taking" || callee === "ready") drop(state, call);
  const waits = callee === "asks" || callee === "may";
  if (waits && !state.broken.has("deaf callee")) call.callee = "refuses";
}

/** It is not executed. */
function drop(state: FlowState, call: Call): void {
  call.callee = "refuses";
  if (!state.broken.has("cancel keeps room")) releaseRequest(state, call);
}

function readAnswer(state: FlowState, index: number, kind: string): void {
  const call = state.call(index);
  const { plan: { from, to, answer }, isCancelled } = call;
  if (kind === "state") {
    if (!isCancelled) call.caller = "stated";
    return;
  }
  if (call.caller === "ended") {
    state.violation = `call ${index} was answered twice`;
    return;
  }
  call.caller = "ended";
  if (kind === "answer" && !state.broken.has("credit kept")) {
    state.owed[from]![to]!.answers += units(answer);
  }
  withdrawGrant(state, from, to, `answerGrant ${index}`);
  if (kind === "error" && state.broken.has("answer room leaks")) return;
  call.answerRoom = 0;
}

function split(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return [text.slice(0, index), text.slice(index + 1)];
}
