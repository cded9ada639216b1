/**
 * `freshlink serve`: one server process from its definition file.
 *
 * @module
 */

import { resolve } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers";
import { pathToFileURL } from "node:url";
import type { Handlers } from "../calls/handlers.ts";
import { messageOf } from "../calls/thrown.ts";
import type { Health } from "../calls/health.ts";
import { Endpoint } from "../endpoint.ts";
import { ConfigurationError } from "../errors.ts";
import type { EndpointEvent } from "../events.ts";
import type { EndpointOptions } from "../options.ts";
import { checkHandlers } from "../options/call_options.ts";
import { Problems } from "../options/problems.ts";
import { DURATION_MAX_MS } from "../options/table.ts";
import { type Arguments, readMs, TLS_VALUES, usage } from "./arguments.ts";
import { readConfig } from "./config_file.ts";
import { CommandError, EXIT } from "./exit_code.ts";
import { FENCED_WAIT_MAX_MS, waitFenced } from "./fenced_wait.ts";
import { readText, readTls } from "./files.ts";
import { HealthPort } from "./health_port.ts";
import { readPort } from "./inspect.ts";
import { instanceOf, instancesAskedFor, onParentGone, runInstances } from "./instances.ts";
import type { Output } from "./output.ts";
import { Renewal } from "./renewal.ts";
import { onInterrupt } from "./signals.ts";
import { printable } from "./table_text.ts";

/** How long what handlers left running may keep an ended server process alive, in milliseconds. */
const LINGER_MS = 250;

/** Its options with a value. */
export const SERVE_VALUES: readonly string[] = Object.freeze([
  "handlers",
  "inspect",
  "fenced-wait-max",
  "health-port",
  "ready-groups",
  "drain-delay",
  "instances",
  ...TLS_VALUES,
]);

/** Runs until it is interrupted, or fenced: then it waits before it ends. */
export async function serve(args: Arguments, output: Output): Promise<number> {
  const [path] = args.operands;
  const file = args.values.get("handlers");
  if (file === undefined) throw usage("serve", "serve needs --handlers FILE");
  const count = instancesAskedFor(args);
  const instance = instanceOf();
  if (count !== null && instance === null) {
    await checkInstances(path!);
    return await runInstances(count, output);
  }
  const probes = readProbes(args);
  const waitMaxMs = readMs("serve", args, "fenced-wait-max", FENCED_WAIT_MAX_MS, 0);
  const read = async () => {
    const { tls } = await readTls("serve", args);
    return shifted(await readConfig(path!, tls), instance ?? 0);
  };
  const options = await read();
  const inspectorPort = args.values.has("inspect") ? readPort("serve", args, "inspect") : null;
  try {
    const startMs = performance.now();
    const { code, name } = await runEndpoint(
      { options, read },
      await importHandlers(file),
      file,
      inspectorPort,
      output,
      probes,
    );
    if (code === EXIT.fenced) {
      await waitFenced(name, performance.now() - startMs, waitMaxMs, output);
    }
    return code;
  } finally {
    // A timer or a socket of a handler's own must not keep a server process that has ended.
    setTimeout(() => process.exit(), LINGER_MS).unref();
  }
}

/** The options, and what reads them anew. */
interface OptionFiles {
  readonly options: EndpointOptions;
  read(): Promise<EndpointOptions>;
}

async function runEndpoint(
  { options, read }: OptionFiles,
  exported: unknown,
  file: string,
  inspectorPort: number | null,
  output: Output,
  probes: Probes,
): Promise<{ readonly code: number; readonly name: string }> {
  const isFunction = typeof exported === "function";
  const endpoint = await Endpoint.start({
    // However long a function takes: requests wait for it, within their deadlines.
    startingMs: DURATION_MAX_MS,
    ...options,
    ...(isFunction ? {} : { handlers: handlersOf(exported, file) }),
  });
  let end: (code: number) => void = () => {};
  const ended = new Promise<number>((resolve) => {
    end = resolve;
  });
  // Until the first line is written, events wait: programs are promised which line is the first.
  let early: EndpointEvent[] | null = [];
  const stopListening = endpoint.on((event) => {
    if (early === null) report(event, output);
    else early.push(event);
    if (event.type === "fenced" && event.peer === null) end(EXIT.fenced);
  });
  let isAskedToEnd = false;
  const release = onInterrupt(() => {
    isAskedToEnd = true;
    // Not ready first: whoever looks takes it out before it takes no calls any more.
    setTimeout(() => end(EXIT.ok), probes.delayMs);
  });
  const forget = instanceOf() === null ? () => {} : onParentGone(() => {
    // Deno ends the pipe of a process that it sends a signal, too.
    if (!isAskedToEnd) end(EXIT.ok);
  });
  const health = () => {
    const found = endpoint.health({ groups: probes.groups });
    if (!isAskedToEnd || !found.ready) return found;
    return { ...found, ready: false, reasons: ["it was asked to end"] };
  };
  let renewal: Renewal | null = null;
  const port = probes.port === null ? null : await startProbes(endpoint, options, probes, health);
  try {
    await register(endpoint, exported, file);
    endpoint.ready();
    const { name, bootId, address } = endpoint;
    output.line(`${printable(name)} listens on ${address.hostname}:${address.port}`, {
      type: "listening",
      name,
      bootId,
      address,
    });
    for (const event of early) report(event, output);
    early = null;
    if (inspectorPort !== null) {
      const { url } = await endpoint.inspect({ port: inspectorPort });
      output.line(`${printable(name)} is shown at ${url}`, { type: "inspector", url });
    }
    renewal = await Renewal.start(endpoint, options, read, output);
    return { code: await ended, name };
  } finally {
    renewal?.stop();
    await endpoint.close();
    port?.close();
    stopListening();
    release();
    forget();
  }
}

