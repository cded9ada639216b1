/**
 * A process on a simulated host: what runs there sees it as its `Runtime`.
 *
 * @module
 */

import type {
  Address,
  Allocate,
  ChannelPrimitives,
  Clock,
  ConnectHandler,
  ConnectOptions,
  CopyBytes,
  Listener,
  ListenOptions,
  Random,
  Runtime,
  Socket,
  SocketHandler,
  TimerHandle,
} from "../runtime/runtime.ts";
import { cheapPrimitives } from "./channel.ts";
import type { SimulatedEvent } from "./event_queue.ts";
import type { Host } from "./host.ts";
import { SeededRandom } from "./random.ts";
import type { SimulatedSocket } from "./socket.ts";

/** One life of a process. */
export class Process implements Runtime {
  /** `simulator`. */
  readonly name = "simulator";
  /** Virtual time, and this host's idea of the time of day. */
  readonly clock: Clock;
  /** Decided by the simulation's seed. */
  readonly random: Random;
  /** Each copy alone. */
  readonly copy: CopyBytes = (bytes, start, end) => bytes.slice(start, end);
  /** Full of what is no zero, so that nothing relies on it. */
  readonly allocate: Allocate = (bytes) => new Uint8Array(bytes).fill(0xa5);
  /** Where it runs. */
  readonly host: Host;
  /** Its sockets that are open; for the simulator's own parts. */
  readonly sockets: Set<SimulatedSocket> = new Set();
  readonly #timers = new Set<SimulatedEvent>();
  readonly #backlog: (() => void)[] = [];
  #state: "running" | "frozen" | "dead" = "running";

  /** Made by `Host`. */
  constructor(host: Host) {
    const { simulation } = host;
    this.host = host;
    const random = new SeededRandom(simulation.random.next());
    this.random = {
      bytes: (count) => random.bytes(count),
      float: () => random.float(),
    };
    this.clock = {
      nowMs: () => simulation.nowMs,
      wallMicros: () => host.wallMicros,
      setTimer: (delayMs, callback) => this.#setTimer(delayMs, callback),
      clearTimer: (handle) => this.#clearTimer(handle),
      defer: (callback) => simulation.defer(this, callback),
    };
  }

  /** Whether it has ended. */
  get isDead(): boolean {
    return this.#state === "dead";
  }

  /** Whether it is stopped for a while. */
  get isFrozen(): boolean {
    return this.#state === "frozen";
  }

  /** Timers that are armed. */
  get armedTimers(): number {
    return this.#timers.size;
  }

  /** Sockets that are open. */
  get openSockets(): number {
    return this.sockets.size;
  }

  /** Ports on which it listens. */
  get openListeners(): number {
    return this.host.listenersOf(this);
  }

  /** Cheap ones. */
  loadChannel(): Promise<ChannelPrimitives> {
    return Promise.resolve(cheapPrimitives);
  }

  /** Part of `Runtime`. */
  listen(
    address: Address,
    options: ListenOptions,
    onSocket: (socket: Socket) => SocketHandler,
  ): Promise<Listener> {
    if (options.tls !== undefined) return Promise.reject(new Error("The simulator has no TLS"));
    try {
      return Promise.resolve(this.host.listen(this, address, onSocket));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Part of `Runtime`. */
  connect(address: Address, options: ConnectOptions, handler: ConnectHandler): void {
    if (!(options.timeoutMs > 0 && Number.isFinite(options.timeoutMs))) {
      throw new RangeError(
        `Cannot connect as 'timeoutMs' must be a positive number: current value is ${options.timeoutMs}`,
      );
    }
    this.host.simulation.network.dial(this, address, options, handler);
  }

  /**
   * Runs code of the process: now, or when it is thawed, or never when it is dead. What the code
   * throws is noted. @returns What it threw, or `null`.
   */
  enter(run: () => void): { readonly error: unknown } | null {
    if (this.#state === "dead") return null;
    if (this.#state === "frozen") {
      this.#backlog.push(run);
      return null;
    }
    try {
      run();
      return null;
    } catch (error) {
      this.host.simulation.errors.push(error);
      return { error };
    }
  }

  /** It runs no code until `thaw`; its kernel goes on. */
  freeze(): void {
    if (this.#state === "running") this.#state = "frozen";
  }

  /** What has waited happens now. */
  thaw(): void {
    if (this.#state !== "frozen") return;
    this.#state = "running";
    for (const run of this.#backlog.splice(0)) this.enter(run);
  }

  /** It runs no code any more. Its sockets are the host's business. */
  end(): void {
    this.#state = "dead";
    this.#backlog.length = 0;
    for (const timer of this.#timers) timer.run = null;
    this.#timers.clear();
  }

  #setTimer(delayMs: number, callback: () => void): TimerHandle {
    const timer = this.host.simulation.schedule(delayMs, this, () => {
      // Disarmed while the process was frozen.
      if (this.#timers.delete(timer)) callback();
    });
    this.#timers.add(timer);
    return timer;
  }

  #clearTimer(handle: TimerHandle): void {
    const timer = handle as SimulatedEvent;
    if (this.#timers.delete(timer)) timer.run = null;
  }
}
