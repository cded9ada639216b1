/**
 * `freshlink table` and `freshlink watch`: what a running endpoint is connected to.
 *
 * @module
 */

import process from "node:process";
import type { Client } from "../client.ts";
import { type EndpointTable, TABLE_SERVICE } from "../calls/contract.ts";
import { FreshlinkError } from "../errors.ts";
import { DEFAULTS } from "../options.ts";
import { type Arguments, readMs } from "./arguments.ts";
import { connectClient } from "./call.ts";
import { EXIT } from "./exit_code.ts";
import type { Output } from "./output.ts";
import { onInterrupt } from "./signals.ts";
import { printable, tableLines } from "./table_text.ts";

const WATCH_EVERY_MS = 500;

/** Prints the table once. */
export async function table(args: Arguments, output: Output): Promise<number> {
  const timeoutMs = readMs("table", args, "timeout", DEFAULTS.requestTimeoutMs);
  const client = await connectClient("table", args.operands[0]!, args, timeoutMs);
  try {
    const found = await ask(client, timeoutMs, null);
    output.line(text(found, output), found);
    return EXIT.ok;
  } finally {
    await client.close();
  }
}

/** Prints the table again and again, whatever becomes of the endpoint, until it is interrupted. */
export async function watch(args: Arguments, output: Output): Promise<number> {
  const timeoutMs = readMs("watch", args, "timeout", DEFAULTS.requestTimeoutMs);
  const everyMs = readMs("watch", args, "every", WATCH_EVERY_MS);
  const client = await connectClient("watch", args.operands[0]!, args, timeoutMs);
  const stop = new AbortController();
  const { signal } = stop;
  const release = onInterrupt(() => stop.abort());
  try {
    while (!signal.aborted) {
      await look(client, timeoutMs, output, signal);
      await pause(everyMs, signal);
    }
    return EXIT.ok;
  } finally {
    release();
    await client.close();
  }
}

/** Waits, but not beyond the wish to end. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}

async function look(
  client: Client,
  timeoutMs: number,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  try {
    const found = await ask(client, timeoutMs, signal);
    // On a terminal the new table is written over the old one.
    if (output.isTerminal) output.raw("\x1b[H\x1b[2J");
    output.line(text(found, output), found);
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof FreshlinkError)) throw error;
    output.error(error);
  }
}

function ask(
  client: Client,
  timeoutMs: number,
  signal: AbortSignal | null,
): Promise<EndpointTable> {
  return client.request<EndpointTable>(TABLE_SERVICE, undefined, {
    timeoutMs,
    idempotent: true,
    codec: "json",
    ...(signal === null ? {} : { signal }),
  });
}

function text({ name, address, bootId, rows }: EndpointTable, output: Output): string {
  const width = process.stdout.columns ?? 80;
  return [
    `${printable(name)} on ${address.hostname}:${address.port}, boot ${bootId.slice(0, 8)}`,
    ...tableLines(rows, { colour: output.colour, width }),
  ].join("\n");
}
