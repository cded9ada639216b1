/**
 * A simulated host: an address, a clock, a kernel and the processes on it.
 *
 * @module
 */

import type { Address, Listener, Runtime, Socket, SocketHandler } from "../runtime/runtime.ts";
import { Process } from "./process.ts";
import type { SimulatedSocket } from "./socket.ts";
import type { Simulation } from "./simulation.ts";

/** By which of its addresses a host is dialled, or listens: `any` is all of them. */
export type Side = "any" | "loopback" | "network";

/** A port on which a process listens. */
export interface Port {
  /** Where. */
  readonly side: Side;
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
  readonly #ports = new Map<number, Port[]>();
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
    for (const ports of this.#ports.values()) {
      for (const port of ports.filter(({ owner }) => owner === process)) remove(ports, port);
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
    for (const ports of this.#ports.values()) {
      count += ports.filter(({ owner }) => owner === process).length;
    }
    return count;
  }

  /** Who listens on a port, for a dial to that side; for the simulator's own parts. */
  portOwner(port: number, side: Side): Port | undefined {
    return this.#ports.get(port)?.find((entry) => entry.side === "any" || entry.side === side);
  }

  /** What a host name means on this host: one of its own sides, or `null`. */
  sideOf(hostname: string): Side | null {
    if (hostname === "0.0.0.0" || hostname === "::") return "any";
    const isLoopback = hostname === "localhost" || hostname === "::1" ||
      hostname.startsWith("127.");
    if (isLoopback) return "loopback";
    return hostname === this.name || hostname === this.address ? "network" : null;
  }

  /** Binds a port. @throws {Error} With `code` `EADDRINUSE` or `EADDRNOTAVAIL`. */
  listen(
    owner: Process,
    address: Address,
    onSocket: (socket: Socket) => SocketHandler,
  ): Listener {
    if ("path" in address) throw errno("ENOTSUP", "The simulator has no Unix sockets");
    const side = this.sideOf(address.hostname);
    if (side === null) {
      throw errno("EADDRNOTAVAIL", `${address.hostname} is no address of ${this.name}`);
    }
    const port = address.port === 0 ? this.#freePort() : address.port;
    const ports = this.#ports.get(port) ?? [];
    const isTaken = ports.some((one) => one.side === "any" || side === "any" || one.side === side);
    if (isTaken) throw errno("EADDRINUSE", `Port ${port} is taken on ${this.name}`);
    const entry: Port = { side, owner, onSocket };
    ports.push(entry);
    this.#ports.set(port, ports);
    return {
      address: { hostname: address.hostname, port },
      renew() {
        throw new TypeError("The simulator has no TLS");
      },
      close: () => remove(ports, entry),
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
      if ((this.#ports.get(port) ?? []).length === 0) return port;
    }
  }
}

function remove(ports: Port[], port: Port): void {
  const index = ports.indexOf(port);
  if (index >= 0) ports.splice(index, 1);
}

function errno(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}
