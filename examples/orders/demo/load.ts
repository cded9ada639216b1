/**
 * The load of the demonstration: orders without pause, some at a time.
 */

import { type Client, RequestError } from "../../../mod.ts";
import type { Order } from "../orders.ts";

/** How many orders are under way at a time. */
const CONCURRENCY = 16;

/** How long an order may take, in milliseconds. */
const ORDER_TIMEOUT_MS = 5_000;

/** The largest attachment, in bytes: with the order around it, 1 MiB. */
const ATTACHMENT_MAX_BYTES = 1_048_576 - 512;

/** What comes along with an order by its number: nothing, some bytes, some kilobytes, all there is. */
const ATTACHMENT_BYTES: readonly number[] = [
  0,
  200,
  70_000,
  3_000,
  400_000,
  50,
  ATTACHMENT_MAX_BYTES,
];

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
  readonly #attachments: readonly string[] | null;
  readonly #loops: Promise<void>[];
  #stopped = false;

  /**
   * @param repeatable Whether the orders may be executed again after a crash.
   * @param isLarge Whether they carry up to 1 MiB.
   */
  constructor(client: Client, repeatable: boolean, isLarge: boolean) {
    this.#client = client;
    this.#repeatable = repeatable;
    this.#attachments = isLarge ? ATTACHMENT_BYTES.map((bytes) => "x".repeat(bytes)) : null;
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
        const order = this.#order(number);
        const options = { idempotent: this.#repeatable, timeoutMs: ORDER_TIMEOUT_MS };
        const answer = await this.#client.request<Order>("order", order, options);
        if (answer.attachment !== order.attachment) throw new Error("another attachment came back");
        this.count.ok++;
      } catch (error) {
        if (error instanceof RequestError && error.code === "timeout") this.count.timedOut++;
        else this.count.failed++;
        this.firstError ??= `order ${number}: ${error}`;
      }
    }
  }

  #order(number: number): Order {
    const order = { number, item: "tea", amount: 10, repeatable: this.#repeatable };
    const attachments = this.#attachments;
    if (attachments === null) return order;
    return { ...order, attachment: attachments[number % attachments.length]! };
  }
}
