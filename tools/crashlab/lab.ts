/**
 * One run of one scenario: two machines on a network of their own, and what can be done to them.
 *
 * @module
 */

import type { IdentifierMode, TuningOptions } from "../../mod.ts";
import { OrderedProcess } from "../ordered_process.ts";
import { ROOT } from "../project.ts";
import type { RuntimeName } from "../runtimes.ts";
import { type Flow, type Host, Network } from "./network.ts";
import type { Order, Outcome, Report, Setup } from "./program.ts";

const PORT = 11_000;
const POLL_MS = 20;
/** How long a link may take to be there, or there again, in milliseconds. */
const LINK_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 70_000;
/** How many answers show that requests flow. */
const FLOWING = 200;

/** A machine: a host and the process that runs on it. */
export class Machine {
  readonly name: string;
  readonly runtime: RuntimeName;
  readonly host: Host;
  /** Where the handlers of all its processes note what they do. */
  readonly ledgerFile: string;
  /** How far its time of day is off, in milliseconds; for the next process. */
  clockErrorMs = 0;
  process: OrderedProcess<Order> | null = null;

  /** @param folder Where its ledger lies. */
  constructor(name: string, runtime: RuntimeName, host: Host, folder: string) {
    this.name = name;
    this.runtime = runtime;
    this.host = host;
    this.ledgerFile = `${folder}/${name}-${host.number}.ledger`;
    Deno.writeTextFileSync(this.ledgerFile, "");
  }

  /** What its process knows. */
  async report(): Promise<Report> {
    if (this.process === null) throw new Error(`${this.name} does not run`);
    return await this.process.order<Report & Record<string, unknown>>({ do: "report" });
  }
}

/** How a run is set up. */
export interface LabOptions {
  readonly survivor: RuntimeName;
  readonly peer: RuntimeName;
  /** Whether the peer is the end that decides between two connections. */
  readonly peerDecides: boolean;
  readonly identifier: IdentifierMode;
  /** Options of both endpoints. */
  readonly tuning: TuningOptions;
}

/** The two machines. Disposing of it ends every process and removes the network. */
export class Lab implements AsyncDisposable {
  readonly network: Network;
  /** Where the others' fate is measured. */
  readonly survivor: Machine;
  /** To which something happens. */
  peer: Machine;
  /** All that there ever were. */
  readonly machines: Machine[];
  readonly #tuning: Setup["tuning"];
  readonly #folder: string;
  readonly #started: OrderedProcess<Order>[] = [];
  /** When the fault struck: milliseconds since 1970. */
  faultAtMs = 0;
  /** The survivor's side before the fault. */
  before: Report | null = null;

  private constructor(network: Network, machines: [Machine, Machine], folder: string, {
    identifier,
    tuning,
  }: LabOptions) {
    this.network = network;
    [this.survivor, this.peer] = machines;
    this.machines = [...machines];
    this.#folder = folder;
    this.#tuning = { ...tuning, identifier };
  }

  /** Two machines that are linked, with requests flowing both ways. */
  static async make(options: LabOptions): Promise<Lab> {
    const folder = await Deno.makeTempDir({ prefix: "freshlink-crashlab-" });
    const network = await Network.make("lab");
    const [survivorName, peerName] = options.peerDecides ? ["SP10", "SP30"] : ["SP30", "SP10"];
    const lab = new Lab(
      network,
      [
        new Machine(survivorName, options.survivor, await network.addHost(1), folder),
        new Machine(peerName, options.peer, await network.addHost(2), folder),
      ],
      folder,
      options,
    );
    return lab;
  }

  /** Starts both, waits until they are linked, and lets requests flow. */
  async begin(): Promise<void> {
    await Promise.all([this.start(this.survivor), this.start(this.peer)]);
    await this.flowing();
    this.before = await this.survivor.report();
  }

  /** Starts a process on a machine, which asks its peer without pause. */
  async start(machine: Machine): Promise<void> {
    const other = machine === this.survivor ? this.peer : this.survivor;
    const setup: Setup = {
      name: machine.name,
      hostname: machine.host.address,
      port: PORT,
      peer: { name: other.name, hostname: other.host.address, port: PORT },
      ledgerFile: machine.ledgerFile,
      tuning: this.#tuning,
      clockErrorMs: machine.clockErrorMs,
    };
    machine.process = await OrderedProcess.start<Order>({
      runtime: machine.runtime,
      program: `${ROOT}tools/crashlab/program.ts`,
      args: [JSON.stringify(setup)],
      startedBy: this.network.startedBy(machine.host),
    });
    this.#started.push(machine.process);
    await machine.process.order({ do: "load" });
  }

