/**
 * Options: what can be set, with unit, default and reason.
 *
 * @module
 */

import type { Codec } from "./codec.ts";
import type { Handlers } from "./calls/handlers.ts";
import type { RemoteCaller } from "./calls/remote_caller.ts";
import type { IdentifierMode } from "./core/link/link_number.ts";
import type { StreamTuningOptions } from "./options/streams.ts";
import type { Runtime, TlsOptions } from "./runtime/runtime.ts";

export type {
  FlushOptions,
  GroupNotifyOptions,
  GroupRequestOptions,
  NotifyOptions,
  RequestOptions,
  StreamOptions,
} from "./options/per_call.ts";
export { DEFAULTS } from "./options/defaults.ts";
export { parseDefinitions } from "./options/definitions.ts";
export {
  resolveClientOptions,
  type ResolvedClientOptions,
  type ResolvedEndpointOptions,
  resolveEndpointOptions,
} from "./options/resolve.ts";

/** A peer: who it is and where it listens. */
export interface PeerDefinition {
  /** Its name; without one it is known by `host:port`, in a group by `group/host:port`. */
  readonly name?: string;
  /** Where it listens: a host name, or an IPv4 or IPv6 address without brackets. */
  readonly hostname: string;
  /** The TCP port on which it listens, 1 to 65535. */
  readonly port: number;
  /**
   * The public key of its `identity`, as `freshlink keygen` prints it: whoever holds another key is
   * not this peer, whatever secret it knows. Several while its identity is renewed.
   */
  readonly publicKey?: string | readonly string[];
  /**
   * The group whose member it is: processes that offer the same services, see `Endpoint.group`.
   * Without a name it is known by `group/host:port`.
   */
  readonly group?: string;
}

/** A peer that nobody defined, as it introduces itself; where it listens is its word. */
export interface RemotePeer {
  /** Its name; with TLS it is one of `verifiedNames`, unless it is an address. */
  readonly name: string;
  /** Where it says that it listens: the host name or address ... */
  readonly hostname: string;
  /** ... and the port. */
  readonly port: number;
  /**
   * The public key that it has proved to hold, in base64url: that of its `identity`, else one that
   * was drawn for this life. `null` without `secret` and `identity`.
   */
  readonly publicKey: string | null;
  /** All names in its verified certificate: DNS names, addresses and URIs. Empty without TLS. */
  readonly verifiedNames: readonly string[];
  /** The SHA-256 fingerprint of that certificate, as `AB:CD:…`; `null` without TLS. */
  readonly fingerprint: string | null;
}

/**
 * Says who the peers are: each list takes the place of the one before. What it throws is the event
 * `discovery-failed`, and it is iterated again after a while; where it ends, the last list stays.
 * Neither a failure nor an empty list ends a link: only `Endpoint.setPeers([])` does.
 */
export type PeerDiscovery = AsyncIterable<readonly PeerDefinition[]>;

