/**
 * What an endpoint tells of a peer, whether there is a connection to it or not.
 *
 * @module
 */

/** A peer definition, and how it stands with that peer. */
export interface PeerRow {
  /** The peer's name, or `host:port` where its definition has none. */
  readonly peer: string;
  /** The group whose member it is; `null`: none. */
  readonly group: string | null;
  /** Where its definition says that it listens: the host name or address ... */
  readonly hostname: string;
  /** ... and the port. */
  readonly port: number;
  /** `up`: calls go there; `closing`: it takes no new ones; `down`: there is no connection. */
  readonly state: "up" | "closing" | "down";
  /** Since when: microseconds since 1970. */
  readonly sinceMicros: number;
  /** Which life of the peer was heard last: 32 hexadecimal digits; `null` before the first. */
  readonly bootId: string | null;
  /** Why the last attempt to connect failed, for people; `null` where there is nothing to tell. */
  readonly lastError: string | null;
  /** Requests that wait for an answer. */
  readonly inFlight: number;
  /** Requests and notifications that wait to be sent. */
  readonly waiting: number;
  /** Payload bytes of requests that may go out unasked now; `null` without a session. */
  readonly creditBytes: number | null;
}

/** A client that is connected. */
export interface ClientRow {
  /** The name that it has given; several may have one. */
  readonly client: string;
  /** This life of it: 32 hexadecimal digits. */
  readonly bootId: string;
  /** The other end of its socket, as `host:port`. */
  readonly remoteAddress: string;
  /** Since when, in microseconds since 1970. */
  readonly sinceMicros: number;
  /** The last measured round trip in milliseconds; `null` before the first. */
  readonly roundTripMs: number | null;
  /** Its calls that are open here. */
  readonly served: number;
  /** Calls to it that wait for an answer. */
  readonly inFlight: number;
  /** Messages to it that were never written. */
  readonly waiting: number;
}
