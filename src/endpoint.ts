/**
 * The endpoint: this process's end of the links to its peers.
 *
 * @module
 */

import { type Codec, resolveCodec } from "./codec.ts";
import { Channel, type ChannelKeys } from "./connection/channel.ts";
import type { ConnectionContext } from "./connection/context.ts";
import { ConnectionManager } from "./connection/connection_manager.ts";
import type { LinkDriver } from "./connection/link_driver.ts";
import { FlightRecorder } from "./connection/flight_recorder.ts";
import { Timers } from "./connection/timers.ts";
import type { PeerRow } from "./core/link/peer_row.ts";
import type { ConnectionRow } from "./core/link/connection_table.ts";
import { newSessionHost } from "./connection/session_host.ts";
import { Caller } from "./calls/caller.ts";
import type { FlightDump, Peer, Service } from "./calls/contract.ts";
import type { Encoding } from "./calls/contract_types.ts";
import { ConsoleNotice } from "./calls/console_notice.ts";
import { EventHub } from "./calls/event_hub.ts";
import { typedPeer, typedService } from "./calls/facades.ts";
import { whenDrained } from "./calls/drain.ts";
import { type Handler, HandlerRegistry, type HandlingOwner } from "./calls/handler_registry.ts";
import { type Interceptor, Interceptors } from "./calls/interceptors.ts";
import { Showing } from "./calls/showing.ts";
import type { Rank } from "./calls/state_file.ts";
import {
  channelKeysOf,
  helloOfPeer,
  listenOn,
  rankOfLife,
  registerAll,
  whenStarted,
  withDefinitions,
} from "./calls/startup.ts";
import type { ErrorCode } from "./errors.ts";
import type { EndpointEvent, EventBody } from "./events.ts";
import type { InspectOptions, Inspector } from "./inspector/inspector.ts";
import {
  type EndpointOptions,
  type FlushOptions,
  type NotifyOptions,
  type RequestOptions,
  type ResolvedEndpointOptions,
  resolveEndpointOptions,
} from "./options.ts";
import {
  checkCloseOptions,
  checkEventOptions,
  checkHandling,
  checkInterceptor,
  checkListener,
  checkPeerName,
  NO_OPTIONS,
} from "./options/call_options.ts";
import { detectRuntime } from "./runtime/detect.ts";
import type { Listener, Runtime, TcpAddress } from "./runtime/runtime.ts";

/**
 * One process's end of the links to its peers.
 *
 * @example Two endpoints in one process
 * ```ts
 * import { Endpoint } from "@freshlink/freshlink";
 *
 * await using stock = await Endpoint.start({ name: "SP30", listen: { port: 0 } });
 * stock.handle("reserve", (item: string) => ({ reserved: item }));
 * await using orders = await Endpoint.start({
 *   name: "SP10",
 *   listen: { port: 0 },
 *   peers: [{ name: "SP30", hostname: "127.0.0.1", port: stock.address.port }],
 * });
 * ```
 */
export class Endpoint implements AsyncDisposable {
  readonly #options: ResolvedEndpointOptions;
  readonly #timers: Timers;
  readonly #manager: ConnectionManager;
  readonly #handling: HandlerRegistry;
  readonly #caller: Caller;
  readonly #interceptors = new Interceptors();
  readonly #events: EventHub<EndpointEvent>;
  readonly #recorder: FlightRecorder;
  readonly #showing: Showing;
  readonly #listener: Listener;
  readonly #notice: ConsoleNotice | null;
  #closing: Promise<void> | null = null;
  /** Ends the closing, whatever is still open. */
  #endDrain: (() => void) | null = null;
  #isClosed = false;

