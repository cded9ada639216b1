// Callers that can be called: progress, pushes and callbacks, to clients and to peers.

import { assert, assertEquals } from "@std/assert";
import { type Callee, Client, Endpoint, type RemoteCaller } from "../../mod.ts";
import { Simulation } from "../../src/simulator/mod.ts";
import { EndpointPair, requestError, Watched } from "../support/endpoints.ts";
import { outcomes, SimulatedPair } from "../support/simulated_pair.ts";
import { until } from "../support/until.ts";

async function connect(endpoint: Endpoint, options: object = {}): Promise<Client> {
  const { port } = endpoint.address;
  return await Client.connect({ hostname: "127.0.0.1", port, name: "till", ...options });
}

Deno.test("a handler tells its caller of its progress: in order, and before the answer", async () => {
  await using server = await Watched.start({ name: "SP10", listen: { port: 0 } });
  server.endpoint.handle("count", async (upTo: number, { caller }) => {
    for (let k = 1; k <= upTo; k++) await caller.notify("progress", k);
    return "done";
  });
  await using client = await connect(server.endpoint);
  const seen: unknown[] = [];
  client.handle("progress", (payload, { caller }) => void seen.push([caller.name, payload]));
  client.use(async (call, next) => {
    const answer = await next();
    if (call.side === "calling") seen.push(answer);
    return answer;
  });
  await client.request("count", 3);
  assertEquals(seen, [["SP10", 1], ["SP10", 2], ["SP10", 3], "done"]);
});

Deno.test("a handler asks its caller; each may ask the other once more, with one place", async () => {
  await using server = await Watched.start({
    name: "SP10",
    listen: { port: 0 },
    clientMaxInFlight: 1,
  });
  await using client = await connect(server.endpoint, { maxInFlight: 1 });
  const next = (depth: number, { request, caller }: Bound) =>
    depth === 0 ? 0 : request(caller, "down", depth - 1).then((count) => Number(count) + 1);
  for (const end of [server.endpoint, client]) {
    end.handle(
      "down",
      (depth: number, context) =>
        next(depth, { request: context.request.bind(context), caller: context.caller }),
    );
  }
  const calls = [5, 5, 5].map((depth) => client.request<number>("down", depth));
  assertEquals(await Promise.all(calls), [5, 5, 5]);
});

interface Bound {
  request(to: RemoteCaller, service: string, payload: unknown): Promise<unknown>;
  readonly caller: RemoteCaller;
}

Deno.test("what is asked of the caller for a call ends with that call", async () => {
  await using server = await Watched.start({ name: "SP10", listen: { port: 0 } });
  const question = Promise.withResolvers<string>();
  server.endpoint.handle("ask", (_payload, context) => {
    const asked = context.request(context.caller, "wait", undefined, { timeoutMs: 60_000 });
    asked.then(() => question.resolve("ok"), ({ code }) => question.resolve(code));
    return asked;
  });
  await using client = await connect(server.endpoint);
  const entered = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<string>();
  client.handle("wait", (_payload, { signal }) => {
    signal.addEventListener("abort", () => aborted.resolve(signal.reason.code));
    entered.resolve();
    return aborted.promise;
  });
  const controller = new AbortController();
  const call = requestError(client.request("ask", 1, { signal: controller.signal }));
  await entered.promise;
  controller.abort();
  const codes = [(await call).code, await question.promise, await aborted.promise];
  assertEquals(codes, ["cancelled", "cancelled", "cancelled"]);
});

Deno.test("a caller can be kept and called later; one that is gone is peer-down, not-sent", async () => {
  await using server = await Watched.start({ name: "SP10", listen: { port: 0 } });
  const callers: RemoteCaller[] = [];
  server.endpoint.handle("join", (_payload, { caller }) => void callers.push(caller));
  const client = await connect(server.endpoint);
  client.handle("double", (payload: number) => 2 * payload);
  await client.request("join");
  await client.request("join");
  const [caller, same] = callers;
  assert(caller !== undefined && caller === same, "the same caller is the same object");
  assertEquals(await caller.request("double", 21), 42);
  assertEquals(await caller.peer<{ double(value: number): number }>().request("double", 4), 8);
  await client.close();
  let error = await requestError(caller.request("double", 1));
  // Until the server has heard that it closes.
  while (error.code !== "peer-down") error = await requestError(caller.request("double", 1));
  assertEquals([error.code, error.delivery, error.peer], ["peer-down", "not-sent", "till"]);
});

Deno.test("a client's handlers: unknown-service, not-allowed, handler-failed, codecs", async () => {
  await using server = await Watched.start({ name: "SP10", listen: { port: 0 } });
  const joined = Promise.withResolvers<RemoteCaller>();
  server.endpoint.handle("join", (_payload, { caller }) => joined.resolve(caller));
  await using client = await connect(server.endpoint, {
    handlers: {
      fail: () => {
        throw new Error("as it was told");
      },
      bytes: { handler: (payload: Uint8Array) => payload.slice(1), codec: "bytes" },
      secret: () => "for nobody",
    },
    allow: (caller: RemoteCaller, service: string) =>
      caller.role === "peer" && service !== "secret",
  });
  await client.request("join");
  const caller = await joined.promise;
  const codes: unknown[] = [];
  for (const service of ["nothing", "secret", "fail"]) {
    const { code, delivery, peer } = await requestError(caller.request(service));
    codes.push([code, delivery, peer]);
  }
  assertEquals(codes, [
    ["unknown-service", "not-executed", "till"],
    ["not-allowed", "not-executed", "till"],
    ["handler-failed", "executed", "till"],
  ]);
  const bytes = await caller.request("bytes", new Uint8Array([1, 2, 3]), { codec: "bytes" });
  assertEquals(bytes, new Uint8Array([2, 3]));
});

