/**
 * The peers that stand in etcd, each under a lease.
 *
 * @module
 */

import { peerNameOf } from "../core/link/peer_name.ts";
import type { PeerDefinition, PeerDiscovery } from "../options.ts";
import { checkDefinitions } from "../options/definitions.ts";
import { Problems } from "../options/problems.ts";
import { DURATION_MAX_MS } from "../options/table.ts";
import { CompactedError, type EtcdEntry, EtcdGateway } from "./etcd_gateway.ts";
import { type Loop, LoopingDiscovery } from "./looping.ts";

/** Options of `fromEtcd`. */
export interface FromEtcdOptions {
  /** Where etcd's HTTP gateway is, such as `http://127.0.0.1:2379`; another one when one fails. */
  readonly endpoints: readonly string[];
  /** What the keys begin with, such as `/freshlink/stock/`. */
  readonly prefix: string;
  /**
   * How long a registration lasts without being renewed, in milliseconds (in whole seconds, upwards);
   * it is renewed three times as often. Whoever disappears from etcd stays a peer for as long again.
   *
   * @default {10000}
   */
  readonly ttlMs?: number;
  /** This endpoint, as its peers are to define it; left out, it is not registered. */
  readonly register?: PeerDefinition;
  /** HTTP headers of each request, such as an authorization. */
  readonly headers?: Readonly<Record<string, string>>;
}

const TTL_MS = 10_000;

/** A registration is renewed so many times within its life. */
const RENEWALS = 3;

/**
 * A discovery whose lists stand in etcd: each key below the prefix holds one definition as JSON. It
 * watches, and it registers this endpoint under a lease, which it gives back when nobody listens
 * any more. What was compacted away is read anew; a store that came back empty is filled again by
 * its members before anybody is missed.
 *
 * @throws {ConfigurationError} `invalid-options`, with every problem at once.
 */
export function fromEtcd(options: FromEtcdOptions): PeerDiscovery {
  check(options);
  return new LoopingDiscovery(() => (loop) => new EtcdListener(options, loop).run());
}

function check(options: FromEtcdOptions): void {
  const problems = new Problems();
  if (problems.object("options", options, "an object { endpoints, prefix }")) {
    const { endpoints, prefix, ttlMs, register } = options as unknown as Record<string, unknown>;
    const isList = Array.isArray(endpoints) && endpoints.length > 0 &&
      endpoints.every((endpoint) => /^https?:\/\/[^/]+/.test(String(endpoint)));
    if (!isList) problems.add("endpoints", "URLs such as http://127.0.0.1:2379", endpoints);
    problems.text("prefix", prefix);
    if (ttlMs !== undefined) problems.duration("ttlMs", ttlMs, 1_000, DURATION_MAX_MS);
    if (register !== undefined) checkDefinitions(problems, "register", [register]);
  }
  problems.check();
}

/** What is known of a key. */
interface Known {
  readonly definition: PeerDefinition;
  /** Until when it is kept although it is not there any more; `Infinity`: it is there. */
  untilMs: number;
}

class EtcdListener {
  readonly #gateway: EtcdGateway;
  readonly #options: FromEtcdOptions;
  readonly #ttlMs: number;
  readonly #loop: Loop;
  /** Ends the watch when etcd is not heard of. */
  readonly #lost = new AbortController();
  readonly #signal: AbortSignal;
  readonly #known: Map<string, Known>;
  #lease: string | null = null;

  constructor(options: FromEtcdOptions, loop: Loop) {
    this.#options = options;
    this.#ttlMs = options.ttlMs ?? TTL_MS;
    this.#loop = loop;
    this.#gateway = new EtcdGateway(options.endpoints, options.headers ?? {});
    this.#signal = AbortSignal.any([loop.signal, this.#lost.signal]);
    this.#known = loop.memory as Map<string, Known>;
  }

  /** Until nobody listens, or something goes wrong that a new start mends. */
  async run(): Promise<void> {
    try {
      await this.#register();
      const renewing = this.#renew();
      try {
        await this.#follow();
      } finally {
        this.#lost.abort();
        await renewing;
      }
    } catch (error) {
      if (!this.#loop.signal.aborted) throw error;
    } finally {
      await this.#deregister();
    }
  }

  async #follow(): Promise<void> {
    const { prefix } = this.#options;
    while (!this.#signal.aborted) {
      const { entries, revision } = await this.#gateway.list(prefix, this.#signal);
      const keys = new Set(entries.map(({ key }) => key));
      const missing = [...this.#known.keys()].filter((key) => !keys.has(key));
      this.#take([...entries, ...missing.map((key) => ({ key, value: null }))]);
      try {
        await this.#gateway.watch(
          prefix,
          revision + 1,
          this.#signal,
          (changes) => this.#take(changes),
        );
      } catch (error) {
        if (!(error instanceof CompactedError)) throw error;
        continue;
      }
      if (!this.#signal.aborted) throw new Error("etcd: the watch ended");
    }
  }

  #take(entries: readonly EtcdEntry[]): void {
    for (const { key, value } of entries) {
      const known = this.#known.get(key);
      const definition = value === null ? null : definitionOf(value);
      if (definition !== null) this.#known.set(key, { definition, untilMs: Infinity });
      else if (known?.untilMs === Infinity) known.untilMs = performance.now() + this.#ttlMs;
    }
    this.#tell();
  }

  #tell(): void {
    const nowMs = performance.now();
    for (const [key, { untilMs }] of this.#known) if (untilMs <= nowMs) this.#known.delete(key);
    this.#loop.tell(Array.from(this.#known.values(), ({ definition }) => definition));
  }

  async #register(): Promise<void> {
    const { register, prefix } = this.#options;
    if (register === undefined) return;
    this.#lease = await this.#gateway.grant(this.#ttlMs, this.#signal);
    const key = prefix + peerNameOf(register);
    await this.#gateway.put(key, JSON.stringify(register), this.#lease, this.#signal);
  }

  /** Renews the lease, and takes out who has been missing for too long; never rejects. */
  async #renew(): Promise<void> {
    let failures = 0;
    while (!this.#signal.aborted) {
      await this.#loop.sleep(this.#ttlMs / RENEWALS, this.#signal);
      if (this.#signal.aborted) return;
      this.#tell();
      try {
        await this.#renewOnce();
        failures = 0;
      } catch {
        // The watch may hang on a path that is gone: whoever restarts tells what is wrong.
        if (++failures < RENEWALS) continue;
        this.#lost.abort(new Error("etcd: it does not answer"));
      }
    }
  }

  async #renewOnce(): Promise<void> {
    if (this.#lease === null) await this.#gateway.list(this.#options.prefix, this.#signal);
    else if (!await this.#gateway.keepAlive(this.#lease, this.#signal)) await this.#register();
  }

  async #deregister(): Promise<void> {
    if (this.#lease === null) return;
    // Where that does not work, the lease ends by itself.
    await this.#gateway.revoke(this.#lease).catch(() => {});
  }
}

/** What a value says; `null` where it is no definition. */
function definitionOf(value: string): PeerDefinition | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    // Somebody else's key.
    return null;
  }
  const problems = new Problems();
  const [definition] = checkDefinitions(problems, "etcd", [parsed]);
  return problems.list.length === 0 ? definition ?? null : null;
}
