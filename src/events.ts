/**
 * What an endpoint reports: one union, told apart by `type`.
 *
 * @module
 */

import type { ErrorCode } from "./errors.ts";
import type { CloseKind } from "./runtime/runtime.ts";

/** What every event says. */
export interface EventBase {
  /** The wall clock when it happened: microseconds since 1970. */
  readonly atMicros: number;
  /** The same moment on the monotonic clock, in milliseconds. */
  readonly atMs: number;
  /** The peer it is about; `null` where that is not known (a stranger). */
  readonly peer: string | null;
  /** The other end of the socket it is about, as `host:port`; `null` where there is none. */
  readonly remoteAddress: string | null;
}

/** A connection became the one to use. Older ones are still in the table while this is told. */
export interface ConnectedEvent extends EventBase {
  /** Tells this event from the others. */
  readonly type: "connected";
  /** Its link number. */
  readonly identifier: number;
  /** The life of the peer. */
  readonly bootId: string;
  /** Who dialled. */
  readonly direction: "inbound" | "outbound";
  /** Whether the peer's process is another one than before. */
  readonly newProcess: boolean;
  /** Frames that were not acknowledged on earlier connections and are sent (again) on this one. */
  readonly replayedFrames: number;
  /** When its HELLO was sent or received, on the monotonic clock, in milliseconds. */
  readonly helloAtMs: number;
}

/** An older connection was ended because a newer one took its place. */
export interface SupersededEvent extends EventBase {
  /** Tells this event from the others. */
  readonly type: "superseded";
  /** The older one's link number. */
  readonly identifier: number;
  /** The newer one's. */
  readonly by: number;
  /** The life to which the older one led. */
  readonly bootId: string;
}

/** The connection in use ended and nothing took its place: the peer is down until it is back. */
export interface LostEvent extends EventBase {
  /** Tells this event from the others. */
  readonly type: "lost";
  /** Its link number. */
  readonly identifier: number;
  /** Why: what the socket told, or `silent`. */
  readonly reason: CloseKind | ErrorCode;
}

/** The peer's process is another one: what became of the requests. */
export interface PeerRestartedEvent extends EventBase {
  /** Tells this event from the others. */
  readonly type: "peer-restarted";
  /** The life that ended. */
  readonly oldBootId: string;
  /** The life that began. */
  readonly bootId: string;
  /** Requests that failed because they may have been executed by the old process. */
  readonly failed: number;
  /** Idempotent requests that are sent again. */
  readonly repeated: number;
}

/** A socket to the peer could not be opened; another try follows. */
export interface DialFailedEvent extends EventBase {
  /** Tells this event from the others. */
  readonly type: "dial-failed";
  /** Why. */
  readonly reason: CloseKind;
  /** The runtime's errno string, or `null`. */
  readonly code: string | null;
  /** For people. */
  readonly detail: string;
}

/** A handshake did not succeed; nothing else changed. */
export interface HandshakeFailedEvent extends EventBase {
  /** Tells this event from the others. */
  readonly type: "handshake-failed";
  /** Why. */
  readonly code: ErrorCode;
  /** For people. */
  readonly detail: string;
  /** The name that the other end gave, believed or not; `null` where it gave none. */
  readonly claimedName: string | null;
  /** Who dialled. */
  readonly direction: "inbound" | "outbound";
  /** Events of this kind that were left out before this one: strangers may be many. */
  readonly leftOut: number;
}

/** The other end broke the protocol; its connection was aborted. */
export interface ProtocolErrorEvent extends EventBase {
  /** Tells this event from the others. */
  readonly type: "protocol-error";
  /** How. */
  readonly code: ErrorCode;
  /** For people. */
  readonly detail: string;
}

/** Nothing was heard for a while; a second connection is tried beside the first. */
export interface SuspectEvent extends EventBase {
  /** Tells this event from the others. */
  readonly type: "suspect";
  /** How long, in milliseconds. Whether the path or the process is at fault cannot be seen. */
  readonly silenceMs: number;
  /** Requests that wait for an answer. */
  readonly inFlight: number;
}

