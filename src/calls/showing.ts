/**
 * What an endpoint shows of itself: its table, the last that its links decided, and, for as long as
 * somebody looks, what happens. Whatever draws it is loaded when it is asked for.
 *
 * @module
 */

import type { ConnectionManager } from "../connection/connection_manager.ts";
import type { FlightRecorder } from "../connection/flight_recorder.ts";
import type { Endpoint } from "../endpoint.ts";
import type { InspectOptions, Inspector } from "../inspector/inspector.ts";
import type { Snapshot, SnapshotSource } from "../inspector/snapshot.ts";
import {
  DUMP_SERVICE,
  type EndpointTable,
  type FlightDump,
  INSPECT_SERVICE,
  LOAD_SERVICE,
  TABLE_SERVICE,
} from "./contract.ts";
import type { HandlerContext } from "./call_context.ts";
import { loadBeside } from "./load.ts";
import { type RemoteCaller, sessionOf } from "./remote_caller.ts";
import { messageOf } from "./thrown.ts";

/** The shape of a dump; another number means another shape. */
const DUMP_VERSION = 1;

/** Shows one endpoint. */
export class Showing implements SnapshotSource {
  readonly #endpoint: Endpoint;
  readonly #recorder: FlightRecorder;
  readonly #inspectors = new Set<Inspector>();
  #observatory: Promise<SnapshotSource> | null = null;
  #isStopped = false;

  /** From now on it answers whoever asks over a link, too. */
  constructor(endpoint: Endpoint, recorder: FlightRecorder, manager: ConnectionManager) {
    this.#endpoint = endpoint;
    this.#recorder = recorder;
    this.#serve(manager);
  }

  #serve(manager: ConnectionManager): void {
    const options = { codec: "json" } as const;
    this.#endpoint.handle(TABLE_SERVICE, (_payload, { caller }) => this.table(caller), options);
    this.#endpoint.handle(DUMP_SERVICE, () => this.dump(), options);
    const tellLoad = (_: unknown, { caller }: HandlerContext) => loadBeside(manager, caller);
    this.#endpoint.handle(LOAD_SERVICE, tellLoad, options);
    this.#endpoint.handle(INSPECT_SERVICE, (asked: unknown) => {
      const since = (asked as { readonly since?: unknown } | null)?.since;
      return this.snapshot(typeof since === "number" ? since : 0);
    }, options);
  }

  /** Its table. @param asker A client that is left out: it is there only to look. */
  table(asker: RemoteCaller | null = null): EndpointTable {
    const { name, bootId, address } = this.#endpoint;
    const [rows, peers] = [this.#endpoint.connections(), this.#endpoint.peers()];
    const life = asker === null ? null : sessionOf(asker)?.bootId;
    const clients = this.#endpoint.clients().filter((row) => row.bootId !== life);
    return { name, bootId, address, rows, peers, clients };
  }

  /** See `Endpoint.dump`. */
  dump(): FlightDump {
    const events = this.#recorder.eventsSince(0).map((event) =>
      // An error may be anything: what can be told of it is its text.
      "error" in event ? { ...event, error: messageOf(event.error) } : event
    );
    const { atMs, atMicros } = this.#recorder.now();
    return {
      version: DUMP_VERSION,
      atMs,
      atMicros,
      ...this.table(),
      links: this.#recorder.entries(),
      events,
    };
  }

  async snapshot(since: number): Promise<Snapshot> {
    this.#observatory ??= import("../inspector/observatory.ts").then(({ Observatory }) =>
      new Observatory(this.#endpoint, this.#recorder)
    );
    return await (await this.#observatory).snapshot(since);
  }

  /** See `Endpoint.inspect`. */
  async inspect(options: InspectOptions): Promise<Inspector> {
    const { openInspector } = await import("../inspector/inspector.ts");
    const inspector = await openInspector(this, options);
    if (this.#isStopped) await inspector.close();
    else this.#inspectors.add(inspector);
    return inspector;
  }

  /** The endpoint is closed. */
  stop(): void {
    this.#isStopped = true;
    for (const inspector of this.#inspectors) inspector.close();
    this.#inspectors.clear();
  }
}
