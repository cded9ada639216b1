/**
 * What a connection and a link need of the endpoint they belong to, in one object.
 *
 * @module
 */

import type { FlightRecorder } from "./flight_recorder.ts";
import type { ConnectionTable } from "../core/link/connection_table.ts";
import type { Hello } from "../core/wire/hello.ts";
import type { LinkSettings } from "../core/link/link_event.ts";
import type { SessionHost } from "../core/session/session_handler.ts";
import type { ErrorCode } from "../errors.ts";
import type { EventBody } from "../events.ts";
import type { Address, Runtime, TlsOptions } from "../runtime/runtime.ts";
import type { Channel } from "./channel.ts";
import type { ConnectionOwner } from "./connection_owner.ts";
import type { LinkDriver } from "./link_driver.ts";
import type { Timers } from "./timers.ts";

/** The numbers of an endpoint or client that the connection layer goes by. Durations in ms. */
export interface ConnectionSettings extends LinkSettings {
  readonly heartbeatIntervalMs: number;
  readonly deadAfterMs: number;
  readonly connectTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly maxConnectionsPerPeer: number;
  readonly maxClients: number;
  readonly retainMaxBytes: number;
  readonly queueMaxBytes: number;
  readonly maxInFlight: number;
  readonly payloadMaxBytes: number;
  readonly clientMaxInFlight: number;
  readonly clientPayloadMaxBytes: number;
  readonly creditBytes: number;
  readonly notificationsMax: number;
  readonly maxStreams: number;
  readonly clientMaxStreams: number;
  readonly streamMaxBytes: number;
  readonly receiveMaxBytes: number;
  readonly answersMaxBytes: number;
  readonly assemblyTimeoutMs: number;
}

/** Bytes that sockets were given and have given. */
export interface Traffic {
  sentBytes: number;
  receivedBytes: number;
}

/** Shared by all connections of an endpoint or client. */
export interface ConnectionContext {
  readonly runtime: Runtime;
  readonly timers: Timers;
  readonly settings: ConnectionSettings;
  /** Who this end is. */
  readonly self: Hello;
  /** What protects its connections. */
  readonly channel: Channel;
  /** Certificates, where there are any; what is dialled from now on goes by them. */
  tls: TlsOptions | undefined;
  /** What all sessions share. */
  readonly sessions: SessionHost;
  /** Bytes of all connections so far. */
  readonly traffic: Traffic;
  /** Keeps what links were told and decided; `null`: nobody does. */
  readonly recorder: FlightRecorder | null;
  /** Reports. */
  emit(event: EventBody): void;
  /** A number for a new connection; never used again. */
  nextConnectionId(): number;
}

/** What a link asks and tells of the endpoint it belongs to. */
export interface LinkOwner {
  readonly context: ConnectionContext;
  readonly table: ConnectionTable;
  /** Who has what a link has dialled: another one, where that holds a session with that life. */
  holderOf(link: LinkDriver, remote: Hello): ConnectionOwner;
  /** There is no connection to use any more. */
  handleAway(link: LinkDriver): void;
  /** There is no connection at all any more. */
  handleDetached(link: LinkDriver): void;
  /** Something of a link is to be told to people. */
  tell(event: EventBody): void;
  /** A session that no connection carries has something to say: it holds more than before. */
  scheduleFlush(): void;
  /** This process's name is owned by another one. */
  handleFenced(code: ErrorCode): void;
}

/** An address as people write it. */
export function addressText(address: Address): string {
  if ("path" in address) return address.path;
  const { hostname, port } = address;
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  // One string; a template keeps its parts, and every connection of a table has one.
  return [host, port].join(":");
}
