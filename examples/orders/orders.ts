/**
 * The service of SP10: takes orders, and asks SP20 to debit the account and SP30 to reserve stock.
 *
 * Run by `freshlink serve examples/orders/SP10.json --handlers examples/orders/orders.ts`.
 */

import type { ConnectionRow, Endpoint, HandlerContext } from "../../mod.ts";

/** What a client orders. The number identifies the order, however often it is sent. */
export interface Order {
  readonly number: number;
  readonly item: string;
  readonly amount: number;
}

/** What SP20 and SP30 answer: which of their lives did it. */
export interface Booking {
  readonly life: string;
}

/** How one restarted peer took its place. Times in milliseconds. */
export interface Takeover {
  readonly peer: string;
  /** The table while both connections to the peer were in it. */
  readonly during: ConnectionRow[];
  /** From the new process's HELLO until the dead connection was closed; `null`: not yet. */
  readonly helloToOldClosedMs: number | null;
  /** From the new process's HELLO until its first answer to an order; `null`: not yet. */
  readonly helloToFirstReplyMs: number | null;
}

/** Registered by `freshlink serve`. */
export default function handlers(endpoint: Endpoint) {
  const watch = new TakeoverWatch(endpoint);
  return {
    async order(order: Order, { signal, timeoutMs }: HandlerContext) {
      const options = { idempotent: true, signal, timeoutMs };
      const [debit, reservation] = await Promise.all([
        endpoint.request<Booking>("SP20", "debit", order, options),
        endpoint.request<Booking>("SP30", "reserve", order, options),
      ]);
      watch.answered("SP20", debit.life);
      watch.answered("SP30", reservation.life);
      return { number: order.number, done: true };
    },
    takeovers: () => watch.takeovers,
  };
}

/** Looks at the table at the moment when a restarted peer's connection comes into use. */
class TakeoverWatch {
  readonly takeovers: (Takeover & { life: string; helloAtMs: number })[] = [];

  constructor(endpoint: Endpoint) {
    endpoint.on((event) => {
      if (event.type === "connected" && event.newProcess) {
        this.takeovers.push({
          peer: event.peer!,
          life: event.bootId,
          helloAtMs: event.helloAtMs,
          during: endpoint.connections(),
          helloToOldClosedMs: null,
          helloToFirstReplyMs: null,
        });
      }
      if (event.type === "superseded") {
        const at = this.takeovers.findIndex(({ peer, helloToOldClosedMs }) =>
          peer === event.peer && helloToOldClosedMs === null
        );
        this.#put(at, "helloToOldClosedMs", event.atMs);
      }
    });
  }

  answered(peer: string, life: string): void {
    if (this.takeovers.length === 0) return;
    const at = this.takeovers.findIndex((one) =>
      one.peer === peer && one.life === life && one.helloToFirstReplyMs === null
    );
    this.#put(at, "helloToFirstReplyMs", performance.now());
  }

  #put(at: number, key: "helloToOldClosedMs" | "helloToFirstReplyMs", atMs: number): void {
    const takeover = this.takeovers[at];
    if (takeover === undefined) return;
    this.takeovers[at] = { ...takeover, [key]: atMs - takeover.helloAtMs };
  }
}
