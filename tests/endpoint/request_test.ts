// Requests and notifications between two endpoints: what goes through, what is refused, and what
// the caller is told.

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Client, type Codec, ConfigurationError } from "../../mod.ts";
import { EndpointPair, requestError } from "../support/endpoints.ts";

Deno.test("JSON goes there and back, with nothing where nothing was given", async () => {
  await using pair = await EndpointPair.start();
  pair.right.endpoint.handle("echo", (payload) => payload);
  const { endpoint } = pair.left;
  for (const payload of [{ a: [1, "zwei", null] }, 0, "", null, false, undefined]) {
    assertEquals(await endpoint.request("SP20", "echo", payload), payload);
  }
});

Deno.test("bytes go as they are, 5 MiB of them too", async () => {
  await using pair = await EndpointPair.start();
  pair.right.endpoint.handle("echo", (payload: Uint8Array) => payload, { codec: "bytes" });
  const payload = new Uint8Array(5 * 1_048_576).map((_, index) => index % 251);
  const answer = await pair.left.endpoint.request("SP20", "echo", payload, { codec: "bytes" });
  assertEquals(answer, payload);
});

Deno.test("a codec of one's own encodes request and answer", async () => {
  await using pair = await EndpointPair.start();
  const dates: Codec = {
    name: "dates",
    encode: (value) => new TextEncoder().encode(String((value as Date).getTime())),
    decode: (bytes) => new Date(Number(new TextDecoder().decode(bytes))),
  };
  const aDayLater = (date: Date) => new Date(date.getTime() + 86_400_000);
  pair.right.endpoint.handle("tomorrow", aDayLater, { codec: dates });
  const date = new Date(1_000_000_000_000);
  const answer = await pair.left.endpoint.request("SP20", "tomorrow", date, { codec: dates });
  assertEquals(answer, aDayLater(date));
});

Deno.test("codec-mismatch: the caller uses another codec than the service", async () => {
  await using pair = await EndpointPair.start();
  pair.right.endpoint.handle("echo", (payload) => payload, { codec: "bytes" });
  const error = await requestError(pair.left.endpoint.request("SP20", "echo", 1));
  assertEquals([error.code, error.delivery], ["codec-mismatch", "not-executed"]);
  assertStringIncludes(error.message, "bytes");
});

Deno.test("codec-failed: a payload that cannot be written fails that call only", async () => {
  await using pair = await EndpointPair.start();
  pair.right.endpoint.handle("echo", (payload) => payload);
  pair.right.endpoint.handle("circular", () => {
    const answer: Record<string, unknown> = {};
    answer["self"] = answer;
    return answer;
  });
  const { endpoint } = pair.left;
  const [bad, good, answered] = await Promise.all([
    requestError(endpoint.request("SP20", "echo", 1n)),
    endpoint.request("SP20", "echo", 1),
    requestError(endpoint.request("SP20", "circular")),
  ]);
  assertEquals([bad.code, bad.delivery], ["codec-failed", "not-sent"]);
  assert(bad.cause instanceof TypeError);
  assertEquals(good, 1);
  assertEquals([answered.code, answered.delivery], ["codec-failed", "executed"]);
  assertEquals(endpoint.connections().length, 1);
});

Deno.test("handler-failed: what a handler throws reaches the caller; the connection stays", async () => {
  await using pair = await EndpointPair.start();
  pair.right.endpoint.handle("throws", () => {
    throw Object.assign(new Error("no stock"), { details: { left: 0 } });
  });
  pair.right.endpoint.handle("rejects", () => Promise.reject("just a word"));
  const { endpoint } = pair.left;
  const before = endpoint.connections().map(({ identifier }) => identifier);
  const thrown = await requestError(endpoint.request("SP20", "throws"));
  assertEquals([thrown.code, thrown.delivery, thrown.fault], [
    "handler-failed",
    "executed",
    "handler",
  ]);
  assertEquals([thrown.peer, thrown.details], ["SP20", { left: 0 }]);
  assertStringIncludes(thrown.message, "no stock");
  const rejected = await requestError(endpoint.request("SP20", "rejects"));
  assertStringIncludes(rejected.message, "just a word");
  assertEquals(endpoint.connections().map(({ identifier }) => identifier), before);
});

