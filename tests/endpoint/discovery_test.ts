// Endpoints whose peers a discovery tells: an async iterable, or a file that is watched.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  ConfigurationError,
  Endpoint,
  type PeerDefinition,
  type PeerDiscovery,
} from "../../mod.ts";
import { type Host, Simulation } from "../../src/simulator/mod.ts";
import { freePort, requestError, Watched } from "../support/endpoints.ts";

const PORT = 11_000;

/** A discovery that the test holds in its hand. */
class Told implements PeerDiscovery {
  starts = 0;
  returns = 0;
  #queue: (readonly PeerDefinition[] | Error | null)[] = [];
  #wake: () => void = () => {};

  /** A list, a failure, or (`null`) the end. */
  tell(what: readonly PeerDefinition[] | Error | null): void {
    this.#queue.push(what);
    this.#wake();
  }

  [Symbol.asyncIterator](): AsyncIterator<readonly PeerDefinition[]> {
    this.starts++;
    return {
      next: async () => {
        while (this.#queue.length === 0) {
          await new Promise<void>((resolve) => this.#wake = resolve);
        }
        const what = this.#queue.shift()!;
        if (what instanceof Error) throw what;
        return what === null ? { done: true, value: undefined } : { done: false, value: what };
      },
      return: () => {
        this.returns++;
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }
}

function start(host: Host, peers: EndpointPeers): Promise<Endpoint> {
  return Endpoint.start({
    name: host.name,
    listen: { hostname: "0.0.0.0", port: PORT },
    advertise: { hostname: host.address },
    peers,
    insecure: true,
    redialMinMs: 10,
    runtime: host.runtime,
    handlers: { echo: (value: unknown) => value },
  });
}

type EndpointPeers = readonly PeerDefinition[] | PeerDiscovery;

Deno.test("a discovery: its lists are taken; failures and empty lists end nothing", async () => {
  const simulation = new Simulation({ seed: 3 });
  const [one, two] = [simulation.host("A"), simulation.host("B")];
  const told = new Told();
  const a = await start(one, told);
  const failures: [string, number | null][] = [];
  a.on((event) => {
    if (event.type === "discovery-failed") failures.push([event.detail, event.retryInMs]);
  });
  const itself = { name: "A", hostname: one.address, port: PORT };
  const other = { name: "B", hostname: two.address, port: PORT };
  const b = await start(two, [itself]);
  // A directory has all of them, whoever asks.
  told.tell([itself, other]);
  const isUp = () => a.peers().length === 1 && a.peers()[0]!.state === "up";
  await simulation.until(isUp, 10_000);
  // Until crossing dials have been settled.
  await simulation.run(1_000);
  const usable = () => a.connections().find((row) => row.usable)?.identifier;
  const identifier = usable();
  told.tell([]);
  told.tell([]);
  told.tell([{ name: "B", hostname: "", port: 0 }]);
  told.tell(new Error("the directory is away"));
  await simulation.run(1_000);
  assertEquals(failures.map(([detail]) => detail.split(":")[0]), [
    "it told an empty list",
    "peers[0].hostname",
    "the directory is away",
  ]);
  const [, , [, retryInMs]] = failures as [unknown, unknown, [string, number]];
  assert(retryInMs >= 500 && retryInMs <= 1_000, `${retryInMs}`);
  told.tell(new Error("still away"));
  await simulation.until(() => failures.length === 4, 10_000);
  assert(failures[3]![1]! > retryInMs / 2);
  // Asked again, it answers.
  const moved = simulation.host("C");
  told.tell([other, { name: "C", hostname: moved.address, port: PORT }]);
  await simulation.until(() => a.peers().length === 2, 10_000);
  assertEquals([usable(), told.starts], [identifier, 3]);
  // It ends: the last list stays.
  told.tell(null);
  await simulation.run(5_000);
  assertEquals([a.peers().length, usable(), told.starts], [2, identifier, 3]);
  a.setPeers([]);
  await simulation.until(() => a.connections().length === 0, 20_000);
  await simulation.settle(Promise.all([a.close(), b.close()]), 20_000);
  assertEquals(told.returns, 1);
});

Deno.test("a discovery: calls before its first list wait for it, within their deadlines", async () => {
  const simulation = new Simulation({ seed: 5 });
  const [one, two] = [simulation.host("A"), simulation.host("B")];
  const told = new Told();
  const a = await start(one, told);
  const other = { name: "B", hostname: two.address, port: PORT };
  const b = await start(two, [{ name: "A", hostname: one.address, port: PORT }]);
  const heard: unknown[] = [];
  b.handle("note", (text: string) => heard.push(text));
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = [
    a.request("B", "echo", 1, { timeoutMs: 20_000 }),
    a.request("B", "echo", 2, { timeoutMs: Infinity }),
    a.peer<{ echo(value: number): number }>("B").request("echo", 3),
  ];
  const noted = a.notify("B", "note", "early");
  const ends = [
    a.request("B", "echo", 4, { timeoutMs: 300 }),
    a.request("B", "echo", 5, { signal }),
    a.request("B", "echo", 6, { whenDown: "fail" }),
  ].map((call) => requestError(call));
  await assertRejects(
    () => a.request("B", "echo", 7, { timeoutMs: -1 }),
    ConfigurationError,
    "options.timeoutMs",
  );
  // Neither a failure nor an empty list is a list.
  told.tell(new Error("the directory is away"));
  told.tell([]);
  await simulation.run(1_000);
  controller.abort(new Error("enough"));
  const found = await simulation.settle(Promise.all(ends), 1_000);
  assertEquals(found.map(({ code, delivery }) => [code, delivery]), [
    ["timeout", "not-sent"],
    ["cancelled", "not-sent"],
    ["undefined-peer", "not-sent"],
  ]);
  assertStringIncludes(found[0]!.message, "no discovery has told of 'B' before the deadline");
  assertEquals((found[1]!.cause as Error).message, "enough");
  told.tell([other]);
  assertEquals(await simulation.settle(Promise.all(waiting), 10_000), [1, 2, 3]);
  await simulation.settle(noted, 10_000);
  await simulation.until(() => heard.length === 1, 10_000);
  // There is a list: who is not in it is no peer.
  const stranger = await simulation.settle(requestError(a.request("C", "echo", 8)), 1_000);
  assertEquals(stranger.code, "undefined-peer");
  await simulation.settle(Promise.all([a.close(), b.close()]), 20_000);
});

Deno.test("a discovery that ends, or an endpoint that closes, before the first list: calls end", async () => {
  const simulation = new Simulation({ seed: 6 });
  for (const [seen, code] of [["end", "undefined-peer"], ["close", "closed"]] as const) {
    const told = new Told();
    const a = await start(simulation.host(`A-${seen}`), told);
    const call = requestError(a.request("B", "echo", 1, { timeoutMs: 60_000 }));
    await simulation.run(100);
    const closed = seen === "close" ? a.close() : undefined;
    if (seen === "end") told.tell(null);
    assertEquals((await simulation.settle(call, 10_000)).code, code);
    await simulation.settle(closed ?? a.close(), 20_000);
  }
});

Deno.test("a discovery that goes on is let go when the endpoint is closed", async () => {
  const simulation = new Simulation({ seed: 4 });
  const told = new Told();
  const a = await start(simulation.host("A"), told);
  await simulation.settle(a.close(), 20_000);
  assertEquals([told.starts, told.returns], [1, 1]);
});

Deno.test("watchPeers: the file's next list is taken; what is half written is not", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/peers.json`;
  const [portA, portB] = [freePort(), freePort()];
  const listOf = (...ports: number[]) =>
    JSON.stringify(ports.map((port) => ({ name: `P${port}`, hostname: "127.0.0.1", port })));
  await Deno.writeTextFile(path, listOf(portA));
  const { fromFile } = await import("../../src/discovery/mod.ts");
  const a = await Watched.start({ name: `P${portA}`, listen: { port: portA } });
  const b = await Watched.start({ name: `P${portB}`, listen: { port: portB } });
  // Twenty times as often as by default, so that a test does not wait.
  const c = await Watched.start({
    name: "C",
    listen: { port: 0 },
    peers: fromFile(path, { intervalMs: 20 }),
  });
  a.endpoint.setPeers([{ name: "C", hostname: "127.0.0.1", port: c.endpoint.address.port }]);
  await c.event("connected", ({ peer }) => peer === `P${portA}`);
  const whole = listOf(portA, portB);
  await Deno.writeTextFile(path, whole.slice(0, -9));
  const failed = await c.event("discovery-failed");
  assert(failed.detail.includes("expected JSON"), failed.detail);
  assertEquals(c.usable().length, 1);
  b.endpoint.setPeers([{ name: "C", hostname: "127.0.0.1", port: c.endpoint.address.port }]);
  // Whoever replaces a file writes another one and renames it.
  await Deno.writeTextFile(`${path}.new`, whole);
  await Deno.rename(`${path}.new`, path);
  await c.event("connected", ({ peer }) => peer === `P${portB}`);
  assertEquals(c.endpoint.peers().map(({ peer }) => peer), [`P${portA}`, `P${portB}`]);
  await Promise.all([a, b, c].map(({ endpoint }) => endpoint.close()));
  await Deno.remove(folder, { recursive: true });
});

Deno.test("watchPeers: a wrong file at the start is an error, and so is no file", async () => {
  const listen = { port: 0 };
  const path = await Deno.makeTempFile();
  await assertRejects(
    () => Endpoint.start({ listen, peers: path, watchPeers: true }),
    ConfigurationError,
    "expected JSON",
  );
  await assertRejects(
    () => Endpoint.start({ listen, peers: [], watchPeers: true }),
    ConfigurationError,
    "watchPeers: expected peers to be the path of a file",
  );
  await Deno.remove(path);
});
