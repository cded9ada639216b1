/**
 * The world of a run: names with hosts, the processes that live there one after another, and what
 * is checked about them all the time.
 */

import { Client, DEFAULTS, Endpoint, type EndpointOptions, RequestError } from "../../mod.ts";
import type { Host, Process, Runtime, Simulation } from "../../src/simulator/mod.ts";
import { Ledger } from "./ledger.ts";

const PORT = 11_000;

/** How long a process may need beyond a deadline to say so, in virtual milliseconds. */
const LATE_MS = 250;

/** Requests up to here keep their order; small ones pass large ones. */
const SMALL_MAX_BYTES = 1_000;

/** Whoever calls: an endpoint or a client. */
type Caller = Pick<Endpoint, "request" | "notify">;

/** A name, where it lives, and the process that has it now. */
export interface Member {
  readonly name: string;
  readonly host: Host;
  life: Life | null;
  /** How many processes it has had. */
  lives: number;
}

/** One process: an endpoint. */
export interface Life {
  readonly id: number;
  readonly name: string;
  readonly process: Process;
  /** `null` until it has started. */
  endpoint: Endpoint | null;
  /** It is fenced, closing, or its process is gone. */
  isOver: boolean;
}

/** How a request is made. */
export interface RequestPlan {
  readonly to: string;
  readonly timeoutMs: number;
  readonly idempotent: boolean;
  /** How long the handler works, in milliseconds. */
  readonly workMs: number;
  /** Bytes beside the rest. */
  readonly padding: number;
  /** Whether the handler fails. */
  readonly fails: boolean;
  /** After so many milliseconds the caller gives up; `null`: it does not. */
  readonly cancelAfterMs: number | null;
}

/** All of it. */
export class World {
  readonly simulation: Simulation;
  readonly ledger: Ledger = new Ledger();
  readonly members: Member[] = [];
  readonly clients: { readonly id: number; readonly process: Process; client: Client | null }[] =
    [];
  /** What is wrong beside the ledger's problems. */
  readonly problems: string[] = [];
  /** How often each event came, by type. */
  readonly events: Record<string, number> = {};
  /** How often each fault was ordered, by name. */
  readonly faults: Record<string, number> = {};
  /** How many connections each name has dialled. */
  readonly dials: Record<string, number> = {};
  readonly #options: Partial<EndpointOptions>;
  #lastLife = 0;
  /** Frozen processes settle late: so much, in milliseconds. */
  #frozenMs = 0;

  /** @param options What all endpoints have in common. */
  constructor(simulation: Simulation, names: readonly string[], options: Partial<EndpointOptions>) {
    this.simulation = simulation;
    this.#options = options;
    for (const name of names) {
      this.members.push({ name, host: simulation.host(name), life: null, lives: 0 });
    }
  }

