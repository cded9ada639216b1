/**
 * The network between the hosts, and everything that may happen to bytes on it. Rules hold until
 * they are taken back; `calm` takes all of them back.
 *
 * @module
 */

import type {
  Address,
  CloseReason,
  ConnectHandler,
  ConnectOptions,
  TcpAddress,
} from "../runtime/runtime.ts";
import { Dial } from "./dial.ts";
import type { Host } from "./host.ts";
import type { Process } from "./process.ts";
import type { Simulation } from "./simulation.ts";
import type { SimulatedSocket } from "./socket.ts";

/** In which direction a rule holds. */
export interface Direction {
  /** Only for what goes from the first host to the second. Default: both ways. */
  readonly oneWay?: boolean;
}

/** The network. */
export class Network {
  /** How much each end of a connection holds, in bytes: once to be sent, once received. */
  bufferBytes = 262_144;
  readonly #simulation: Simulation;
  readonly #cuts = new Set<string>();
  readonly #refused = new Set<string>();
  readonly #blackHoles = new Set<string>();
  readonly #clogs = new Map<string, number>();
  #delayMs = 0.1;
  #jitterMs = 0;
  #shortWrites = 0;
  #splits = 0;

  /** Made by `Simulation`. */
  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  /** How long a packet takes one way, in milliseconds (0.1), and how much more at random (0). */
  delay(delayMs: number, jitterMs = 0): void {
    this.#delayMs = delayMs;
    this.#jitterMs = jitterMs;
  }

  /** Packets vanish silently, of old and new connections. */
  cut(one: Host, other: Host, direction: Direction = {}): void {
    this.#simulation.note("cut", one.name, direction.oneWay === true ? "->" : "--", other.name);
    for (const key of keys(one, other, direction)) this.#cuts.add(key);
  }

  /** The two can reach each other again, in both directions. What was held is sent again. */
  heal(one: Host, other: Host): void {
    this.#simulation.note("heal", one.name, other.name);
    for (const key of keys(one, other, {})) {
      for (const rules of [this.#cuts, this.#refused, this.#blackHoles]) rules.delete(key);
      this.#clogs.delete(key);
    }
  }

  /** Hosts in different groups cannot reach each other. */
  partition(...groups: readonly (readonly Host[])[]): void {
    groups.forEach((group, index) => {
      for (const other of groups.slice(index + 1).flat()) {
        for (const host of group) this.cut(host, other);
      }
    });
  }

  /** The present connections are silent for ever; new ones work: a NAT or firewall that forgot. */
  forget(one: Host, other: Host, direction: Direction = {}): void {
    this.#simulation.note("forget", one.name, direction.oneWay === true ? "->" : "--", other.name);
    for (const socket of this.#flows(one, other)) socket.isSwallowed = true;
    if (direction.oneWay === true) return;
    for (const socket of this.#flows(other, one)) socket.isSwallowed = true;
  }

  /** The present connections end with RST at both ends. */
  reset(one: Host, other: Host): void {
    this.#simulation.note("reset", one.name, other.name);
    for (const socket of [...this.#flows(one, other), ...this.#flows(other, one)]) {
      socket.receiveReset();
    }
  }

  /** Bytes arrive so many milliseconds later, in order. */
  clog(one: Host, other: Host, durationMs: number, direction: Direction = {}): void {
    this.#simulation.note("clog", one.name, other.name, durationMs);
    const untilMs = this.#simulation.nowMs + durationMs;
    for (const key of keys(one, other, direction)) this.#clogs.set(key, untilMs);
  }

  /** New connections are refused. */
  refuse(one: Host, other: Host, direction: Direction = {}): void {
    for (const key of keys(one, other, direction)) this.#refused.add(key);
  }

  /** New connections get no answer; the present ones work. */
  blackHole(one: Host, other: Host, direction: Direction = {}): void {
    for (const key of keys(one, other, direction)) this.#blackHoles.add(key);
  }

  /** With this probability a socket takes only a part of a write at once. */
  shortWrites(probability: number): void {
    this.#shortWrites = probability;
  }

  /** With this probability a chunk arrives in two. */
  splitChunks(probability: number): void {
    this.#splits = probability;
  }

  /** Takes all rules back. What `forget` has silenced stays silent. */
  calm(): void {
    this.#simulation.note("calm");
    for (const rules of [this.#cuts, this.#refused, this.#blackHoles]) rules.clear();
    this.#clogs.clear();
    this.#jitterMs = 0;
    this.#shortWrites = 0;
    this.#splits = 0;
  }

  // The simulator's calls.

  /** A process dials. */
  dial(
    process: Process,
    address: Address,
    options: ConnectOptions,
    handler: ConnectHandler,
  ): void {
    const problem = this.#problem(address, options);
    if (problem !== null) {
      this.#simulation.schedule(0, process, () => handler.onConnectError(problem));
      return;
    }
    new Dial(this, process, address as TcpAddress, options, handler).start();
  }

  /** Whether a packet of a connection gets through at this moment. */
  isOpen(from: SimulatedSocket, to: SimulatedSocket): boolean {
    return !from.isSwallowed && this.isReachable(from.process.host, to.process.host);
  }

  /** Whether packets between two hosts get through. */
  isReachable(from: Host, to: Host): boolean {
    return from.isUp && to.isUp && !this.#cuts.has(key(from, to));
  }

  /** What becomes of a dial that arrives. */
  dialVerdict(from: Host, to: Host): "accept" | "refuse" | "nothing" {
    if (!this.isReachable(from, to) || this.#blackHoles.has(key(from, to))) return "nothing";
    return this.#refused.has(key(from, to)) ? "refuse" : "accept";
  }

  /** How much longer nothing arrives. */
  clogMs(from: Host, to: Host): number {
    const untilMs = this.#clogs.get(key(from, to)) ?? 0;
    return Math.max(0, untilMs - this.#simulation.nowMs);
  }

  /** How long the next packet takes. */
  drawDelay(from: Host, to: Host): number {
    const delayMs = from === to ? Math.min(0.02, this.#delayMs) : this.#delayMs;
    return this.#jitterMs === 0
      ? delayMs
      : delayMs + this.#jitterMs * this.#simulation.random.float();
  }

  /** How much of a write is taken at once. */
  drawShortWrite(length: number): number {
    const { random } = this.#simulation;
    return random.chance(this.#shortWrites) ? random.below(length) : length;
  }

  /** How much of a chunk arrives first. */
  drawSplit(length: number): number {
    const { random } = this.#simulation;
    return length > 1 && random.chance(this.#splits) ? 1 + random.below(length - 1) : length;
  }

  /** The host that an address means to a process. */
  resolve(from: Host, hostname: string): Host | undefined {
    return from.sideOf(hostname) === null ? this.#simulation.findHost(hostname) : from;
  }

  /** The simulation. */
  get simulation(): Simulation {
    return this.#simulation;
  }

  #problem(address: Address, options: ConnectOptions): CloseReason | null {
    if (options.tls !== undefined) return { kind: "tls", code: "ENOTSUP" };
    if ("path" in address) return { kind: "refused", code: "ENOTSUP" };
    return null;
  }

  *#flows(from: Host, to: Host): Iterable<SimulatedSocket> {
    for (const socket of [...from.sockets()]) {
      if (socket.peer.process.host === to) yield socket;
    }
  }
}

function key(from: Host, to: Host): string {
  return `${from.name}>${to.name}`;
}

function keys(one: Host, other: Host, direction: Direction): string[] {
  return direction.oneWay === true ? [key(one, other)] : [key(one, other), key(other, one)];
}
