/**
 * Every interleaving: from the beginning, everything that can happen next, breadth first, each
 * state once. Links cannot be copied, so a state is played again from the beginning.
 */

import { type Action, type Bounds, SEARCHED, SearchedPair } from "./pair.ts";

/** What the search has found. */
export interface EnumerationReport {
  readonly text: string;
  /** Whether nothing is wrong and every state can converge. */
  readonly isGood: boolean;
  readonly summary: {
    /** Different states. */
    readonly states: number;
    /** Steps from one to another. */
    readonly steps: number;
    /** The longest way to a state, in actions. */
    readonly depth: number;
    /** Whether these are all states, or the bound was reached. */
    readonly complete: boolean;
    /** States from which the pair cannot converge. */
    readonly unconverged: number;
    /** States in which the rules did what they must never do. */
    readonly violations: number;
    readonly elapsedMs: number;
  };
}

/** Where a state came from: the index of the one before, and the action. */
interface Node {
  readonly parent: number;
  readonly action: Action | null;
  readonly depth: number;
}

const MAX_EXAMPLES = 3;

/** How far a search goes, and where. */
export interface Enumeration {
  /** So many states at most; all by default. */
  readonly maxStates?: number;
  /** It ends when so many of them were found to be wrong; it does not by default. */
  readonly maxWrong?: number;
  /** What may happen, see `SEARCHED`. */
  readonly bounds?: Bounds;
}

/** Searches. */
export function enumerate(
  { maxStates = Infinity, maxWrong = Infinity, bounds = SEARCHED }: Enumeration,
): EnumerationReport {
  const startMs = performance.now();
  const nodes: Node[] = [{ parent: -1, action: null, depth: 0 }];
  const seen = new Set<number>([hash(new SearchedPair(bounds).key())]);
  const examples: string[] = [];
  const found = { steps: 0, unconverged: 0, violations: 0 };
  const note = (what: string, index: number, action: Action | null) => {
    if (examples.length < MAX_EXAMPLES) examples.push(exampleText(what, nodes, index, action));
  };
  let isBounded = false;
  for (let index = 0; index < nodes.length && !isBounded; index++) {
    const path = pathTo(nodes, index);
    let played: SearchedPair | null = replay(path, bounds);
    for (const action of played.actions()) {
      if (found.violations + found.unconverged >= maxWrong) {
        isBounded = true;
        break;
      }
      found.steps++;
      const pair = played ?? replay(path, bounds);
      played = null;
      pair.act(action);
      pair.checkNumbers();
      if (pair.violations.length > 0) {
        found.violations++;
        note(pair.violations[0]!, index, action);
        continue;
      }
      const key = hash(pair.key());
      if (seen.has(key)) continue;
      if (nodes.length >= maxStates) {
        isBounded = true;
        break;
      }
      seen.add(key);
      nodes.push({ parent: index, action, depth: nodes[index]!.depth + 1 });
      // The pair is not needed any more: it may converge.
      const isConverged = pair.converge();
      pair.checkNumbers();
      if (!isConverged) {
        found.unconverged++;
        note("it cannot converge", index, action);
      } else if (pair.violations.length > 0) {
        found.violations++;
        note(`while it converges: ${pair.violations[0]}`, index, action);
      }
    }
  }
  const summary = {
    states: nodes.length,
    ...found,
    depth: nodes.at(-1)!.depth,
    complete: !isBounded,
    elapsedMs: Math.round(performance.now() - startMs),
  };
  const isGood = found.unconverged === 0 && found.violations === 0;
  const text = `${examples.join("\n")}
${summary.states.toLocaleString("en-US")} states, up to ${summary.depth} actions from the beginning\
${isBounded ? " (the bound)" : " (all there are)"}: ${found.violations} violations, \
${found.unconverged} from which the pair cannot converge; ${
    (summary.elapsedMs / 1_000).toFixed(1)
  } s`;
  return { text, isGood, summary };
}

function pathTo(nodes: readonly Node[], index: number): Action[] {
  const path: Action[] = [];
  for (let at = index; at > 0; at = nodes[at]!.parent) path.push(nodes[at]!.action!);
  return path.reverse();
}

function replay(path: readonly Action[], bounds: Bounds): SearchedPair {
  const pair = new SearchedPair(bounds);
  for (const action of path) pair.act(action);
  return pair;
}

function exampleText(
  what: string,
  nodes: readonly Node[],
  index: number,
  action: Action | null,
): string {
  const path = [...pathTo(nodes, index), ...(action === null ? [] : [action])];
  return `! ${what}\n${path.map((step) => `    ${JSON.stringify(step)}`).join("\n")}`;
}

/** 53 bits of a text: two different states of three million share one with a chance of 1 to 2,000. */
function hash(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 2_654_435_761);
    low = Math.imul(low ^ unit, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^
    Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^
    Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return 4_294_967_296 * (2_097_151 & low) + (high >>> 0);
}