Deno.test("unknown-service and undefined-peer say what is missing", async () => {
  await using pair = await EndpointPair.start();
  const { endpoint } = pair.left;
  const service = await requestError(endpoint.request("SP20", "nothing"));
  assertEquals([service.code, service.delivery], ["unknown-service", "not-executed"]);
  assertStringIncludes(service.message, "nothing");
  const peer = await requestError(endpoint.request("SP99", "echo"));
  assertEquals([peer.code, peer.delivery], ["undefined-peer", "not-sent"]);
  assertStringIncludes(peer.message, "SP99");
});

Deno.test("handlers run concurrently: a slow one holds nobody up", async () => {
  await using pair = await EndpointPair.start();
  const release = Promise.withResolvers<string>();
  pair.right.endpoint.handle("slow", () => release.promise);
  pair.right.endpoint.handle("quick", () => "quick");
  const { endpoint } = pair.left;
  const slow = endpoint.request("SP20", "slow");
  assertEquals(await endpoint.request("SP20", "quick"), "quick");
  release.resolve("slow");
  assertEquals(await slow, "slow");
});

Deno.test("a handler may ask back the one who asks it", async () => {
  await using pair = await EndpointPair.start();
  pair.left.endpoint.handle("price", (item: string) => item.length);
  pair.right.endpoint.handle("total", async (items: string[], { caller }) => {
    const ask = (item: string) => pair.right.endpoint.request<number>(caller.name, "price", item);
    return (await Promise.all(items.map(ask))).reduce((sum, price) => sum + price, 0);
  });
  assertEquals(await pair.left.endpoint.request("SP20", "total", ["tea", "bread"]), 8);
});

Deno.test("cancelled before it is sent: not-sent, with the signal's reason as cause", async () => {
  await using pair = await EndpointPair.start();
  const reason = new Error("changed my mind");
  const signal = AbortSignal.abort(reason);
  const error = await requestError(pair.left.endpoint.request("SP20", "echo", 1, { signal }));
  assertEquals([error.code, error.delivery], ["cancelled", "not-sent"]);
  assertEquals(error.cause, reason);
});

Deno.test("cancelled while it runs: maybe-executed, and the handler's signal aborts", async () => {
  await using pair = await EndpointPair.start();
  const started = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<unknown>();
  pair.right.endpoint.handle("wait", (_payload, { signal }) => {
    started.resolve();
    const { promise, reject } = Promise.withResolvers<never>();
    signal.addEventListener("abort", () => {
      aborted.resolve(signal.reason);
      reject(signal.reason);
    });
    return promise;
  });
  const controller = new AbortController();
  const { signal } = controller;
  const call = requestError(pair.left.endpoint.request("SP20", "wait", 1, { signal }));
  await started.promise;
  controller.abort();
  const error = await call;
  assertEquals([error.code, error.delivery], ["cancelled", "maybe-executed"]);
  assert(await aborted.promise instanceof Error);
});

Deno.test("timeout: maybe-executed when it was sent; the handler's signal aborts", async () => {
  await using pair = await EndpointPair.start();
  const aborted = Promise.withResolvers<void>();
  pair.right.endpoint.handle("wait", (_payload, { signal, timeoutMs }) => {
    assertEquals(timeoutMs, 50);
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => {
        aborted.resolve();
        resolve(null);
      });
    });
  });
  const call = pair.left.endpoint.request("SP20", "wait", 1, { timeoutMs: 50 });
  const error = await requestError(call);
  assertEquals([error.code, error.delivery], ["timeout", "maybe-executed"]);
  await aborted.promise;
});

Deno.test("payload-too-large: refused here, or by what the peer takes", async () => {
  await using pair = await EndpointPair.start({ payloadMaxBytes: 70_000 }, {
    payloadMaxBytes: 66_000,
  });
  pair.right.endpoint.handle("size", (payload: Uint8Array) => [payload.length], { codec: "bytes" });
  const ask = (bytes: number) =>
    pair.left.endpoint.request("SP20", "size", new Uint8Array(bytes), { codec: "bytes" });
  for (const bytes of [70_001, 66_001]) {
    const error = await requestError(ask(bytes));
    assertEquals([error.code, error.delivery], ["payload-too-large", "not-sent"], `${bytes}`);
  }
});

Deno.test("overloaded: no place becomes free within the deadline", async () => {
  await using pair = await EndpointPair.start({}, { maxInFlight: 1 });
  const release = Promise.withResolvers<string>();
  pair.right.endpoint.handle("slow", () => release.promise);
  const { endpoint } = pair.left;
  const first = endpoint.request("SP20", "slow");
  const second = await requestError(endpoint.request("SP20", "slow", 2, { timeoutMs: 50 }));
  assertEquals([second.code, second.delivery], ["overloaded", "not-sent"]);
  release.resolve("done");
  assertEquals(await first, "done");
});