/** A second living process claims the peer's name; it was refused. */
export interface DuplicateEvent extends EventBase {
  /** Tells this event from the others. */
  readonly type: "duplicate";
  /** The life that was refused. */
  readonly refusedBootId: string;
  /** The life that keeps the name. */
  readonly bootId: string;
}

/**
 * Another living process owns this endpoint's name: this one stops for good. With `fence: "link"`
 * only the link to `peer` does; else `peer` is `null`.
 */
export interface FencedEvent extends EventBase {
  /** Tells this event from the others. */
  readonly type: "fenced";
  /** `duplicate`: it was refused; `displaced`: a newer process took over. */
  readonly code: ErrorCode;
}

/** The peer is closing in good order; no new requests go there until it is back. */
export interface DrainingEvent extends EventBase {
  /** Tells this event from the others. */
  readonly type: "draining";
}

/** A notification's handler failed: there is no caller to tell. */
export interface HandlerFailedEvent extends EventBase {
  /** Tells this event from the others. */
  readonly type: "handler-failed";
  /** The service. */
  readonly service: string;
  /** What was thrown. */
  readonly error: unknown;
}

/** A notification that the queue had taken will not be sent: `code` says why. */
export interface NotificationDroppedEvent extends EventBase {
  /** Tells this event from the others. */
  readonly type: "notification-dropped";
  /** The service. */
  readonly service: string;
  /** `closed`, `fenced`, or `payload-too-large` for what the peer takes. */
  readonly code: ErrorCode;
}

/** A listener of `on` threw: all others are told. It stays, and gets the next event. */
export interface ListenerFailedEvent extends EventBase {
  /** Tells this event from the others. */
  readonly type: "listener-failed";
  /** What was thrown. */
  readonly error: unknown;
}

/** Who the peers are has changed, by the names of the peers. */
export interface PeersChangedEvent extends EventBase {
  /** Tells this event from the others. */
  readonly type: "peers-changed";
  /** Who is new, and dialled. */
  readonly added: readonly string[];
  /** Who is no peer any more: what is open goes on, and nobody is dialled. */
  readonly removed: readonly string[];
  /** Who is dialled at another place. */
  readonly moved: readonly string[];
}

/** The discovery failed, or told what cannot be taken: the peers stay as they are. */
export interface DiscoveryFailedEvent extends EventBase {
  /** Tells this event from the others. */
  readonly type: "discovery-failed";
  /** For people. */
  readonly detail: string;
  /** What it threw; `undefined` where it told a list that cannot be taken. */
  readonly error: unknown;
  /** When it is asked again, in milliseconds; `null`: it is still being listened to. */
  readonly retryInMs: number | null;
}

/** This endpoint is closed; the last event. */
export interface ClosedEvent extends EventBase {
  /** Tells this event from the others. */
  readonly type: "closed";
}

/** How a listener hears. */
export interface ListenerOptions {
  /** It tells nobody: the notices on the console go on. Default: `false`. */
  readonly quiet?: boolean;
}

/** What an endpoint reports. */
export type EndpointEvent =
  | ConnectedEvent
  | SupersededEvent
  | LostEvent
  | PeerRestartedEvent
  | DialFailedEvent
  | HandshakeFailedEvent
  | ProtocolErrorEvent
  | SuspectEvent
  | DuplicateEvent
  | FencedEvent
  | DrainingEvent
  | HandlerFailedEvent
  | NotificationDroppedEvent
  | ListenerFailedEvent
  | PeersChangedEvent
  | DiscoveryFailedEvent
  | ClosedEvent;

/** An event without the fields that the reporter fills in. */
export type EventBody = EndpointEvent extends infer Event
  ? Event extends EndpointEvent ? Omit<Event, "atMicros" | "atMs"> : never
  : never;