/** The numbers that endpoints and clients share. Durations are in milliseconds. */
export interface TuningOptions extends StreamTuningOptions {
  /**
   * A beat is sent when nothing else was for so long. 100 to 60,000 make sense; a third of
   * `deadAfterMs` at most, so that two lost beats are no verdict. Peers are told, and allow for a
   * slower beat than their own. Where only `deadAfterMs` is given, it is a third of that, at most
   * the default.
   *
   * @default {1000}
   */
  readonly heartbeatIntervalMs?: number;
  /**
   * A connection on which nothing arrived for so long is dead. Shorter finds out faster, longer
   * forgives longer stalls of the peer. Three times `heartbeatIntervalMs` where that is given.
   *
   * @default {3000}
   */
  readonly deadAfterMs?: number;
  /**
   * While requests wait and nothing arrived for so long, a second connection is tried beside the
   * first one. `heartbeatIntervalMs` where that is given.
   *
   * @default {1000}
   */
  readonly suspectAfterMs?: number;
  /**
   * How long a dial may take until the socket is open.
   *
   * @default {3000}
   */
  readonly connectTimeoutMs?: number;
  /**
   * How long the handshake may take once the socket is open; longer than `probeTimeoutMs`.
   *
   * @default {5000}
   */
  readonly handshakeTimeoutMs?: number;
  /**
   * The bound of the first wait before dialling again; the wait is drawn between nothing and it.
   *
   * @default {100}
   */
  readonly redialMinMs?: number;
  /**
   * The bound that later waits grow to.
   *
   * @default {5000}
   */
  readonly redialMaxMs?: number;
  /**
   * How long a request waits for its answer when its call does not say.
   *
   * @default {5000}
   */
  readonly requestTimeoutMs?: number;
  /**
   * How long the arbiter waits for a sign of life of a connection that is to be replaced by a
   * process with a lower or equal ordinal.
   *
   * @default {1000}
   */
  readonly probeTimeoutMs?: number;
  /**
   * How long the other end may stay away until the requests that wait for it are given up, and a
   * client's session with them.
   *
   * @default {30000}
   */
  readonly resumeWindowMs?: number;
  /**
   * How long `close` lets what is open finish.
   *
   * @default {10000}
   */
  readonly drainMs?: number;
  /**
   * What a request does while there is no connection: wait for one within its deadline, or fail.
   *
   * @default {"wait"}
   */
  readonly whenDown?: "wait" | "fail";
  /**
   * Requests that a peer may have open here at a time; more have to wait there. Requests that
   * handlers make through their context have four places more.
   *
   * @default {1024}
   */
  readonly maxInFlight?: number;
  /**
   * The largest payload that is sent or taken, in bytes.
   *
   * @default {16777216}
   */
  readonly payloadMaxBytes?: number;
  /**
   * The most that is kept for one peer until it is acknowledged, in bytes; when it is full, sending
   * waits. At least 131,072.
   *
   * @default {16777216}
   */
  readonly retainMaxBytes?: number;
  /**
   * What an endpoint lends to large payloads that come, in bytes: so much to requests, as much to
   * answers, as much to notifications, shared by all other ends. Larger payloads than standing
   * credit covers (`creditBytes`) wait for it before they are sent. At least `payloadMaxBytes`.
   *
   * @default {67108864}
   */
  readonly receiveMaxBytes?: number;
  /**
   * What each other end may send unasked and is held until the application has it, in bytes: so
   * much of requests, as much of answers, as much of notifications. A larger one costs a round trip
   * more; it is what one link can make this process hold, whatever its handlers do.
   *
   * @default {262144}
   */
  readonly creditBytes?: number;
  /**
   * Answers of one other end that wait to be written, in bytes, above which its next requests are
   * not started: whoever does not read its answers gets no more of them made.
   *
   * @default {33554432}
   */
  readonly answersMaxBytes?: number;
  /**
   * How long room that was granted may wait for its payload: a sender that stalls, or whose path is
   * down, costs others this wait and no more. Longer than a large payload takes on a slow path.
   *
   * @default {30000}
   */
  readonly assemblyTimeoutMs?: number;
  /**
   * Notifications of one other end whose handlers may run at a time; more wait there.
   *
   * @default {1024}
   */
  readonly notificationsMax?: number;
  /**
   * The most notifications that wait to be sent to one peer, in bytes; more wait until their
   * deadlines to be taken. Left out, it is at least twice `payloadMaxBytes`.
   *
   * @default {33554432}
   */
  readonly queueMaxBytes?: number;
}

/** What endpoints and clients share beside the numbers. */
export interface SecurityOptions {
  /**
   * The secret that all processes share, at least 16 bytes: it seals all that they say to each
   * other, and never crosses the network. `freshlink keygen --secret` makes one, which is used as
   * it is; any other costs 0.1 s at the start, to be slow to guess. Without it and without `tls`
   * only loopback can be listened on.
   */
  readonly secret?: string | Uint8Array;
  /**
   * Several secrets instead of one: the first is dialled with, all are accepted. So a secret is
   * changed in three steps, each everywhere before the next: `[old, new]`, `[new, old]`, `[new]`.
   */
  readonly secrets?: readonly (string | Uint8Array)[];
  /**
   * A lasting key pair, as `freshlink keygen FILE` makes it: the private key in PEM, or the path of
   * a file with it. Peers whose definitions carry its `publicKey` believe nobody else this name.
   * By default a key pair is drawn for each life.
   */
  readonly identity?: string;
  /** TLS with certificates at both ends; a certificate must be for whoever shows it, see docs/guide/tls.md. */
  readonly tls?: TlsOptions;
}

/** What endpoints and clients serve. */
export interface ServingOptions {
  /**
   * What answers services: functions by the services' names, or `{ handler, codec }`. Registered
   * before anybody can call. More can be registered with `handle`.
   */
  readonly handlers?: Handlers;
  /**
   * How long it is starting, in milliseconds: a request for a service that has no handler
   * yet waits for it, within its own deadline, instead of being answered with `unknown-service`. At
   * most 1,024 requests and 16 MiB wait, more are answered with `overloaded`. `ready()`
   * ends it earlier; 0: nothing waits. Where `handlers` are given, 0 is the default.
   *
   * @default {1000}
   */
  readonly startingMs?: number;
  /**
   * Who may call which service: asked for each request and notification, before its handler runs.
   * Where it returns `false`, or throws, the call ends with `not-allowed` and was not executed. By
   * default everybody who is let in may call everything.
   */
  readonly allow?: (caller: RemoteCaller, service: string) => boolean;
}

