/**
 * The metrics, in one table: what is created, what docs/observability.md lists and what the
 * dashboard may ask for all follow from it.
 *
 * @module
 */

/** One metric. */
export interface MetricRow {
  /** How it is measured. */
  readonly kind: "histogram" | "counter" | "observable-counter" | "observable-gauge";
  /** In UCUM. */
  readonly unit: string;
  /** For people. */
  readonly description: string;
  /** Its attributes. */
  readonly attributes: readonly string[];
}

/** The name of a metric. */
export type MetricName =
  | "rpc.client.call.duration"
  | "rpc.server.call.duration"
  | "freshlink.call.wait"
  | "freshlink.link.up"
  | "freshlink.link.identifier"
  | "freshlink.link.round_trip"
  | "freshlink.link.calls.active"
  | "freshlink.link.queue.length"
  | "freshlink.link.credit"
  | "freshlink.connections"
  | "freshlink.io"
  | "freshlink.link.connects"
  | "freshlink.link.losses"
  | "freshlink.link.supersessions"
  | "freshlink.link.restarts"
  | "freshlink.link.suspicions"
  | "freshlink.link.frames.replayed"
  | "freshlink.link.calls.failed_by_restart"
  | "freshlink.link.calls.repeated"
  | "freshlink.dials.failed"
  | "freshlink.handshakes.refused"
  | "freshlink.protocol.errors"
  | "freshlink.notifications.dropped"
  | "freshlink.notifications.failed";

const PEER: readonly string[] = Object.freeze(["freshlink.peer"]);
const CALL: readonly string[] = Object.freeze([
  "rpc.system.name",
  "rpc.method",
  "error.type",
  "server.address",
  "server.port",
]);

/** By name. The first two are those of the RPC conventions. */
export const METRICS: Readonly<Record<MetricName, MetricRow>> = Object.freeze({
  "rpc.client.call.duration": row("histogram", "s", "How long calls take that are made here", CALL),
  "rpc.server.call.duration": row(
    "histogram",
    "s",
    "How long calls take that are answered here",
    CALL.slice(0, 3),
  ),
  "freshlink.call.wait": row("histogram", "s", "How long calls wait to be sent", PEER),
  "freshlink.link.up": row("observable-gauge", "1", "Whether there is a connection to use", PEER),
  "freshlink.link.identifier": row(
    "observable-gauge",
    "1",
    "The number of the connection in use",
    PEER,
  ),
  "freshlink.link.round_trip": row("observable-gauge", "s", "The last measured round trip", PEER),
  "freshlink.link.calls.active": row("observable-gauge", "{call}", "Calls without answer", PEER),
  "freshlink.link.queue.length": row(
    "observable-gauge",
    "{message}",
    "Calls and notifications that wait to be sent",
    PEER,
  ),
  "freshlink.link.credit": row(
    "observable-gauge",
    "By",
    "Payload bytes of calls that may go out unasked",
    PEER,
  ),
  "freshlink.connections": row("observable-gauge", "{connection}", "Rows of the table", PEER),
  "freshlink.io": row("observable-counter", "By", "Bytes of all sockets", ["network.io.direction"]),
  "freshlink.link.connects": row("counter", "{connection}", "Connections that came into use", PEER),
  "freshlink.link.losses": row(
    "counter",
    "{connection}",
    "Connections lost and not replaced",
    PEER,
  ),
  "freshlink.link.supersessions": row(
    "counter",
    "{connection}",
    "Connections that gave way to a newer one",
    PEER,
  ),
  "freshlink.link.restarts": row("counter", "{process}", "Processes of a peer that were new", PEER),
  "freshlink.link.suspicions": row("counter", "{event}", "Times that a peer was silent", PEER),
  "freshlink.link.frames.replayed": row("counter", "{frame}", "Frames sent again", PEER),
  "freshlink.link.calls.failed_by_restart": row(
    "counter",
    "{call}",
    "Calls that failed because a process was gone",
    PEER,
  ),
  "freshlink.link.calls.repeated": row(
    "counter",
    "{call}",
    "Idempotent calls that were sent to the next process",
    PEER,
  ),
  "freshlink.dials.failed": row("counter", "{dial}", "Sockets that did not open", PEER),
  "freshlink.handshakes.refused": row("counter", "{handshake}", "Handshakes that did not succeed", [
    "error.type",
    "freshlink.known",
  ]),
  "freshlink.protocol.errors": row("counter", "{error}", "Broken protocol", ["error.type"]),
  "freshlink.notifications.dropped": row(
    "counter",
    "{notification}",
    "Notifications that were taken and not sent",
    [...PEER, "error.type"],
  ),
  "freshlink.notifications.failed": row(
    "counter",
    "{notification}",
    "Notifications whose handler failed",
    PEER,
  ),
});

function row(
  kind: MetricRow["kind"],
  unit: string,
  description: string,
  attributes: readonly string[],
): MetricRow {
  return { kind, unit, description, attributes };
}
