// What is handed over with each call is checked as start options are: a typed error that says what
// to do, at once, and nothing is sent.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Client, ConfigurationError, Endpoint, type RequestOptions } from "../../mod.ts";
import { Simulation } from "../../src/simulator/mod.ts";
import { EndpointPair, requestError } from "../support/endpoints.ts";

/** What is no option of any call, and what is told of it. */
const WRONG: readonly (readonly [options: unknown, problem: string])[] = [
  [
    { timeoutMs: "300" },
    'options.timeoutMs: expected milliseconds above 0, up to 2147483647, or Infinity, found "300"',
  ],
  [{ timeoutMs: NaN }, "found NaN"],
  [{ timeoutMs: -5 }, "found -5"],
  [{ timeoutMs: 0 }, "found 0"],
  [{ timeoutMs: -Infinity }, "found -Infinity"],
  [{ timeoutMs: 2 ** 32 + 50 }, "found 4294967346"],
  [{ timeoutMs: 2 ** 31 }, "found 2147483648"],
  [{ timeoutMs: null }, "found null"],
  [{ timeoutMs: 5n }, "found 5n"],
  [{ signal: {} }, "options.signal: expected an AbortSignal, found {}"],
  [{ signal: null }, "options.signal: expected an AbortSignal, found null"],
  [{ signal: new AbortController() }, "options.signal: expected an AbortSignal"],
  [
    { codec: "yaml" },
    'options.codec: expected "json", "bytes" or { name, encode, decode }, found "yaml"',
  ],
  [{ codec: { encode() {} } }, "options.codec: expected"],
  [{ whenDown: "never" }, 'options.whenDown: expected "wait" or "fail", found "never"'],
  [{ timeoutMS: 5 }, "options.timeoutMS: there is no such key, did you mean 'timeoutMs'?"],
  [{ timeout: 5 }, "options.timeout: there is no such key, did you mean 'timeoutMs'?"],
  [{ timeotMs: undefined }, "options.timeotMs: there is no such key, did you mean 'timeoutMs'?"],
  [{ abortSignal: 1 }, "options.abortSignal: there is no such key, did you mean 'signal'?"],
  [500, "options: expected an object such as { timeoutMs: 500 }, found 500"],
  ["json", 'options: expected an object such as { timeoutMs: 500 }, found "json"'],
  [null, "options: expected an object such as { timeoutMs: 500 }, found null"],
  [[], "options: expected an object such as { timeoutMs: 500 }, found []"],
  [() => {}, "options: expected an object such as { timeoutMs: 500 }, found a function"],
];

async function invalid(call: () => unknown): Promise<ConfigurationError> {
  const error = await assertRejects(async () => await call(), ConfigurationError);
  assertEquals(error.code, "invalid-options");
  assert(error.problems.length > 0);
  return error;
}

Deno.test("call options: what cannot work is rejected at once with invalid-options and a hint", async () => {
  await using pair = await EndpointPair.start();
  const { endpoint } = pair.left;
  let handled = 0;
  pair.right.endpoint.handle("count", () => ++handled);
  const { port } = pair.right.endpoint.address;
  await using client = await Client.connect({ hostname: "127.0.0.1", port });
  const peer = endpoint.peer<{ count(payload: number): number }>("SP20");
  for (const [options, problem] of WRONG) {
    const wrong = options as RequestOptions;
    const calls = [
      () => endpoint.request("SP20", "count", 1, wrong),
      () => endpoint.notify("SP20", "count", 1, wrong),
      () => client.request("count", 1, wrong),
      () => client.notify("count", 1, wrong),
      () => peer.request("count", 1, wrong),
      () => peer.notify("count", 1, wrong),
    ];
    for (const call of calls) {
      // Never thrown: a caller that forgets to wait is told as of any other failure.
      const promise = call();
      const error = await invalid(() => promise);
      assertStringIncludes(error.message, problem);
    }
  }
  const all = await invalid(() =>
    endpoint.request("SP20", "count", 1, { timeoutMs: -1, signal: {}, retries: 3 } as never)
  );
  assertEquals(all.problems.length, 3);
  const flag = await invalid(() =>
    endpoint.request("SP20", "count", 1, { idempotent: "yes" } as never)
  );
  assertStringIncludes(flag.message, "options.idempotent: expected true or false");
  const notice = await invalid(() =>
    endpoint.notify("SP20", "count", 1, { idempotent: true } as never)
  );
  assertStringIncludes(notice.message, "options.idempotent: there is no such key");
  assertEquals(await endpoint.request("SP20", "count"), 1);
});