  /** A process with the member's name starts: by default the main one of its host. */
  start(member: Member, process: Process = member.host.main, port: number = PORT): Life {
    const life: Life = {
      id: ++this.#lastLife,
      name: member.name,
      process,
      endpoint: null,
      isOver: false,
    };
    member.lives++;
    if (process === member.host.main) member.life = life;
    this.simulation.note(member.name, "starts as", life.id);
    const options: EndpointOptions = {
      insecure: true,
      ...this.#options,
      name: member.name,
      listen: { hostname: "0.0.0.0", port },
      advertise: { hostname: process.host.address },
      peers: this.members.filter((other) => other !== member)
        .map(({ name, host }) => ({ name, hostname: host.address, port: PORT })),
      runtime: this.#counting(process, member.name),
    };
    process.enter(() => void this.#start(life, options).catch((error) => this.fail(error)));
    return life;
  }

  /** A client of a member. */
  connect(member: Member): void {
    const host = this.simulation.host(`client-${this.clients.length + 1}`);
    const entry = {
      id: ++this.#lastLife,
      process: host.main,
      client: null as Client | null,
    };
    this.clients.push(entry);
    const { secret } = this.#options;
    const dial = () =>
      Client.connect({
        hostname: member.host.address,
        port: PORT,
        to: member.name,
        runtime: host.main,
        ...(secret === undefined ? {} : { secret }),
      }).then((client) => {
        entry.client = client;
      }, () => {
        // Nobody is there: later, perhaps.
        if (!host.main.isDead) host.main.clock.setTimer(1_000, dial);
      });
    host.main.enter(() => void dial());
  }

  /** A request from a process; the ledger follows it to its end. @returns `ok` or its code. */
  request(caller: Caller, id: number, process: Process, plan: RequestPlan): Promise<string> {
    const { nowMs } = this.simulation;
    const repeats = !plan.idempotent
      ? "never"
      : caller instanceof Endpoint
      ? "next life"
      : "always";
    const isSmall = plan.padding < SMALL_MAX_BYTES;
    const entry = this.ledger.request(id, plan.to, repeats, isSmall);
    const controller = new AbortController();
    const { timeoutMs, idempotent, cancelAfterMs } = plan;
    const deadlineMs = nowMs + timeoutMs + LATE_MS;
    const payload = {
      id: entry.id,
      workMs: plan.workMs,
      fails: plan.fails,
      padding: "x".repeat(plan.padding),
    };
    if (cancelAfterMs !== null) {
      process.clock.setTimer(cancelAfterMs, () => controller.abort());
    }
    const frozenBefore = this.#frozenMs;
    const settle = (code: string, delivery: RequestError["delivery"] | null, answer: unknown) => {
      const lateMs = this.simulation.nowMs - deadlineMs - (this.#frozenMs - frozenBefore);
      if (lateMs > 0) this.problems.push(`request ${entry.id} ended ${lateMs} ms too late`);
      const answerId = delivery === null ? (answer as { id: number }).id : null;
      this.ledger.settled(entry, { code, delivery }, answerId);
      return code;
    };
    return caller.request(plan.to, "book", payload, {
      timeoutMs,
      idempotent,
      signal: controller.signal,
    }).then((answer) => settle("ok", null, answer), (error) => {
      if (error instanceof RequestError) return settle(error.code, error.delivery, null);
      this.fail(error);
      return "not a RequestError";
    });
  }

  /** A notification from a process. */
  notify(caller: Caller, id: number, to: string): void {
    const note = this.ledger.note(id, to);
    caller.notify(to, "note", { id: note.id }).then(() => {
      note.written = true;
    }, (error) => {
      if (!(error instanceof RequestError)) this.fail(error);
    });
  }

  /** A host runs no code for a while. */
  freeze(host: Host, durationMs: number): void {
    this.#frozenMs += durationMs;
    host.freeze(durationMs);
  }

  /** The process of a member is gone without having been told. */
  gone(member: Member): void {
    if (member.life !== null) member.life.isOver = true;
    member.life = null;
  }

  /** The members whose process lives and serves. */
  living(): (Member & { readonly life: Life & { readonly endpoint: Endpoint } })[] {
    return this.members.filter(({ life }) =>
      life !== null && !life.isOver && life.endpoint !== null
    )
      .map((member) => member as Member & { life: Life & { endpoint: Endpoint } });
  }

  /** Something that may not happen. */
  fail(error: unknown): void {
    this.problems.push(error instanceof Error ? `${error.stack}` : String(error));
  }

  /** Whether every living pair has one connection, with the same number at both ends. */
  unconverged(): string[] {
    const found: string[] = [];
    const living = this.living();
    for (const one of living) {
      for (const other of living) {
        if (one === other) continue;
        const rows = rowsTo(one.life.endpoint, other.name);
        const [row] = rows;
        const [back] = rowsTo(other.life.endpoint, one.name);
        if (rows.length !== 1 || !row!.usable) {
          found.push(`${one.name} has ${rows.length} connections to ${other.name}`);
        } else if (row!.identifier !== back?.identifier) {
          found.push(`${one.name} ${row!.identifier} ${back?.identifier} ${other.name}`);
        }
      }
    }
    return found;
  }

  /** Closes what still lives, and looks whether anything is left. */
  async close(withinMs: number): Promise<void> {
    const closing: Promise<void>[] = [];
    for (const { client, process } of this.clients) {
      process.enter(() => void (client !== null && closing.push(client.close())));
    }
    const lives = this.living().map(({ life }) => life);
    for (const { endpoint, process } of lives) {
      process.enter(() => void closing.push(endpoint.close({ drainMs: 1_000 })));
    }
    await this.simulation.settle(Promise.all(closing), withinMs);
    for (const { process, name } of lives) {
      const { armedTimers, openListeners } = process;
      if (armedTimers + openListeners === 0) continue;
      this.problems.push(`${name} has closed with ${armedTimers} timers armed`);
    }
    // What is on its way, FIN for instance, arrives.
    await this.simulation.run(5_000);
    for (const { process, name } of lives) {
      const { armedTimers, openSockets, openListeners } = process;
      if (armedTimers + openSockets + openListeners === 0) continue;
      this.problems.push(`${name} is closed and has ${armedTimers} timers armed, ${openSockets} \
sockets and ${openListeners} listeners open`);
    }
  }

  /** The process, which notes the connections that it dials. */
  #counting(process: Process, name: string): Runtime {
    return {
      name: process.name,
      clock: process.clock,
      random: process.random,
      hash: process.hash,
      copy: process.copy,
      loadChannel: () => process.loadChannel(),
      listen: (...parameters) => process.listen(...parameters),
      connect: (address, options, handler) =>
        process.connect(address, options, {
          onConnect: (socket) => {
            this.dials[name] = (this.dials[name] ?? 0) + 1;
            return handler.onConnect(socket);
          },
          onConnectError: (reason) => handler.onConnectError(reason),
        }),
    };
  }

  async #start(life: Life, options: EndpointOptions): Promise<void> {
    const endpoint = await Endpoint.start(options);
    const { process, id, name } = life;
    endpoint.handle("book", (payload) => {
      const { id: request, workMs, fails } = payload as {
        id: number;
        workMs: number;
        fails: boolean;
      };
      this.ledger.executed(request, id);
      if (fails) throw new Error("as it was told");
      const answer = { id: request };
      if (workMs === 0) return answer;
      return new Promise((resolve) => process.clock.setTimer(workMs, () => resolve(answer)));
    });
    endpoint.handle("note", (payload) => {
      this.ledger.noted((payload as { id: number }).id, id);
    });
    endpoint.on((event) => {
      this.events[event.type] = (this.events[event.type] ?? 0) + 1;
      const { type, peer } = event;
      const more = "identifier" in event ? event.identifier : "code" in event ? event.code : "";
      this.simulation.note(name, id, type, peer, more);
      if (type === "fenced") life.isOver = true;
      // Nobody here breaks the protocol on purpose.
      if (type === "protocol-error") this.problems.push(`${name} ${id}: ${JSON.stringify(event)}`);
      this.#checkTable(life, endpoint);
    });
    life.endpoint = endpoint;
  }

  /** At most one connection to a peer is used, and none with a greater number stands beside it. */
  #checkTable(life: Life, endpoint: Endpoint): void {
    const used = new Set<string>();
    const maxInFlight = this.#options.maxInFlight ?? DEFAULTS.maxInFlight;
    for (const { peer, usable, inFlight } of endpoint.connections()) {
      if (inFlight > maxInFlight) {
        this.problems.push(`${life.name} has ${inFlight} requests in flight to ${peer}`);
      }
      if (!usable) continue;
      if (used.has(peer)) this.problems.push(`${life.name} uses two connections to ${peer}`);
      used.add(peer);
    }
  }
}

function rowsTo(endpoint: Endpoint, peer: string) {
  return endpoint.connections().filter((row) => row.peer === peer);
}
