/**
 * What all sessions of an endpoint or client share, and what they promise to others.
 *
 * @module
 */

import type { Allocate } from "../core/flow/assembly.ts";
import { WindowGrowth } from "../core/flow/item_sink.ts";
import { Room } from "../core/flow/room.ts";
import { SegmentPool } from "../core/session/outbound_log.ts";
import type { SessionHandler, SessionHost } from "../core/session/session_handler.ts";
import type { Limits } from "../core/wire/hello.ts";
import type { ConnectionSettings } from "./context.ts";
import type { Timers } from "./timers.ts";

/** Made once for an endpoint or client. */
export function newSessionHost(
  settings: ConnectionSettings,
  handler: SessionHandler,
  timers: Timers,
  allocate: Allocate,
): SessionHost {
  const { receiveMaxBytes, streamMaxBytes, assemblyTimeoutMs, answersMaxBytes } = settings;
  return {
    handler,
    pool: new SegmentPool(),
    timers,
    rooms: {
      requests: new Room(receiveMaxBytes),
      answers: new Room(receiveMaxBytes),
      notifications: new Room(receiveMaxBytes),
      streams: new Room(streamMaxBytes),
    },
    allocate,
    windowGrowth: new WindowGrowth(streamMaxBytes),
    assemblyTimeoutMs,
    answersMaxBytes,
  };
}

/** What it promises to hold for one other end, as its HELLO says it. */
export function limitsOf(settings: ConnectionSettings): Limits {
  const { maxInFlight, payloadMaxBytes, clientMaxInFlight, creditBytes } = settings;
  const { clientPayloadMaxBytes, notificationsMax, maxStreams, clientMaxStreams } = settings;
  return {
    maxInFlight,
    payloadMaxBytes,
    clientMaxInFlight,
    clientPayloadMaxBytes: Math.min(clientPayloadMaxBytes, payloadMaxBytes),
    creditBytes,
    notificationsMax,
    maxStreams,
    clientMaxStreams,
  };
}
