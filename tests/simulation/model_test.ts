// Longer ways through the rules than can be enumerated: many connections, cuts and restarts. What
// fails is made shorter by fast-check.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Action, type Bounds, SearchedPair } from "./enumeration/pair.ts";

const BOUNDS: Bounds = { pipes: 30, cuts: 10, restarts: 6, drains: true, rises: false };

/** How often each kind of step is tried: deliveries most of all, or nothing ever completes. */
const WEIGHTS: readonly (readonly [Action["kind"], number])[] = [
  ["deliver", 20],
  ["dial", 3],
  ["dead", 2],
  ["timeout", 2],
  ["cut", 1],
  ["crash", 1],
  ["drain", 1],
];

/** A step of one kind: the `choice`-th of those that are possible. */
class Step implements fc.Command<object, SearchedPair> {
  readonly #kind: Action["kind"];
  readonly #choice: number;

  constructor(kind: Action["kind"], choice: number) {
    this.#kind = kind;
    this.#choice = choice;
  }

  check(): boolean {
    return true;
  }

  run(_model: object, pair: SearchedPair): void {
    const possible = pair.actions().filter(({ kind }) => kind === this.#kind);
    if (possible.length === 0) return;
    pair.act(possible[this.#choice % possible.length]!);
    pair.checkNumbers();
    assertEquals(pair.violations, []);
  }

  toString(): string {
    return `${this.#kind}(${this.#choice})`;
  }
}

const steps = WEIGHTS.flatMap(([kind, weight]) =>
  Array.from({ length: weight }, () => fc.nat(20).map((choice) => new Step(kind, choice)))
);

Deno.test("any two ends converge after hundreds of steps, cuts and restarts", () => {
  fc.assert(
    fc.property(fc.commands(steps, { maxCommands: 400, size: "max" }), (commands) => {
      const pair = new SearchedPair(BOUNDS);
      fc.modelRun(() => ({ model: {}, real: pair }), commands);
      assert(pair.converge(), "the pair cannot converge");
      assertEquals(pair.violations, []);
    }),
    { numRuns: 3_000 },
  );
});
