// Clients: callers that are not peers.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  Client,
  ConfigurationError,
  Endpoint,
  type EndpointTable,
  LinkError,
  type Runtime,
  TABLE_SERVICE,
} from "../../mod.ts";
import { Simulation } from "../../src/simulator/mod.ts";
import { changedRuntime } from "../support/changed_runtime.ts";
import { EndpointPair, freePort, requestError, Watched } from "../support/endpoints.ts";

function start(port: number): Promise<Watched> {
  return Watched.start({ name: "SP10", listen: { port } });
}

async function linkError(connect: Promise<Client>): Promise<LinkError> {
  const error = await assertRejects(() => connect, LinkError);
  assert(error instanceof LinkError);
  return error;
}

Deno.test("a client asks and tells; handlers see its name and role; the table does not", async () => {
  await using server = await start(0);
  const told = Promise.withResolvers<unknown>();
  server.endpoint.handle("who", (_payload, { caller }) => [caller.name, caller.role]);
  server.endpoint.handle("note", (payload) => told.resolve(payload));
  const { port } = server.endpoint.address;
  await using client = await Client.connect({ hostname: "127.0.0.1", port, name: "till" });
  assertEquals(client.peerName, "SP10");
  assertEquals(await client.request("who"), ["till", "client"]);
  await client.notify("note", 7);
  assertEquals(await told.promise, 7);
  assertEquals(server.endpoint.connections(), []);
  await using other = await Client.connect({ hostname: "127.0.0.1", port });
  const [name] = await other.request<[string]>("who");
  assertMatch(name, /^client-[0-9a-f]{8}$/);
});

Deno.test("SP10 answers a client by asking its peer", async () => {
  await using pair = await EndpointPair.start();
  const { endpoint } = pair.left;
  pair.right.endpoint.handle("debit", (amount: number) => 100 - amount);
  endpoint.handle("order", (amount: number) => endpoint.request("SP20", "debit", amount));
  const { port } = endpoint.address;
  await using client = await Client.connect({ hostname: "127.0.0.1", port });
  assertEquals(await client.request("order", 30), 70);
});

Deno.test("a client sees the table", async () => {
  await using pair = await EndpointPair.start();
  const { port } = pair.left.endpoint.address;
  await using client = await Client.connect({ hostname: "127.0.0.1", port });
  const table = await client.request<EndpointTable>(TABLE_SERVICE);
  assertEquals([table.name, table.bootId], ["SP10", pair.left.endpoint.bootId]);
  assertEquals(table.rows.map(({ peer, usable }) => [peer, usable]), [["SP20", true]]);
});

Deno.test("dial-failed: nobody listens there", async () => {
  const error = await linkError(Client.connect({ hostname: "127.0.0.1", port: freePort() }));
  assertEquals(error.code, "dial-failed");
  assertMatch(error.message, /nobody listens on 127\.0\.0\.1:\d+ \(ECONNREFUSED\)/);
});

Deno.test("another endpoint answers than was meant, or another secret", async () => {
  await using server = await Watched.start({
    name: "SP10",
    listen: { port: 0 },
    secret: "the right one of them",
  });
  const { port } = server.endpoint.address;
  const connect = (more: object) => Client.connect({ hostname: "127.0.0.1", port, ...more });
  const name = await linkError(connect({ to: "SP20", secret: "the right one of them" }));
  assertEquals(name.code, "wrong-recipient");
  const secret = await linkError(connect({ secret: "the wrong one of them" }));
  assertEquals(secret.code, "proof-mismatch");
  await using client = await connect({ to: "SP10", secret: "the right one of them" });
  assertEquals(client.peerName, "SP10");
});

Deno.test("invalid-options: every problem at once", async () => {
  const connect = Client.connect({ hostname: "", port: 0, requestTimeoutMs: 0 });
  const error = await assertRejects(() => connect, ConfigurationError);
  assert(error instanceof ConfigurationError);
  assertEquals(error.problems.length, 3);
});

Deno.test("a client's endpoint restarts: what may have run fails, the rest goes on", async () => {
  const first = await start(0);
  const { port } = first.endpoint.address;
  await using client = await Client.connect({
    hostname: "127.0.0.1",
    port,
    redialMinMs: 20,
    requestTimeoutMs: 20_000,
  });
  const running = Promise.withResolvers<void>();
  let count = 0;
  first.endpoint.handle("slow", () => {
    if (++count === 2) running.resolve();
    return new Promise(() => {});
  });
  const once = requestError(client.request("slow", "once"));
  const again = client.request("slow", "again", { idempotent: true });
  await running.promise;
  await first.endpoint.close({ drainMs: 0 });
  const error = await once;
  assertEquals([error.code, error.delivery], ["peer-down", "maybe-executed"]);
  const later = client.request("slow", "later");
  await using second = await start(port);
  second.endpoint.handle("slow", (payload) => payload);
  assertEquals([await again, await later], ["again", "later"]);
  assert(client.isConnected);
});

