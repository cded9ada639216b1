/**
 * The service of SP30: reserves stock, and writes each booking to its ledger.
 *
 * Run by `freshlink serve examples/orders/SP30.json --handlers examples/orders/stock.ts`.
 */

import type { Endpoint, HandlerContext } from "../../mod.ts";
import { openLedger } from "./ledger.ts";
import { type Booking, bookingOf, type Order } from "./orders.ts";

/** Registered by `freshlink serve`. */
export default function handlers(endpoint: Endpoint) {
  const book = openLedger(endpoint.bootId);
  const seen = new Set<number>();
  let doubled = 0;
  let outOfOrder = 0;
  let last = 0;
  return {
    async reserve(order: Order, context: HandlerContext): Promise<Booking> {
      if (order.attachment !== undefined) await context.request("SP10", "price", order);
      book(order.number);
      return bookingOf(endpoint.bootId, order);
    },
    ordered({ number }: { readonly number: number }): void {
      if (seen.has(number)) doubled++;
      if (number < last) outOfOrder++;
      seen.add(number);
      last = Math.max(last, number);
    },
    orderedCount: () => ({ seen: seen.size, doubled, outOfOrder }),
  };
}
