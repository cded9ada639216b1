// What a puzzled reader of a log is told: each sentence is provoked with real sockets.

import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import {
  Client,
  type ClientOptions,
  Endpoint,
  type EndpointEvent,
  type EndpointOptions,
  LinkError,
} from "../../mod.ts";
import { party } from "../support/certificates/read.ts";

const HOST = "127.0.0.1";

async function connectError(
  options: Partial<ClientOptions> & { port: number },
): Promise<LinkError> {
  return await assertRejects(
    async () => {
      await (await Client.connect({ hostname: HOST, ...options })).close();
    },
    LinkError,
  );
}

/** An endpoint, and the next handshake that fails there. */
async function listening(options: Partial<EndpointOptions> = {}) {
  const endpoint = await Endpoint.start({ name: "SP20", listen: { port: 0 }, ...options });
  const failed = new Promise<Extract<EndpointEvent, { type: "handshake-failed" }>>((resolve) => {
    endpoint.on((event) => event.type === "handshake-failed" && resolve(event));
  });
  return {
    port: endpoint.address.port,
    failed,
    [Symbol.asyncDispose]: () => endpoint.close({ drainMs: 0 }),
  };
}

/** Somebody who is not freshlink: answers the first bytes, and goes. */
function stranger(answer: string) {
  const listener = Deno.listen({ hostname: HOST, port: 0 });
  const serving = (async () => {
    for await (const socket of listener) {
      await socket.read(new Uint8Array(1_000));
      if (answer !== "") await socket.write(new TextEncoder().encode(answer)).catch(() => {});
      socket.close();
    }
  })();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}

Deno.test("messages: nobody listens there", async () => {
  const error = await connectError({ port: 1 });
  assertEquals([error.code, error.message], [
    "dial-failed",
    `nobody listens on ${HOST}:1 (ECONNREFUSED)`,
  ]);
});

Deno.test("messages: a host name without an address is not called refused", async () => {
  const error = await connectError({
    hostname: "nowhere.invalid",
    port: 1,
    connectTimeoutMs: 8_000,
  });
  assertStringIncludes(error.message, "the host name of nowhere.invalid:1 has no address (");
});

Deno.test("messages: a web server is called one, at either end", async () => {
  await using web = stranger("HTTP/1.1 400 Bad Request\r\n\r\n");
  const error = await connectError({ port: web.port });
  assertEquals([error.code, error.message], [
    "unknown-frame",
    "the other end speaks HTTP: a web server listens there, and not freshlink",
  ]);
  await using target = await listening();
  await fetch(`http://${HOST}:${target.port}/`).then((answer) => answer.body?.cancel(), () => {});
  const { code, detail } = await target.failed;
  assertEquals([code, detail], ["unknown-frame", "the other end speaks HTTP, and not freshlink"]);
});

Deno.test("messages: TLS at the acceptor only", async () => {
  await using target = await listening({ tls: party("SP20") });
  const { message } = await connectError({ port: target.port });
  const known = [
    "the other end speaks TLS, and this one does not: give both ends 'tls', or neither",
    "the other end ended the connection before it answered: it wants TLS, is closing, or is not",
  ];
  assertEquals(known.some((text) => message.startsWith(text)), true, message);
  assertStringIncludes((await target.failed).detail, "the other end does not speak TLS: give both");
});

Deno.test("messages: TLS at the dialler only", async () => {
  await using target = await listening();
  const { message } = await connectError({ port: target.port, tls: party("desk") });
  assertStringIncludes(message, "not speak TLS");
  assertEquals(
    (await target.failed).detail,
    "the other end speaks TLS, and this one does not: give both ends 'tls', or neither",
  );
});

Deno.test("messages: somebody who hangs up", async () => {
  await using silent = stranger("");
  const { code, message } = await connectError({ port: silent.port });
  assertEquals([code, message], [
    "handshake-lost",
    "the other end ended the connection before it answered: it wants TLS, is closing, or is not \
freshlink (eof)",
  ]);
  await using target = await listening();
  const socket = await Deno.connect({ hostname: HOST, port: target.port });
  socket.close();
  assertEquals(
    (await target.failed).detail,
    "the other end went away before the handshake was complete (eof)",
  );
});

Deno.test("messages: two secrets, and one secret", async () => {
  for (const secret of ["another secret of enough bytes", undefined]) {
    await using target = await listening({ secret: "the secret, of enough bytes" });
    const { code, message } = await connectError({
      port: target.port,
      to: "SP20",
      ...(secret === undefined ? {} : { secret }),
    });
    assertEquals([code, message], [
      "proof-mismatch",
      "'SP20' and this end have different secrets, or only one of them has any",
    ]);
  }
});

Deno.test("messages: certificates that are not trusted, at either end", async () => {
  await using target = await listening({ tls: party("SP20") });
  const ours = await connectError({ port: target.port, to: "SP20", tls: party("SP30", "other") });
  assertStringIncludes(
    ours.message,
    `no authority of 'tls.authorities' has signed the certificate of ${HOST}:${target.port}`,
  );
  await using other = await listening({ tls: party("SP20") });
  const theirs = await connectError({ port: other.port, to: "SP20", tls: party("SP30", "one") });
  assertStringIncludes(theirs.message, "does not accept this end's certificate");
  assertStringIncludes(
    (await other.failed).detail,
    "no authority of 'tls.authorities' has signed the certificate of the other end",
  );
});

Deno.test("messages: a certificate that has expired, at either end", async () => {
  await using target = await listening({ tls: party("SP20-expired", "one") });
  const { message } = await connectError({
    port: target.port,
    to: "SP20",
    tls: party("SP10", "past"),
  });
  assertMatch(message, /the certificate of .* has expired/);
  assertStringIncludes(
    (await target.failed).detail,
    "this end's certificate has expired, says the other end (",
  );
});
