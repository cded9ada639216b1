/**
 * Operations on the connection table, whatever the number of rows.
 *
 * @module
 */

import { ConnectionTable, type NewRow } from "../src/core/link/connection_table.ts";

/** Nanoseconds of one operation. */
export interface TableTimes {
  readonly rows: number;
  /** Entering a connection. */
  readonly addNs: number;
  /** Finding the usable connection of a peer: its link by its name, which knows. */
  readonly findNs: number;
  /** Removing a connection. */
  readonly removeNs: number;
}

const live = () => ({ peer: "peer", identifier: 1, usable: true, roundTripMs: null, inFlight: 0 });

/** So many operations at a time are timed together: a clock tells no single one. */
const BATCH = 1_000;

/**
 * Works on a table that always has about so many rows.
 *
 * @param operations How many of each kind.
 */
export function timeTable(rows: number, operations: number): TableTimes {
  const table = new ConnectionTable();
  const links = new Map<string, { readonly usable: number }>();
  const enter = (id: number) => table.add(id, newRow(), 1_700_000_000_000_000, live);
  for (let id = 0; id < rows; id++) {
    enter(id);
    links.set(`peer-${id}`, { usable: id });
  }
  let [addMs, findMs, removeMs] = [0, 0, 0];
  let found = 0;
  const names = Array.from({ length: BATCH }, (_, index) => `peer-${index % rows}`);
  for (let done = 0; done < operations; done += BATCH) {
    const firstId = rows + done;
    const startMs = performance.now();
    for (let id = firstId; id < firstId + BATCH; id++) enter(id);
    const addedMs = performance.now();
    for (const name of names) if (links.get(name)?.usable !== undefined) found++;
    const foundMs = performance.now();
    for (let id = firstId; id < firstId + BATCH; id++) table.remove(id);
    addMs += addedMs - startMs;
    findMs += foundMs - addedMs;
    removeMs += performance.now() - foundMs;
  }
  if (found !== operations || table.size !== rows) throw new Error("the table is wrong");
  const nanoseconds = (ms: number) => ms / operations * 1e6;
  return {
    rows,
    addNs: nanoseconds(addMs),
    findNs: nanoseconds(findMs),
    removeNs: nanoseconds(removeMs),
  };
}

function newRow(): NewRow {
  return {
    remoteAddress: "127.0.0.1:11000",
    listeningPort: 11_000,
    descriptor: null,
    direction: "inbound",
    bootId: "0".repeat(32),
  };
}
