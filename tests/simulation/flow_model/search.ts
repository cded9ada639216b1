/** Every interleaving of one load under one set of rules, breadth first, each state once. */

import { callMoves, type Move } from "./call_moves.ts";
import type { Load } from "./load.ts";
import { otherMoves } from "./other_moves.ts";
import type { Broken, Limits } from "./rules.ts";
import { FlowState } from "./state.ts";
import { wireMoves } from "./wire_moves.ts";

/** What a search has found. */
export interface SearchReport {
  readonly states: number;
  /** The longest way to a state, in steps. */
  readonly depth: number;
  /** States in which all is done. */
  readonly final: number;
  /** Whether these are all states, or the bound was reached. */
  readonly isComplete: boolean;
  /** What is wrong, in words; `null`: nothing. */
  readonly problem: string | null;
  /** The steps that led there. */
  readonly trace: readonly string[];
}

/** Searches until something is wrong, all has been seen, or so many states have. */
export function search(
  limits: Limits,
  load: Load,
  broken: readonly Broken[],
  maxStates: number,
): SearchReport {
  const first = FlowState.first(limits, load, new Set(broken));
  const seen = new Set<string>([first.key()]);
  const parents: number[] = [-1];
  const names: string[] = [""];
  let final = 0;
  let depth = 0;
  const report = (problem: string | null, isComplete: boolean, index = 0): SearchReport => {
    const trace: string[] = [];
    for (let at = index; at > 0; at = parents[at]!) trace.unshift(names[at]!);
    return { states: seen.size, depth, final, isComplete, problem, trace };
  };
  for (let frontier: [FlowState, number][] = [[first, 0]]; frontier.length > 0; depth++) {
    const following: [FlowState, number][] = [];
    for (const [state, index] of frontier) {
      const possible = [...moves(state)];
      if (possible.length === 0) {
        if (!state.isDone) return report(`nothing moves any more: ${state.left()}`, false, index);
        const leak = state.leaks();
        if (leak !== "") return report(leak, false, index);
        final++;
      }
      for (const { name, run } of possible) {
        const next = state.copy();
        run(next);
        const key = next.key();
        if (next.violation === "" && seen.has(key)) continue;
        seen.add(key);
        parents.push(index);
        names.push(name);
        if (next.violation !== "") return report(next.violation, false, names.length - 1);
        following.push([next, names.length - 1]);
        if (seen.size >= maxStates) return report(null, false);
      }
    }
    frontier = following;
  }
  return report(null, true);
}

function* moves(state: FlowState): Iterable<Move> {
  yield* callMoves(state);
  yield* otherMoves(state);
  yield* wireMoves(state);
}
