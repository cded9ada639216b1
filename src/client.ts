/**
 * The client: a caller that is not a peer. It knows one endpoint and has no entry in any table.
 *
 * @module
 */

import { Channel, type ChannelKeys } from "./connection/channel.ts";
import { ClientLink } from "./connection/client_link.ts";
import type { ConnectionContext } from "./connection/context.ts";
import { Timers } from "./connection/timers.ts";
import { limitsOf, newSessionHost } from "./connection/session_host.ts";
import { Caller } from "./calls/caller.ts";
import type { Peer } from "./calls/contract.ts";
import type { Encoding } from "./calls/contract_types.ts";
import { HandlerRegistry } from "./calls/handler_registry.ts";
import { type Interceptor, Interceptors } from "./calls/interceptors.ts";
import { certifiedName, channelKeysOf } from "./calls/startup.ts";
import { type ErrorCode, LinkError } from "./errors.ts";
import {
  type ClientOptions,
  type FlushOptions,
  type NotifyOptions,
  type RequestOptions,
  resolveClientOptions,
  type ResolvedClientOptions,
} from "./options.ts";
import { checkInterceptor, NO_OPTIONS } from "./options/call_options.ts";
import { detectRuntime } from "./runtime/detect.ts";
import type { Runtime } from "./runtime/runtime.ts";

/**
 * A caller that is not a peer: requests in one direction, over one connection.
 *
 * When the connection ends, requests that may have been executed fail with `connection-lost`;
 * idempotent ones, and those that were never sent, go over the next connection.
 *
 * @example
 * ```ts ignore
 * import { Client } from "@freshlink/freshlink";
 *
 * await using client = await Client.connect({ hostname: "127.0.0.1", port: 11000 });
 * const receipt = await client.request("order", { item: "tea", count: 2 });
 * ```
 */
export class Client implements AsyncDisposable {
  readonly #options: ResolvedClientOptions;
  readonly #timers: Timers;
  readonly #link: ClientLink;
  readonly #caller: Caller;
  readonly #interceptors = new Interceptors();
  #peer: string;
  #isClosed = false;
  #connected: ((error: LinkError | null) => void) | null = null;

  private constructor(
    options: ResolvedClientOptions,
    runtime: Runtime,
    keys: ChannelKeys | null,
  ) {
    this.#options = options;
    this.#timers = new Timers(runtime.clock);
    const calls = { routeTo: () => this.#route, handleDropped: () => {} };
    this.#caller = new Caller(calls, this.#timers, runtime.copy, options, this.#interceptors);
    this.#peer = options.to ?? `${options.hostname}:${options.port}`;
    const channel = new Channel(runtime, {
      role: "client",
      name: options.name ?? certifiedName(options.tls) ?? randomName(runtime),
      ordinal: runtime.clock.wallMicros(),
      hostname: "",
      port: 0,
      limits: limitsOf(options),
      heartbeatIntervalMs: Math.ceil(options.heartbeatIntervalMs),
      ordinalRises: false,
    }, keys);
    let lastConnection = 0;
    const context: ConnectionContext = {
      runtime,
      timers: this.#timers,
      settings: options,
      self: channel.self,
      channel,
      tls: options.tls,
      sessions: newSessionHost(options, this.#handling(runtime), this.#timers),
      traffic: { sentBytes: 0, receivedBytes: 0 },
      recorder: null,
      emit: (event) => {
        if (event.type !== "handshake-failed") return;
        this.#settleConnect(new LinkError(event.code, event.detail, { peer: this.#peer }));
      },
      nextConnectionId: () => ++lastConnection,
    };
    this.#link = new ClientLink(
      context,
      {
        handleUp: (remote) => {
          this.#peer = remote.name;
          this.#settleConnect(null);
        },
        handleDown: (error) => this.#settleConnect(error),
      },
      { hostname: options.hostname, port: options.port },
      options.to ?? "",
    );
  }

  /**
   * Connects to an endpoint.
   *
   * @throws {ConfigurationError} `invalid-options`, with every problem at once.
   * @throws {LinkError} `dial-failed` when nobody listens there, or the code with which the
   * endpoint refused the handshake.
   */
  static async connect(options: ClientOptions): Promise<Client> {
    const resolved = resolveClientOptions(options);
    const runtime = options.runtime ?? await detectRuntime();
    const keys = await channelKeysOf(runtime, resolved.secrets);
    const client = new Client(resolved, runtime, keys);
    const error = await new Promise<LinkError | null>((resolve) => {
      client.#connected = resolve;
      client.#link.connect();
    });
    if (error === null) return client;
    await client.close();
    throw error;
  }

  /** The name of the endpoint that answered. */
  get peer(): string {
    return this.#peer;
  }

  /** Whether there is a connection at this moment; a request makes one where there is none. */
  get isConnected(): boolean {
    return this.#link.isUp;
  }

  /** Asks the endpoint; see `Endpoint.request`. */
  request<Result = unknown>(
    service: string,
    payload?: unknown,
    options: RequestOptions = NO_OPTIONS,
  ): Promise<Result> {
    return this.#caller.request(this.#peer, service, payload, options);
  }

  /** Tells the endpoint something; see `Endpoint.notify`. It is lost when the connection is. */
  notify(
    service: string,
    payload?: unknown,
    options: NotifyOptions = NO_OPTIONS,
  ): Promise<void> {
    return this.#caller.notify(this.#peer, service, payload, options);
  }

  /** Resolves when the endpoint has all notifications that were taken; see `Endpoint.flush`. */
  flush(options: FlushOptions = NO_OPTIONS): Promise<void> {
    return this.#caller.flush(this.#peer, options);
  }

  /** Stands around the client's calls; see `Endpoint.use`. @returns Ends that. */
  use(interceptor: Interceptor): () => void {
    checkInterceptor(interceptor);
    return this.#interceptors.use(interceptor);
  }

  /** The same with the compiler checking services, payloads and answers against a contract. */
  service<Contract, Carrier extends Encoding = "json">(): Peer<Contract, Carrier> {
    const request = (service: string, payload?: unknown, options?: RequestOptions) =>
      this.request(service, payload, options);
    const notify = (service: string, payload?: unknown, options?: NotifyOptions) =>
      this.notify(service, payload, options);
    return { name: this.#peer, request, notify } as unknown as Peer<Contract, Carrier>;
  }

  /** Ends the connection; what has no answer fails with `closed`. */
  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#link.stop("closed");
    }
    return Promise.resolve();
  }

  /** Closes, so that `await using` does. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A client serves nothing. */
  #handling(runtime: Runtime): HandlerRegistry {
    const none = () => Promise.reject(new Error("A client has no handlers"));
    const calls = {
      handleNotificationFailed: () => {},
      timers: this.#timers,
      requestTimeoutMs: this.#options.requestTimeoutMs,
      requestAt: none,
      notifyFrom: none,
      interceptors: this.#interceptors,
    };
    const registry = new HandlerRegistry(calls, 0, runtime.copy);
    registry.ready();
    return registry;
  }

  get #route(): ClientLink | ErrorCode {
    return this.#isClosed ? "closed" : this.#link;
  }

  #settleConnect(error: LinkError | null): void {
    const connected = this.#connected;
    this.#connected = null;
    connected?.(error);
  }
}

/** A name for a client that was given none. */
function randomName({ random }: Runtime): string {
  const digits = Array.from(random.bytes(4), (byte) => byte.toString(16).padStart(2, "0"));
  return `client-${digits.join("")}`;
}
