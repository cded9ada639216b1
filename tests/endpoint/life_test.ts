// The life of an endpoint: how it starts, who it knows, how a restarted peer takes its place, how
// it is fenced, and how it closes.

import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { ConfigurationError, Endpoint, type EndpointEvent } from "../../mod.ts";
import { EndpointPair, freePort, requestError, Watched } from "../support/endpoints.ts";

async function problemsOf(start: Promise<unknown>): Promise<ConfigurationError> {
  const error = await assertRejects(() => start, ConfigurationError);
  assert(error instanceof ConfigurationError);
  return error;
}

Deno.test("a row says everything about its connection", async () => {
  await using pair = await EndpointPair.start();
  const [row] = pair.left.usable();
  const other = pair.right.endpoint;
  assert(row);
  assertEquals([row.peer, row.listeningPort, row.bootId], [
    "SP20",
    other.address.port,
    other.bootId,
  ]);
  assertMatch(row.remoteAddress, /^127\.0\.0\.1:\d+$/);
  assertMatch(row.bootId, /^[0-9a-f]{32}$/);
  assert(Number.isInteger(row.identifier) && row.identifier > 0);
  assertLess(Math.abs(row.establishedSeconds - Date.now() / 1000), 60);
  assert(row.establishedMicros >= 0 && row.establishedMicros < 1_000_000);
  const [mirror] = pair.right.usable();
  assertEquals(mirror?.identifier, row.identifier);
  assertEquals([row.direction, mirror?.direction].sort(), ["inbound", "outbound"]);
  pair.right.endpoint.handle("rows", () => pair.left.endpoint.connections());
  const [during] = await pair.left.endpoint.request<[{ inFlight: number; roundTripMs: number }]>(
    "SP20",
    "rows",
  );
  assertEquals(during.inFlight, 1);
  assert(during.roundTripMs >= 0);
});

Deno.test("identifier clock: the number is the time in microseconds", async () => {
  await using pair = await EndpointPair.start({ identifier: "clock" });
  const [row] = pair.left.usable();
  assertLess(Math.abs(row!.identifier - Date.now() * 1000), 60_000_000);
  assertEquals(pair.right.usable()[0]?.identifier, row!.identifier);
});

Deno.test("a definition without a name is known by host:port, at both ends", async () => {
  const [one, two] = [freePort(), freePort()];
  const start = (port: number, other: number) =>
    Watched.start({ listen: { port }, peers: [{ hostname: "127.0.0.1", port: other }] });
  await using left = await start(one, two);
  await using right = await start(two, one);
  await Promise.all([left.event("connected"), right.event("connected")]);
  right.endpoint.handle("who", (_payload, { caller }) => caller.name);
  assertEquals(left.endpoint.name, `127.0.0.1:${one}`);
  assertEquals(await left.endpoint.request(`127.0.0.1:${two}`, "who"), `127.0.0.1:${one}`);
});

Deno.test("a peer that is not up yet is no error; what is sent to it waits", async () => {
  const [one, two] = [freePort(), freePort()];
  await using left = await Watched.start({
    name: "SP10",
    listen: { port: one },
    peers: [{ name: "SP20", hostname: "127.0.0.1", port: two }],
  });
  await left.event("dial-failed", ({ reason }) => reason === "refused");
  const waiting = left.endpoint.request("SP20", "echo", 1);
  const now = await requestError(left.endpoint.request("SP20", "echo", 1, { whenDown: "fail" }));
  assertEquals([now.code, now.delivery], ["peer-down", "not-sent"]);
  assertStringIncludes(now.message, `nobody listens on 127.0.0.1:${two} (ECONNREFUSED)`);
  const late = await requestError(left.endpoint.request("SP20", "echo", 1, { timeoutMs: 20 }));
  assertEquals([late.code, late.delivery], ["timeout", "not-sent"]);
  assertStringIncludes(late.message, "no connection before the deadline");
  assertStringIncludes(late.message, `nobody listens on 127.0.0.1:${two} (ECONNREFUSED)`);
  await using right = await Watched.start({
    name: "SP20",
    listen: { port: two },
    peers: [{ name: "SP10", hostname: "127.0.0.1", port: one }],
  });
  right.endpoint.handle("echo", (payload) => payload);
  assertEquals(await waiting, 1);
});

