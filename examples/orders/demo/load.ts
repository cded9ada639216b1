/**
 * The load of the demonstration: orders without pause, some at a time.
 */

import { type Client, RequestError } from "../../../mod.ts";

/** How many orders are under way at a time. */
const CONCURRENCY = 16;

/** How long an order may take, in milliseconds. */
const ORDER_TIMEOUT_MS = 5_000;

/** What became of the orders. */
export interface Count {
  sent: number;
  ok: number;
  failed: number;
  timedOut: number;
}

/** Orders that a client places. */
export class Load {
  readonly count: Count = { sent: 0, ok: 0, failed: 0, timedOut: 0 };
  /** What went wrong first, in words. */
  firstError: string | null = null;
  readonly #client: Client;
  readonly #repeatable: boolean;
  readonly #loops: Promise<void>[];
  #stopped = false;

  /** @param repeatable Whether the orders may be executed again after a crash. */
  constructor(client: Client, repeatable: boolean) {
    this.#client = client;
    this.#repeatable = repeatable;
    this.#loops = Array.from({ length: CONCURRENCY }, () => this.#loop());
  }

  /** Places no more orders; resolves when all have ended. More than once does no harm. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
  }

  async #loop(): Promise<void> {
    while (!this.#stopped) {
      const number = ++this.count.sent;
      try {
        const order = { number, item: "tea", amount: 10, repeatable: this.#repeatable };
        const options = { idempotent: this.#repeatable, timeoutMs: ORDER_TIMEOUT_MS };
        await this.#client.request("order", order, options);
        this.count.ok++;
      } catch (error) {
        if (error instanceof RequestError && error.code === "timeout") this.count.timedOut++;
        else this.count.failed++;
        this.firstError ??= `order ${number}: ${error}`;
      }
    }
  }
}
