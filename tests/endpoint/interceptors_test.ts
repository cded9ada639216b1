// Interceptors: one onion around calls on the side that makes them and on the one that answers.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  Client,
  ConfigurationError,
  type HandlerContext,
  type InterceptedCall,
  type Interceptor,
  TABLE_SERVICE,
} from "../../mod.ts";
import { EndpointPair, requestError } from "../support/endpoints.ts";

const echo = (payload: unknown) => payload;

/** Notes when it is entered and left. */
function noting(seen: string[], name: string): Interceptor {
  return async (call, next) => {
    seen.push(`${name} ${call.side} ${call.kind} ${call.peer} ${call.service}`);
    const answer = await next();
    seen.push(`/${name} ${JSON.stringify(answer)}`);
    return answer;
  };
}

Deno.test("interceptors: the first is the outermost, on both sides, for requests and notifications", async () => {
  await using pair = await EndpointPair.start({}, { handlers: { echo, tell: () => {} } });
  const seen: string[] = [];
  const { left: { endpoint: caller }, right: { endpoint: callee } } = pair;
  caller.use(noting(seen, "a"));
  const end = caller.use(noting(seen, "b"));
  callee.use(noting(seen, "c"));
  assertEquals(await caller.request("SP20", "echo", 1), 1);
  assertEquals(seen, [
    "a calling request SP20 echo",
    "b calling request SP20 echo",
    "c serving request SP10 echo",
    "/c 1",
    "/b 1",
    "/a 1",
  ]);
  seen.length = 0;
  end();
  await caller.notify("SP20", "tell", 1);
  await caller.flush("SP20");
  assertEquals(seen.slice(0, 2), ["a calling notification SP20 tell", "/a undefined"]);
  assert(seen.includes("c serving notification SP10 tell"), `${seen}`);
  seen.length = 0;
  const { hostname, port } = callee.address;
  await using client = await Client.connect({ hostname, port, name: "desk" });
  client.use(noting(seen, "d"));
  await client.request("echo", 2);
  assertEquals(seen, [
    "d calling request SP20 echo",
    "c serving request desk echo",
    "/c 2",
    "/d 2",
  ]);
});

Deno.test("interceptors: payload, metadata, options and answer can be others", async () => {
  await using pair = await EndpointPair.start();
  const { left: { endpoint: caller }, right: { endpoint: callee } } = pair;
  let limitMs = 0;
  callee.handle("echo", (payload, { metadata, timeoutMs }: HandlerContext) => {
    limitMs = timeoutMs;
    return [payload, { ...metadata }];
  });
  caller.use((_call, next) => next({ payload: "changed", metadata: { a: "1" } }));
  caller.use((call, next) => next({ options: { ...call.options, timeoutMs: 777 } }));
  callee.use(async (call, next) => {
    const answer = await next({ payload: [call.payload], metadata: { ...call.metadata, b: "2" } });
    return { answer, waits: call.options.timeoutMs };
  });
  assertEquals(await caller.request("SP20", "echo", "x", { metadata: { lost: "" } }), {
    answer: [["changed"], { a: "1", b: "2" }],
    waits: 777,
  });
  assertEquals(limitMs, 777);
});

Deno.test("interceptors: what they throw before a handler runs is not executed, after it is", async () => {
  await using pair = await EndpointPair.start({}, { handlers: { echo } });
  const { left: { endpoint: caller }, right: { endpoint: callee } } = pair;
  const end = callee.use(() => {
    throw new Error("not you");
  });
  const before = await requestError(caller.request("SP20", "echo", 1));
  assertEquals([before.code, before.delivery], ["handler-failed", "not-executed"]);
  assert(before.message.includes("not you"));
  end();
  callee.use(async (_call, next) => {
    await next();
    throw new Error("too late");
  });
  const after = await requestError(caller.request("SP20", "echo", 1));
  assertEquals([after.code, after.delivery], ["handler-failed", "executed"]);
  caller.use(() => {
    throw new RangeError("mine");
  });
  await assertRejects(() => caller.request("SP20", "echo", 1), RangeError, "mine");
  await caller.notify("SP20", "echo", 1).then(() => assert(false), (error) => {
    assertEquals(error.message, "mine");
  });
});

Deno.test("interceptors: a call that a handler makes knows for which one it is made", async () => {
  await using pair = await EndpointPair.start({}, { handlers: { echo } });
  const { left: { endpoint: caller }, right: { endpoint: callee } } = pair;
  const calls: InterceptedCall[] = [];
  callee.use((call, next) => {
    calls.push(call);
    return next();
  });
  caller.handle("back", echo);
  callee.handle("nested", (payload, context) => context.request("SP10", "back", payload));
  const metadata = { trace: "1" };
  assertEquals(await caller.request("SP20", "nested", 5, { metadata }), 5);
  const [serving, calling] = calls;
  assertEquals([serving!.side, calling!.side], ["serving", "calling"]);
  assertEquals(calling!.context, serving!.context);
  assertEquals(calling!.context?.metadata["trace"], "1");
  await callee.request("SP10", "back", 1);
  assertEquals(calls.at(-1)!.context, null);
});

Deno.test("interceptors: freshlink's own services are not theirs; what cannot work is told before", async () => {
  await using pair = await EndpointPair.start({}, { handlers: { echo } });
  const { left: { endpoint: caller } } = pair;
  let seen = 0;
  caller.use((_call, next) => {
    seen++;
    return next();
  });
  await caller.request("SP20", TABLE_SERVICE);
  for (const wrong of [{ timeoutMs: -1 }, null, 5]) {
    await assertRejects(
      () => caller.request("SP20", "echo", 1, wrong as never),
      ConfigurationError,
    );
  }
  await assertRejects(() => caller.request("SP20", "", 1), ConfigurationError);
  await assertRejects(() => caller.notify("SP20", 5 as never, 1), ConfigurationError);
  assertEquals(seen, 0);
  assertThrows(() => caller.use({} as never), ConfigurationError, "interceptor");
  assertEquals((await requestError(caller.request("SP99", "echo"))).code, "undefined-peer");
  assertEquals(seen, 1);
});
