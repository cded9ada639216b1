/** Places and room: what an end has promised, and what it may promise next. */

import { type CallPlan, units } from "./load.ts";
import type { Call, FlowState, RoomClass } from "./state.ts";

/** Whether a call may take a place at its callee. */
export function hasPlace(state: FlowState, { plan, depth }: Call): boolean {
  const { limits: { places, depth: extra }, broken } = state;
  let limit = places + Math.min(depth, extra);
  if (broken.has("no depth places")) limit = places;
  if (broken.has("reserved depth places")) limit = places - Math.max(0, extra - depth);
  let taken = 0;
  for (const [, other] of state.calls()) {
    if (isSameWay(other.plan, plan) && holdsPlace(state, other)) taken++;
  }
  return taken < limit;
}

/** The most calls that one end may have open at another. */
export function placesMax({ limits }: FlowState): number {
  return limits.places + limits.depth;
}

/** Calls of one end that another one holds something for. */
export function openAtCallee(state: FlowState, plan: CallPlan): number {
  let open = 0;
  for (const [, other] of state.calls()) {
    const isOpen = other.callee !== "unknown" && other.callee !== "ended";
    if (isOpen && isSameWay(other.plan, plan)) open++;
  }
  return open;
}

/** Whether a request may be started: a handler is there, and not too many answers wait. */
export function canStart(state: FlowState, { plan }: Call): boolean {
  let unwritten = 0;
  for (const [, other] of state.calls()) {
    // An end that asks something before it registers its handlers.
    if (other.plan.opensCaller && other.plan.from === plan.to && other.caller !== "ended") {
      return false;
    }
    const waits = other.callee === "asks" || other.callee === "may";
    if (waits && isSameWay(other.plan, plan)) unwritten += units(other.plan.answer);
  }
  return unwritten < state.limits.answersMax;
}

/** Whether room for a whole payload is free for a peer. */
export function hasRoom(
  state: FlowState,
  end: number,
  peer: number,
  of: RoomClass,
  size: number,
): boolean {
  const { broken } = state;
  const free = state.limits.room - heldRoom(state, end, null, of);
  if (size > free) return false;
  if (broken.has("no share") || broken.has("one room")) return true;
  const holdsNothing = heldRoom(state, end, peer, of) === 0;
  return (holdsNothing && !broken.has("strict share")) || size <= free / 2;
}

/** Units of an end's room that a peer's payloads hold, or everybody's. */
export function heldRoom(
  state: FlowState,
  end: number,
  peer: number | null,
  of: RoomClass,
): number {
  const isOneRoom = state.broken.has("one room");
  let held = 0;
  for (const [, { plan, requestRoom, answerRoom }] of state.calls()) {
    const isCallee = plan.to === end && (peer === null || plan.from === peer);
    const isCaller = plan.from === end && (peer === null || plan.to === peer);
    if (isCallee && (of === "requests" || isOneRoom)) held += requestRoom;
    if (isCaller && (of === "answers" || isOneRoom)) held += answerRoom;
  }
  if (isOneRoom && peer === null) held += lentUnits(state, end);
  return held;
}

/** Units that items of streams have borrowed at an end. */
export function lentUnits({ streams }: FlowState, end: number): number {
  return streams.reduce((sum, { plan, lent }) => sum + (plan.to === end ? lent : 0), 0);
}

function holdsPlace({ broken }: FlowState, { caller }: Call): boolean {
  if (caller === "queued" || caller === "ended") return false;
  if (broken.has("late place")) return caller !== "asked" && caller !== "granted";
  if (broken.has("early place")) return caller !== "stated" && caller !== "taking";
  return true;
}

function isSameWay(one: CallPlan, other: CallPlan): boolean {
  return one.from === other.from && one.to === other.to;
}