Deno.test("definitions come from a file; what is wrong with it is told at once", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/peers.json`, '[{"hostname": "127.0.0.1", "port": 1}]');
    const peers = `${folder}/peers.json`;
    await using endpoint = await Endpoint.start({ name: "SP10", listen: { port: 0 }, peers });
    const error = await requestError(
      endpoint.request("127.0.0.1:1", "echo", 1, { whenDown: "fail" }),
    );
    assertEquals(error.code, "peer-down");
    await Deno.writeTextFile(peers, '[{"hostname": 7, "port": 0, "nam": "x"}]');
    const bad = await problemsOf(Endpoint.start({ name: "SP10", listen: { port: 0 }, peers }));
    assertEquals(bad.code, "invalid-definitions");
    assertEquals(bad.problems.length, 3);
    assert(bad.problems.every((problem) => problem.startsWith(peers)));
    const missing = `${folder}/missing.json`;
    const none = await problemsOf(
      Endpoint.start({ name: "SP10", listen: { port: 0 }, peers: missing }),
    );
    assertStringIncludes(none.message, missing);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("listen-failed: the port is taken", async () => {
  await using endpoint = await Endpoint.start({ name: "SP10", listen: { port: 0 } });
  const { port } = endpoint.address;
  const error = await problemsOf(Endpoint.start({ name: "SP20", listen: { port } }));
  assertEquals(error.code, "listen-failed");
  assertStringIncludes(error.message, String(port));
});

Deno.test("invalid-options: every problem at once", async () => {
  const options = { listen: { port: 70_000 }, heartbeatIntervalMs: -1, colour: "red" };
  const error = await problemsOf(Endpoint.start(options as never));
  assertEquals(error.code, "invalid-options");
  assertEquals(error.problems.length, 3);
});

Deno.test("a state file raises the ordinal above the last life's", async () => {
  const folder = await Deno.makeTempDir();
  const stateFile = `${folder}/state.json`;
  try {
    const far = Date.now() * 1000 + 3_600_000_000;
    await Deno.writeTextFile(stateFile, JSON.stringify({ ordinal: far }));
    for (const expected of [far + 1, far + 2]) {
      await using _ = await Endpoint.start({ name: "SP10", listen: { port: 0 }, stateFile });
      assertEquals(JSON.parse(await Deno.readTextFile(stateFile)), { ordinal: expected });
    }
    // It was cut off by a full disk.
    await Deno.writeTextFile(stateFile, "");
    await using endpoint = await Endpoint.start({ name: "SP10", listen: { port: 0 }, stateFile });
    assertEquals(endpoint.name, "SP10");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a second process with the name of a living one is fenced as a duplicate", async () => {
  await using pair = await EndpointPair.start();
  const { address } = pair.left.endpoint;
  const [old] = pair.left.usable();
  // Its clock is behind the living one's, so its claim is the lower one.
  await using second = await Watched.start({
    name: "SP20",
    listen: { port: 0 },
    peers: [{ name: "SP10", hostname: "127.0.0.1", port: address.port }],
    runtime: await slowRuntime(),
  });
  const fenced = await second.event("fenced");
  assertEquals(fenced.code, "duplicate");
  assert(second.endpoint.fenced);
  const error = await requestError(second.endpoint.request("SP10", "echo", 1));
  assertEquals([error.code, error.delivery], ["fenced", "not-sent"]);
  const duplicate = await pair.left.event("duplicate");
  assertEquals([duplicate.peer, duplicate.bootId], ["SP20", old!.bootId]);
  assertEquals(duplicate.refusedBootId, second.endpoint.bootId);
  // The living one may have dialled meanwhile, too: which connection it is does not matter.
  assertEquals(pair.left.usable().map(({ peer, bootId }) => [peer, bootId]), [[
    "SP20",
    old!.bootId,
  ]]);
});

/** This runtime with a wall clock that is an hour behind. */
async function slowRuntime() {
  const { detectRuntime } = await import("../../src/runtime/detect.ts");
  const runtime = await detectRuntime();
  const { clock } = runtime;
  const wallMicros = () => clock.wallMicros() - 3_600_000_000;
  return { ...runtime, clock: { ...clock, wallMicros } };
}

Deno.test("a newer process with the same name takes over, and the older one is fenced", async () => {
  await using pair = await EndpointPair.start();
  const old = pair.right;
  await using second = await Watched.start({
    name: "SP20",
    listen: { port: 0 },
    peers: [{ name: "SP10", hostname: "127.0.0.1", port: pair.left.endpoint.address.port }],
  });
  second.endpoint.handle("who", () => "second");
  assertEquals((await old.event("fenced")).code, "displaced");
  assertEquals(await pair.left.endpoint.request("SP20", "who"), "second");
  const restarted = await pair.left.event("peer-restarted");
  assertEquals(restarted.oldBootId, old.endpoint.bootId);
  assertEquals(restarted.bootId, second.endpoint.bootId);
  const superseded = await pair.left.event("superseded");
  assertGreater(superseded.by, superseded.identifier);
});

Deno.test("close() lets go of the port before it resolves, with work that it waited for or without", async () => {
  for (const isBusy of [false, true]) {
    await using pair = await EndpointPair.start();
    const { endpoint } = pair.right;
    const { port } = endpoint.address;
    const [running, ready] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    endpoint.handle("slow", () => {
      running.resolve();
      return ready.promise;
    });
    const answer = pair.left.endpoint.request("SP20", "slow");
    await running.promise;
    if (!isBusy) {
      ready.resolve();
      await answer;
    }
    const closed = endpoint.close();
    ready.resolve();
    await closed;
    // At once: a port that is let go of a turn later is still taken here.
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    await answer;
  }
});

Deno.test("an endpoint that is fenced while it closes does not wait for its deadline", async () => {
  await using pair = await EndpointPair.start();
  const old = pair.right;
  const running = Promise.withResolvers<void>();
  old.endpoint.handle("never", () => {
    running.resolve();
    return new Promise(() => {});
  });
  const open = requestError(pair.left.endpoint.request("SP20", "never"));
  await running.promise;
  const closed = old.endpoint.close({ drainMs: 600_000 });
  await using _second = await Watched.start({
    name: "SP20",
    listen: { port: 0 },
    peers: [{ name: "SP10", hostname: "127.0.0.1", port: pair.left.endpoint.address.port }],
  });
  assertEquals((await old.event("fenced")).code, "displaced");
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve("late"), 5_000);
  assertEquals(await Promise.race([closed, late.promise]), undefined);
  clearTimeout(timer);
  assertEquals((await open).code, "peer-restarted");
});

Deno.test("peer-restarted: what the old process had fails at once, idempotent requests go on", async () => {
  await using pair = await EndpointPair.start();
  const running = Promise.withResolvers<void>();
  let count = 0;
  pair.right.endpoint.handle("slow", () => {
    if (++count === 2) running.resolve();
    return new Promise(() => {});
  });
  const { endpoint } = pair.left;
  const once = requestError(endpoint.request("SP20", "slow", "once"));
  const again = endpoint.request("SP20", "slow", "again", { idempotent: true });
  await running.promise;
  await using second = await Watched.start({
    name: "SP20",
    listen: { port: 0 },
    peers: [{ name: "SP10", hostname: "127.0.0.1", port: endpoint.address.port }],
  });
  second.endpoint.handle("slow", (payload) => payload);
  const error = await once;
  assertEquals([error.code, error.delivery], ["peer-restarted", "maybe-executed"]);
  assertEquals(await again, "again");
  const { failed, repeated } = await pair.left.event("peer-restarted");
  assertEquals([failed, repeated], [1, 1]);
});

Deno.test("the greater of two rows is the one in use while a restarted peer takes over", async () => {
  await using pair = await EndpointPair.start();
  const during: ReturnType<Endpoint["connections"]>[] = [];
  pair.left.endpoint.on((event) => {
    if (event.type === "connected" && event.newProcess) {
      during.push(pair.left.endpoint.connections());
    }
  });
  await using _second = await Watched.start({
    name: "SP20",
    listen: { port: 0 },
    peers: [{ name: "SP10", hostname: "127.0.0.1", port: pair.left.endpoint.address.port }],
  });
  await pair.left.event("superseded");
  const [rows] = during;
  assertEquals(rows?.length, 2);
  const [older, newer] = rows!;
  assertGreater(older!.identifier, 0);
  assertGreater(newer!.identifier, older!.identifier);
  assertEquals([older!.usable, newer!.usable], [false, true]);
  assertEquals(pair.left.endpoint.connections().length, 1);
});

Deno.test("close waits for what is open, in both directions, and refuses what is new", async () => {
  const pair = await EndpointPair.start();
  const release = Promise.withResolvers<string>();
  const started = Promise.withResolvers<void>();
  pair.right.endpoint.handle("slow", () => {
    started.resolve();
    return release.promise;
  });
  const { endpoint } = pair.left;
  const open = endpoint.request("SP20", "slow");
  await started.promise;
  const closed = endpoint.close();
  const refused = await requestError(endpoint.request("SP20", "slow"));
  assertEquals([refused.code, refused.delivery], ["closed", "not-sent"]);
  await pair.right.event("draining", ({ peer }) => peer === "SP10");
  release.resolve("done");
  assertEquals(await open, "done");
  await closed;
  assertEquals(pair.left.events.at(-1)?.type, "closed");
  await pair[Symbol.asyncDispose]();
});

Deno.test("close ends at its deadline: what is still open fails as closed", async () => {
  await using pair = await EndpointPair.start();
  const started = Promise.withResolvers<void>();
  pair.right.endpoint.handle("never", () => {
    started.resolve();
    return new Promise(() => {});
  });
  const open = requestError(pair.left.endpoint.request("SP20", "never"));
  await started.promise;
  await pair.left.endpoint.close({ drainMs: 20 });
  const error = await open;
  assertEquals([error.code, error.delivery], ["closed", "maybe-executed"]);
});

Deno.test("a peer that is gone for good fails what waits for it: peer-down", async () => {
  await using pair = await EndpointPair.start({ resumeWindowMs: 1_000, requestTimeoutMs: 20_000 });
  await pair.right.endpoint.close();
  await pair.left.event("lost");
  const error = await requestError(pair.left.endpoint.request("SP20", "echo"));
  assertEquals([error.code, error.delivery], ["peer-down", "not-sent"]);
});

Deno.test("events can be iterated, until the endpoint closes or the signal aborts", async () => {
  const pair = await EndpointPair.start();
  const types: EndpointEvent["type"][] = [];
  const reading = (async () => {
    for await (const event of pair.left.endpoint.events()) types.push(event.type);
  })();
  const controller = new AbortController();
  const aborted = (async () => {
    let count = 0;
    for await (const _ of pair.left.endpoint.events({ signal: controller.signal })) count++;
    return count;
  })();
  controller.abort();
  assertEquals(await aborted, 0);
  await pair.right.endpoint.close();
  await pair.left.event("lost");
  await pair.left.endpoint.close();
  await reading;
  assertEquals(types.at(-1), "closed");
  assert(types.includes("lost"), types.join());
  const after: EndpointEvent[] = [];
  for await (const event of pair.left.endpoint.events()) after.push(event);
  assertEquals(after, []);
});
