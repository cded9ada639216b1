/**
 * The three machines of the demonstration: a cable, a runtime and a server process each.
 */

import { ROOT } from "../../../tools/project.ts";
import { Cable, Relay } from "./cable.ts";

/** A peer definition as it stands in a definition file. */
interface Definition {
  readonly name: string;
  readonly hostname: string;
  port: number;
}

/** A definition file. */
export interface Config {
  readonly name: string;
  readonly listen: { readonly hostname: string; port: number };
  readonly peers: Definition[];
  identifier?: string;
  secret?: string;
}

/** How a machine is set up. */
export interface MachineOptions {
  readonly name: string;
  readonly runtime: string;
  readonly executable: string;
  readonly handlers: string;
  readonly config: Config;
  readonly configFile: string;
  readonly ledger: string;
  /** Whether a page shows what it sees. Default: no. */
  readonly isShown?: boolean;
}

/** Any free one: another demonstration may run beside this one. */
const INSPECTOR_PORT = "0";

const START_TIMEOUT_MS = 10_000;
const END_TIMEOUT_MS = 3_000;

/** A machine. */
export class Machine {
  readonly name: string;
  readonly runtime: string;
  readonly cable = new Cable();
  readonly ledger: string;
  readonly port: number;
  /** What the machines protect their links with. */
  readonly secret: string;
  /** Where the page is, if there is one. */
  inspectorUrl: string | null = null;
  readonly #options: MachineOptions;
  #child: Deno.ChildProcess | null = null;
  #output: Promise<unknown> = Promise.resolve();

  constructor(options: MachineOptions) {
    this.#options = options;
    this.name = options.name;
    this.runtime = options.runtime;
    this.ledger = options.ledger;
    this.port = options.config.listen.port;
    this.secret = options.config.secret!;
  }

  /** Starts the server process. @throws When it does not listen in time. */
  async start(): Promise<void> {
    const { runtime, executable, handlers, configFile, ledger, isShown = false } = this.#options;
    const child = new Deno.Command(executable, {
      args: [
        ...(runtime === "deno" ? ["run", "--allow-all", "--quiet"] : []),
        ...[`${ROOT}src/cli.ts`, "serve", configFile, "--handlers", handlers, "--json"],
        ...(isShown ? ["--inspect", INSPECTOR_PORT] : []),
      ],
      env: { LEDGER: ledger },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#child = child;
    const listens = Promise.withResolvers<void>();
    this.#output = readLines(child.stdout, (line) => {
      if (line.includes(isShown ? '"inspector"' : '"listening"')) {
        if (isShown) this.inspectorUrl = JSON.parse(line).url;
        listens.resolve();
      }
    }).finally(() => listens.reject(new Error(`${this.name} ended before it listened`)));
    const timer = setTimeout(
      () => listens.reject(new Error(`${this.name} does not listen after ${START_TIMEOUT_MS} ms`)),
      START_TIMEOUT_MS,
    );
    try {
      await listens.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The machine loses its power: its cable falls silent, its process is gone. */
  async crash(): Promise<void> {
    this.cable.cut();
    await this.#end("SIGKILL");
  }

  /** The process closes in good order. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const timer = setTimeout(() => child.kill("SIGKILL"), END_TIMEOUT_MS);
    await this.#end("SIGTERM");
    clearTimeout(timer);
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#child = null;
    try {
      child.kill(signal);
    } catch {
      // It has ended by itself.
    }
    await child.status;
    await this.#output;
  }
}

/** Reads the definition files, and moves them to other ports where theirs are taken. */
export async function readConfigs(
  folder: string,
  names: readonly string[],
): Promise<Map<string, Config>> {
  const configs = new Map<string, Config>();
  for (const name of names) {
    configs.set(name, JSON.parse(await Deno.readTextFile(`${folder}${name}.json`)));
  }
  const ports = [...configs.values()].flatMap(({ listen, peers }) => [
    listen.port,
    ...peers.map(({ port }) => port),
  ]);
  if (ports.every(isFree)) return configs;
  // All are held before the first is given back, so that none is drawn twice.
  const drawn = ports.map(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const moved = new Map(ports.map((port, index) => [port, drawn[index]!.addr.port]));
  for (const listener of drawn) listener.close();
  for (const config of configs.values()) {
    config.listen.port = moved.get(config.listen.port)!;
    for (const peer of config.peers) peer.port = moved.get(peer.port)!;
  }
  return configs;
}

/** A relay for each pair of machines and each direction. */
export function layCables(machines: readonly Machine[], configs: Map<string, Config>): Relay[] {
  const relays: Relay[] = [];
  for (const from of machines) {
    for (const { name, port } of configs.get(from.name)!.peers) {
      const to = machines.find((machine) => machine.name === name)!;
      relays.push(new Relay(port, [from.cable, to.cable], to.port));
    }
  }
  return relays;
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch {
    return false;
  }
}

async function readLines(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    lines.forEach(onLine);
  }
}
