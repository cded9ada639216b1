/**
 * A simulated dial: SYN, SYN-ACK, ACK, each of which may be lost and is sent again.
 *
 * @module
 */

import type {
  CloseReason,
  ConnectHandler,
  ConnectOptions,
  TcpAddress,
} from "../runtime/runtime.ts";
import type { SimulatedEvent } from "./event_queue.ts";
import type { Host, Port } from "./host.ts";
import type { Network } from "./network.ts";
import type { Process } from "./process.ts";
import { SimulatedSocket } from "./socket.ts";

/** SYN is sent again after so many milliseconds, then after twice as many, and so on. */
const SYN_RETRY_MS = 1_000;

/** One dial of a process. */
export class Dial {
  readonly #network: Network;
  readonly #process: Process;
  readonly #address: TcpAddress;
  readonly #options: ConnectOptions;
  readonly #handler: ConnectHandler;
  readonly #aborted = () => this.#fail({ kind: "local", code: null });
  #timer: SimulatedEvent | null = null;
  #retryMs = SYN_RETRY_MS;
  #settled = false;

  constructor(
    network: Network,
    process: Process,
    address: TcpAddress,
    options: ConnectOptions,
    handler: ConnectHandler,
  ) {
    this.#network = network;
    this.#process = process;
    this.#address = address;
    this.#options = options;
    this.#handler = handler;
  }

  start(): void {
    const { signal, timeoutMs } = this.#options;
    this.#timer = this.#simulation.schedule(
      timeoutMs,
      this.#process,
      () => this.#fail({ kind: "timeout", code: "ETIMEDOUT" }),
    );
    if (signal?.aborted) this.#aborted();
    else {
      signal?.addEventListener("abort", this.#aborted);
      this.#sendSyn();
    }
  }

  get #simulation() {
    return this.#network.simulation;
  }

  /** Whether it stays within its host, by an address that only that host has. */
  get #isLoopback(): boolean {
    const side = this.#process.host.sideOf(this.#address.hostname);
    return side === "loopback" || side === "any";
  }

  #sendSyn(): void {
    const { host } = this.#process;
    const target = this.#network.resolve(host, this.#address.hostname);
    // An address that nobody has answers nothing.
    if (target === undefined) return;
    this.#later(this.#network.drawDelay(host, target), () => this.#arrive(target));
  }

  #arrive(target: Host): void {
    const { host } = this.#process;
    const verdict = this.#network.dialVerdict(host, target);
    if (verdict === "nothing") {
      this.#later(this.#retryMs, () => this.#sendSyn());
      this.#retryMs *= 2;
      return;
    }
    const port = target.portOwner(this.#address.port, this.#isLoopback ? "loopback" : "network");
    const isRefused = verdict === "refuse" || port === undefined;
    this.#later(this.#network.drawDelay(target, host), () => {
      if (!this.#network.isReachable(target, host)) {
        this.#later(this.#retryMs, () => this.#sendSyn());
        this.#retryMs *= 2;
      } else if (isRefused) this.#fail({ kind: "refused", code: "ECONNREFUSED" });
      else this.#connect(target, port);
    });
  }

  #connect(target: Host, port: Port): void {
    // In between its process may have ended.
    if (port.owner.isDead || !target.isUp) {
      this.#fail({ kind: "refused", code: "ECONNREFUSED" });
      return;
    }
    this.#settle();
    const { host } = this.#process;
    const isLoopback = this.#isLoopback;
    const near = { hostname: isLoopback ? "127.0.0.1" : host.address, port: host.nextPort() };
    const far = { hostname: isLoopback ? "127.0.0.1" : target.address, port: this.#address.port };
    const dialled = new SimulatedSocket(this.#process, near, far);
    const accepted = new SimulatedSocket(port.owner, far, near);
    SimulatedSocket.connect(dialled, accepted);
    this.#simulation.note(host.name, "connects to", target.name);
    this.#simulation.schedule(0, this.#process, () => {
      // It may have been reset before the process, which was frozen, heard of it.
      if (dialled.isClosed) this.#handler.onConnectError({ kind: "reset", code: "ECONNRESET" });
      else dialled.attach(this.#handler.onConnect(dialled));
    });
    this.#simulation.schedule(this.#network.drawDelay(host, target), port.owner, () => {
      if (!accepted.isClosed) accepted.attach(port.onSocket(accepted));
    });
  }

  #later(delayMs: number, run: () => void): void {
    this.#simulation.schedule(delayMs, null, () => {
      if (!this.#settled && !this.#process.isDead) run();
    });
  }

  #settle(): void {
    this.#settled = true;
    if (this.#timer !== null) this.#timer.run = null;
    this.#options.signal?.removeEventListener("abort", this.#aborted);
  }

  #fail(reason: CloseReason): void {
    if (this.#settled) return;
    this.#settle();
    this.#simulation.schedule(0, this.#process, () => this.#handler.onConnectError(reason));
  }
}
