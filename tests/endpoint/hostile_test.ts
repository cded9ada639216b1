// Whatever handlers, codecs, listeners and signals throw: the call ends with a typed error, the
// connection stays, and the place is free again. An uncaught error fails the whole run.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Codec, Handler } from "../../mod.ts";
import { EndpointPair, requestError } from "../support/endpoints.ts";

const word = () => {
  throw new Error("do not look at me");
};

/** Each throws when it is looked at in another way. */
const THROWN: Readonly<Record<string, () => unknown>> = {
  "nothing": () => undefined,
  "null": () => null,
  "a symbol": () => Symbol("s"),
  "no prototype": () => Object.create(null),
  "toString that throws": () => ({ toString: word }),
  "toString that returns an object": () => ({ toString: () => ({}) }),
  "a message that throws": () => Object.defineProperty(new Error("x"), "message", { get: word }),
  "a message that is no text": () =>
    Object.assign(new Error("x"), { message: Object.create(null) }),
  "details that throw": () => Object.defineProperty(new Error("x"), "details", { get: word }),
  "details that are circular": () => {
    const error = Object.assign(new Error("x"), { details: {} });
    error.details = error;
    return error;
  },
  "a proxy that traps all": () => hostileProxy(),
  "a very long text": () => new Error("x".repeat(10_000_000)),
};

/** Every trap throws. */
function hostileProxy(): object {
  const traps = ["get", "has", "getPrototypeOf", "ownKeys", "getOwnPropertyDescriptor", "apply"];
  return new Proxy(() => {}, Object.fromEntries(traps.map((trap) => [trap, word])));
}

/** What handlers answer that only looks like a promise, and what becomes of it. */
const ANSWERS: Readonly<Record<string, readonly [answer: () => unknown, becomes: string]>> = {
  "a then that throws when it is read": [
    () => Object.defineProperty({}, "then", { get: word }),
    "handler-failed",
  ],
  "a then that throws": [() => ({ then: word }), "handler-failed"],
  "a then that answers twice": [
    () => ({
      then(resolve: (value: unknown) => void) {
        resolve("first");
        resolve("second");
      },
    }),
    "first",
  ],
  "a then that answers, fails and throws": [
    () => ({
      then(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
        resolve("first");
        reject(new Error("second"));
        throw new Error("third");
      },
    }),
    "first",
  ],
  "a then that fails and answers": [
    () => ({
      then(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
        reject(Object.create(null));
        resolve("second");
      },
    }),
    "handler-failed",
  ],
  "a function with a then": [
    () =>
      Object.assign(() => {}, { then: (resolve: (value: unknown) => void) => resolve("first") }),
    "first",
  ],
  "a promise whose then was replaced": [
    () => Object.assign(Promise.resolve("first"), { then: word }),
    "first",
  ],
  "a promise whose constructor throws": [
    () => Object.defineProperty(Promise.resolve(1), "constructor", { get: word }),
    "handler-failed",
  ],
  "a promise of what has no prototype": [
    () => Promise.reject(Object.create(null)),
    "handler-failed",
  ],
  "a proxy that traps all": [hostileProxy, "handler-failed"],
  "a toJSON that throws": [() => ({ toJSON: () => word() }), "codec-failed"],
};

/** Two ends of which one takes a single request at a time: a place that is kept stops the next. */
async function outcomes(
  handlers: Readonly<Record<string, Handler<unknown, unknown>>>,
): Promise<Record<string, string>> {
  await using pair = await EndpointPair.start({}, { maxInFlight: 1 });
  for (const [service, handler] of Object.entries(handlers)) {
    pair.right.endpoint.handle(service, handler);
  }
  const { endpoint } = pair.left;
  const found: Record<string, string> = {};
  for (const service of Object.keys(handlers)) {
    try {
      found[service] = await endpoint.request<string>("SP20", service, 1, { timeoutMs: 3_000 });
    } catch (error) {
      const { code, delivery } = await requestError(Promise.reject(error));
      assertEquals(delivery, "executed", service);
      found[service] = code;
    }
  }
  // A connection that crossed may still be superseded; none is lost, and nobody broke the protocol.
  const types = [...pair.left.events, ...pair.right.events].map(({ type }) => type);
  assertEquals(types.filter((type) => type === "lost" || type === "protocol-error"), []);
  return found;
}