Deno.test("a client that disappears aborts its handlers' signals", async () => {
  await using server = await start(0);
  const started = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  server.endpoint.handle("wait", (_payload, { signal }) => {
    started.resolve();
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => {
        aborted.resolve();
        resolve(null);
      });
    });
  });
  const { port } = server.endpoint.address;
  const client = await Client.connect({ hostname: "127.0.0.1", port });
  const calls = [true, false].map((idempotent) =>
    requestError(client.request("wait", null, { idempotent }))
  );
  await started.promise;
  await client.close({ drainMs: 0 });
  await aborted.promise;
  for (const error of await Promise.all(calls)) {
    assertEquals([error.code, error.delivery], ["closed", "maybe-executed"]);
  }
  const after = await requestError(client.request("wait"));
  assertEquals([after.code, after.delivery], ["closed", "not-sent"]);
});

Deno.test("an idempotent request that was sent once is never called not-sent again", async () => {
  const server = await start(0);
  const started = Promise.withResolvers<void>();
  server.endpoint.handle("wait", () => {
    started.resolve();
    return new Promise(() => {});
  });
  const { port } = server.endpoint.address;
  await using client = await Client.connect({ hostname: "127.0.0.1", port, redialMinMs: 20 });
  const call = requestError(client.request("wait", null, { idempotent: true, timeoutMs: 300 }));
  await started.promise;
  await server.endpoint.close({ drainMs: 0 });
  const error = await call;
  assertEquals([error.code, error.delivery], ["timeout", "maybe-executed"]);
});

Deno.test("a client sends more large payloads at once than a connection keeps", async (t) => {
  for (const retainMaxBytes of [131_072, 4_194_304]) {
    await t.step(`${retainMaxBytes} bytes`, () => sendMany(retainMaxBytes));
  }
});

async function sendMany(retainMaxBytes: number): Promise<void> {
  const simulation = new Simulation({ seed: 1 });
  const [one, two] = [simulation.host("one"), simulation.host("two")];
  const server = await Endpoint.start({
    name: "SP10",
    listen: { hostname: "0.0.0.0", port: 11_000 },
    advertise: { hostname: one.address },
    insecure: true,
    runtime: one.runtime,
  });
  // An answer would make the client look for work; there is none before all have come.
  const count = 60;
  let received = 0;
  const all = Promise.withResolvers<void>();
  server.handle("keep", async (payload: Uint8Array) => {
    if (++received === count) all.resolve();
    await all.promise;
    return payload;
  }, { codec: "bytes" });
  const runtime = takingAll(two.runtime);
  const options = { hostname: one.address, port: 11_000, retainMaxBytes, runtime };
  const client = await simulation.settle(Client.connect(options), 1_000);
  const payload = new Uint8Array(65_536).fill(7);
  const answers = Array.from(
    { length: count },
    () => client.request<Uint8Array>("keep", payload, { codec: "bytes", timeoutMs: 2_000 }),
  );
  const ends = await simulation.settle(Promise.allSettled(answers), 10_000);
  await Promise.all([client.close(), simulation.settle(server.close(), 20_000)]);
  assertEquals(ends.filter(({ status }) => status !== "fulfilled").length, 0);
}

/** A runtime whose sockets take whatever they are given, as one with room in its kernel does. */
function takingAll(host: Runtime): Runtime {
  return changedRuntime(host, {
    connect: (address, options, handler) =>
      host.connect(address, options, {
        onConnect: (socket) => {
          const waiting: Uint8Array[] = [];
          let isBlocked = false;
          const pump = () => {
            while (!isBlocked && waiting.length > 0) isBlocked = !socket.write(waiting.shift()!);
          };
          const own = handler.onConnect({
            remoteAddress: socket.remoteAddress,
            localAddress: socket.localAddress,
            descriptor: socket.descriptor,
            peerCertificate: socket.peerCertificate,
            pause: () => socket.pause(),
            resume: () => socket.resume(),
            close: () => socket.close(),
            abort: () => socket.abort(),
            write(bytes) {
              waiting.push(bytes.slice());
              pump();
              return true;
            },
          });
          return {
            onData: (chunk) => own.onData(chunk),
            onClose: (reason) => own.onClose(reason),
            onDrain() {
              isBlocked = false;
              pump();
            },
          };
        },
        onConnectError: (reason) => handler.onConnectError(reason),
      }),
  });
}

Deno.test("a client whose calls do not wait finds the endpoint again all the same", async () => {
  const first = await start(0);
  const { port } = first.endpoint.address;
  await using client = await Client.connect({
    hostname: "127.0.0.1",
    port,
    redialMinMs: 20,
    redialMaxMs: 50,
  });
  await first.endpoint.close({ drainMs: 0 });
  const ask = () => client.request("echo", 1, { whenDown: "fail", timeoutMs: 1_000 });
  let code = "";
  while (code !== "peer-down") code = (await requestError(ask())).code;
  await using second = await start(port);
  second.endpoint.handle("echo", (payload) => payload);
  let answer: unknown = null;
  for (const untilMs = performance.now() + 10_000; answer === null;) {
    assert(performance.now() < untilMs, "it did not dial again");
    answer = await ask().catch(() => null);
    // A turn of the loop: what does not wait leaves the sockets no time.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assertEquals(answer, 1);
});
