/**
 * `freshlink serve`: one server process from its definition file.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import type { Handler } from "../endpoint/handling.ts";
import { Endpoint } from "../endpoint.ts";
import type { EndpointEvent } from "../events.ts";
import { type Arguments, usage } from "./arguments.ts";
import { readConfig } from "./config_file.ts";
import { CommandError, EXIT } from "./exit_code.ts";
import type { Output } from "./output.ts";
import { onInterrupt } from "./signals.ts";

type Handlers = Readonly<Record<string, Handler<unknown, unknown>>>;

/** Runs until it is interrupted or fenced. */
export async function serve(args: Arguments, output: Output): Promise<number> {
  const [path] = args.operands;
  const file = args.values.get("handlers");
  if (file === undefined) throw usage("serve", "serve needs --handlers FILE");
  const options = await readConfig(path!);
  const exported = await importHandlers(file);
  const endpoint = await Endpoint.start(options);
  const ended = Promise.withResolvers<number>();
  const stopListening = endpoint.on((event) => {
    report(event, output);
    if (event.type === "fenced") ended.resolve(EXIT.fenced);
  });
  const release = onInterrupt(() => ended.resolve(EXIT.ok));
  try {
    await register(endpoint, exported, file);
    const { name, bootId, address } = endpoint;
    output.line(`${name} listens on ${address.hostname}:${address.port}`, {
      type: "listening",
      name,
      bootId,
      address,
    });
    return await ended.promise;
  } finally {
    await endpoint.close();
    stopListening();
    release();
  }
}

async function importHandlers(file: string): Promise<unknown> {
  const url = pathToFileURL(resolve(file)).href;
  try {
    const module: { readonly default?: unknown } = await import(url);
    return module.default;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CommandError(
      "no-input",
      EXIT.noInput,
      `${file} cannot be loaded: ${reason}`,
      cause,
    );
  }
}

async function register(endpoint: Endpoint, exported: unknown, file: string): Promise<void> {
  const made = typeof exported === "function" ? await exported(endpoint) : exported;
  if (typeof made !== "object" || made === null) {
    throw new CommandError(
      "invalid-handlers",
      EXIT.config,
      `${file}: expected a default export { service: handler }, or a function that returns it`,
    );
  }
  for (const [service, handler] of Object.entries(made as Handlers)) {
    if (typeof handler !== "function") {
      throw new CommandError(
        "invalid-handlers",
        EXIT.config,
        `${file}: ${service}: expected a function, found ${typeof handler}`,
      );
    }
    endpoint.handle(service, handler);
  }
}

function report(event: EndpointEvent, output: Output): void {
  const time = new Date(event.atMicros / 1_000).toISOString().slice(11, 23);
  const { type, peer, remoteAddress, atMicros: _, atMs: __, ...more } = event;
  const details = Object.entries(more).map(([key, value]) => ` ${key}=${valueText(value)}`).join(
    "",
  );
  const who = [peer, remoteAddress].filter((part) => part !== null).join(" ");
  const error = "error" in event ? { error: valueText(event.error) } : {};
  output.line(`${time} ${`${type} ${who}`.trim()}${details}`, { ...event, ...error });
}

function valueText(value: unknown): string {
  return value instanceof Error ? value.message : String(value);
}