Deno.test("hostile: whatever a handler throws is handler-failed; place and connection are kept", async () => {
  const handlers: Record<string, Handler<unknown, unknown>> = {};
  for (const [name, make] of Object.entries(THROWN)) {
    handlers[`throws ${name}`] = () => {
      throw make();
    };
    handlers[`rejects with ${name}`] = () => Promise.reject(make());
    handlers[`rejects later with ${name}`] = async () => {
      await Promise.resolve();
      throw make();
    };
  }
  const found = await outcomes(handlers);
  assertEquals(found, Object.fromEntries(Object.keys(handlers).map((n) => [n, "handler-failed"])));
});

Deno.test("hostile: an answer that only looks like a promise settles its call once", async () => {
  const handlers = Object.fromEntries(
    Object.entries(ANSWERS).map(([name, [answer]]) => [name, answer]),
  );
  const found = await outcomes(handlers);
  assertEquals(found, Object.fromEntries(Object.entries(ANSWERS).map(([n, [, b]]) => [n, b])));
});

Deno.test("hostile: a promise that never settles is the caller's timeout, and no more", async () => {
  await using pair = await EndpointPair.start();
  pair.right.endpoint.handle("never", () => ({ then() {} }));
  pair.right.endpoint.handle("echo", (payload) => payload);
  const { endpoint } = pair.left;
  const error = await requestError(endpoint.request("SP20", "never", 1, { timeoutMs: 50 }));
  assertEquals([error.code, error.delivery], ["timeout", "maybe-executed"]);
  assertEquals(await endpoint.request("SP20", "echo", 1), 1);
});

Deno.test("hostile: what the handler of a notification throws or answers is reported", async () => {
  await using pair = await EndpointPair.start({}, { maxInFlight: 1 });
  const { endpoint } = pair.left;
  const makers = [
    ...Object.values(THROWN).map((make) => () => {
      throw make();
    }),
    ...Object.values(THROWN).map((make) => () => Promise.reject(make())),
    ...Object.values(ANSWERS).filter(([, becomes]) => becomes === "handler-failed")
      .map(([answer]) => answer),
  ];
  for (const [index, handler] of makers.entries()) {
    pair.right.endpoint.handle(`note ${index}`, handler);
    await endpoint.notify("SP20", `note ${index}`);
  }
  for (const index of makers.keys()) {
    await pair.right.event("handler-failed", ({ service }) => service === `note ${index}`);
  }
  const failed = pair.right.events.filter(({ type }) => type === "handler-failed");
  assertEquals(failed.length, makers.length);
});

/** A codec that fails as it is told. */
function codecOf(part: Partial<Codec>): Codec {
  return {
    name: "own",
    encode: (value) => new TextEncoder().encode(String(value)),
    decode: (bytes) => new TextDecoder().decode(bytes),
    ...part,
  };
}

