/**
 * How it stands with a peer, put together for whoever looks.
 *
 * @module
 */

import type { NewRow } from "../core/link/connection_table.ts";
import type { ClientRow, PeerRow } from "../core/link/peer_row.ts";
import type { LinkDefinition } from "../core/link/link_event.ts";
import type { Hello } from "../core/wire/hello.ts";
import type { Connection } from "./connection.ts";
import type { Outbox } from "./outbox.ts";

/** What the table keeps of a connection whose handshake is complete. */
export function newRowOf(connection: Connection, { port, bootId }: Hello): NewRow {
  const { remoteAddress, descriptor, direction } = connection;
  return { remoteAddress, listeningPort: port, descriptor, direction, bootId };
}

/** A client that is connected; `null`: it is not, or not yet. */
export function describeClient(client: string, bootId: string, outbox: Outbox): ClientRow | null {
  const { connection, sinceMicros, session, openCount, waitingCount } = outbox;
  if (connection === null || session === null) return null;
  const { remoteAddress, heartbeat: { roundTripMs } } = connection;
  return {
    client,
    bootId,
    remoteAddress,
    sinceMicros,
    roundTripMs,
    served: session.inboundCount,
    inFlight: openCount,
    waiting: waitingCount,
  };
}

/** @param lastDialError Why there is no connection; empty where that is not known. */
export function describePeer(
  peer: string,
  { hostname, port, group }: LinkDefinition,
  outbox: Outbox,
  lastDialError: string,
): PeerRow {
  const { connection, isDraining, sinceMicros, session, openCount, waitingCount } = outbox;
  return {
    peer,
    group: group ?? null,
    hostname,
    port,
    state: connection === null ? "down" : isDraining ? "closing" : "up",
    sinceMicros,
    bootId: session?.bootId ?? null,
    lastError: lastDialError === "" ? null : lastDialError,
    inFlight: openCount,
    waiting: waitingCount,
    creditBytes: session?.creditBytes ?? null,
  };
}
