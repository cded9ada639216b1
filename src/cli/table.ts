/**
 * `freshlink table` and `freshlink watch`: what a running endpoint is connected to.
 *
 * @module
 */

import process from "node:process";
import type { Client } from "../client.ts";
import { type EndpointTable, TABLE_SERVICE } from "../endpoint/contract.ts";
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
    const found = await ask(client, timeoutMs);
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
  let wake: () => void = () => {};
  let ended = false;
  const release = onInterrupt(() => {
    ended = true;
    wake();
  });
  try {
    while (!ended) {
      await look(client, timeoutMs, output);
      if (ended) break;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return EXIT.ok;
  } finally {
    release();
    await client.close();
  }
}

async function look(client: Client, timeoutMs: number, output: Output): Promise<void> {
  try {
    const found = await ask(client, timeoutMs);
    // On a terminal the new table is written over the old one.
    if (output.isTerminal) output.raw("\x1b[H\x1b[2J");
    output.line(text(found, output), found);
  } catch (error) {
    if (!(error instanceof FreshlinkError)) throw error;
    output.error(error);
  }
}

function ask(client: Client, timeoutMs: number): Promise<EndpointTable> {
  return client.request<EndpointTable>(TABLE_SERVICE, undefined, {
    timeoutMs,
    idempotent: true,
    codec: "json",
  });
}

function text({ name, address, bootId, rows }: EndpointTable, output: Output): string {
  const width = process.stdout.columns ?? 80;
  return [
    `${printable(name)} on ${address.hostname}:${address.port}, boot ${bootId.slice(0, 8)}`,
    ...tableLines(rows, { colour: output.colour, width }),
  ].join("\n");
}
