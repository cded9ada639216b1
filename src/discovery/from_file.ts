/**
 * The peers of a file, read again and again: whoever replaces it, moves a link or writes over it is
 * seen, on every file system.
 *
 * @module
 */

import { messageOf } from "../calls/thrown.ts";
import type { PeerDefinition, PeerDiscovery } from "../options.ts";
import { parseDefinitions } from "../options/definitions.ts";
import { LoopingDiscovery } from "./looping.ts";

/** Options of `fromFile`. */
export interface FromFileOptions {
  /**
   * How long to wait between two looks at the file, in milliseconds.
   *
   * @default {1000}
   */
  readonly intervalMs?: number;
}

const INTERVAL_MS = 1_000;

/**
 * A discovery whose lists stand in a JSON file, an array of `{ name, hostname, port, group }`.
 * What cannot be read, or is written half, is a failure and changes nothing.
 *
 * @example
 * ```ts
 * import type { EndpointOptions } from "@freshlink/freshlink";
 * import { fromFile } from "@freshlink/freshlink/discovery";
 *
 * const options: EndpointOptions = {
 *   listen: { port: 11_000 },
 *   peers: fromFile("./peers.json", { intervalMs: 2_000 }),
 * };
 * console.log(options.listen.port);
 * ```
 */
export function fromFile(path: string, options: FromFileOptions = {}): PeerDiscovery {
  const { intervalMs = INTERVAL_MS } = options;
  return new LoopingDiscovery(() => {
    let lastText: string | null = null;
    return async (loop) => {
      while (!loop.signal.aborted) {
        const text = await read(path);
        if (text !== lastText) loop.tell(parse(text, path));
        lastText = text;
        await loop.sleep(intervalMs);
      }
    };
  });
}

async function read(path: string): Promise<string> {
  try {
    // Not at the top: an endpoint's bundle may be for a runtime that has no files.
    const { readFile } = await import("node:fs/promises");
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new Error(`${path}: cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function parse(text: string, path: string): readonly PeerDefinition[] {
  return parseDefinitions(text, path);
}