  private constructor(
    options: ResolvedEndpointOptions,
    runtime: Runtime,
    listener: Listener,
    keys: ChannelKeys | null,
    rank: Rank,
  ) {
    this.#options = options;
    this.#listener = listener;
    this.#events = new EventHub((error) =>
      this.#stamp({ type: "listener-failed", peer: null, remoteAddress: null, error })
    );
    this.#timers = new Timers(runtime.clock);
    this.#recorder = new FlightRecorder(runtime.clock);
    const { copy } = runtime;
    this.#handling = new HandlerRegistry(this.#handlingOwner(), options.payloadMaxBytes, copy);
    const calls = {
      routeTo: (peer: string, isNested: boolean) => this.#routeTo(peer, isNested),
      handleDropped: (peer: string, service: string, code: ErrorCode) =>
        this.#emit({ type: "notification-dropped", peer, remoteAddress: null, service, code }),
    };
    this.#caller = new Caller(calls, this.#timers, copy, options, this.#interceptors);
    const channel = new Channel(runtime, helloOfPeer(options, this.address.port, rank), keys);
    let lastConnection = 0;
    const context: ConnectionContext = {
      runtime,
      timers: this.#timers,
      settings: options,
      self: channel.self,
      channel,
      tls: options.tls,
      sessions: newSessionHost(options, this.#handling, this.#timers),
      traffic: { sentBytes: 0, receivedBytes: 0 },
      recorder: this.#recorder,
      emit: (event) => this.#emit(event),
      nextConnectionId: () => ++lastConnection,
    };
    const owner = { handleFenced: (code: ErrorCode) => this.#fence(code) };
    this.#manager = new ConnectionManager(context, owner, options.peers);
    this.#showing = new Showing(this, this.#recorder);
    this.#notice = options.consoleNotices ? new ConsoleNotice(this.name) : null;
    registerAll(options.handlers, (...handling) => this.handle(...handling));
    whenStarted(this.#timers, options.startingMs, () => this.ready());
  }

  /**
   * Listens, reads the peer definitions and dials every peer. A peer that is not up yet is no
   * error: it is dialled again, and may dial itself.
   *
   * @throws {ConfigurationError} `invalid-options` or `invalid-definitions` with every problem at
   * once; `listen-failed` when the address cannot be bound (caused by the caller).
   */
  static async start(options: EndpointOptions): Promise<Endpoint> {
    const resolved = resolveEndpointOptions(await withDefinitions(options));
    const runtime = options.runtime ?? await detectRuntime();
    const rank = await rankOfLife(runtime, resolved.stateFile);
    const keys = await channelKeysOf(runtime, resolved);
    let manager: ConnectionManager | null = null;
    const listener = await listenOn(runtime, resolved, (socket) => manager?.accept(socket) ?? null);
    const endpoint = new Endpoint(resolved, runtime, listener, keys, rank);
    manager = endpoint.#manager;
    manager.start();
    return endpoint;
  }

  /** The name under which peers know this endpoint. */
  get name(): string {
    return this.#manager.context.self.name;
  }

  /** This life of the endpoint: 32 hexadecimal digits, drawn at the start. */
  get bootId(): string {
    return this.#manager.context.self.bootId;
  }

  /** Where it really listens (the port that the kernel chose). */
  get address(): TcpAddress {
    return this.#listener.address as TcpAddress;
  }

  /** Whether another living process owns the name: then this endpoint has stopped for good. */
  get fenced(): boolean {
    return this.#manager.fenced !== null;
  }

  /**
   * Registers what answers a service.
   *
   * @param handler Runs for each request, many at a time. What it throws reaches the caller as
   * `handler-failed`, with the error's message and its `details`.
   * @param options `codec`: how payload and answer are encoded; by default the endpoint's codec.
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

  /**
   * All handlers are registered: the endpoint is no longer starting. From now on a request for a
   * service that has none is answered with `unknown-service` at once; until then it waits for its
   * handler, within its deadline. Without this call the start is over `startingMs` after it began.
   */
  ready(): void {
    this.#handling.ready();
  }

  /**
   * Asks a peer and waits for its answer.
   *
   * @param peer The peer's name; `host:port` where its definition has no name.
   * @param payload What the codec takes; nothing when it is left out.
   * @returns What the handler answered. Rejects with a `RequestError`, whose `code` tells why and
   * whose `delivery` tells what is known about the execution; never later than `timeoutMs`. What
   * cannot work (a wrong option, a service without a name) is rejected with a `ConfigurationError`
   * of the code `invalid-options`, and nothing was sent.
   */
  request<Result = unknown>(
    peer: string,
    service: string,
    payload?: unknown,
    options: RequestOptions = NO_OPTIONS,
  ): Promise<Result> {
    return this.#caller.request(peer, service, payload, options);
  }

  /**
   * Tells a peer something. Resolves when the queue of the peer has taken it, which is at once
   * unless that is full: it is then handled once, in its turn, by the peer's process or, if that is
   * gone before it is sent, by the next one; `flush` tells when it is there. What cannot be sent
   * after all is the event `notification-dropped`. Rejects with `delivery: "not-sent"`.
   */
  notify(
    peer: string,
    service: string,
    payload?: unknown,
    options: NotifyOptions = NO_OPTIONS,
  ): Promise<void> {
    return this.#caller.notify(peer, service, payload, options);
  }

  /**
   * Resolves when the other end has all notifications that were taken for it before. Rejects with
   * `timeout`, or with `peer-restarted` when its process has gone with some that were sent.
   */
  flush(peer: string, options: FlushOptions = NO_OPTIONS): Promise<void> {
    return this.#caller.flush(peer, options);
  }

  /** Stands around every call from now on, on both sides, inside those before. @returns Ends that. */
  use(interceptor: Interceptor): () => void {
    checkInterceptor(interceptor);
    return this.#interceptors.use(interceptor);
  }

  /** The same with the compiler checking services, payloads and answers against a contract. */
  peer<Contract, Carrier extends Encoding = "json">(name: string): Peer<Contract, Carrier> {
    checkPeerName(name);
    return typedPeer(name, {
      request: (...call) => this.request(name, ...call),
      notify: (...call) => this.notify(name, ...call),
    });
  }

  /** `handle` with the compiler checking services, payloads and answers against a contract. */
  service<Contract, Carrier extends Encoding = "json">(): Service<Contract, Carrier> {
    return typedService(this);
  }

  /** The connection table: one row for each connection, oldest first. */
  connections(): ConnectionRow[] {
    return this.#manager.table.rows();
  }

  /** Every defined peer, connected or not, in the order of the definitions. */
  peers(): PeerRow[] {
    return this.#manager.describePeers();
  }

  /**
   * Calls back for each event, while it happens. What the listener throws is the event
   * `listener-failed` of all other listeners and iterators.
   *
   * @param options `quiet`: it tells nobody, so the notices on the console go on.
   * @returns Ends that.
   */
  on(
    listener: (event: EndpointEvent) => void,
    options: { readonly quiet?: boolean } = {},
  ): () => void {
    checkListener(listener);
    return this.#events.on(listener, options.quiet === true);
  }

  /** Bytes that sockets were given and have given, of all connections so far. */
  traffic(): { readonly sentBytes: number; readonly receivedBytes: number } {
    return { ...this.#manager.context.traffic };
  }

  /** Iterates over the events from now on, until the endpoint is closed or `signal` aborts. */
  events(
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncIterableIterator<EndpointEvent> {
    checkEventOptions(options);
    return this.#events.iterate(options.signal);
  }

  /** What each link was told and decided last, and the last events: the flight recorder. */
  dump(): FlightDump {
    return this.#showing.dump();
  }

  /**
   * Opens a page that shows the table, the links, the calls and the events as they change, on
   * loopback unless `hostname` says otherwise. It ends with the endpoint.
   *
   * @throws {ConfigurationError} `listen-failed` or `invalid-options` (caused by the caller).
   */
  inspect(options: InspectOptions = {}): Promise<Inspector> {
    return this.#showing.inspect(options);
  }

  /**
   * Closes in good order: takes no new requests, tells the peers, finishes what is open in both
   * directions, and ends the connections.
   *
   * @param options `drainMs`: how long open requests may take, in milliseconds; what is left then
   * fails with `closed`. Default: the endpoint's `drainMs`.
   * @throws {ConfigurationError} `invalid-options`: `drainMs` cannot work; nothing was closed.
   */
  async close(options: { readonly drainMs?: number } = {}): Promise<void> {
    checkCloseOptions(options);
    await (this.#closing ??= this.#drain(options.drainMs ?? this.#options.drainMs));
  }

  /** As `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Part of `CallerOwner`. */
  #routeTo(peer: string, isNested: boolean): LinkDriver | ErrorCode {
    if (this.#manager.fenced !== null) return "fenced";
    if (isNested ? this.#isClosed : this.#closing !== null) return "closed";
    const link = this.#manager.link(peer);
    if (link === undefined) return "undefined-peer";
    return link.isFenced ? "fenced" : link;
  }

  #drain(drainMs: number): Promise<void> {
    this.ready();
    if (this.#isClosed) return Promise.resolve();
    this.#manager.drain();
    return whenDrained(drainMs, {
      timers: this.#timers,
      listener: this.#listener,
      manager: this.#manager,
      handlers: this.#handling,
      stop: () => this.#stop(),
      whenFenced: (endNow) => this.#endDrain = endNow,
    });
  }

  #handlingOwner(): HandlingOwner {
    return {
      handleNotificationFailed: (peer, service, error) =>
        this.#emit({ type: "handler-failed", peer, remoteAddress: null, service, error }),
      allow: this.#options.allow,
      timers: this.#timers,
      requestTimeoutMs: this.#options.requestTimeoutMs,
      requestAt: (context, depth, ...call) => this.#caller.request(...call, context, depth),
      notifyFrom: (context, ...call) => this.#caller.notify(...call, context),
      interceptors: this.#interceptors,
    };
  }

  #stop(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener.close();
    this.#manager.stop("closed");
    this.#emit({ type: "closed", peer: null, remoteAddress: null });
    this.#events.close();
    this.#showing.stop();
  }

  #fence(code: ErrorCode): void {
    this.#listener.close();
    this.#emit({ type: "fenced", peer: null, remoteAddress: null, code });
    this.#endDrain?.();
  }

  #emit(body: EventBody): void {
    const event = this.#stamp(body);
    this.#recorder.recordEvent(event);
    this.#events.emit(event);
    if (!this.#events.hasListeners) this.#notice?.handleEvent(event);
  }

  #stamp(event: EventBody): EndpointEvent {
    return { ...event, ...this.#recorder.now() } as EndpointEvent;
  }
}
