/**
 * The client: a caller that is not a peer. It knows one endpoint and has no entry in any table.
 *
 * @module
 */

import { Channel, type ChannelKeys } from "./connection/channel.ts";
import type { ConnectionContext } from "./connection/context.ts";
import type { LinkDriver } from "./connection/link_driver.ts";
import { SingleLink } from "./connection/single_link.ts";
import { Timers } from "./connection/timers.ts";
import { limitsOf, newSessionHost } from "./connection/session_host.ts";
import { routeOf } from "./connection/session_route.ts";
import { type Codec, resolveCodec } from "./codec.ts";
import { Caller, type Destination } from "./calls/caller.ts";
import type { Callee, Peer, Service } from "./calls/contract.ts";
import type { Encoding } from "./calls/contract_types.ts";
import { Closing } from "./calls/closing.ts";
import type { ItemStream } from "./calls/item_stream.ts";
import { typedPeer, typedService } from "./calls/facades.ts";
import { HandlerRegistry } from "./calls/handler_registry.ts";
import type { Handler, StreamHandler } from "./calls/handlers.ts";
import { handlingOwnerOf } from "./calls/handling_owner.ts";
import { type Interceptor, Interceptors } from "./calls/interceptors.ts";
import { certifiedName, channelKeysOf, registerAll } from "./calls/startup.ts";
import { type ErrorCode, LinkError } from "./errors.ts";
import {
  type ClientOptions,
  type FlushOptions,
  type NotifyOptions,
  type RequestOptions,
  resolveClientOptions,
  type ResolvedClientOptions,
  type StreamOptions,
} from "./options.ts";
import {
  checkCloseOptions,
  checkHandling,
  checkInterceptor,
  NO_OPTIONS,
} from "./options/call_options.ts";
import { detectRuntime } from "./runtime/detect.ts";
import type { Runtime } from "./runtime/runtime.ts";

/**
 * A caller that is not a peer: it has a link to one endpoint, as a peer has, and no row in its
 * table. A broken path costs no call: what was sent is executed once, and answered over the next
 * connection. Only the end of the endpoint's process, or of the session there, fails calls, and
 * those only that may have been executed and are not idempotent.
 *
 * @example
 * ```ts ignore
 * import { Client } from "@freshlink/freshlink";
 *
 * await using client = await Client.connect({ hostname: "127.0.0.1", port: 11000 });
 * const receipt = await client.request("order", { item: "tea", count: 2 });
 * ```
 */
export class Client implements Callee, AsyncDisposable {
  readonly #options: ResolvedClientOptions;
  readonly #timers: Timers;
  readonly #home: SingleLink;
  readonly #closing: Closing;
  readonly #caller: Caller;
  readonly #handling: HandlerRegistry;
  readonly #interceptors = new Interceptors();
  #peerName: string;
  #connected: ((error: LinkError | null) => void) | null = null;

  private constructor(
    options: ResolvedClientOptions,
    runtime: Runtime,
    keys: ChannelKeys | null,
  ) {
    this.#options = options;
    this.#timers = new Timers(runtime.clock);
    const calls = {
      routeTo: (to: Destination, isNested: boolean) => this.#routeTo(to, isNested),
      handleDropped: () => {},
    };
    this.#caller = new Caller(calls, this.#timers, runtime.copy, options, this.#interceptors);
    this.#peerName = options.to ?? `${options.hostname}:${options.port}`;
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
    const [interceptors, timers] = [this.#interceptors, this.#timers];
    const caller = () => this.#caller;
    const handlingOwner = handlingOwnerOf({ options, timers, interceptors, caller, emit() {} });
    const handlers = this.#handling = new HandlerRegistry(
      handlingOwner,
      options.payloadMaxBytes,
      runtime.copy,
    );
    let lastConnection = 0;
    const context: ConnectionContext = {
      runtime,
      timers: this.#timers,
      settings: options,
      self: channel.self,
      channel,
      tls: options.tls,
      sessions: newSessionHost(options, handlers, this.#timers, runtime.allocate),
      traffic: { sentBytes: 0, receivedBytes: 0 },
      recorder: null,
      emit: (event) => {
        if (event.type !== "handshake-failed") return;
        this.#settleConnect(new LinkError(event.code, event.detail, { peer: this.#peerName }));
      },
      nextConnectionId: () => ++lastConnection,
    };
    const owner = {
      handleUp: (name: string) => {
        this.#peerName = name;
        this.#settleConnect(null);
      },
      handleDown: (error: LinkError) => this.#settleConnect(error),
    };
    this.#home = new SingleLink(context, owner, options, options.to);
    this.#closing = new Closing({
      timers: this.#timers,
      listener: null,
      manager: this.#home,
      handlers,
      emit: () => {},
      before: () => {},
      after: () => {},
    });
    registerAll(options.handlers, (...handling) => this.handle(...handling));
    handlers.readyAfter(this.#timers, options.startingMs);
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
    const keys = await channelKeysOf(runtime, resolved);
    const client = new Client(resolved, runtime, keys);
    const error = await new Promise<LinkError | null>((resolve) => {
      client.#connected = resolve;
      client.#home.start();
    });
    if (error === null) return client;
    await client.close({ drainMs: 0 });
    throw error;
  }

