/** The seeds that found something once. */

import { SCENARIOS } from "./scenarios.ts";

/** A line of `seeds.txt`. */
export interface RecordedSeed {
  readonly scenario: string;
  readonly seed: number;
  readonly found: string;
}

/** @throws {Error} When a line is not `scenario seed what it found`. */
export function readSeeds(): RecordedSeed[] {
  const text = Deno.readTextFileSync(new URL("./seeds.txt", import.meta.url));
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const [, scenario, seed, found] = /^(\w+) (\d+) (.+)$/.exec(line) ?? [];
    if (scenario === undefined || !(scenario in SCENARIOS)) {
      throw new Error(`seeds.txt: expected "scenario seed what it found", found "${line}"`);
    }
    return { scenario, seed: Number(seed), found: found! };
  });
}
