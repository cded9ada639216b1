/** What is searched: loads under the rules, and under each rule left out. */

import { BOUNDS, BREAKS, HELD } from "./breaks.ts";
import { type Draft, FLOWS } from "./flows.ts";
import { type Broken, NARROW } from "./rules.ts";
import { search, type SearchReport } from "./search.ts";

/** One search and what it must find. */
export interface Case extends Required<Draft> {
  /** The rules that are left out. */
  readonly broken: readonly Broken[];
  /** Whether it must come to a state where nothing moves, or to a broken promise. */
  readonly stops: boolean;
}

/** All of them. */
export const CASES: readonly Case[] = [
  ...FLOWS.map((one) => complete(one, [], false)),
  ...HELD.map((one) => complete(one, one.broken, false)),
  ...BREAKS.map((one) => complete(one, one.broken, true)),
  ...BOUNDS.map((one) => complete(one, [], true)),
];

/** Searches one. @param maxStates More are not looked at. */
export function searchCase({ limits, load, broken }: Case, maxStates: number): SearchReport {
  return search({ ...NARROW, ...limits }, load, broken, maxStates);
}

function complete(draft: Draft, broken: readonly Broken[], stops: boolean): Case {
  const { name, limits, load, isBig = false } = draft;
  return { name, limits, load, broken, stops, isBig };
}
