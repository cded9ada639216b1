/**
 * The connection table: every connection to every peer, and which of them is to be used.
 *
 * Which one that is, and under which number, its link says when a row is looked at: nothing is kept
 * twice. Adding and removing are O(1) in the number of rows. A row is removed by its
 * connection, never by its peer: whoever ends an old connection cannot take the new one's row.
 *
 * Source: docs/protocol.md, "The identifier".
 *
 * @module
 */

/** A row of the table. */
export interface ConnectionRow {
  /** The peer's name, or `host:port` where its definition has no name. */
  readonly peer: string;
  /** The other end of the socket, as `host:port`. */
  readonly remoteAddress: string;
  /** The port on which the peer listens for connections of its own. */
  readonly listeningPort: number;
  /** The socket's file descriptor; `null` where the runtime does not tell it. */
  readonly descriptor: number | null;
  /** The link number: of two connections to one peer the greater one is newer. 0: not decided. */
  readonly identifier: number;
  /** When the handshake completed: whole seconds since 1970 ... */
  readonly establishedSeconds: number;
  /** ... and the microseconds of that second. */
  readonly establishedMicros: number;
  /** Whether this is the connection that is used. */
  readonly usable: boolean;
  /** Who dialled. */
  readonly direction: "inbound" | "outbound";
  /** Which life of the peer it leads to: 32 hexadecimal digits. */
  readonly bootId: string;
  /** The last measured round trip in milliseconds; `null` before the first. */
  readonly roundTripMs: number | null;
  /** Requests that wait for an answer from this peer on this connection. */
  readonly inFlight: number;
}

/** What is known of a connection when its handshake is complete. */
export type NewRow = Omit<
  ConnectionRow,
  keyof LiveRow | "establishedSeconds" | "establishedMicros"
>;

/** What changes while a connection lives; its link is asked when the table is looked at. */
export type LiveRow = Pick<
  ConnectionRow,
  "peer" | "identifier" | "usable" | "roundTripMs" | "inFlight"
>;

interface Entry {
  readonly fixed: NewRow;
  readonly establishedMicros: number;
  readonly live: () => LiveRow;
}

/** The table of one endpoint. */
export class ConnectionTable {
  readonly #entries = new Map<number, Entry>();

  /** How many rows there are. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Enters a connection.
   *
   * @param id The connection; not in the table yet.
   * @param establishedMicros The wall clock when its handshake completed, microseconds since 1970.
   * @param live Asked for what changes, when the table is looked at.
   */
  add(id: number, fixed: NewRow, establishedMicros: number, live: () => LiveRow): void {
    if (this.#entries.has(id)) throw new Error(`Cannot enter connection ${id} twice`);
    this.#entries.set(id, { fixed, establishedMicros, live });
  }

  /** Removes a connection. */
  remove(id: number): void {
    this.#entries.delete(id);
  }

  /** All rows, oldest first. */
  rows(): ConnectionRow[] {
    const rows: ConnectionRow[] = [];
    for (const entry of this.#entries.values()) {
      const { fixed, establishedMicros } = entry;
      const { peer, identifier, usable, roundTripMs, inFlight } = entry.live();
      const seconds = Math.floor(establishedMicros / 1_000_000);
      rows.push({
        peer,
        remoteAddress: fixed.remoteAddress,
        listeningPort: fixed.listeningPort,
        descriptor: fixed.descriptor,
        identifier,
        establishedSeconds: seconds,
        establishedMicros: establishedMicros - seconds * 1_000_000,
        usable,
        direction: fixed.direction,
        bootId: fixed.bootId,
        roundTripMs,
        inFlight,
      });
    }
    return rows;
  }
}
