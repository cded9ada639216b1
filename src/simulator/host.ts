/**
 * A simulated host: an address, a clock, a kernel and the processes on it.
 *
 * @module
 */

import type { Address, Listener, Runtime, Socket, SocketHandler } from "../runtime/runtime.ts";
import { Process } from "./process.ts";
import type { SimulatedSocket } from "./socket.ts";
import type { Simulation } from "./simulation.ts";

/** A port on which a process listens. */
export interface Port {
  /** Whose it is. */
  readonly owner: Process;
  /** Takes what arrives. */
  readonly onSocket: (socket: Socket) => SocketHandler;
}

const EPHEMERAL_MIN = 32_768;
const EPHEMERAL_MAX = 60_999;

/** A host. */
export class Host {
  /** Its name. */
  readonly name: string;
  /** Its IPv4 address. */
  readonly address: string;
  /** The simulation it belongs to. */
  readonly simulation: Simulation;
  readonly #ports = new Map<number, Port>();
  readonly #processes = new Set<Process>();
  #main: Process;
  #isUp = true;
  #wallOffsetMicros = 0;
  #lastPort = EPHEMERAL_MIN - 1;

  /** Made by `Simulation.host`. */
  constructor(simulation: Simulation, name: string, address: string) {
    this.simulation = simulation;
    this.name = name;
    this.address = address;
    this.#main = this.process();
  }

  /** The runtime of the main process: hand it to `Endpoint.start` or `Client.connect`. */
  get runtime(): Runtime {
    return this.#main;
  }

  /** The main process: what is armed and open there. */
  get main(): Process {
    return this.#main;
  }

  /** Whether it has power. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** What its wall clock shows: microseconds since 1970. */
  get wallMicros(): number {
    return this.simulation.wallMicros + this.#wallOffsetMicros;
  }

  /** Another process on this host; it is a `Runtime`. */
  process(): Process {
    const process = new Process(this);
    this.#processes.add(process);
    return process;
  }

  /** Steps the wall clock, forward or back, by so many milliseconds. */
  stepClock(ms: number): void {
    this.simulation.note(this.name, "clock", ms);
    this.#wallOffsetMicros += Math.round(ms * 1_000);
  }

  /** It loses its power: no FIN, no RST; what is sent to it vanishes. */
  crash(): void {
    this.simulation.note(this.name, "crashes");
    this.#isUp = false;
    this.#ports.clear();
    for (const process of this.#processes) {
      for (const socket of process.sockets) socket.vanish();
      process.sockets.clear();
      process.end();
    }
    this.#processes.clear();
  }

  /** It has power again, with a new main process. What the others still send there is answered by RST. */
  restart(): void {
    if (this.#isUp) this.kill();
    this.simulation.note(this.name, "restarts");
    this.#isUp = true;
    this.#main = this.process();
  }

  /** Its processes die; the kernel tells everybody by FIN or RST. `restart` starts a new one. */
  kill(): void {
    this.simulation.note(this.name, "processes die");
    for (const process of [...this.#processes]) this.endProcess(process);
  }

  /** One of its processes dies; the kernel tells everybody. */
  endProcess(process: Process): void {
    if (!this.#processes.delete(process)) return;
    process.end();
    for (const [port, { owner }] of [...this.#ports]) {
      if (owner === process) this.#ports.delete(port);
    }
    for (const socket of [...process.sockets]) socket.endByKernel();
    process.sockets.clear();
  }

  /** Its processes run no code for so many milliseconds; the kernel goes on. */
  freeze(durationMs: number): void {
    this.simulation.note(this.name, "freezes for", durationMs);
    const frozen = [...this.#processes];
    for (const process of frozen) process.freeze();
    this.simulation.schedule(durationMs, null, () => {
      this.simulation.note(this.name, "thaws");
      for (const process of frozen) process.thaw();
    });
  }

  /** The sockets of its processes; for the simulator's own parts. */
  *sockets(): Iterable<SimulatedSocket> {
    for (const process of this.#processes) yield* process.sockets;
  }

  /** How many ports a process listens on. */
  listenersOf(process: Process): number {
    let count = 0;
    for (const { owner } of this.#ports.values()) if (owner === process) count++;
    return count;
  }

  /** Who listens on a port; for the simulator's own parts. */
  portOwner(port: number): Port | undefined {
    return this.#ports.get(port);
  }

  /** Binds a port. @throws {Error} With `code` `EADDRINUSE`. */
  listen(
    owner: Process,
    address: Address,
    onSocket: (socket: Socket) => SocketHandler,
  ): Listener {
    if ("path" in address) throw errno("ENOTSUP", "The simulator has no Unix sockets");
    const port = address.port === 0 ? this.#freePort() : address.port;
    if (this.#ports.has(port)) throw errno("EADDRINUSE", `Port ${port} is taken on ${this.name}`);
    const entry: Port = { owner, onSocket };
    this.#ports.set(port, entry);
    return {
      address: { hostname: address.hostname, port },
      close: () => {
        if (this.#ports.get(port) === entry) this.#ports.delete(port);
      },
    };
  }

  /** A port for an outgoing connection; for the simulator's own parts. */
  nextPort(): number {
    this.#lastPort = this.#lastPort >= EPHEMERAL_MAX ? EPHEMERAL_MIN : this.#lastPort + 1;
    return this.#lastPort;
  }

  #freePort(): number {
    for (;;) {
      const port = this.nextPort();
      if (!this.#ports.has(port)) return port;
    }
  }
}

function errno(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}
