// The four examples of interceptors, between two endpoints.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type HandlerContext, RequestError } from "../../mod.ts";
import { EndpointPair, requestError } from "../../tests/support/endpoints.ts";
import { checkToken, showToken } from "./authentication.ts";
import { caching } from "./caching.ts";
import { logging } from "./logging.ts";
import { retry } from "./retry.ts";

Deno.test("retry: what was certainly not executed is repeated, what may have been only if it may", async () => {
  await using pair = await EndpointPair.start();
  const { endpoint } = pair.left;
  let failures = 2;
  let attempts = 0;
  endpoint.use(retry({ attempts: 3, firstWaitMs: 1 }));
  endpoint.use((call, next) => {
    attempts++;
    if (failures-- > 0) throw new RequestError("overloaded", "full", "not-executed");
    // On a busy machine an answer may take longer than that.
    const timeoutMs = call.service === "never" ? 30 : 5_000;
    return next({ options: { ...call.options, timeoutMs } });
  });
  pair.right.endpoint.handle("echo", (payload) => payload);
  pair.right.endpoint.handle("never", () => new Promise(() => {}));
  assertEquals(await endpoint.request("SP20", "echo", 7), 7);
  assertEquals(attempts, 3);
  attempts = 0;
  const { code, delivery } = await requestError(endpoint.request("SP20", "never"));
  assertEquals([code, delivery, attempts], ["timeout", "maybe-executed", 1]);
  await requestError(endpoint.request("SP20", "never", 1, { idempotent: true }));
  assertEquals(attempts, 4);
});

Deno.test("logging: one line for each call, on both sides", async () => {
  await using pair = await EndpointPair.start();
  const lines: string[] = [];
  pair.left.endpoint.use(logging((line) => lines.push(line)));
  pair.right.endpoint.use(logging((line) => lines.push(line)));
  pair.right.endpoint.handle("echo", (payload) => payload);
  pair.right.endpoint.handle("tell", () => {});
  await pair.left.endpoint.request("SP20", "echo", 1);
  await pair.left.endpoint.notify("SP20", "tell", 1);
  await pair.left.endpoint.flush("SP20");
  await requestError(pair.left.endpoint.request("SP20", "none"));
  const texts = lines.map((line) => line.replace(/ in [\d.]+ ms$/, "")).sort();
  assertEquals(texts, [
    "notification 'tell' from 'SP10': ok",
    "notification 'tell' to 'SP20': ok",
    "request 'echo' from 'SP10': ok",
    "request 'echo' to 'SP20': ok",
    "request 'none' to 'SP20': unknown-service, not-executed",
  ]);
  for (const line of lines) assertMatch(line, / in [\d.]+ ms$/);
});

Deno.test("authentication: only a known token reaches a handler, which is told whose it is", async () => {
  await using pair = await EndpointPair.start();
  let handled = 0;
  pair.right.endpoint.use(checkToken(new Map([["t1", "alice"]])));
  pair.right.endpoint.handle("who", (_payload, { metadata }: HandlerContext) => {
    handled++;
    return { ...metadata };
  });
  const { endpoint } = pair.left;
  const claimed = { metadata: { user: "root", tenant: "7" } };
  const error = await requestError(endpoint.request("SP20", "who", 1, claimed));
  assertEquals(
    [error.code, error.delivery, error.details, handled],
    ["handler-failed", "not-executed", { reason: "unauthenticated" }, 0],
  );
  const end = endpoint.use(showToken("t1"));
  assertEquals(await endpoint.request("SP20", "who", 1, claimed), { tenant: "7", user: "alice" });
  end();
  await requestError(endpoint.request("SP20", "who"));
  assertEquals(handled, 1);
});

Deno.test("caching: the same question is asked once, a failure is not kept", async () => {
  await using pair = await EndpointPair.start();
  let asked = 0;
  pair.right.endpoint.handle("price", (item: string) => {
    asked++;
    if (item === "none") throw new Error("no such item");
    return `${item}: 3`;
  });
  const { endpoint } = pair.left;
  endpoint.use(caching({ services: new Set(["price"]), holdsMs: 60_000, maxEntries: 2 }));
  const ask = (item: string) => endpoint.request("SP20", "price", item);
  assertEquals(await Promise.all([ask("tea"), ask("tea")]), ["tea: 3", "tea: 3"]);
  assertEquals([await ask("tea"), asked], ["tea: 3", 1]);
  for (let round = 0; round < 2; round++) await requestError(ask("none"));
  assertEquals(asked, 3);
  await ask("a");
  await ask("b");
  await ask("tea");
  assert(asked === 6, "the oldest has made room");
});
