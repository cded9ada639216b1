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
  /** Whether SP20 and SP30 may be asked again when nobody knows what a dead process has done. */
  readonly repeatable: boolean;
  /** What is sent along; `--load large` only. */
  readonly attachment?: string;
}

/** What SP20 and SP30 answer: which of their lives did it, and what they send along. */
export interface Booking {
  readonly life: string;
  readonly attachment?: string;
}

/** The answer to an order, with as much as came along. */
export function bookingOf(life: string, { attachment }: Order): Booking {
  return attachment === undefined ? { life } : { life, attachment };
}

/** What became of the notifications of SP10 to SP30. */
export interface NoteCount {
  readonly told: number;
  readonly seen: number;
  readonly doubled: number;
  readonly outOfOrder: number;
}

/** How a connection took the place of another one. Times in milliseconds; `null`: not yet. */
export interface Takeover {
  readonly peer: string;
  /** Whether it leads to another process than the one before. */
  readonly newProcess: boolean;
  /** The table while both connections to the peer were in it. */
  readonly during: ConnectionRow[];
  /** Frames that were sent again. */
  readonly replayedFrames: number;
  /** From the new connection's HELLO until the old connection was closed. */
  readonly helloToOldClosedMs: number | null;
  /** From the new connection's HELLO until the first answer to an order. */
  readonly helloToFirstReplyMs: number | null;
  /** From the last answer over the old connection until the first one over the new. */
  readonly silenceToFirstReplyMs: number | null;
}

/** Registered by `freshlink serve`. */
export default function handlers(endpoint: Endpoint) {
  const watch = new TakeoverWatch(endpoint);
  let told = 0;
  return {
    async order(order: Order, context: HandlerContext) {
      const options = { idempotent: order.repeatable };
      const ask = async (peer: string, service: string) => {
        const booking = await context.request<Booking>(peer, service, order, options);
        watch.answered(peer);
        return booking;
      };
      const { number, attachment } = order;
      if (attachment !== undefined) {
        await endpoint.notify("SP30", "ordered", { number: ++told, attachment });
      }
      const [debit] = await Promise.all([ask("SP20", "debit"), ask("SP30", "reserve")]);
      return { number, done: true, attachment: debit.attachment };
    },
    /** SP30 asks back before it reserves: what it gets is as large as what it sends. */
    price: ({ attachment }: Order) => ({ price: 10, attachment }),
    async notes(): Promise<NoteCount> {
      await endpoint.flush("SP30");
      const count = await endpoint.request<Omit<NoteCount, "told">>("SP30", "orderedCount");
      return { told, ...count };
    },
    takeovers: () => watch.takeovers,
  };
}

/** Looks at the table at the moment when another connection to a peer comes into use. */
class TakeoverWatch {
  readonly takeovers: Takeover[] = [];
  readonly #helloAtMs: number[] = [];
  /** By peer: when it answered last; before the first answer there is nothing to take over. */
  readonly #answeredMs = new Map<string, number>();

  constructor(endpoint: Endpoint) {
    endpoint.on((event) => {
      if (event.type === "connected" && this.#answeredMs.has(event.peer!)) {
        this.#helloAtMs.push(event.helloAtMs);
        this.takeovers.push({
          peer: event.peer!,
          newProcess: event.newProcess,
          during: endpoint.connections(),
          replayedFrames: event.replayedFrames,
          helloToOldClosedMs: null,
          helloToFirstReplyMs: null,
          silenceToFirstReplyMs: null,
        });
      }
      if (event.type === "superseded") {
        const at = this.#pending(event.peer!, "helloToOldClosedMs");
        if (at >= 0) this.#put(at, { helloToOldClosedMs: event.atMs - this.#helloAtMs[at]! });
      }
    });
  }

  /** An answer came from that peer. */
  answered(peer: string): void {
    const nowMs = performance.now();
    const before = this.#answeredMs.get(peer) ?? nowMs;
    this.#answeredMs.set(peer, nowMs);
    if (this.takeovers.length === 0) return;
    const at = this.#pending(peer, "helloToFirstReplyMs");
    if (at < 0) return;
    this.#put(at, {
      helloToFirstReplyMs: nowMs - this.#helloAtMs[at]!,
      silenceToFirstReplyMs: nowMs - before,
    });
  }

  #pending(peer: string, key: "helloToOldClosedMs" | "helloToFirstReplyMs"): number {
    return this.takeovers.findIndex((one) => one.peer === peer && one[key] === null);
  }

  #put(at: number, times: Partial<Takeover>): void {
    this.takeovers[at] = { ...this.takeovers[at]!, ...times };
  }
}