Deno.test("a peer that calls can be called, too", async () => {
  await using pair = await EndpointPair.start();
  pair.left.endpoint.handle("name", () => "left");
  pair.right.endpoint.handle("who", async (_payload, context) => [
    await context.caller.request("name"),
    await context.request(context.caller, "name"),
  ]);
  assertEquals(await pair.left.endpoint.request("SP20", "who"), ["left", "left"]);
});

Deno.test("one function runs with a client, a peer and a caller", async () => {
  const greet = (callee: Callee) => callee.request<string>("greet");
  await using pair = await EndpointPair.start();
  const { left, right } = pair;
  const seen: string[] = [];
  right.endpoint.handle("greet", () => "right");
  left.endpoint.handle("greet", async (_payload, { caller }) => {
    seen.push(await greet(caller));
    return "left";
  });
  await using client = await connect(left.endpoint);
  client.handle("greet", () => "client");
  assertEquals(await greet(client), "left");
  assertEquals(await greet(left.endpoint.peer("SP20")), "right");
  assertEquals(seen, ["client"]);
});

Deno.test("clients(): who is connected, and what is open with each", async () => {
  await using server = await Watched.start({ name: "SP10", listen: { port: 0 } });
  const { endpoint } = server;
  const held = Promise.withResolvers<string>();
  endpoint.handle("hold", (_payload, { caller }) => {
    const asked = caller.request("ask");
    asked.catch(() => {});
    return held.promise;
  });
  assertEquals(endpoint.clients(), []);
  await using client = await connect(endpoint);
  const asked = Promise.withResolvers<void>();
  client.handle("ask", () => {
    asked.resolve();
    return held.promise;
  });
  const call = client.request("hold");
  await asked.promise;
  const [row, ...more] = endpoint.clients();
  assert(row !== undefined);
  assertEquals([more.length, row.client, row.served, row.inFlight], [0, "till", 1, 1]);
  assert(row.remoteAddress.startsWith("127.0.0.1:") && row.sinceMicros > 0);
  assertEquals(endpoint.connections(), []);
  held.resolve("now");
  await call;
  await client.close();
  await until(() => endpoint.clients().length === 0, "the client has left the list");
});

Deno.test("pushes to a client outlive its connections, in their order", async () => {
  const pair = await SimulatedPair.start();
  const { simulation, left, hosts } = pair;
  const joined = Promise.withResolvers<RemoteCaller>();
  left.handle("join", (_payload, { caller }) => joined.resolve(caller));
  const client = await pair.client();
  const seen: unknown[] = [];
  client.handle("push", (payload) => void seen.push(payload));
  client.handle("double", (payload: number) => 2 * payload);
  await simulation.settle(client.request("join"), 1_000);
  const caller = await joined.promise;
  const calls: Promise<unknown>[] = [];
  const till = simulation.findHost("client")!;
  for (let round = 0; round < 10; round++) {
    for (let k = 0; k < 10; k++) {
      await caller.notify("push", round * 10 + k);
      calls.push(caller.request("double", k, { timeoutMs: 60_000 }));
    }
    await simulation.run(1);
    simulation.network.cut(hosts[0], till);
    await simulation.run(4_000);
    simulation.network.heal(hosts[0], till);
    await simulation.until(() => client.isConnected, 20_000);
  }
  assertEquals(await outcomes(simulation, calls, 60_000), { ok: 100 });
  assertEquals(seen, Array.from({ length: 100 }, (_, k) => k));
  await simulation.settle(client.close(), 1_000);
  await pair.close();
});

Deno.test("what waits for a caller does not go to the next process of its name", async () => {
  const simulation = new Simulation({ seed: 3 });
  const [one, two] = [simulation.host("one"), simulation.host("two")];
  const start = () =>
    Endpoint.start({
      name: "SP10",
      listen: { hostname: "0.0.0.0", port: 11_000 },
      insecure: true,
      advertise: { hostname: one.address },
      runtime: one.runtime,
    });
  const first = await start();
  const dialling = Client.connect({
    hostname: one.address,
    port: 11_000,
    runtime: two.runtime,
    redialMaxMs: 100,
  });
  const client = await simulation.settle(dialling, 1_000);
  const met = Promise.withResolvers<RemoteCaller>();
  client.handle("meet", (_payload, { caller }) => met.resolve(caller));
  first.handle("join", (_payload, { caller }) => caller.request("meet"));
  first.handle("who", () => "first");
  await simulation.settle(client.request("join"), 1_000);
  const caller = await met.promise;
  one.crash();
  await simulation.run(5_000);
  const options = { timeoutMs: 60_000, idempotent: true };
  const bound = caller.request("who", undefined, options).then(() => "", ({ code }) => code);
  const free = client.request("who", undefined, options);
  one.restart();
  const second = await start();
  second.handle("who", () => "second");
  const ends = await simulation.settle(Promise.all([bound, free]), 60_000);
  assertEquals(ends, ["peer-restarted", "second"]);
  const late = await simulation.settle(requestError(caller.request("who")), 1_000);
  assertEquals([late.code, late.delivery], ["peer-restarted", "not-sent"]);
  await simulation.settle(Promise.all([client.close(), second.close()]), 10_000);
});