/** Options of `Endpoint.start`. */
export interface EndpointOptions extends TuningOptions, SecurityOptions, ServingOptions {
  /**
   * The name under which peers know this endpoint: 1 to 255 bytes, no control characters. By
   * default the advertised `host:port`.
   */
  readonly name?: string;
  /** Where to listen. The host name is 127.0.0.1 by default; port 0 lets the kernel choose. */
  readonly listen: { readonly hostname?: string; readonly port: number };
  /** What peers are told of where this endpoint listens; by default where it does. */
  readonly advertise?: { readonly hostname?: string; readonly port?: number };
  /**
   * The peers: an array, the path of a JSON file with such an array, or a discovery, which tells
   * lists as they change. None by default. `Endpoint.setPeers` takes another list.
   */
  readonly peers?: string | readonly PeerDefinition[] | PeerDiscovery;
  /**
   * Lets in peers that nobody defined here, once they have proved that they know the secret or are
   * whom their certificate names: one definition, at the other end, is enough. They have a row and
   * can be called, as a member of a group where the rule says so; they are not dialled, and are no
   * peers any more when they have closed, or have been away for `resumeWindowMs`. The rule may be
   * asked twice for one; what it throws lets nobody in.
   */
  readonly admit?: (remote: RemotePeer) => boolean | { readonly group?: string };
  /**
   * Whether the file that `peers` names is looked at every second: a list in it that is new and
   * whole takes the place of the old one. An empty one does not, and one that is half written
   * neither.
   *
   * @default {false}
   */
  readonly watchPeers?: boolean;
  /**
   * The group that this endpoint is a member of: where it has no name, it is known by
   * `group/host:port`.
   */
  readonly group?: string;
  /**
   * Allows to listen beyond loopback without `secret` and `tls`: whoever reaches the port can then
   * claim any name.
   *
   * @default {false}
   */
  readonly insecure?: boolean;
  /**
   * Where the identifiers of connections come from: a count, or the clock.
   *
   * @default {"counter"}
   */
  readonly identifier?: IdentifierMode;
  /**
   * What ends when a peer says that another living process has this endpoint's name: the whole
   * process stops serving, or only the link to that peer, for good; the others go on. With `link`
   * two processes of one name can go on beside each other, each with some of the peers: it is for
   * those who trust their peers less than they fear that.
   *
   * @default {"process"}
   */
  readonly fence?: "process" | "link";
  /**
   * The path of a small file that remembers the last start, so that this process ranks above its
   * predecessor even when the clock was set back meanwhile. Processes that start on one file get an
   * ordinal each. An empty or lost file stops no start. None by default.
   */
  readonly stateFile?: string;
  /**
   * Tells once on the console, while nobody listens to the events, what only a configuration can
   * mend: a handshake that was refused because of secret, name, definition or certificate, and that
   * this endpoint is fenced.
   *
   * @default {true}
   */
  readonly consoleNotices?: boolean;
  /** How payloads are encoded unless a call or a handler says otherwise. JSON by default. */
  readonly codec?: "json" | "bytes" | Codec;
  /**
   * Clients that may be connected at a time; more are refused with `overloaded`. Those whose
   * connections are gone are not counted: their sessions are kept for `resumeWindowMs`, at most
   * 1,024 of them and 64 MiB.
   *
   * @default {10000}
   */
  readonly maxClients?: number;
  /**
   * Requests that a client may have open here at a time.
   *
   * @default {64}
   */
  readonly clientMaxInFlight?: number;
  /**
   * Streams that a client may have open here at a time.
   *
   * @default {16}
   */
  readonly clientMaxStreams?: number;
  /**
   * The largest payload that is taken of a client, in bytes; never more than `payloadMaxBytes`.
   *
   * @default {1048576}
   */
  readonly clientPayloadMaxBytes?: number;
  /**
   * Connections that a peer may have here at a time, beside those that this end dials. One is used;
   * while it is replaced there are two, and more only where a path is broken. More are refused.
   *
   * @default {16}
   */
  readonly maxConnectionsPerPeer?: number;
  /** Sockets, time and randomness; by default those of the runtime that this process runs on. */
  readonly runtime?: Runtime;
}

/** Options of `Client.connect`. */
export interface ClientOptions extends TuningOptions, SecurityOptions, ServingOptions {
  /** Where the endpoint listens. */
  readonly hostname: string;
  /** The TCP port on which it listens, 1 to 65535. */
  readonly port: number;
  /** The endpoint's name; another one that answers is refused. By default any is taken. */
  readonly to?: string;
  /**
   * Under which name handlers see this client; with TLS its certificate must carry it. By default
   * the first name in that certificate, without TLS `client-` and some random digits.
   */
  readonly name?: string;
  /** How payloads are encoded unless a call says otherwise. JSON by default. */
  readonly codec?: "json" | "bytes" | Codec;
  /** Sockets, time and randomness; by default those of the runtime that this process runs on. */
  readonly runtime?: Runtime;
}