Deno.test("call options: peer, service, handler, listener and what close is given are checked", async () => {
  await using pair = await EndpointPair.start();
  const { endpoint } = pair.left;
  for (const name of [5, undefined, null, Symbol("SP20"), {}]) {
    assertStringIncludes(
      (await invalid(() => endpoint.request(name as never, "x"))).message,
      "peer:",
    );
    assertStringIncludes(
      (await invalid(() => endpoint.notify(name as never, "x"))).message,
      "peer:",
    );
    const service = await invalid(() => endpoint.request("SP20", name as never));
    assertStringIncludes(service.message, "service: expected a name of 1 to 255 bytes");
    await invalid(() => endpoint.handle(name as never, () => 1));
    await invalid(() => endpoint.peer(name as never));
  }
  await invalid(() => endpoint.request("SP20", "x".repeat(256)));
  await invalid(() => endpoint.request("SP20", "ä".repeat(128)));
  await invalid(() => endpoint.request("nobody", ""));
  const handler = await invalid(() => endpoint.handle("x", 5 as never));
  assertStringIncludes(handler.message, "handler: expected a function, found 5");
  const codec = await invalid(() => endpoint.handle("x", () => 1, { codec: "yaml" } as never));
  assertStringIncludes(codec.message, "options.codec: expected");
  await invalid(() => endpoint.handle("x", () => 1, { codek: "json" } as never));
  await invalid(() => endpoint.handle("x", () => 1, null as never));
  await invalid(() => endpoint.on(5 as never));
  await invalid(() => endpoint.events({ signal: {} } as never));
  await invalid(() => endpoint.events({ sginal: 1 } as never));
  for (
    const options of [{ drainMs: -5 }, { drainMs: NaN }, { drainMs: "5" }, { drain: 5 }, 5, null]
  ) {
    await invalid(() => endpoint.close(options as never));
  }
  pair.right.endpoint.handle("echo", (payload) => payload);
  assertEquals(await endpoint.request("SP20", "echo", 7), 7);
});

Deno.test("call options: options and codecs that throw when they are looked at are told too", async () => {
  await using pair = await EndpointPair.start();
  const { endpoint } = pair.left;
  const refuse = () => {
    throw Object.create(null);
  };
  const codec = {
    encode: refuse,
    decode: refuse,
    get name() {
      return refuse();
    },
  };
  let reads = 0;
  const fickle = {
    get timeoutMs() {
      return ++reads % 2 === 1 ? -1 : 5;
    },
  };
  for (const options of [new Proxy({}, { get: refuse, ownKeys: refuse }), { codec }, fickle]) {
    await invalid(() => endpoint.request("SP20", "x", 1, options as never));
    await invalid(() => endpoint.notify("SP20", "x", 1, options as never));
  }
  await invalid(() => endpoint.handle("x", () => 1, { codec } as never));
  await invalid(() => Endpoint.start({ listen: { port: 0 }, codec } as never));
});

