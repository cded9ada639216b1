// A real etcd: members find each other in it, and no link ends because of what becomes of it.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigurationError } from "../../mod.ts";
import { CompactedError, EtcdGateway } from "../../src/discovery/etcd_gateway.ts";
import { fromEtcd } from "../../src/discovery/mod.ts";
import { freePort, Watched } from "../support/endpoints.ts";
import { until } from "../support/until.ts";
import { Engine, findMissing } from "./engine.ts";

const PROGRAM = "/usr/bin/etcd";
const PREFIX = "/freshlink/stock/";
/** The shortest that etcd knows. */
const TTL_MS = 1_000;
const WAIT_MS = 10_000;
const missing = await findMissing(PROGRAM, "etcd-server");
const reason = missing === null ? "" : ` (${missing})`;

class Store implements AsyncDisposable {
  readonly url: string;
  readonly gateway: EtcdGateway;
  readonly #peerPort = freePort();
  #folder = "";
  #engine: Engine | null = null;

  constructor(port = freePort()) {
    this.url = `http://127.0.0.1:${port}`;
    this.gateway = new EtcdGateway([this.url], {});
  }

  /** @param isEmpty Whether it has lost all that it knew. */
  async start(isEmpty: boolean): Promise<void> {
    if (isEmpty) await this.#forget();
    const peer = `http://127.0.0.1:${this.#peerPort}`;
    this.#engine = await Engine.start(PROGRAM, [
      `--data-dir=${this.#folder}`,
      `--listen-client-urls=${this.url}`,
      `--advertise-client-urls=${this.url}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
    ], async () => (await this.list()).length >= 0);
  }

  async stop(): Promise<void> {
    await this.#engine?.stop();
    this.#engine = null;
  }

  async list(): Promise<string[]> {
    const { entries } = await this.gateway.list(PREFIX, AbortSignal.timeout(WAIT_MS));
    return entries.map(({ key }) => key.slice(PREFIX.length)).sort();
  }

  async ask<Answer>(path: string, body: object): Promise<Answer> {
    const response = await fetch(`${this.url}/v3/${path}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    return await response.json();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#forget();
  }

  async #forget(): Promise<void> {
    if (this.#folder !== "") await Deno.remove(this.#folder, { recursive: true });
    this.#folder = await Deno.makeTempDir();
  }
}

function member(store: Store, name: string): Promise<Watched> {
  const port = freePort();
  return Watched.start({
    name,
    listen: { port },
    peers: fromEtcd({
      endpoints: [store.url],
      prefix: PREFIX,
      ttlMs: TTL_MS,
      register: { name, hostname: "127.0.0.1", port, group: "stock" },
    }),
  });
}

Deno.test({
  name: `fromEtcd(): members meet; a lost lease, a cut and an empty store end no link${reason}`,
  ignore: missing !== null,
  fn: async () => {
    await using store = new Store();
    await store.start(true);
    await using a = await member(store, "A");
    await using b = await member(store, "B");
    await a.event("connected", ({ peer }) => peer === "B");
    await b.event("connected");
    assertEquals(a.endpoint.peers()[0]!.group, "stock");
    // A lease is lost: it is taken anew, and meanwhile nobody is missed.
    const { leases } = await store.ask<{ leases: { ID: string }[] }>("lease/leases", {});
    for (const { ID } of leases) await store.ask("lease/revoke", { ID });
    assertEquals(await store.list(), []);
    await until(async () => (await store.list()).length === 2, "both are registered again");
    // The store is away for a while.
    await store.stop();
    const failed = await a.event("discovery-failed");
    assert(failed.retryInMs !== null);
    await b.event("discovery-failed");
    // It comes back without a memory.
    await store.start(true);
    await until(async () => (await store.list()).length === 2, "both are in the empty store");
    await using c = await member(store, "C");
    await a.event("connected", ({ peer }) => peer === "C");
    await c.event("connected", ({ peer }) => peer === "B");
    const ended = [a, b].flatMap(({ events }) =>
      events.filter((event) =>
        event.type === "lost" || event.type === "draining" ||
        (event.type === "peers-changed" && event.removed.length > 0)
      )
    );
    assertEquals(ended, []);
    // Whoever closes gives its lease back, and is no peer any more.
    await b.endpoint.close();
    await until(async () => !(await store.list()).includes("B"), "B is registered no more");
    await a.event("peers-changed", ({ removed }) => removed.includes("B"));
  },
});

Deno.test({
  name: `etcd: a watch from before a compaction tells so; one from after it goes on${reason}`,
  ignore: missing !== null,
  fn: async () => {
    await using store = new Store();
    await store.start(true);
    const { gateway } = store;
    const stop = new AbortController();
    const lease = await gateway.grant(60_000, stop.signal);
    for (let count = 0; count < 3; count++) await gateway.put(PREFIX, "1", lease, stop.signal);
    const { revision } = await gateway.list(PREFIX, stop.signal);
    await store.ask("kv/compaction", { revision: String(revision) });
    let error: unknown;
    await gateway.watch(PREFIX, 2, stop.signal, () => {}).catch((cause) => error = cause);
    assert(error instanceof CompactedError, String(error));
    const seen: string[] = [];
    const watching = gateway.watch(PREFIX, revision + 1, stop.signal, (entries) => {
      seen.push(...entries.map(({ key, value }) => `${key} ${value}`));
      stop.abort();
    }).catch(() => {});
    await gateway.put(`${PREFIX}é`, "ü", lease, AbortSignal.timeout(WAIT_MS));
    await watching;
    assertEquals(seen, [`${PREFIX}é ü`]);
  },
});

Deno.test("fromEtcd(): options that cannot work are told at once", () => {
  const wrong = { endpoints: ["127.0.0.1:2379"], prefix: "", ttlMs: 10, register: {} };
  const error = assertThrows(() => fromEtcd(wrong as never), ConfigurationError);
  assertEquals(error.problems.map((problem) => problem.split(":")[0]), [
    "endpoints",
    "prefix",
    "ttlMs",
    "register[0].hostname",
    "register[0].port",
  ]);
});
