/**
 * The peers that the DNS knows: SRV records, or the addresses of one name.
 *
 * @module
 */

import { Resolver } from "node:dns/promises";
import { messageOf } from "../calls/thrown.ts";
import type { PeerDefinition, PeerDiscovery } from "../options.ts";
import { Problems } from "../options/problems.ts";
import { DURATION_MAX_MS } from "../options/table.ts";
import { type Loop, LoopingDiscovery } from "./looping.ts";

/** Options of `fromDnsSrv`. */
export interface FromDnsOptions {
  /**
   * How long to wait between two questions, in milliseconds. Node does not tell how long an answer
   * is good for, so this is how late a change is seen, beside what resolvers keep.
   *
   * @default {5000}
   */
  readonly intervalMs?: number;
  /** The group whose members the peers are; none by default. */
  readonly group?: string;
  /**
   * Where peers listen whose name has A and AAAA records only, as a headless service of Kubernetes
   * has them. With it the addresses of the name are asked for, and without it its SRV records.
   */
  readonly port?: number;
  /** The name servers, as `address` or `address:port`; by default those of the machine. */
  readonly servers?: readonly string[];
  /**
   * How long one question may take, in milliseconds.
   *
   * @default {5000}
   */
  readonly timeoutMs?: number;
}

const INTERVAL_MS = 5_000;
const TIMEOUT_MS = 5_000;

/** There is the name and no such record, or no such name: an empty answer, and no failure. */
const EMPTY_CODES: ReadonlySet<string> = new Set(["ENODATA", "ENOTFOUND"]);

/**
 * A discovery that asks the DNS again and again: `_freshlink._tcp.stock.example` for SRV records
 * (all of them count, whatever their priority and weight), or with `port` a name for its addresses.
 * The peers are known by `host:port`, or in a group by `group/host:port`; so each must advertise
 * the host name that is in its SRV record, or its address.
 *
 * @example
 * ```ts
 * import type { EndpointOptions } from "@freshlink/freshlink";
 * import { fromDnsSrv } from "@freshlink/freshlink/discovery";
 *
 * const options: EndpointOptions = {
 *   listen: { port: 11_000 },
 *   peers: fromDnsSrv("_freshlink._tcp.stock.example", { group: "stock" }),
 * };
 * console.log(options.listen.port);
 * ```
 *
 * @throws {ConfigurationError} `invalid-options`: an option cannot work.
 */
export function fromDnsSrv(name: string, options: FromDnsOptions = {}): PeerDiscovery {
  check(name, options);
  return new LoopingDiscovery(() => {
    // Made when somebody listens: it opens sockets.
    const resolver = new Resolver();
    if (options.servers !== undefined) resolver.setServers(options.servers);
    return (loop) => ask(resolver, name, options, loop);
  });
}

function check(name: string, options: FromDnsOptions): void {
  const problems = new Problems();
  problems.hostname("name", name);
  if (problems.object("options", options)) {
    const { intervalMs, timeoutMs, group, port } = options;
    if (intervalMs !== undefined) problems.duration("intervalMs", intervalMs, 1, DURATION_MAX_MS);
    if (timeoutMs !== undefined) problems.duration("timeoutMs", timeoutMs, 1, DURATION_MAX_MS);
    if (group !== undefined) problems.name("group", group);
    if (port !== undefined) problems.port("port", port, 1);
  }
  problems.check();
}

async function ask(
  resolver: Resolver,
  name: string,
  options: FromDnsOptions,
  loop: Loop,
): Promise<void> {
  const { intervalMs = INTERVAL_MS, timeoutMs = TIMEOUT_MS, group, port } = options;
  while (!loop.signal.aborted) {
    const places = await inTime(
      port === undefined ? services(resolver, name) : addresses(resolver, name, port),
      `no answer about ${name} in ${timeoutMs} ms`,
      timeoutMs,
    );
    // Name servers turn their answers round; nothing has changed by that.
    places.sort((one, other) =>
      one.hostname < other.hostname ? -1 : one.hostname > other.hostname ? 1 : one.port - other.port
    );
    loop.tell(places.map((place) => group === undefined ? place : { ...place, group }));
    await loop.sleep(intervalMs);
  }
}

type Places = Required<Pick<PeerDefinition, "hostname" | "port">>[];

async function services(resolver: Resolver, name: string): Promise<Places> {
  const records = await recordsOf(name, () => resolver.resolveSrv(name));
  return records.map(({ name: target, port }) => ({ hostname: target.replace(/\.$/, ""), port }));
}

async function addresses(resolver: Resolver, name: string, port: number): Promise<Places> {
  const found = await Promise.all([
    recordsOf(name, () => resolver.resolve4(name)),
    recordsOf(name, () => resolver.resolve6(name)),
  ]);
  return found.flat().map((hostname) => ({ hostname, port }));
}

/** The records; none where the answer is empty. @throws {Error} There was no answer. */
async function recordsOf<Item>(name: string, resolve: () => Promise<Item[]>): Promise<Item[]> {
  try {
    return await resolve();
  } catch (cause) {
    if (EMPTY_CODES.has((cause as { code?: string }).code ?? "")) return [];
    throw new Error(`no answer about ${name}: ${messageOf(cause)}`, { cause });
  }
}

/** Not every runtime's resolver has an end of its own. */
async function inTime<Value>(
  work: Promise<Value>,
  message: string,
  timeoutMs: number,
): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    // Whoever is not waited for any more may still fail.
    work.catch(() => {});
  }
}
