/** `deno task sim --flow-model`: searches the cases, and says what it found. */

import { CASES, searchCase } from "./cases.ts";

/** The last line of `deno task sim --flow-model --json`. */
export interface FlowModelReport {
  readonly cases: readonly {
    readonly name: string;
    /** The rules that were left out. */
    readonly broken: readonly string[];
    readonly states: number;
    /** Whether these are all states, or the bound was reached. */
    readonly complete: boolean;
    /** What is wrong, in words; `null`: nothing. */
    readonly problem: string | null;
  }[];
  /** Cases that stop and should flow, or flow and should stop. */
  readonly unexpected: number;
}

/** Searches those whose names contain a text, up to so many states each. */
export function searchFlow(part: string, maxStates: number): FlowModelReport {
  const cases = [];
  let unexpected = 0;
  for (const one of CASES.filter(({ name }) => name.includes(part))) {
    const { name, broken, stops } = one;
    const startMs = performance.now();
    const { states, isComplete: complete, problem, trace } = searchCase(one, maxStates);
    const isExpected = stops === (problem !== null);
    if (!isExpected) unexpected++;
    const without = broken.length === 0 ? "" : ` (without: ${broken.join(", ")})`;
    console.log(`${isExpected ? "" : "NOT AS EXPECTED: "}${name}${without}
    ${states.toLocaleString("en-US")} states${complete ? ", all there are" : ""}, \
${((performance.now() - startMs) / 1_000).toFixed(1)} s: ${problem ?? "nothing stops"}`);
    if (!isExpected) console.log(trace.map((step) => `      ${step}`).join("\n"));
    cases.push({ name, broken, states, complete, problem });
  }
  return { cases, unexpected };
}
