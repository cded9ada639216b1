/**
 * `serve` looks at the files that say what protects its connections, and renews what has changed:
 * secrets, identity and certificates, whoever replaces them.
 *
 * @module
 */

import { setTimeout } from "node:timers";
import { messageOf } from "../calls/thrown.ts";
import type { Endpoint } from "../endpoint.ts";
import { ConfigurationError } from "../errors.ts";
import type { EndpointOptions, SecurityOptions } from "../options.ts";
import { isPem } from "../options/identity.ts";
import { readText } from "./files.ts";
import type { Output } from "./output.ts";
import { printable } from "./table_text.ts";

/** How long to wait between two looks, in milliseconds. */
const INTERVAL_MS = 1_000;

/** What is renewed by itself. */
const PARTS = ["secrets", "identity", "tls"] as const;
type Part = typeof PARTS[number];

/** What a look has found: the options, and a text of each part, which differs where it does. */
interface Look {
  readonly options: SecurityOptions;
  readonly texts: Readonly<Record<Part, string>>;
}

/** Looks every second, until it is stopped. */
export class Renewal {
  readonly #endpoint: Endpoint;
  readonly #read: () => Promise<EndpointOptions>;
  readonly #output: Output;
  /** What the endpoint goes by; `null`: that could not be read any more. */
  #last: Look | null;
  #lastProblem = "";
  #isStopped = false;
  #timer: ReturnType<typeof setTimeout> | null = null;

  private constructor(
    endpoint: Endpoint,
    read: () => Promise<EndpointOptions>,
    output: Output,
    first: Look | null,
  ) {
    this.#endpoint = endpoint;
    this.#read = read;
    this.#output = output;
    this.#last = first;
  }

  /**
   * Begins.
   *
   * @param options With which the endpoint was started.
   * @param read Reads them anew, with all files that they name.
   */
  static async start(
    endpoint: Endpoint,
    options: EndpointOptions,
    read: () => Promise<EndpointOptions>,
    output: Output,
  ): Promise<Renewal> {
    const first = await look(options).catch(() => null);
    const renewal = new Renewal(endpoint, read, output, first);
    renewal.#wait();
    return renewal;
  }

  /** Ends it. */
  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #wait(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#look().finally(() => this.#wait()), INTERVAL_MS);
    this.#timer.unref();
  }

  /** What cannot be read, or is written half, changes nothing. */
  async #look(): Promise<void> {
    try {
      const found = await look(await this.#read());
      const { texts } = this.#last ??= found;
      const changed = PARTS.filter((part) => found.texts[part] !== texts[part]);
      if (changed.length === 0 || this.#isStopped) return;
      await this.#endpoint.renew(partsOf(found, changed));
      this.#last = found;
      this.#lastProblem = "";
      const { name } = this.#endpoint;
      const text = `${printable(name)} goes by other files now: ${changed.join(", ")}`;
      this.#output.line(text, { type: "renewed", parts: changed });
    } catch (error) {
      this.#tell(error);
    }
  }

  /** Once, however often it is looked at. */
  #tell(error: unknown): void {
    const problems = error instanceof ConfigurationError ? error.problems : [messageOf(error)];
    const text = problems.join("\n");
    if (text === this.#lastProblem || this.#isStopped) return;
    this.#lastProblem = text;
    this.#output.line(printable(`not renewed: ${text}`), { type: "renewal-failed", problems });
  }
}

async function look(options: EndpointOptions): Promise<Look> {
  const { secret, secrets = secret === undefined ? [] : [secret], identity, tls } = options;
  const key = identity === undefined || isPem(identity) ? identity : await readText(identity);
  return {
    options,
    texts: {
      secrets: JSON.stringify(secrets),
      identity: JSON.stringify(key ?? null),
      tls: JSON.stringify(tls ?? null),
    },
  };
}

/** @throws {ConfigurationError} `invalid-options`: there is nothing where something was. */
function partsOf({ options }: Look, changed: readonly Part[]): SecurityOptions {
  const { secret, secrets, identity, tls } = options;
  const renewal: SecurityOptions = {
    ...(changed.includes("secrets") && secret !== undefined ? { secret } : {}),
    ...(changed.includes("secrets") && secrets !== undefined ? { secrets } : {}),
    ...(changed.includes("identity") && identity !== undefined ? { identity } : {}),
    ...(changed.includes("tls") && tls !== undefined ? { tls } : {}),
  };
  if (Object.keys(renewal).length >= changed.length) return renewal;
  throw new ConfigurationError("invalid-options", [
    "what protects a process can be changed, and not be taken away, while it runs",
  ]);
}
