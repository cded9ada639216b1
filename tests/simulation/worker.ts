/** Plays seeds in a thread of its own: see `pool.ts`. */

import { SCENARIOS } from "./scenarios.ts";

/** What it is told to play. */
export interface Order {
  readonly scenario: string;
  readonly seed: number;
}

const scope = globalThis as unknown as {
  onmessage: (event: { readonly data: Order }) => void;
  postMessage(result: unknown): void;
};

scope.onmessage = ({ data: { scenario, seed } }) => {
  SCENARIOS[scenario]!(seed).then((result) => scope.postMessage(result));
};
