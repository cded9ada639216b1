// Links that cannot come about: the caller is told why, and where nobody listens, the console is.
// On Bun and Node `interop/trouble_test.ts` does the same.

import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { Client, Endpoint, type EndpointOptions, LinkError, RequestError } from "../../mod.ts";
import { freePort, requestError, Watched } from "../support/endpoints.ts";
import { failedAttempt, TROUBLES, twoEnds, warnings } from "../support/trouble.ts";
import { until } from "../support/until.ts";

const TIMEOUT_MS = 150;

for (const { title, left, right, causes, text } of TROUBLES) {
  Deno.test(`the cause of a timeout is the last link error: ${title}`, async () => {
    const [one, other] = await twoEnds(left, right);
    await using caller = await Watched.start(one);
    await using _target = await Watched.start(other);
    await failedAttempt(caller.endpoint, "SP20", causes, text);
    const call = caller.endpoint.request("SP20", "none", 1, { timeoutMs: TIMEOUT_MS });
    const error = await requestError(call);
    assertEquals([error.code, error.delivery], ["timeout", "not-sent"]);
    const { cause } = error;
    assertInstanceOf(cause, LinkError);
    assert(causes.includes(cause.code), `${cause.code}: ${cause.message}`);
    assertEquals(cause.peer, "SP20");
    assertStringIncludes(error.message, cause.message);
    const failed = await requestError(
      caller.endpoint.request("SP20", "none", 1, { whenDown: "fail" }),
    );
    assertEquals([failed.code, failed.cause instanceof LinkError], ["peer-down", true]);
    const note = caller.endpoint.notify("SP20", "none", 1, { whenDown: "fail" });
    assertInstanceOf((await requestError(note)).cause, LinkError);
  });
}

Deno.test("a client's request has the cause too", async () => {
  const target = await Endpoint.start({ name: "SP20", listen: { port: 0 } });
  const { port } = target.address;
  await using client = await Client.connect({ hostname: "127.0.0.1", port, redialMinMs: 20 });
  await target.close();
  // What is sent before this end has read the goodbye would be lost with the connection.
  await until(() => !client.isConnected, "the client has read the goodbye");
  const error = await requestError(client.request("none", 1, { timeoutMs: TIMEOUT_MS }));
  assertEquals(error.code, "timeout");
  assertInstanceOf(error.cause, LinkError);
  assertEquals(error.cause.code, "dial-failed");
});

Deno.test("two processes with one name and peers by address are told so", async () => {
  const ports = [freePort(), freePort()] as const;
  const options = (own: number, other: number): EndpointOptions => ({
    name: "SP10",
    listen: { port: own },
    peers: [{ hostname: "127.0.0.1", port: other }],
    redialMinMs: 20,
  });
  await using one = await Watched.start(options(ports[0], ports[1]));
  await using _other = await Watched.start(options(ports[1], ports[0]));
  const peer = `127.0.0.1:${ports[1]}`;
  const event = await one.event("handshake-failed", (event) => event.peer === peer);
  assertEquals(event.code, "wrong-name");
  assertStringIncludes(event.detail, "'SP10'");
  const call = one.endpoint.request(peer, "none", 1, { timeoutMs: TIMEOUT_MS });
  const { cause } = await requestError(call);
  assertInstanceOf(cause, LinkError);
  assertEquals(cause.code, "wrong-name");
});

Deno.test("without a listener, a refused handshake is told once; an option and a listener turn it off", async () => {
  const play = (options: Partial<EndpointOptions>, listens: boolean) =>
    warnings(async () => {
      const [one, other] = await twoEnds({}, { peers: [] });
      await using caller = await Endpoint.start({ ...one, ...options });
      if (listens) caller.on(() => {});
      await using target = await Endpoint.start({ ...other, consoleNotices: false });
      await failedAttempt(caller, "SP20", ["unknown-peer"]);
      // Several more attempts fit into that.
      const call = caller.request("SP20", "none", 1, { timeoutMs: TIMEOUT_MS });
      assertInstanceOf(await requestError(call), RequestError);
      assertEquals(target.connections(), []);
    });
  const told = await play({}, false);
  assertEquals(told.length, 1, told.join("\n"));
  assertStringIncludes(told[0]!, "freshlink 'SP10': no link with 'SP20'");
  assertStringIncludes(told[0]!, "'SP10' is not defined at 'SP20'");
  assertEquals(await play({ consoleNotices: false }, false), []);
  assertEquals(await play({}, true), []);
});

Deno.test("endpoints on localhost without a name are known to each other by what the definitions say", async () => {
  const ports = [freePort(), freePort()] as const;
  const options = (own: number, other: number): EndpointOptions => ({
    listen: { hostname: "localhost", port: own },
    peers: [{ hostname: "localhost", port: other }],
  });
  await using one = await Watched.start(options(ports[0], ports[1]));
  await using other = await Watched.start(options(ports[1], ports[0]));
  assertEquals(one.endpoint.name, `localhost:${ports[0]}`);
  await Promise.all([one.event("connected"), other.event("connected")]);
  other.endpoint.handle("echo", (payload) => payload);
  assertEquals(await one.endpoint.request(`localhost:${ports[1]}`, "echo", 1), 1);
});
