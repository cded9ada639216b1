import { assert, assertEquals } from "@std/assert";
import { ConfigurationError, DEFAULTS, type EndpointOptions } from "../../mod.ts";
import {
  parseDefinitions,
  resolveClientOptions,
  resolveEndpointOptions,
} from "../../src/options.ts";

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    assert(error instanceof ConfigurationError);
    assertEquals(error.message, error.problems.join("\n"));
    return error.problems;
  }
  return [];
}

function endpointProblems(options: unknown): readonly string[] {
  return problemsOf(() => resolveEndpointOptions(options as EndpointOptions & { peers?: [] }));
}

Deno.test("resolveEndpointOptions() fills in the defaults, and DEFAULTS cannot be changed", () => {
  const resolved = resolveEndpointOptions({ listen: { port: 0 } });
  for (const [key, value] of Object.entries(DEFAULTS)) {
    assertEquals((resolved as unknown as Record<string, unknown>)[key], value, key);
  }
  assertEquals(resolved.listen, { hostname: "127.0.0.1", port: 0 });
  assertEquals(resolved.codec.name, "json");
  assert(Object.isFrozen(DEFAULTS));
});

Deno.test("resolveEndpointOptions() tells every problem at once, with key, expectation and find", () => {
  const problems = endpointProblems({
    name: "a\nb",
    listen: { hostname: "0.0.0.0", port: 70_000 },
    peers: [{ name: "a\nb", hostname: "[::1]", port: 0 }, 7],
    deadAfterMs: -1,
    heartbeatIntervlMs: 5,
    maxInFlight: 1.5,
    tls: { certificate: "x" },
    codec: {},
    whenDown: "never",
    identifier: "random",
  });
  assertEquals(problems, [
    "heartbeatIntervlMs: there is no such key, did you mean 'heartbeatIntervalMs'?",
    "deadAfterMs: expected milliseconds from 1 to 2147483647, found -1",
    "maxInFlight: expected a whole number from 1 to 1000000, found 1.5",
    'name: expected 1 to 255 bytes of UTF-8 without control characters, found "a\\nb"',
    "heartbeatIntervalMs: expected less than deadAfterMs (-1), found 1000",
    "tls.certificate: expected PEM text; all three of them are needed",
    "tls.privateKey: expected PEM text; all three of them are needed",
    "tls.authorities: expected PEM text; all three of them are needed",
    'codec: expected "json", "bytes" or { name, encode, decode }, found {}',
    "listen.port: expected a whole number from 0 to 65535, found 70000",
    'identifier: expected "counter" or "clock", found "random"',
    'whenDown: expected "wait" or "fail", found "never"',
    'peers[0].name: expected 1 to 255 bytes of UTF-8 without control characters, found "a\\nb"',
    'peers[0].hostname: expected a host name or an address without brackets, found "[::1]"',
    "peers[0].port: expected a whole number from 1 to 65535, found 0",
    "peers[1]: expected an object, found 7",
  ]);
});

Deno.test("resolveEndpointOptions() refuses what would be open to anybody", () => {
  const open = { name: "A", listen: { hostname: "0.0.0.0", port: 1 } };
  assertEquals(endpointProblems(open), [
    "secret: expected a secret or tls to listen on 0.0.0.0; " +
    "with insecure: true anybody may claim any name there",
  ]);
  assertEquals(endpointProblems({ ...open, insecure: true }), []);
  assertEquals(endpointProblems({ ...open, secret: "s" }), []);
  for (const hostname of ["127.0.0.1", "127.9.9.9", "::1", "localhost"]) {
    assertEquals(endpointProblems({ listen: { hostname, port: 1 } }), [], hostname);
  }
  assertEquals(endpointProblems({ ...open, secret: "" }), [
    "secret: expected a string or bytes that are not empty",
  ]);
});

Deno.test("resolveEndpointOptions() wants to know who it is, and not to be its own peer", () => {
  assertEquals(endpointProblems({ listen: { hostname: "::", port: 1 }, secret: "s" }), [
    "name: expected a name, or advertise.hostname, as :: is no address to be known by",
  ]);
  const peers = [{ name: "A", hostname: "h", port: 1 }, { name: "B", hostname: "h", port: 1 }, {
    name: "B",
    hostname: "h",
    port: 2,
  }];
  assertEquals(endpointProblems({ name: "A", listen: { port: 1 }, peers }), [
    "peers[2]: 'B' is defined already in peers[1]",
    "peers[0].name: 'A' is this endpoint's own name",
  ]);
});

Deno.test("resolveEndpointOptions() wants a probe to end before a handshake does", () => {
  const listen = { port: 1 };
  assertEquals(endpointProblems({ listen, handshakeTimeoutMs: 900 }), [
    "probeTimeoutMs: expected less than handshakeTimeoutMs (900), found 1000",
  ]);
  assertEquals(endpointProblems({ listen, handshakeTimeoutMs: 900, probeTimeoutMs: 400 }), []);
});

Deno.test("resolveClientOptions() tells its problems alike", () => {
  const problems = problemsOf(() =>
    resolveClientOptions({ hostname: "", port: 0, to: "", liste: 1 } as never)
  );
  assertEquals(problems.length, 4);
  assertEquals(resolveClientOptions({ hostname: "h", port: 1, secret: "ä" }).secret.length, 2);
});

Deno.test("parseDefinitions() reads an array, and names file and key of what is wrong", () => {
  const text = '[{"hostname":"10.0.0.1","port":11000},{"name":"B","hostname":"b","port":1}]';
  assertEquals(parseDefinitions(text, "peers.json"), [
    { hostname: "10.0.0.1", port: 11_000 },
    { name: "B", hostname: "b", port: 1 },
  ]);
  assertEquals(problemsOf(() => parseDefinitions('[{"prt":1}]', "peers.json")), [
    "peers.json: peers[0].prt: there is no such key, did you mean 'port'?",
    "peers.json: peers[0].hostname: expected a host name or an address without brackets, " +
    "found nothing",
    "peers.json: peers[0].port: expected a whole number from 1 to 65535, found nothing",
  ]);
  assertEquals(problemsOf(() => parseDefinitions("{", "peers.json")).length, 1);
  assertEquals(problemsOf(() => parseDefinitions("{}", "peers.json")), [
    "peers.json: peers: expected an array of { name, hostname, port }, found {}",
  ]);
});