Deno.test("call options: what fits is taken, also from another realm and with a fraction", async () => {
  await using pair = await EndpointPair.start();
  const { endpoint } = pair.left;
  pair.right.endpoint.handle("told", (_payload, { timeoutMs }) => String(timeoutMs));
  const { signal } = new AbortController();
  /** As one of another realm: no instance of this realm's class. */
  const foreign = {
    aborted: false,
    reason: undefined,
    addEventListener: signal.addEventListener.bind(signal),
    removeEventListener: signal.removeEventListener.bind(signal),
  };
  const ask = (options: unknown) =>
    endpoint.request<string>("SP20", "told", 1, options as RequestOptions);
  assertEquals(await ask({ timeoutMs: 2_147_483_647 }), "2147483647");
  assertEquals(await ask({ timeoutMs: 999.25 }), "1000");
  assertEquals(await ask({ signal, idempotent: true, whenDown: "fail" }), "5000");
  assertEquals(await ask({ signal: foreign, codec: undefined, timeoutMs: undefined }), "5000");
  assertEquals(await ask(undefined), "5000");
});

Deno.test("call options: signals that throw cost their own call, and no more", async () => {
  await using pair = await EndpointPair.start();
  const { endpoint } = pair.left;
  pair.right.endpoint.handle("echo", (payload) => payload);
  pair.right.endpoint.handle("never", () => new Promise(() => {}));
  const refuse = () => {
    throw new Error("I do not listen");
  };
  const deaf = { aborted: false, addEventListener: refuse, removeEventListener: refuse };
  const error = await invalid(() => endpoint.request("SP20", "echo", 1, { signal: deaf as never }));
  assertStringIncludes(error.message, "I do not listen");
  const clinging = {
    aborted: false,
    addEventListener() {},
    removeEventListener: refuse,
    get reason() {
      return refuse();
    },
  };
  assertEquals(await endpoint.request("SP20", "echo", 1, { signal: clinging as never }), 1);
  const late = await requestError(
    endpoint.request("SP20", "never", 1, { signal: clinging as never, timeoutMs: 30 }),
  );
  assertEquals(late.code, "timeout");
  await endpoint.notify("SP20", "echo", 1, { signal: clinging as never });
});

Deno.test("timeoutMs: Infinity waits without end, as the handler is told, and is given up with its peer", async () => {
  const simulation = new Simulation({ seed: 5 });
  const [one, two] = [simulation.host("one"), simulation.host("two")];
  const start = (host: typeof one, other: typeof one) =>
    Endpoint.start({
      name: host.name,
      listen: { hostname: "0.0.0.0", port: 11_000 },
      advertise: { hostname: host.address },
      peers: [{ name: other.name, hostname: other.address, port: 11_000 }],
      insecure: true,
      runtime: host.runtime,
    });
  const [caller, server] = [await start(one, two), await start(two, one)];
  const release = Promise.withResolvers<void>();
  let told = 0;
  server.handle("wait", async (_payload, { timeoutMs }) => {
    told = timeoutMs;
    await release.promise;
    return "late";
  });
  const answer = caller.request("two", "wait", 1, { timeoutMs: Infinity });
  await simulation.run(3_600_000);
  assertEquals(told, Infinity);
  release.resolve();
  assertEquals(await simulation.settle(answer, 1_000), "late");
  two.crash();
  const waiting = [requestError(caller.request("two", "wait", 1, { timeoutMs: Infinity }))];
  await simulation.run(10_000);
  waiting.push(requestError(caller.request("two", "wait", 1, { timeoutMs: Infinity })));
  const [first, second] = await simulation.settle(Promise.all(waiting), 90_000);
  assertEquals([first!.code, second!.code], ["peer-down", "peer-down"]);
  await simulation.settle(caller.close({ drainMs: 0 }), 1_000);
});

Deno.test("call options: a flush without options, and with right ones, is taken", async () => {
  await using pair = await EndpointPair.start({}, { handlers: { tell: () => {} } });
  const { endpoint } = pair.left;
  await endpoint.notify("SP20", "tell", 1);
  await endpoint.flush("SP20");
  await endpoint.flush("SP20", { timeoutMs: 1_000, signal: new AbortController().signal });
  const flush = endpoint.flush("SP20", { timeoutMs: -1 });
  const { problems } = await assertRejects(() => flush, ConfigurationError);
  assertStringIncludes(problems[0]!, "options.timeoutMs");
});
