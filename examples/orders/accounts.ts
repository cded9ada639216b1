/**
 * The service of SP20: debits accounts, and writes each booking to its ledger.
 *
 * Run by `freshlink serve examples/orders/SP20.json --handlers examples/orders/accounts.ts`.
 */

import type { Endpoint } from "../../mod.ts";
import { openLedger } from "./ledger.ts";
import { type Booking, bookingOf, type Order } from "./orders.ts";

/** Registered by `freshlink serve`. */
export default function handlers(endpoint: Endpoint) {
  const book = openLedger(endpoint.bootId);
  return {
    debit(order: Order): Booking {
      book(order.number);
      return bookingOf(endpoint.bootId, order);
    },
  };
}
