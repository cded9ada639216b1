/**
 * The world of a run: names with hosts, the processes that live there one after another, and what
 * is checked about them all the time.
 */

import {
  Client,
  DEFAULTS,
  Endpoint,
  type EndpointOptions,
  type RemoteCaller,
  RequestError,
} from "../../mod.ts";
import type { Host, Process, Runtime, Simulation } from "../../src/simulator/mod.ts";
import { changedRuntime } from "../support/changed_runtime.ts";
import { type Entry, Ledger, type Repeats } from "./ledger.ts";
import { damageOf, idOf, makePayload } from "./payload.ts";
import type { NotePlan, RequestPlan } from "./plan.ts";
import { type Asker, serve, type Server } from "./service.ts";

/** What all members know, by default. */
const SECRET = "a secret of the simulated hosts";
export const PORT = 11_000;

/** Calls that handlers make have so many places more. */
const DEPTH_MAX = 4;

/** How long a process may need beyond a deadline to say so, in virtual milliseconds. */
const LATE_MS = 250;

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
  /** Whether somebody changes bytes on their way. */
  isAttacked = false;
  /** What lies between a process and its network. */
  wrap: (runtime: Runtime) => Runtime = (runtime) => runtime;
  /** How many connections each name has dialled. */
  readonly dials: Record<string, number> = {};
  /** Where an end lives that breaks the rules; `null`: nobody does. */
  hostile: { readonly name: string; readonly host: Host } | null = null;
  readonly #options: Partial<EndpointOptions>;
  #lastLife = 0;
  readonly #sessions = new WeakMap<RemoteCaller, number>();
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
      ...this.#options,
      ...this.#protection,
      name: member.name,
      listen: { hostname: "0.0.0.0", port },
      advertise: { hostname: process.host.address },
      peers: [...this.members, ...(this.hostile === null ? [] : [this.hostile])]
        .filter((other) => other !== member)
        .map(({ name, host }) => ({ name, hostname: host.address, port: PORT, ...this.#group })),
      runtime: this.#counting(process, member.name),
    };
    process.enter(() => void this.#start(life, options).catch((error) => this.fail(error)));
    return life;
  }

  /** A client as one that asks. */
  askerOf({ client }: { readonly client: Client }): Asker & Pick<Endpoint, "notify"> {
    return {
      request: (_to, ...rest) => client.request(...rest),
      notify: (_to, ...rest) => client.notify(...rest),
    };
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
    const protection = this.#options.insecure === true ? {} : { secret: SECRET };
    const dial = () =>
      Client.connect({
        hostname: member.host.address,
        port: PORT,
        to: member.name,
        runtime: host.main,
        ...protection,
      }).then((client) => {
        entry.client = client;
        serve(this, entry, client);
      }, () => {
        // Nobody is there: later, perhaps.
        if (!host.main.isDead) host.main.clock.setTimer(1_000, dial);
      });
    host.main.enter(() => void dial());
  }

  /** The number of a process for one caller: a client has another one for each of its sessions. */
  lifeFor(life: Server, caller: RemoteCaller): number {
    if (caller.role === "peer") return life.id;
    let id = this.#sessions.get(caller);
    if (id === undefined) this.#sessions.set(caller, id = ++this.#lastLife);
    return id;
  }

  /** Whether a name had one process all the time, and one session with a caller. */
  lived(name: string, caller: number): boolean {
    const isClient = this.clients.some(({ id }) => id === caller);
    // A short window ends sessions of clients that come back.
    if (isClient && this.#options.resumeWindowMs !== undefined) return false;
    return this.members.some((member) => member.name === name && member.lives === 1);
  }

  /** A request from a process; the ledger follows it to its end. @returns `ok` or its code. */
  request(
    asker: Asker,
    id: number,
    process: Process,
    plan: RequestPlan,
    parent: Entry | null = null,
  ): Promise<string> {
    const { timeoutMs, idempotent, cancelAfterMs, requestBytes, answerBytes } = plan;
    const repeats: Repeats = idempotent ? "next life" : "never";
    const entry = this.ledger.request(id, plan, repeats, parent);
    const controller = new AbortController();
    const deadlineMs = this.simulation.nowMs + timeoutMs + LATE_MS;
    if (cancelAfterMs !== null) {
      process.clock.setTimer(cancelAfterMs, () => controller.abort());
    }
    const frozenBefore = this.#frozenMs;
    const settle = (
      code: string,
      delivery: RequestError["delivery"] | null,
      answerId = entry.id,
    ) => {
      const lateMs = this.simulation.nowMs - deadlineMs - (this.#frozenMs - frozenBefore);
      if (lateMs > 0) this.problems.push(`request ${entry.id} ended ${lateMs} ms too late`);
      this.ledger.settled(entry, { code, delivery }, answerId);
      return code;
    };
    const options = { timeoutMs, idempotent, signal: controller.signal, codec: "bytes" } as const;
    const payload = makePayload(entry.id, requestBytes);
    return asker.request<Uint8Array>(plan.to, "book", payload, options).then((answer) => {
      this.ledger.arrived(`answer ${entry.id}`, answerBytes, damageOf(answer, answerBytes));
      return settle("ok", null, idOf(answer));
    }, (error) => {
      if (error instanceof RequestError) return settle(error.code, error.delivery);
      this.fail(error);
      return "not a RequestError";
    });
  }

  /** A notification from a process. @returns `ok`, or why the queue did not take it. */
  notify(caller: Pick<Endpoint, "notify">, id: number, plan: NotePlan): Promise<string> {
    const note = this.ledger.note(id, plan);
    const { to, timeoutMs, bytes } = plan;
    const payload = makePayload(note.id, bytes);
    const settle = (code: string) => {
      this.ledger.noteSettled(note, code);
      return code;
    };
    return caller.notify(to, "note", payload, { timeoutMs, codec: "bytes" })
      .then(() => settle("ok"), (error) => {
        if (!(error instanceof RequestError)) this.fail(error);
        return settle(error instanceof RequestError ? error.code : "not a RequestError");
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

  /** Whether a process, of a member or a client, lives and serves. */
  isAlive(id: number): boolean {
    return this.members.some(({ life }) => life?.id === id && !life.isOver) ||
      this.clients.some((client) => client.id === id);
  }

  /** Something that may not happen. */
  fail(error: unknown): void {
    this.problems.push(error instanceof Error ? `${error.stack}` : String(error));
  }

  /**
   * Whether every living pair has one connection, with the same number at both ends, and every
   * client has one.
   */
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
    for (const { id, client } of this.clients) {
      if (client !== null && !client.isConnected) found.push(`client ${id} has no connection`);
    }
    return found;
  }

  /** Closes what still lives, and looks whether anything is left. */
  async close(withinMs: number): Promise<void> {
    const closing: Promise<void>[] = [];
    for (const { client, process } of this.clients) {
      process.enter(() => void (client !== null && closing.push(client.close({ drainMs: 1_000 }))));
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

  /** The group of all members, where they are in one. */
  get #group(): { readonly group?: string } {
    const { group } = this.#options;
    return group === undefined ? {} : { group };
  }

  /** By default all is sealed. */
  get #protection(): { readonly secret: string } | { readonly insecure: true } {
    return this.#options.insecure === true ? { insecure: true } : { secret: SECRET };
  }

  /** The process, which notes the connections that it dials. */
  #counting(process: Process, name: string): Runtime {
    const runtime = this.wrap(process);
    return changedRuntime(runtime, {
      connect: (address, options, handler) =>
        runtime.connect(address, options, {
          onConnect: (socket) => {
            this.dials[name] = (this.dials[name] ?? 0) + 1;
            return handler.onConnect(socket);
          },
          onConnectError: (reason) => handler.onConnectError(reason),
        }),
    });
  }

  async #start(life: Life, options: EndpointOptions): Promise<void> {
    const endpoint = await Endpoint.start(options);
    const { id, name } = life;
    life.endpoint = endpoint;
    serve(this, life, endpoint);
    endpoint.on((event) => {
      this.events[event.type] = (this.events[event.type] ?? 0) + 1;
      const { type, peer } = event;
      const more = "identifier" in event ? event.identifier : "code" in event ? event.code : "";
      this.simulation.note(name, id, type, peer, more);
      if (type === "fenced") life.isOver = true;
      // Nobody else here breaks the protocol on purpose.
      const isHonest = peer === null || peer !== this.hostile?.name;
      // Whoever is on the path and knows no secret: what he changed is not read.
      const isUnread = this.isAttacked && more === "record-mismatch";
      if (type === "protocol-error" && isHonest && !isUnread) {
        this.problems.push(`${name} ${id}: ${JSON.stringify(event)}`);
      }
      this.#checkTable(life, endpoint);
    });
  }

  /** At most one connection to a peer is used, and none with a greater number stands beside it. */
  #checkTable(life: Life, endpoint: Endpoint): void {
    const used = new Set<string>();
    const maxInFlight = this.#options.maxInFlight ?? DEFAULTS.maxInFlight;
    for (const { peer, usable, inFlight } of endpoint.connections()) {
      if (inFlight > maxInFlight + DEPTH_MAX) {
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
