/**
 * What the inspector's page is told at one moment.
 *
 * @module
 */

import type { GroupMemberRow } from "../calls/group_face.ts";
import type { ConnectionRow } from "../core/link/connection_table.ts";
import type { PeerRow } from "../core/link/peer_row.ts";
import type { TcpAddress } from "../runtime/runtime.ts";

/** An event, with what there is to say of it. */
export interface EventView {
  /** Events of an endpoint count from 0. */
  readonly number: number;
  /** Microseconds since 1970. */
  readonly atMicros: number;
  readonly type: string;
  /** `debug`, `info`, `warn` or `error`. */
  readonly level: string;
  readonly peer: string | null;
  /** In a sentence. */
  readonly text: string;
  /** The event's own fields. */
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
}

/** The calls of one service on one side, since somebody looks. */
export interface ServiceView {
  readonly side: "calling" | "serving";
  readonly service: string;
  /** How many have ended; of the last two minutes at most, as the durations. */
  readonly ended: number;
  /** Of these, how many failed. */
  readonly failed: number;
  /** How many have no answer yet. */
  readonly active: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** A group, with its members. */
export interface GroupView {
  readonly name: string;
  readonly members: readonly Pick<
    GroupMemberRow,
    "peer" | "state" | "inFlight" | "calls" | "failedCalls"
  >[];
}

/** One moment. */
export interface Snapshot {
  readonly name: string;
  readonly bootId: string;
  readonly address: TcpAddress;
  /** Whether another process owns the name. */
  readonly fenced: boolean;
  /** Microseconds since 1970. */
  readonly atMicros: number;
  readonly rows: readonly ConnectionRow[];
  readonly peers: readonly PeerRow[];
  /** By their names. */
  readonly groups: readonly GroupView[];
  /** Those since the number that was asked for; the newest where there are too many. */
  readonly events: readonly EventView[];
  /** The number of the next event. */
  readonly nextEvent: number;
  /** The slowest first. */
  readonly services: readonly ServiceView[];
  readonly traffic: { readonly sentBytes: number; readonly receivedBytes: number };
}

/** Where snapshots come from: an endpoint of this process, or one that is asked over a link. */
export interface SnapshotSource {
  /** @param since The number of the first event that is wanted. */
  snapshot(since: number): Promise<Snapshot>;
}
