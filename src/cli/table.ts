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
import { onQuitKey } from "./keys.ts";
import type { Output } from "./output.ts";
import { onInterrupt } from "./signals.ts";
import {
  clientLines,
  dimmed,
  groupLines,
  peerLines,
  printable,
  tableLines,
  timeText,
} from "./table_text.ts";

const WATCH_EVERY_MS = 500;

/** The least time that a look of `watch` is given, in milliseconds. */
const LOOK_MIN_MS = 1_000;

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
  const end = () => stop.abort();
  const release = onInterrupt(end);
  const releaseKeys = output.isTerminal ? onQuitKey(process.stdin, end) : () => {};
  try {
    const view = new View(output);
    const lookMs = Math.min(timeoutMs, Math.max(LOOK_MIN_MS, everyMs));
    while (!signal.aborted) {
      await look(client, lookMs, view, signal);
      await pause(everyMs, signal);
    }
    return EXIT.ok;
  } finally {
    releaseKeys();
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

/** What `watch` shows: the last table, and since when there is none. */
class View {
  readonly #output: Output;
  #last: EndpointTable | null = null;
  #awayMicros = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  /** A look succeeded. */
  show(found: EndpointTable): void {
    this.#last = found;
    this.#awayMicros = 0;
    this.#clear();
    this.#output.line(text(found, this.#output), found);
  }

  /** It did not: on a terminal the last table is shown dimmed, with the reason. */
  fail(error: FreshlinkError): void {
    const output = this.#output;
    if (this.#awayMicros === 0) this.#awayMicros = Date.now() * 1_000;
    if (!output.isTerminal || this.#last === null) return output.error(error);
    this.#clear();
    const since = `no answer since ${timeText(this.#awayMicros)}: ${printable(error.message)}`;
    output.line(`${since}\n${dimmed(text(this.#last, output, false), output.colour)}`, null);
  }

  /** On a terminal what is new is written over what is old. */
  #clear(): void {
    if (this.#output.isTerminal) this.#output.raw("\x1b[H\x1b[2J");
  }
}

async function look(
  client: Client,
  timeoutMs: number,
  view: View,
  signal: AbortSignal,
): Promise<void> {
  try {
    view.show(await ask(client, timeoutMs, signal));
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof FreshlinkError)) throw error;
    view.fail(error);
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
    // Whoever looks wants to know now, also that there is nobody.
    whenDown: "fail",
    codec: "json",
    ...(signal === null ? {} : { signal }),
  });
}

function text(
  { name, address, bootId, rows, peers, clients }: EndpointTable,
  output: Output,
  colour: boolean = output.colour,
): string {
  // What is piped is read by programs: a line is a line, however long.
  const width = output.isTerminal ? process.stdout.columns ?? 80 : Infinity;
  return [
    `${printable(name)} on ${address.hostname}:${address.port}, boot ${bootId.slice(0, 8)}`,
    ...tableLines(rows, { colour, width }),
    ...groupLines(peers, { colour, width }),
    ...peerLines(peers, { colour, width }),
    ...clientLines(clients, { colour, width }),
  ].join("\n");
}
