/**
 * The endpoint: this process's end of the links to its peers.
 *
 * @module
 */

import type { Codec } from "./codec.ts";
import { ConnectionManager } from "./connection/connection_manager.ts";
import { FlightRecorder } from "./connection/flight_recorder.ts";
import { Timers } from "./connection/timers.ts";
import type { ClientRow, PeerRow } from "./core/link/peer_row.ts";
import type { ConnectionRow } from "./core/link/connection_table.ts";
import type { Caller } from "./calls/caller.ts";
import { Changes } from "./calls/changes.ts";
import type { AnyServices, Callee, FlightDump, Group, Peer, Service } from "./calls/contract.ts";
import { type Health, healthOf, type HealthOptions } from "./calls/health.ts";
import { Groups } from "./calls/group_face.ts";
import type { Encoding } from "./calls/contract_types.ts";
import { typedPeer, typedService } from "./calls/facades.ts";
import { listenOn } from "./calls/listening.ts";
import { type EndpointParts, newContext } from "./calls/endpoint_context.ts";
import { PeerLists } from "./calls/peer_lists.ts";
import { renewed } from "./calls/renewal.ts";
import { Reporter } from "./calls/reporter.ts";
import { Closing } from "./calls/closing.ts";
import type { ItemStream } from "./calls/item_stream.ts";
import { HandlerRegistry } from "./calls/handler_registry.ts";
import type { Handler, StreamHandler } from "./calls/handlers.ts";
import { newCaller } from "./calls/routes.ts";
import { handlingOwnerOf } from "./calls/handling_owner.ts";
import { type Interceptor, Interceptors } from "./calls/interceptors.ts";
import { Showing } from "./calls/showing.ts";
import { channelKeysOf, rankOfLife, registerAll, withDefinitions } from "./calls/startup.ts";
import type { ErrorCode } from "./errors.ts";
import type { EndpointEvent, EventBody, ListenerOptions } from "./events.ts";
import type { InspectOptions, Inspector } from "./inspector/inspector.ts";
import {
  type EndpointOptions,
  type FlushOptions,
  type NotifyOptions,
  type PeerDefinition,
  type RequestOptions,
  type ResolvedEndpointOptions,
  resolveEndpointOptions,
  type SecurityOptions,
  type StreamOptions,
} from "./options.ts";
import {
  checkCloseOptions,
  checkEventOptions,
  checkInterceptor,
  checkListener,
  checkPeerName,
  NO_OPTIONS,
} from "./options/call_options.ts";
import { detectRuntime } from "./runtime/detect.ts";
import type { Listener, Socket, TcpAddress } from "./runtime/runtime.ts";

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
  readonly #manager: ConnectionManager;
  readonly #lists: PeerLists;
  readonly #handling: HandlerRegistry;
  readonly #caller: Caller;
  readonly #interceptors = new Interceptors();
  readonly #reporter: Reporter;
  readonly #showing: Showing;
  readonly #groups: Groups;
  readonly #changes: Changes;
  readonly #listener: Listener;
  readonly #closing: Closing;

  private constructor(parts: EndpointParts) {
    const { options, runtime: { clock, copy }, listener } = parts;
    this.#options = options;
    this.#listener = listener;
    const recorder = new FlightRecorder(clock);
    this.#reporter = new Reporter(recorder);
    const timers = new Timers(clock);
    const emit = (event: EventBody) => this.#emit(event);
    const interceptors = this.#interceptors;
    const caller = () => this.#caller;
    const owner = handlingOwnerOf({ options, timers, interceptors, caller, emit });
    const handling = new HandlerRegistry(owner, options.payloadMaxBytes, copy);
    const changes = this.#changes = new Changes(timers);
    const ends = {
      manager: () => this.#manager,
      closing: () => this.#closing,
      lists: () => this.#lists,
    };
    this.#caller = newCaller(parts, ends, changes, timers, interceptors, emit);
    const { address } = this;
    const context = newContext({ ...parts, address, timers, handling, recorder, emit });
    const whenFenced = { handleFenced: (code: ErrorCode) => this.#closing.fence(code) };
    const manager = this.#manager = new ConnectionManager(context, whenFenced, options.admit);
    this.#closing = new Closing({
      timers,
      listener,
      manager,
      handlers: handling,
      emit,
      before: () => this.#lists.stop(),
      after: () => {
        this.#reporter.hub.close();
        this.#showing.stop();
      },
    });
    this.#handling = handling;
    this.#groups = new Groups(manager, this.#caller, options.requestTimeoutMs, changes);
    this.#lists = new PeerLists(manager, options.drainMs, changes, emit);
    this.#showing = new Showing(this, recorder, manager);
    const knowsPeers = options.peers.length > 0;
    if (options.consoleNotices) this.#reporter.tellConsole(this.name, knowsPeers);
    registerAll(options.handlers, (...handling) => this.handle(...handling));
    handling.readyAfter(timers, options.startingMs);
  }

  /**
   * Listens, reads the peer definitions and dials every peer. A peer that is not up yet is no
   * error: it is dialled again, and may dial itself.
   *
   * @throws {ConfigurationError} `invalid-options` or `invalid-definitions` with every problem at
   * once; `listen-failed` when the address cannot be bound (caused by the caller).
   */
  static async start(options: EndpointOptions): Promise<Endpoint> {
    const { given, discovery } = await withDefinitions(options);
    const resolved = resolveEndpointOptions(given);
    const runtime = options.runtime ?? await detectRuntime();
    const rank = await rankOfLife(runtime, resolved.stateFile);
    const keys = await channelKeysOf(runtime, resolved);
    let endpoint: Endpoint | null = null;
    const accept = (socket: Socket) => endpoint === null ? null : endpoint.#manager.accept(socket);
    const listener = await listenOn(runtime, resolved, accept);
    endpoint = new Endpoint({ options: resolved, runtime, listener, keys, rank, discovery });
    endpoint.#lists.set(resolved.peers);
    const hasGroups = discovery !== null || resolved.peers.some(({ group }) => group !== undefined);
    if (hasGroups) await endpoint.#groups.load();
    if (discovery !== null) await endpoint.#lists.follow(discovery);
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
    this.#handling.register(service, handler, options, this.#options.codec);
  }

  /**
   * All handlers are registered, the start is over; else it is so after `startingMs`. A request for
   * a service that has none waits until then, within its deadline, and is `unknown-service` later.
   */
  ready(): void {
    this.#handling.ready();
  }

  /**
   * Asks a peer and waits for its answer.
   *
   * @param peer The peer's name; `host:port` where its definition has no name.
   * @param payload What the codec takes; nothing when it is left out. The items of an async iterable
   * are sent as they come: its handler gets an `ItemStream`.
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

  /** The same where items are the answer: of an async generator, `return`ed when its caller ends. */
  handleStream<Payload = unknown, Item = unknown>(
    service: string,
    handler: StreamHandler<Payload, Item>,
    options: { readonly codec?: "json" | "bytes" | Codec } = {},
  ): void {
    this.#handling.register(service, handler, options, this.#options.codec, true);
  }

  /**
   * The items of a peer's answer; an async iterable as payload is the items of the request. It fails
   * as a request does; `error.received`: how many there were.
   */
  stream<Item = unknown>(
    peer: string,
    service: string,
    payload?: unknown,
    options: StreamOptions = NO_OPTIONS,
  ): ItemStream<Item> {
    return this.#caller.stream(peer, service, payload, options);
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
   * Resolves when the other end has all notifications that were taken for it before; rejects with
   * `timeout`, or `peer-restarted` when its process has gone with some that were sent.
   */
  flush(peer: string, options: FlushOptions = NO_OPTIONS): Promise<void> {
    return this.#caller.flush(peer, options);
  }

  /** Stands around every call from now on, on both sides, inside those before. @returns Ends that. */
  use(interceptor: Interceptor): () => void {
    checkInterceptor(interceptor);
    return this.#interceptors.use(interceptor);
  }

  /** One peer, for whoever takes any `Callee`. */
  peer(name: string): Callee;
  /** The same with the compiler checking services, payloads and answers against a contract. */
  peer<Contract, Carrier extends Encoding = "json">(name: string): Peer<Contract, Carrier>;
  peer(name: string): unknown {
    checkPeerName(name);
    return typedPeer(name, {
      request: (...call) => this.request(name, ...call),
      notify: (...call) => this.notify(name, ...call),
      stream: (...call) => this.stream(name, ...call),
    });
  }

  /** A group of peers, of which any may take a call; see `Group`. */
  group(name: string): Group<AnyServices, "any">;
  /** The same with the compiler checking services, payloads and answers against a contract. */
  group<Contract, Carrier extends Encoding = "json">(name: string): Group<Contract, Carrier>;
  group(name: string): unknown {
    checkPeerName(name);
    return this.#groups.group(name);
  }

  /** `handle` with the compiler checking services, payloads and answers against a contract. */
  service<Contract, Carrier extends Encoding = "json">(): Service<Contract, Carrier> {
    return typedService(this);
  }

  /** Whether it is live and ready, or why not. @throws {ConfigurationError} `invalid-options`. */
  health(options: HealthOptions = {}): Health {
    const [{ isClosed, isClosing }, { isStarting }] = [this.#closing, this.#handling];
    return healthOf({ isClosed, isClosing, isStarting }, this.#manager, options);
  }

  /**
   * Changes secrets, identity or certificates while it runs; what is left out stays. Links are made
   * again beside the old ones and no call notices; what the other end dialled, it makes again.
   *
   * @throws {ConfigurationError} `invalid-options`, with every problem at once: something of it
   * cannot work, or it was started without; nothing has changed.
   */
  async renew(renewal: SecurityOptions): Promise<void> {
    this.#manager.renew(await renewed(this.#manager.context, this.#listener, renewal));
  }

  /** The connection table: one row for each connection, oldest first. */
  connections(): ConnectionRow[] {
    return this.#manager.table.rows();
  }

  /**
   * Takes another list of peers: who is new is dialled; who is not in it any more is drained (for
   * `drainMs` at most), ended, and not dialled again; who has moved is dialled at the new place
   * while the old connection lives. Only this empties a list, a discovery does not.
   *
   * @throws {ConfigurationError} `invalid-options`, with every problem at once; nothing has changed.
   */
  setPeers(definitions: readonly PeerDefinition[]): void {
    this.#lists.set(definitions);
  }

  /** The clients that are connected; they have no row in the table. */
  clients(): ClientRow[] {
    return this.#manager.clients.describe();
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
  on(listener: (event: EndpointEvent) => void, options: ListenerOptions = {}): () => void {
    checkListener(listener);
    return this.#reporter.hub.on(listener, options.quiet === true);
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
    return this.#reporter.hub.iterate(options.signal);
  }

  /** What each link was told and decided last, and the last events: the flight recorder. */
  dump(): FlightDump {
    return this.#showing.dump();
  }

  /** Opens a page that shows all that as it changes, until it or the endpoint is closed. */
  inspect(options: InspectOptions = {}): Promise<Inspector> {
    return this.#showing.inspect(options);
  }

  /**
   * Closes in good order: takes no new requests, tells the peers, finishes what is open in both
   * directions, and ends the connections.
   *
   * @param options `drainMs`: how long open calls may take, in ms; what is left fails (`closed`).
   * @throws {ConfigurationError} `invalid-options`: `drainMs` cannot work; nothing was closed.
   */
  async close(options: { readonly drainMs?: number } = {}): Promise<void> {
    checkCloseOptions(options);
    await this.#closing.close(options.drainMs ?? this.#options.drainMs);
  }

  /** The same. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #emit(event: EventBody): void {
    this.#reporter.emit(event);
    this.#changes.handleEvent(event.type);
  }
}
