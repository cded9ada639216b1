/**
 * `freshlink inspect` and `freshlink dump`: what a running endpoint sees, as a page and as a file.
 *
 * @module
 */

import { DUMP_SERVICE, type FlightDump, INSPECT_SERVICE } from "../calls/contract.ts";
import type { Inspector } from "../inspector/inspector.ts";
import type { Snapshot } from "../inspector/snapshot.ts";
import { DEFAULTS } from "../options.ts";
import { type Arguments, readMs, usage } from "./arguments.ts";
import { connectClient } from "./call.ts";
import { EXIT } from "./exit_code.ts";
import { jsonText, type Output } from "./output.ts";
import { onInterrupt } from "./signals.ts";

/** Serves the page of an endpoint that runs elsewhere, until it is interrupted. */
export async function inspect(args: Arguments, output: Output): Promise<number> {
  const timeoutMs = readMs("inspect", args, "timeout", DEFAULTS.requestTimeoutMs);
  const port = readPort("inspect", args, "port");
  const client = await connectClient("inspect", args.operands[0]!, args, timeoutMs);
  let inspector: Inspector | null = null;
  let release = () => {};
  try {
    const { openInspector } = await import("../inspector/inspector.ts");
    const options = { timeoutMs };
    inspector = await openInspector({
      snapshot: (since) => client.request<Snapshot>(INSPECT_SERVICE, { since }, options),
    }, { port });
    output.line(`${client.peerName} is shown at ${inspector.url}`, {
      type: "inspector",
      url: inspector.url,
    });
    await new Promise<void>((resolve) => release = onInterrupt(resolve));
    return EXIT.ok;
  } finally {
    release();
    await inspector?.close();
    await client.close();
  }
}

/** Prints what the flight recorder of an endpoint has. */
export async function dump(args: Arguments, output: Output): Promise<number> {
  const timeoutMs = readMs("dump", args, "timeout", DEFAULTS.requestTimeoutMs);
  const client = await connectClient("dump", args.operands[0]!, args, timeoutMs);
  try {
    const found = await client.request<FlightDump>(DUMP_SERVICE, undefined, { timeoutMs });
    output.line(jsonText(found, 2), found);
    return EXIT.ok;
  } finally {
    await client.close();
  }
}

/** A port; 0 where none is given. @throws {CommandError} `usage`. */
export function readPort(command: string, args: Arguments, name: string): number {
  const text = args.values.get(name) ?? "0";
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65_535) return port;
  throw usage(command, `--${name} expects a port from 0 to 65535, not '${text}'`);
}
