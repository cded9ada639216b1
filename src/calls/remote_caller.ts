/**
 * Who calls: what a handler knows of the other end, and what it can ask and tell it.
 *
 * @module
 */

import type { Session } from "../core/session/session.ts";
import type { NotifyOptions, RequestOptions, StreamOptions } from "../options.ts";
import { NO_OPTIONS } from "../options/call_options.ts";
import type { Callee, Peer } from "./contract.ts";
import type { Encoding } from "./contract_types.ts";
import type { ItemStream } from "./item_stream.ts";
import { typedPeer } from "./facades.ts";

/** What calls those who call. */
export interface CallerCalls extends CallerStreams {
  /** Asks the other end of a session. */
  requestTo<Result>(
    session: Session,
    service: string,
    payload: unknown,
    options: RequestOptions,
  ): Promise<Result>;
  /** Tells the other end of a session something. */
  notifyTo(
    session: Session,
    service: string,
    payload: unknown,
    options: NotifyOptions,
  ): Promise<void>;
}

/** Opens streams at those who call. */
export interface CallerStreams {
  /** Opens a stream at the other end of a session. */
  streamTo<Item>(
    session: Session,
    service: string,
    payload: unknown,
    options: StreamOptions,
  ): ItemStream<Item>;
}

/**
 * The other end of a call, as a handler sees it. One object for as long as that process lives and
 * is known here: the same caller is the same object in every call. It can be kept, and called also
 * when its call has been answered: pushes, progress, callbacks. When its process or its session is
 * over, what is asked of it fails with `peer-restarted` or `peer-down`.
 */
export interface RemoteCaller extends Callee {
  /** Its name, as it is proved: by the secret, and by the certificate where there is TLS. */
  readonly name: string;
  /** Whether it is a defined peer or a client. */
  readonly role: "peer" | "client";
  /**
   * All names in its verified certificate: DNS names, addresses and URIs. Empty without TLS.
   * `name` is among them, unless the certificate was checked for a host or for `serverName`.
   */
  readonly verifiedNames: readonly string[];
  /** The SHA-256 fingerprint of that certificate, as `AB:CD:…`; `null` without TLS. */
  readonly fingerprint: string | null;
  /**
   * The public key that it has proved to hold, in base64url: that of its `identity`, else one that
   * was drawn for this life. `null` without `secret` and `identity`.
   */
  readonly publicKey: string | null;
  /** Opens a stream there; see `Endpoint.stream`. */
  stream<Item = unknown>(
    service: string,
    payload?: unknown,
    options?: StreamOptions,
  ): ItemStream<Item>;
  /** The same with the compiler checking services, payloads and answers against a contract. */
  peer<Contract, Carrier extends Encoding = "json">(): Peer<Contract, Carrier>;
}

/** Who is at the other end of a session. */
export function callerOf(session: Session, calls: CallerCalls): RemoteCaller {
  const caller = session.attached ?? new SessionCaller(session, calls);
  session.attached = caller;
  return caller as RemoteCaller;
}

/** The session of whoever called; `null`: that is no caller. */
export function sessionOf(caller: RemoteCaller): Session | null {
  return caller instanceof SessionCaller ? caller.session : null;
}

class SessionCaller implements RemoteCaller {
  readonly #session: Session;
  readonly #calls: CallerCalls;

  constructor(session: Session, calls: CallerCalls) {
    this.#session = session;
    this.#calls = calls;
  }

  get session(): Session {
    return this.#session;
  }

  stream<Item = unknown>(
    service: string,
    payload?: unknown,
    options: StreamOptions = NO_OPTIONS,
  ): ItemStream<Item> {
    return this.#calls.streamTo(this.#session, service, payload, options);
  }

  request<Result = unknown>(
    service: string,
    payload?: unknown,
    options: RequestOptions = NO_OPTIONS,
  ): Promise<Result> {
    return this.#calls.requestTo(this.#session, service, payload, options);
  }

  notify(
    service: string,
    payload?: unknown,
    options: NotifyOptions = NO_OPTIONS,
  ): Promise<void> {
    return this.#calls.notifyTo(this.#session, service, payload, options);
  }

  peer<Contract, Carrier extends Encoding = "json">(): Peer<Contract, Carrier> {
    return typedPeer(this.name, {
      request: (...call) => this.request(...call),
      notify: (...call) => this.notify(...call),
      stream: (...call) => this.stream(...call),
    });
  }

  get name(): string {
    return this.#session.peer;
  }

  get role(): "peer" | "client" {
    return this.#session.role;
  }

  get verifiedNames(): readonly string[] {
    return this.#session.certificate?.names ?? NO_NAMES;
  }

  get fingerprint(): string | null {
    return this.#session.certificate?.fingerprint ?? null;
  }

  get publicKey(): string | null {
    return this.#session.publicKey;
  }
}

const NO_NAMES: readonly string[] = Object.freeze([]);