  /** A machine more, with the name of the peer. */
  async addTwin(): Promise<Machine> {
    const host = await this.network.addHost(3);
    const twin = new Machine(this.peer.name, this.peer.runtime, host, this.#folder);
    this.machines.push(twin);
    return twin;
  }

  /** Which of these machines have stopped because another owns their name. */
  async fenced(): Promise<Machine[]> {
    const running = this.machines.filter(({ process }) => process !== null);
    const reports = await Promise.all(running.map((machine) => machine.report()));
    return running.filter((_, index) => reports[index]!.fenced);
  }

  /** Notes that the fault strikes now. */
  strike(): void {
    this.faultAtMs = performance.timeOrigin + performance.now();
  }

  /** The whole machine is gone, without a word. */
  async crash(machine: Machine): Promise<void> {
    await this.network.crash(machine.host);
    machine.process?.kill();
    await machine.process?.ended;
    machine.process = null;
  }

  /** The flow that carries the link now. */
  async flow(): Promise<Flow> {
    for (const acceptor of [this.survivor, this.peer]) {
      const { rows } = await acceptor.report();
      const row = rows.find(({ usable, direction }) => usable && direction === "inbound");
      if (row === undefined) continue;
      const [hostname, port] = row.remoteAddress.split(":") as [string, string];
      return {
        dialer: { hostname, port: Number(port) },
        acceptor: { hostname: acceptor.host.address, port: PORT },
      };
    }
    throw new Error("there is no link whose flow could be told");
  }

  /** Who of the two dialled the connection that carries the link now. */
  dialerOf(flow: Flow): Machine {
    return flow.dialer.hostname === this.survivor.host.address ? this.survivor : this.peer;
  }

  /** Keeps one of the two from dialling the other. */
  async forbidDialling(from: Machine): Promise<void> {
    const to = from === this.survivor ? this.peer : this.survivor;
    await this.network.forbidDialling(from.host, to.host, PORT);
  }

  /** Waits until both tables agree and requests flow both ways. */
  async flowing(): Promise<void> {
    const first = await this.#reports();
    await this.until("requests flow both ways over one link", async () => {
      const now = await this.#reports();
      return agree(now) &&
        now.every(({ answered }, index) => answered >= first[index]!.answered + FLOWING);
    });
  }

  /**
   * Looks again and again.
   *
   * @throws {Error} When it is not so in time.
   */
  async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const untilMs = performance.now() + LINK_TIMEOUT_MS;
    while (!await isSo()) {
      if (performance.now() > untilMs) {
        const reports = await this.#reports();
        const tables = reports.map(({ rows, events }) => ({ rows, events: events.slice(-8) }));
        throw new Error(`${what}: not after ${LINK_TIMEOUT_MS} ms\n${JSON.stringify(tables)}`);
      }
      await pause(POLL_MS);
    }
  }

  /** No new requests: waits for the end of each. What became of them, machine by machine. */
  async stop(): Promise<readonly [Outcome[], Outcome[]]> {
    const stop = async (machine: Machine): Promise<Outcome[]> => {
      const outcomeFile = `${this.#folder}/${machine.name}.outcomes`;
      await machine.process!.order({ do: "stop", outcomeFile }, STOP_TIMEOUT_MS);
      return JSON.parse(await Deno.readTextFile(outcomeFile));
    };
    return await Promise.all([stop(this.survivor), stop(this.peer)]);
  }

  async #reports(): Promise<readonly [Report, Report]> {
    return await Promise.all([this.survivor.report(), this.peer.report()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#started.map((process) => process[Symbol.asyncDispose]()));
    await this.network[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** Whether both have one connection, the same one, and use it. */
export function agree([left, right]: readonly [Report, Report]): boolean {
  const [one, ...more] = left.rows;
  const [other, ...others] = right.rows;
  return one !== undefined && other !== undefined && more.length + others.length === 0 &&
    one.usable && other.usable && one.identifier === other.identifier &&
    one.bootId === right.bootId && other.bootId === left.bootId;
}

/** Waits for time to pass: faults have durations. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
