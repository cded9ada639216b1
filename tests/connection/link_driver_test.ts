// The driver carries actions out in their order, whatever happens meanwhile.

import { assertEquals } from "@std/assert";
import type { Connection } from "../../src/connection/connection.ts";
import type { ConnectionContext, LinkOwner } from "../../src/connection/context.ts";
import { LinkDriver } from "../../src/connection/link_driver.ts";
import { ConnectionTable } from "../../src/core/link/connection_table.ts";
import { SegmentPool } from "../../src/core/session/outbound_log.ts";
import { FrameKind } from "../../src/core/wire/frame.ts";
import type { Hello } from "../../src/core/wire/hello.ts";
import type { ErrorCode } from "../../src/errors.ts";
import type { EventBody } from "../../src/events.ts";

const LIMITS = {
  maxInFlight: 4,
  payloadMaxBytes: 100,
  clientMaxInFlight: 4,
  clientPayloadMaxBytes: 100,
  creditBytes: 1_000,
  notificationsMax: 4,
  maxStreams: 16,
  clientMaxStreams: 4,
};

function hello(name: string, bootId = name): Hello {
  return {
    role: "peer",
    name,
    bootId,
    ordinal: 1,
    ordinalRises: false,
    hostname: "h",
    port: 1,
    heartbeatIntervalMs: 1_000,
    limits: LIMITS,
  };
}

/** A driver of "M" with a link to "A", and connections that note what is done to them. */
class Stage {
  readonly log: string[] = [];
  readonly table = new ConnectionTable();
  readonly driver: LinkDriver;
  /** Called for every event that is reported. */
  onEvent: (event: EventBody) => void = () => {};

  constructor() {
    const timers = { nowMs: () => 0, add() {}, remove() {} };
    const context = {
      self: hello("M"),
      settings: {
        identifier: "counter",
        suspectAfterMs: 500,
        probeTimeoutMs: 1_000,
        redialMinMs: 100,
        redialMaxMs: 400,
        resumeWindowMs: 8_000,
        retainMaxBytes: 1_000,
        queueMaxBytes: 1_000,
      },
      timers,
      runtime: { clock: { wallMicros: () => 1 }, random: { float: () => 0.5 }, connect() {} },
      sessions: { pool: new SegmentPool(), rooms: {}, timers },
      handler: {},
      emit: (event: EventBody) => {
        this.log.push(event.type);
        this.onEvent(event);
      },
    } as unknown as ConnectionContext;
    const owner: LinkOwner = {
      context,
      table: this.table,
      holderOf: (link) => link,
      handleAway() {},
      handleDetached() {},
      handleFenced() {},
      tell: (event) => context.emit(event),
      scheduleFlush() {},
    };
    this.driver = new LinkDriver(owner, { name: "A", hostname: "h", port: 1 });
  }

  /** A connection to the peer is complete. */
  open(id: number): Connection {
    const end = (how: string, reason: string) => {
      this.log.push(`${how} ${id}`);
      fake.endReason = reason;
      this.driver.handleClosed(connection);
    };
    const fake = {
      id,
      direction: "inbound",
      remote: hello("A"),
      remoteAddress: `h:${id}`,
      heartbeat: { silenceMs: () => 0, roundTripMs: null },
      endReason: null as string | null,
      ping() {},
      sendControl() {},
      sendNumber() {},
      attach: () => this.log.push(`attach ${id}`),
      stopSending() {},
      refuse: (code: ErrorCode) => end("refuse", code),
      abort: (reason: string) => end("abort", reason),
    };
    const connection = fake as unknown as Connection;
    this.driver.handleOpen(connection, hello("A"));
    return connection;
  }

  /** It is settled under this number. */
  settle(connection: Connection, number: number): void {
    this.driver.handleControl(connection, FrameKind.USEACK, number);
  }

  get usable(): (readonly [number, boolean])[] {
    return this.table.rows().map(({ identifier, usable }) => [identifier, usable] as const);
  }
}

Deno.test("LinkDriver: what a listener does meanwhile waits until the last action is done", () => {
  const stage = new Stage();
  stage.settle(stage.open(1), 1);
  const second = stage.open(2);
  stage.log.length = 0;
  stage.onEvent = ({ type }) => {
    if (type === "connected") stage.driver.stop("closed", "closing");
  };
  stage.settle(second, 2);
  assertEquals(stage.log, ["attach 2", "connected", "superseded", "abort 1", "refuse 2"]);
  assertEquals([stage.table.size, stage.driver.isUp], [0, false]);
});

Deno.test("LinkDriver: a row asks the link which connection is usable, and under which number", () => {
  const stage = new Stage();
  const first = stage.open(1);
  assertEquals(stage.usable, [[1, false]]);
  stage.settle(first, 1);
  const second = stage.open(2);
  assertEquals(stage.usable, [[1, true], [2, false]]);
  stage.settle(second, 2);
  assertEquals(stage.usable, [[2, true]]);
  stage.driver.handleClosed(second);
  assertEquals(stage.usable, []);
});

Deno.test("LinkDriver: an older connection that ends leaves the newer one in use", () => {
  const stage = new Stage();
  const first = stage.open(1);
  stage.settle(first, 1);
  // Proposed, and gone before it was settled.
  stage.driver.handleClosed(stage.open(2));
  assertEquals([stage.driver.isUp, stage.driver.describe().state], [true, "up"]);
});
