/**
 * Who an endpoint is, and what its connections share.
 *
 * @module
 */

import { Channel, type ChannelKeys } from "../connection/channel.ts";
import type { ConnectionContext } from "../connection/context.ts";
import type { FlightRecorder } from "../connection/flight_recorder.ts";
import { newSessionHost } from "../connection/session_host.ts";
import type { Timers } from "../connection/timers.ts";
import type { SessionHandler } from "../core/session/session_handler.ts";
import type { EventBody } from "../events.ts";
import type { PeerDiscovery, ResolvedEndpointOptions } from "../options.ts";
import type { Listener, Runtime, TcpAddress } from "../runtime/runtime.ts";
import { helloOfPeer } from "./startup.ts";
import type { Rank } from "./state_file.ts";

/** What an endpoint is made of. */
export interface EndpointParts {
  readonly options: ResolvedEndpointOptions;
  readonly runtime: Runtime;
  readonly listener: Listener;
  readonly keys: ChannelKeys | null;
  readonly rank: Rank;
  /** What tells who the peers are; `null`: nothing does but `setPeers`. */
  readonly discovery: PeerDiscovery | null;
}

/** What its connections have to do with. */
export interface ContextParts extends EndpointParts {
  /** Where it really listens. */
  readonly address: TcpAddress;
  readonly timers: Timers;
  readonly handling: SessionHandler;
  readonly recorder: FlightRecorder;
  emit(event: EventBody): void;
}

/** Made once for an endpoint. */
export function newContext(parts: ContextParts): ConnectionContext {
  const { options, runtime, keys, rank, address, timers, handling, recorder, emit } = parts;
  const channel = new Channel(runtime, helloOfPeer(options, address.port, rank), keys);
  let lastConnection = 0;
  return {
    runtime,
    timers,
    settings: options,
    self: channel.self,
    channel,
    tls: options.tls,
    sessions: newSessionHost(options, handling, timers, runtime.allocate),
    traffic: { sentBytes: 0, receivedBytes: 0 },
    recorder,
    emit,
    nextConnectionId: () => ++lastConnection,
  };
}
