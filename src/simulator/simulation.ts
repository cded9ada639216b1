/**
 * The simulation: virtual time, a seed, and what happens next.
 *
 * Everything is synchronous; the promises of the code under test get their turns after each event.
 * No real time passes anywhere, so an hour of timers takes seconds, and the same seed gives the
 * same hour again.
 *
 * @module
 */

import { EventQueue, type SimulatedEvent } from "./event_queue.ts";
import { Host } from "./host.ts";
import { Network } from "./network.ts";
import type { Process } from "./process.ts";
import { SeededRandom } from "./random.ts";

/** How a simulation is set up. */
export interface SimulationOptions {
  /** Decides everything that is random. Default: 1. */
  readonly seed?: number;
  /** How many of the last events are kept in words for `trace`. Default: 50. */
  readonly traceLength?: number;
}

/** A promise that the code under test waits for may need this many turns after an event. */
const MICROTASK_TURNS = 12;

/** 2023-11-14, microseconds since 1970: where every wall clock starts. */
const WALL_START_MICROS = 1_700_000_000_000_000;

/** A simulated network of hosts. */
export class Simulation {
  /** Where bytes travel, and what may happen to them. */
  readonly network: Network;
  /** The seeded source; the code under test draws from its own ones. */
  readonly random: SeededRandom;
  /** What the code under test threw inside a callback. `run` throws the first of them. */
  readonly errors: unknown[] = [];
  readonly #queue = new EventQueue();
  readonly #hosts = new Map<string, Host>();
  readonly #trace: (readonly unknown[])[] = [];
  readonly #traceLength: number;
  #deferred: { owner: Process; run: () => void }[] = [];
  #nowMs = 0;
  #events = 0;

  /** Starts at time 0 with no hosts. */
  constructor(options: SimulationOptions = {}) {
    this.random = new SeededRandom(options.seed ?? 1);
    this.#traceLength = options.traceLength ?? 50;
    this.network = new Network(this);
  }

  /** The virtual time since the start, in milliseconds. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** The true time of day: microseconds since 1970. Hosts may be off. */
  get wallMicros(): number {
    return WALL_START_MICROS + Math.floor(this.#nowMs * 1_000);
  }

  /** How many events have happened. */
  get events(): number {
    return this.#events;
  }

  /** The hosts. */
  get hosts(): Iterable<Host> {
    return this.#hosts.values();
  }

  /** The last events in words, oldest first. */
  get trace(): string[] {
    return this.#trace.map(([atMs, ...words]) =>
      `${(atMs as number).toFixed(3)} ${words.join(" ")}`
    );
  }

  /**
   * A host with a name and an address (`10.0.0.1` for the first one).
   *
   * @throws {Error} When the name is taken.
   */
  host(name: string): Host {
    if (this.#hosts.has(name)) throw new Error(`Cannot add host '${name}' twice`);
    const host = new Host(this, name, `10.0.0.${this.#hosts.size + 1}`);
    this.#hosts.set(name, host);
    return host;
  }

  /** The host of that name or address. */
  findHost(nameOrAddress: string): Host | undefined {
    const named = this.#hosts.get(nameOrAddress);
    if (named !== undefined) return named;
    for (const host of this.#hosts.values()) if (host.address === nameOrAddress) return host;
    return undefined;
  }

  /** Arranges a call of one's own in so many milliseconds, for instance a fault. */
  after(delayMs: number, run: () => void): void {
    this.schedule(delayMs, null, run);
  }

  /**
   * Lets time pass.
   *
   * @param durationMs How much, in virtual milliseconds.
   * @throws What the code under test threw inside a callback.
   */
  async run(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs;
    await this.turn();
    while (this.#queue.nextMs <= untilMs) await this.step();
    this.#nowMs = untilMs;
  }

  /**
   * Lets time pass until something is so.
   *
   * @param withinMs How long at most, in virtual milliseconds.
   * @throws {Error} When it is not so in time, with the last events in words.
   */
  async until(isSo: () => boolean, withinMs: number): Promise<void> {
    const untilMs = this.#nowMs + withinMs;
    await this.turn();
    while (!isSo()) {
      if (this.#queue.nextMs > untilMs) {
        this.#nowMs = untilMs;
        throw new Error(`Not so after ${withinMs} ms of virtual time:\n${this.trace.join("\n")}`);
      }
      await this.step();
    }
  }

  /** Lets time pass until a promise is settled. @throws As `until`, or what the promise rejects. */
  async settle<Value>(promise: Promise<Value>, withinMs: number): Promise<Value> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    await this.until(() => settled, withinMs);
    return await promise;
  }

  /** The next event happens. @returns `false`: there is none. */
  async step(): Promise<boolean> {
    if (!this.stepSync()) return false;
    await this.turn();
    return true;
  }

  /** As `step`, without a turn for promises: for code under test that has none. */
  stepSync(): boolean {
    const event = this.#queue.take();
    if (event === null) return false;
    const { run, owner } = event;
    if (run === null || owner?.isDead === true) return true;
    this.#nowMs = event.atMs;
    this.#events++;
    event.run = null;
    if (owner !== null) owner.enter(run);
    else run();
    this.#runDeferred();
    this.#throwErrors();
    return true;
  }

  /** Gives the promises of the code under test their turns. */
  async turn(): Promise<void> {
    for (let turn = 0; turn < MICROTASK_TURNS; turn++) {
      await undefined;
      if (this.#deferred.length === 0) continue;
      this.#runDeferred();
      turn = -1;
    }
    this.#throwErrors();
  }

  /** Arranges something; for the simulator's own parts. */
  schedule(delayMs: number, owner: Process | null, run: () => void): SimulatedEvent {
    return this.#queue.add(this.#nowMs + Math.max(0, delayMs), owner, run);
  }

  /** Something that is to happen before the next event; for the simulator's own parts. */
  defer(owner: Process, run: () => void): void {
    this.#deferred.push({ owner, run });
  }

  /** Notes what happened, for `trace`. */
  note(...words: readonly unknown[]): void {
    this.#trace.push([this.#nowMs, ...words]);
    if (this.#trace.length > this.#traceLength) this.#trace.shift();
  }

  #runDeferred(): void {
    for (let rounds = 0; this.#deferred.length > 0; rounds++) {
      if (rounds > 100_000) throw new Error("What is deferred defers itself without end");
      const batch = this.#deferred;
      this.#deferred = [];
      for (const { owner, run } of batch) owner.enter(run);
    }
  }

  #throwErrors(): void {
    if (this.errors.length > 0) throw this.errors.shift();
  }
}