/** What is asked for with `--health-port` and what belongs to it. */
interface Probes {
  readonly port: number | null;
  readonly groups: readonly string[];
  /** How long it is not ready before it closes, in milliseconds. */
  readonly delayMs: number;
}

function readProbes(args: Arguments): Probes {
  const text = args.values.get("health-port");
  const port = text === undefined ? null : Number(text);
  if (port !== null && !(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
    throw usage("serve", `--health-port expects a port from 1 to 65535, not '${text}'`);
  }
  const groups = args.values.get("ready-groups")?.split(",") ?? [];
  return { port, groups, delayMs: readMs("serve", args, "drain-delay", 0, 0) };
}

async function startProbes(
  endpoint: Endpoint,
  { listen }: EndpointOptions,
  { port }: Probes,
  health: () => Health,
): Promise<HealthPort> {
  try {
    const shift = instanceOf() ?? 0;
    return await HealthPort.start(listen.hostname ?? "127.0.0.1", port! + shift, health);
  } catch (error) {
    await endpoint.close({ drainMs: 0 });
    throw error;
  }
}

/** The options of an instance: the next port for each. */
function shifted(options: EndpointOptions, instance: number): EndpointOptions {
  const { listen, advertise } = options;
  if (instance === 0) return options;
  return {
    ...options,
    listen: { ...listen, port: listen.port + instance },
    ...(advertise?.port === undefined
      ? {}
      : { advertise: { ...advertise, port: advertise.port + instance } }),
  };
}

/** Instances of one file need a name each. @throws {ConfigurationError} `invalid-options`. */
async function checkInstances(path: string): Promise<void> {
  const { name, group, listen, stateFile } = await readConfig(path);
  const problems: string[] = [];
  if (name !== undefined) problems.push(`${path}: name: each instance needs its own; leave it out`);
  if (group === undefined) problems.push(`${path}: group: expected the group of the instances`);
  if (listen.port === 0) problems.push(`${path}: listen.port: expected the first one's port`);
  if (stateFile !== undefined) problems.push(`${path}: stateFile: each instance needs its own`);
  if (problems.length > 0) throw new ConfigurationError("invalid-options", problems);
}

/** A module's `handlers`, or its default export. */
async function importHandlers(file: string): Promise<unknown> {
  const path = resolve(file);
  await readText(path);
  let module: { readonly default?: unknown; readonly handlers?: unknown };
  try {
    module = await import(pathToFileURL(path).href);
  } catch (cause) {
    const reason = messageOf(cause);
    throw invalidHandlers(`${file}: cannot be loaded: ${reason}`, cause);
  }
  const exported = module.handlers ?? module.default;
  if (exported !== undefined) return exported;
  const found = Object.keys(module).join(", ") || "nothing";
  throw invalidHandlers(`${file}: expected an export 'handlers' or 'default', found ${found}`);
}

function invalidHandlers(message: string, cause?: unknown): CommandError {
  return new CommandError("invalid-handlers", EXIT.config, message, cause);
}

/** Waits for what a function makes; it may also register by itself and return nothing. */
async function register(endpoint: Endpoint, exported: unknown, file: string): Promise<void> {
  if (typeof exported !== "function") return;
  const made: unknown = await exported(endpoint);
  if (made === undefined) return;
  for (const [service, entry] of Object.entries(handlersOf(made, file))) {
    const { handler, ...more } = typeof entry === "function" ? { handler: entry } : entry;
    try {
      endpoint.handle(service, handler, more);
    } catch (cause) {
      throw invalidHandlers(`${file}: ${messageOf(cause)}`, cause);
    }
  }
}

/** @throws {CommandError} `invalid-handlers`, with every problem at once. */
function handlersOf(made: unknown, file: string): Handlers {
  if (typeof made !== "object" || made === null) {
    throw invalidHandlers(
      `${file}: expected { service: handler }, or a function that returns it, found ${typeof made}`,
    );
  }
  const problems = new Problems();
  checkHandlers(problems, "handlers", made);
  if (problems.list.length === 0) return made as Handlers;
  throw invalidHandlers(problems.list.map((problem) => `${file}: ${problem}`).join("\n"));
}

function report(event: EndpointEvent, output: Output): void {
  const time = new Date(event.atMicros / 1_000).toISOString().slice(11, 23);
  const { type, peer, remoteAddress, atMicros: _, atMs: __, ...more } = event;
  const details = Object.entries(more).map(([key, value]) => ` ${key}=${messageOf(value)}`).join(
    "",
  );
  const who = [peer, remoteAddress].filter((part) => part !== null).join(" ");
  const error = "error" in event ? { error: messageOf(event.error) } : {};
  output.line(printable(`${time} ${`${type} ${who}`.trim()}${details}`), { ...event, ...error });
}