Deno.test("notifications arrive once, in order; a failing handler is reported", async () => {
  await using pair = await EndpointPair.start();
  const seen: unknown[] = [];
  const all = Promise.withResolvers<void>();
  pair.right.endpoint.handle("note", (payload) => {
    seen.push(payload);
    if (seen.length === 100) all.resolve();
  });
  pair.right.endpoint.handle("fails", () => {
    throw new Error("cannot note that");
  });
  const { endpoint } = pair.left;
  for (let index = 0; index < 100; index++) await endpoint.notify("SP20", "note", index);
  await endpoint.notify("SP20", "fails");
  await all.promise;
  assertEquals(seen, Array.from({ length: 100 }, (_, index) => index));
  const failed = await pair.right.event("handler-failed");
  assertEquals([failed.peer, failed.service], ["SP10", "fails"]);
  await endpoint.notify("SP20", "nowhere");
  const unknown = await pair.right.event("handler-failed", ({ service }) => service === "nowhere");
  assertStringIncludes(String(unknown.error), "nowhere");
});

Deno.test("a typed peer sends what its contract says", async () => {
  interface Accounts {
    debit(order: { amount: number }): { balance: number };
    closed(account: number): void;
    raw(data: Uint8Array): Uint8Array;
  }
  await using pair = await EndpointPair.start();
  const closed = Promise.withResolvers<unknown>();
  const service = pair.right.endpoint.service<Accounts>();
  service.handle("debit", ({ amount }) => ({ balance: -amount }));
  service.handle("closed", (account) => closed.resolve(account));
  service.handle("raw", (data) => data.map((byte) => byte + 1), { codec: "bytes" });
  const accounts = pair.left.endpoint.peer<Accounts>("SP20");
  const { balance } = await accounts.request("debit", { amount: 7 });
  assertEquals(balance, -7);
  await accounts.notify("closed", 3);
  assertEquals(await closed.promise, 3);
  const raw = await accounts.request("raw", Uint8Array.of(1, 2), { codec: "bytes" });
  assertEquals(raw, Uint8Array.of(2, 3));
  const { port } = pair.right.endpoint.address;
  await using client = await Client.connect({ hostname: "127.0.0.1", port });
  const seen = client.peer<Accounts>();
  assertEquals(seen.name, "SP20");
  assertEquals(await seen.request("debit", { amount: 5 }), { balance: -5 });
  await seen.notify("closed", 4);
});

Deno.test("a service has one handler, and a name that fits", async () => {
  await using pair = await EndpointPair.start();
  const { endpoint } = pair.left;
  endpoint.handle("once", () => 1);
  assertThrows(() => endpoint.handle("once", () => 2), ConfigurationError, "once");
  assertThrows(() => endpoint.handle("", () => 2), ConfigurationError);
  assertThrows(() => endpoint.handle("x".repeat(256), () => 2), ConfigurationError);
  await assertRejects(() => endpoint.request("SP20", ""), ConfigurationError);
});

Deno.test("64 requests at a time, 2,000 in all, each with its own answer", async () => {
  await using pair = await EndpointPair.start();
  pair.right.endpoint.handle("double", (value: number) => 2 * value);
  let next = 0;
  const loop = async () => {
    while (next < 2_000) {
      const value = next++;
      assertEquals(await pair.left.endpoint.request("SP20", "double", value), 2 * value);
    }
  };
  await Promise.all(Array.from({ length: 64 }, loop));
  assertEquals(next, 2_000);
});

/** Computes for so long. */
function block(durationMs: number): void {
  const untilMs = performance.now() + durationMs;
  while (performance.now() < untilMs);
}

Deno.test("a deadline counts from after a long synchronous part, in a handler and in the caller's code", async () => {
  await using pair = await EndpointPair.start();
  const { left, right } = pair;
  for (const { endpoint } of [left, right]) endpoint.handle("echo", (payload) => payload);
  left.endpoint.handle("compute", (payload) => {
    block(300);
    return left.endpoint.request("SP20", "echo", payload, { timeoutMs: 200 });
  });
  assertEquals(await right.endpoint.request("SP10", "compute", 1), 1);
  const before = left.endpoint.request("SP20", "echo", 2, { timeoutMs: 200 });
  block(300);
  const after = left.endpoint.request("SP20", "echo", 3, { timeoutMs: 200 });
  assertEquals(await Promise.all([before, after]), [2, 3]);
});
