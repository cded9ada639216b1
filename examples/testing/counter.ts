/** A service to be tested: a counter that must count every order once, whatever breaks. */

import type { Endpoint } from "../../mod.ts";

/** Counts orders by their numbers, so that one that is sent again is not counted again. */
export class Counter {
  readonly #numbers = new Set<number>();

  /** Orders counted. */
  get count(): number {
    return this.#numbers.size;
  }

  /** Answers `count` with how many orders there were. */
  serve(endpoint: Endpoint): void {
    endpoint.handle("count", ({ number }: { number: number }) => {
      this.#numbers.add(number);
      return { count: this.count };
    });
  }
}
