// Links that cannot come about: the caller is told why, and where nobody listens, the console is.

import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import {
  Client,
  Endpoint,
  type EndpointOptions,
  type ErrorCode,
  LinkError,
  RequestError,
  type TlsOptions,
} from "../../mod.ts";
import { freePort, requestError, Watched } from "../support/endpoints.ts";

const TIMEOUT_MS = 400;
const WAIT_MS = 10_000;

/** The options of two ends at ports of their own. */
function twoEnds(
  left: Partial<EndpointOptions>,
  right: Partial<EndpointOptions>,
): [EndpointOptions, EndpointOptions] {
  const ports = [freePort(), freePort()] as const;
  const shared = { redialMinMs: 20, redialMaxMs: 50, drainMs: 0 };
  return [
    {
      name: "SP10",
      listen: { port: ports[0] },
      peers: [{ name: "SP20", hostname: "127.0.0.1", port: ports[1] }],
      ...shared,
      ...left,
    },
    {
      name: "SP20",
      listen: { port: ports[1] },
      peers: [{ name: "SP10", hostname: "127.0.0.1", port: ports[0] }],
      ...shared,
      ...right,
    },
  ];
}

/** The certificate of a party and the authority that it trusts. */
async function tlsOf(party: string, authority: string): Promise<TlsOptions> {
  const read = (name: string) =>
    Deno.readTextFile(new URL(`../support/certificates/${name}.pem`, import.meta.url));
  const [certificate, privateKey, authorities] = await Promise.all(
    [party, `${party}.key`, authority].map(read),
  );
  return { certificate: certificate!, privateKey: privateKey!, authorities: authorities! };
}

const CASES: readonly {
  readonly title: string;
  readonly left: Partial<EndpointOptions>;
  readonly right: Partial<EndpointOptions>;
  readonly causes: readonly ErrorCode[];
}[] = [
  {
    title: "a wrong secret",
    left: { secret: "a secret of one end" },
    right: { secret: "a secret of the other" },
    causes: ["proof-mismatch"],
  },
  { title: "a wrong name", left: {}, right: { name: "SP21" }, causes: ["wrong-recipient"] },
  { title: "no definition", left: {}, right: { peers: [] }, causes: ["unknown-peer"] },
  {
    title: "another authority",
    left: { tls: await tlsOf("SP10", "one") },
    right: { tls: await tlsOf("SP20", "other") },
    // Whose certificate was not accepted first decides what the other end sees of it.
    causes: ["dial-failed", "handshake-lost"],
  },
  {
    title: "a certificate for somebody else",
    left: { tls: await tlsOf("SP10", "one") },
    right: { tls: await tlsOf("SP30", "one") },
    causes: ["dial-failed", "certificate-mismatch"],
  },
];

/** Waits until an attempt has failed with one of these codes. */
async function failedAttempt(
  endpoint: Endpoint,
  peer: string,
  codes: readonly ErrorCode[],
): Promise<void> {
  const untilMs = performance.now() + WAIT_MS;
  for (;;) {
    const { cause } = await requestError(endpoint.request(peer, "none", 1, { whenDown: "fail" }));
    if (cause instanceof LinkError && codes.includes(cause.code)) return;
    if (performance.now() > untilMs) throw new Error(`no attempt failed so, but with ${cause}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

for (const { title, left, right, causes } of CASES) {
  Deno.test(`the cause of a timeout is the last link error: ${title}`, async () => {
    const [one, other] = twoEnds(left, right);
    await using caller = await Watched.start(one);
    await using _target = await Watched.start(other);
    await failedAttempt(caller.endpoint, "SP20", causes);
    const call = caller.endpoint.request("SP20", "none", 1, { timeoutMs: TIMEOUT_MS });
    const error = await requestError(call);
    assertEquals([error.code, error.delivery], ["timeout", "not-sent"]);
    const { cause } = error;
    assertInstanceOf(cause, LinkError);
    assert(causes.includes(cause.code), `${cause.code}: ${cause.message}`);
    assertEquals(cause.peer, "SP20");
    assertStringIncludes(error.message, cause.message);
    const failed = requestError(
      caller.endpoint.request("SP20", "none", 1, { whenDown: "fail" }),
    );
    assertEquals([(await failed).code, (await failed).cause instanceof LinkError], [
      "peer-down",
      true,
    ]);
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
  while (client.isConnected) await new Promise((resolve) => setTimeout(resolve, 1));
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

/** What goes to the console while something runs. */
async function warnings(run: () => Promise<void>): Promise<string[]> {
  const lines: string[] = [];
  const { warn } = console;
  console.warn = (...parts: unknown[]) => void lines.push(parts.join(" "));
  try {
    await run();
  } finally {
    console.warn = warn;
  }
  return lines;
}

Deno.test("without a listener, a refused handshake is told once; an option and a listener turn it off", async () => {
  const play = (options: Partial<EndpointOptions>, listens: boolean) =>
    warnings(async () => {
      const [one, other] = twoEnds({}, { peers: [] });
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