Deno.test("hostile: a codec that throws odd things or returns no bytes is codec-failed", async () => {
  await using pair = await EndpointPair.start();
  const { endpoint } = pair.left;
  const throwing = (thrown: () => unknown) => () => {
    throw thrown();
  };
  const encoders: Readonly<Record<string, () => unknown>> = {
    ...Object.fromEntries(Object.entries(THROWN).map(([name, make]) => [name, throwing(make)])),
    "a string": () => "text",
    "nothing at all": () => undefined,
    "an array": () => [1, 2],
    "a promise": () => Promise.resolve(new Uint8Array(1)),
    "only the prototype": () => Object.create(Uint8Array.prototype),
  };
  const good = codecOf({});
  for (const [name, encode] of Object.entries(encoders)) {
    const bad = codecOf({ encode: encode as Codec["encode"] });
    pair.right.endpoint.handle(`answer ${name}`, () => 1, { codec: bad });
    const here = await requestError(endpoint.request("SP20", `answer ${name}`, 1, { codec: bad }));
    assertEquals([here.code, here.delivery], ["codec-failed", "not-sent"], name);
    const note = await requestError(endpoint.notify("SP20", "x", 1, { codec: bad }));
    assertEquals(note.code, "codec-failed", name);
    const there = await requestError(
      endpoint.request("SP20", `answer ${name}`, 1, { codec: good }),
    );
    assertEquals([there.code, there.delivery], ["codec-failed", "executed"], name);
  }
  for (const [name, make] of Object.entries(THROWN)) {
    const bad = codecOf({ decode: throwing(make) });
    pair.right.endpoint.handle(`reads ${name}`, () => 1, { codec: bad });
    pair.right.endpoint.handle(`writes ${name}`, () => 1, { codec: good });
    const there = await requestError(endpoint.request("SP20", `reads ${name}`, 1, { codec: good }));
    assertEquals([there.code, there.delivery], ["codec-failed", "not-executed"], name);
    const here = await requestError(endpoint.request("SP20", `writes ${name}`, 1, { codec: bad }));
    assertEquals([here.code, here.delivery], ["codec-failed", "executed"], name);
  }
  assertEquals(endpoint.connections().length, 1);
});

Deno.test("hostile: a listener that throws is an event of all others, and gets the next one", async () => {
  await using pair = await EndpointPair.start();
  const { left, right } = pair;
  let heard = 0;
  right.endpoint.on(({ type }) => {
    if (type !== "handler-failed") return;
    heard++;
    throw Object.create(null);
  });
  right.endpoint.on((event) => {
    if (event.type === "listener-failed") throw new Error("and so do I");
  });
  const iterated = right.endpoint.events();
  await left.endpoint.notify("SP20", "nobody");
  await left.endpoint.notify("SP20", "nobody");
  const told: string[] = [];
  for await (const { type } of iterated) {
    // A connection that crossed may still be superseded.
    if (type === "handler-failed" || type === "listener-failed") told.push(type);
    if (told.length === 4) break;
  }
  assertEquals(told.toSorted(), [
    "handler-failed",
    "handler-failed",
    "listener-failed",
    "listener-failed",
  ]);
  assertEquals(heard, 2);
  assert(right.events.some(({ type }) => type === "listener-failed"));
});

Deno.test("events({ signal }) leaves nothing behind: thousands of iterations end on one signal", async () => {
  await using pair = await EndpointPair.start();
  const { endpoint } = pair.left;
  const controller = new AbortController();
  const { signal } = controller;
  let listening = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = function (...args: unknown[]) {
    listening++;
    return Reflect.apply(addEventListener, signal, args);
  };
  signal.removeEventListener = function (...args: unknown[]) {
    listening--;
    return Reflect.apply(removeEventListener, signal, args);
  };
  for (let index = 0; index < 5_000; index++) {
    const iterator = endpoint.events({ signal });
    const reading = iterator.next();
    await iterator.return?.();
    assertEquals(await reading, { value: undefined, done: true });
  }
  assertEquals(listening, 0);
  const last = endpoint.events({ signal });
  const reading = last.next();
  controller.abort();
  assertEquals((await reading).done, true);
  assertEquals(listening, 0);
  assertEquals((await endpoint.events({ signal }).next()).done, true);
});

Deno.test("hostile: the text of what was thrown reaches the caller, and says where it has none", async () => {
  await using pair = await EndpointPair.start();
  pair.right.endpoint.handle("bare", () => {
    throw Object.create(null);
  });
  const error = await requestError(pair.left.endpoint.request("SP20", "bare"));
  assertStringIncludes(error.message, "what was thrown has no text (its type is object)");
});