  /** The name of the endpoint that answered. */
  get peerName(): string {
    return this.#peerName;
  }

  /** Whether there is a connection at this moment; where there is none, one is dialled. */
  get isConnected(): boolean {
    return this.#home.link.isUp;
  }

  /** Asks the endpoint; see `Endpoint.request`. */
  request<Result = unknown>(
    service: string,
    payload?: unknown,
    options: RequestOptions = NO_OPTIONS,
  ): Promise<Result> {
    return this.#caller.request(this.#peerName, service, payload, options);
  }

  /** Opens a stream at the endpoint; see `Endpoint.stream`. */
  stream<Item = unknown>(
    service: string,
    payload?: unknown,
    options: StreamOptions = NO_OPTIONS,
  ): ItemStream<Item> {
    return this.#caller.stream(this.#peerName, service, payload, options);
  }

  /** Tells the endpoint something; see `Endpoint.notify`. */
  notify(
    service: string,
    payload?: unknown,
    options: NotifyOptions = NO_OPTIONS,
  ): Promise<void> {
    return this.#caller.notify(this.#peerName, service, payload, options);
  }

  /** Resolves when the endpoint has all notifications that were taken; see `Endpoint.flush`. */
  flush(options: FlushOptions = NO_OPTIONS): Promise<void> {
    return this.#caller.flush(this.#peerName, options);
  }

  /** Stands around the client's calls; see `Endpoint.use`. @returns Ends that. */
  use(interceptor: Interceptor): () => void {
    checkInterceptor(interceptor);
    return this.#interceptors.use(interceptor);
  }

  /**
   * Registers what answers a service when the endpoint calls: `context.caller` of its handlers is
   * this client. See `Endpoint.handle`.
   *
   * @throws {ConfigurationError} `invalid-options`: something of it cannot work, or it has one.
   */
  handle<Payload = unknown, Result = unknown>(
    service: string,
    handler: Handler<Payload, Result>,
    options: { readonly codec?: "json" | "bytes" | Codec } = {},
  ): void {
    checkHandling(service, handler, options);
    const codec = options.codec === undefined ? this.#options.codec : resolveCodec(options.codec);
    this.#handling.add(service, handler as Handler<unknown, unknown>, codec);
  }

  /** Registers what answers a service of this client with items; see `Endpoint.handleStream`. */
  handleStream<Payload = unknown, Item = unknown>(
    service: string,
    handler: StreamHandler<Payload, Item>,
    options: { readonly codec?: "json" | "bytes" | Codec } = {},
  ): void {
    checkHandling(service, handler, options);
    const codec = options.codec === undefined ? this.#options.codec : resolveCodec(options.codec);
    this.#handling.add(service, handler as Handler<unknown, unknown>, codec, true);
  }

  /** All handlers are registered; see `Endpoint.ready`. */
  ready(): void {
    this.#handling.ready();
  }

  /** `handle` with the compiler checking services, payloads and answers against a contract. */
  service<Contract, Carrier extends Encoding = "json">(): Service<Contract, Carrier> {
    return typedService(this);
  }

  /** The endpoint, with the compiler checking calls against a contract. */
  peer<Contract, Carrier extends Encoding = "json">(): Peer<Contract, Carrier> {
    return typedPeer(this.#peerName, {
      request: (...call) => this.request(...call),
      notify: (...call) => this.notify(...call),
      stream: (...call) => this.stream(...call),
    });
  }

  /**
   * Closes in good order, as `Endpoint.close` does: makes no new calls, finishes what is open, and
   * ends the connection.
   *
   * @param options `drainMs`: how long open requests may take, in milliseconds; what is left then
   * fails with `closed`. Default: the client's `drainMs`.
   * @throws {ConfigurationError} `invalid-options`: `drainMs` cannot work; nothing was closed.
   */
  async close(options: { readonly drainMs?: number } = {}): Promise<void> {
    checkCloseOptions(options);
    await this.#closing.close(options.drainMs ?? this.#options.drainMs);
  }

  /** Closes, so that `await using` does. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #routeTo(to: Destination, isNested: boolean): LinkDriver | ErrorCode {
    if (isNested ? this.#closing.isClosed : this.#closing.isClosing) return "closed";
    const { link } = this.#home;
    if (typeof to === "object" && to !== null) return routeOf(to, link);
    if (to !== this.#peerName) return "undefined-peer";
    return link.isFenced ? "fenced" : link;
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
