import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Client, ConfigurationError, DEFAULTS, Endpoint, type EndpointOptions } from "../../mod.ts";
import {
  parseDefinitions,
  resolveClientOptions,
  resolveEndpointOptions,
} from "../../src/options.ts";
import { OPTIONS } from "../../src/options/table.ts";

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

const PEM = "-----BEGIN X-----";
const CLIENT = { hostname: "h", port: 1 };

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
    'name: expected 1 to 255 bytes of UTF-8 without control characters, found "a\\nb"',
    "tls.certificate: expected PEM text; all three of them are needed",
    "tls.privateKey: expected PEM text; all three of them are needed",
    "tls.authorities: expected PEM text; all three of them are needed",
    'identifier: expected "counter" or "clock", found "random"',
    'codec: expected "json", "bytes" or { name, encode, decode }, found {}',
    'whenDown: expected "wait" or "fail", found "never"',
    "deadAfterMs: expected milliseconds from 1 to 2147483647, found -1",
    "maxInFlight: expected a whole number from 1 to 1000000, found 1.5",
    "listen.port: expected a whole number from 0 to 65535, found 70000",
    'peers[0].name: expected 1 to 255 bytes of UTF-8 without control characters, found "a\\nb"',
    "peers[0].hostname: expected a host name or an address without scheme, brackets and port, " +
    'found "[::1]"',
    "peers[0].port: expected a whole number from 1 to 65535, found 0",
    "peers[1]: expected an object { name, hostname, port }, found 7",
  ]);
});

Deno.test("resolveEndpointOptions() refuses what would be open to anybody", () => {
  const open = { name: "A", listen: { hostname: "0.0.0.0", port: 1 } };
  assertEquals(endpointProblems(open), [
    "secret: expected a secret or tls to listen on 0.0.0.0; " +
    "with insecure: true anybody may claim any name there",
  ]);
  assertEquals(endpointProblems({ ...open, insecure: true }), []);
  assertEquals(endpointProblems({ ...open, secret: "sixteen bytes it has" }), []);
  for (const hostname of ["127.0.0.1", "127.9.9.9", "::1", "localhost"]) {
    assertEquals(endpointProblems({ listen: { hostname, port: 1 } }), [], hostname);
  }
  for (const secret of ["", "fifteen letters", new Uint8Array(15), 16]) {
    assertEquals(endpointProblems({ ...open, secret: secret as never }), [
      "secret: expected a string or bytes, at least 16 bytes: 'freshlink keygen --secret' makes one",
    ]);
  }
  const made = "flsecret1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
  assertEquals(endpointProblems({ ...open, secret: made }), []);
  assertEquals(endpointProblems({ ...open, secret: made.slice(0, -1) }), [
    "secret: expected all that 'freshlink keygen --secret' printed: a part is missing or changed",
  ]);
});

Deno.test("what protects connections: each by itself, and what does not go together", () => {
  const listen = { port: 1 };
  const secret = "sixteen bytes it has";
  const tls = { certificate: PEM, privateKey: PEM, authorities: PEM };
  const both =
    "tls: expected either tls or secret and identity: they are two ways to seal the same \
bytes, and certificates tell who is there";
  assertEquals(endpointProblems({ listen, tls, secret }), [both]);
  assertEquals(problemsOf(() => resolveClientOptions({ ...CLIENT, tls, identity: "a.pem" })), [
    both,
  ]);
  assertEquals(endpointProblems({ listen, secret, secrets: [secret] }), [
    "secrets: expected either secret or secrets, found both",
  ]);
  assertEquals(endpointProblems({ listen, secrets: [] }), [
    "secrets: expected an array of secrets: the first is dialled with",
  ]);
  assertEquals(endpointProblems({ listen, secrets: [secret, "short"] }), [
    "secrets[1]: expected a string or bytes, at least 16 bytes: 'freshlink keygen --secret' makes one",
  ]);
  assertEquals(endpointProblems({ listen, identity: "-----BEGIN CERTIFICATE-----" }), [
    "identity: expected a private key of X25519 in PEM, or the path of a file with it: " +
    "'freshlink keygen FILE' makes one",
  ]);
  const peers = [{ hostname: "a", port: 1, publicKey: "A".repeat(43) }];
  assertEquals(endpointProblems({ listen, peers, identity: "a.pem" }), []);
  assertEquals(endpointProblems({ listen, peers }), [
    "peers[0].publicKey: expected a secret or an identity beside it: " +
    "nobody proves a key in clear, or in TLS",
  ]);
  const short = [{ hostname: "a", port: 1, publicKey: "A".repeat(42) }];
  assertEquals(endpointProblems({ listen, peers: short, secret }).length, 1);
  const keys = ["A".repeat(43), "B".repeat(43)];
  const several = (publicKey: string[]) => [{ hostname: "a", port: 1, publicKey }];
  assertEquals(endpointProblems({ listen, peers: several(keys), secret }), []);
  for (const wrong of [[], [...keys, "A".repeat(42)]]) {
    assertEquals(endpointProblems({ listen, peers: several(wrong), secret }).length, 1);
  }
  // An identity tells who one is, and keeps nobody out.
  const open = { name: "A", listen: { hostname: "0.0.0.0", port: 1 } };
  assertEquals(endpointProblems({ ...open, identity: "a.pem" }).length, 1);
  assertEquals(endpointProblems({ ...open, secrets: [secret] }), []);
});

Deno.test("resolveEndpointOptions() wants to know who it is, and not to be its own peer", () => {
  assertEquals(
    endpointProblems({ listen: { hostname: "::", port: 1 }, secret: "sixteen bytes it has" }),
    [
      "name: expected a name, or advertise.hostname, as :: is no address to be known by",
    ],
  );
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
    "handshakeTimeoutMs: expected more than probeTimeoutMs (1000), found 900",
  ]);
  assertEquals(endpointProblems({ listen, handshakeTimeoutMs: 900, probeTimeoutMs: 400 }), []);
});

Deno.test("resolveClientOptions() tells its problems alike", () => {
  const problems = problemsOf(() =>
    resolveClientOptions({ hostname: "", port: 0, to: "", liste: 1 } as never)
  );
  assertEquals(problems.length, 4);
  const secret = "ä".repeat(8);
  const { secrets } = resolveClientOptions({ hostname: "h", port: 1, secret });
  assertEquals(secrets.map(({ length }) => length), [16]);
});

Deno.test("parseDefinitions() reads an array, and names file and key of what is wrong", () => {
  const text = '[{"hostname":"10.0.0.1","port":11000},{"name":"B","hostname":"b","port":1}]';
  assertEquals(parseDefinitions(text, "peers.json"), [
    { hostname: "10.0.0.1", port: 11_000 },
    { name: "B", hostname: "b", port: 1 },
  ]);
  assertEquals(problemsOf(() => parseDefinitions('[{"prt":1}]', "peers.json")), [
    "peers.json: peers[0].prt: there is no such key, did you mean 'port'?",
    "peers.json: peers[0].hostname: expected a host name or an address without scheme, brackets " +
    "and port, found nothing",
    "peers.json: peers[0].port: expected a whole number from 1 to 65535, found nothing",
  ]);
  assertEquals(problemsOf(() => parseDefinitions("{", "peers.json")).length, 1);
  assertEquals(problemsOf(() => parseDefinitions("{}", "peers.json")), [
    "peers.json: peers: expected an array of { name, hostname, port }, found {}",
  ]);
});

Deno.test("options that are missing altogether are told, not stumbled over", async () => {
  for (const options of [undefined, null, 5, "SP10", []]) {
    const start = await assertRejects(() => Endpoint.start(options as never), ConfigurationError);
    assertEquals(start.problems.length, 1, String(options));
    assertStringIncludes(
      start.message,
      "options: expected an object, at least { listen: { port } }",
    );
    const client = await assertRejects(() => Client.connect(options as never), ConfigurationError);
    assertStringIncludes(
      client.message,
      "options: expected an object, at least { hostname, port }",
    );
  }
});

Deno.test("a hint names what was meant, and nothing else", () => {
  const meant: readonly (readonly [object, string])[] = [
    [
      { listen: { host: "a", port: 1 } },
      "listen.host: there is no such key, did you mean 'hostname'?",
    ],
    [{ listen: { prot: 1, port: 1 } }, "listen.prot: there is no such key, did you mean 'port'?"],
    [{ drain: 5 }, "drain: there is no such key, did you mean 'drainMs'?"],
    [{ deadaftermS: 5 }, "deadaftermS: there is no such key, did you mean 'deadAfterMs'?"],
    [
      { hearbeatIntervalMs: 5 },
      "hearbeatIntervalMs: there is no such key, did you mean 'heartbeatIntervalMs'?",
    ],
    [{ tls: { cert: "x" } }, "tls.cert: there is no such key, did you mean 'certificate'?"],
    [{ tls: { key: "x" } }, "tls.key: there is no such key, did you mean 'privateKey'?"],
    [
      { timeout: 5 },
      "timeout: there is no such key, did you mean " +
      "'probeTimeoutMs' or 'connectTimeoutMs' or 'handshakeTimeoutMs' or 'requestTimeoutMs' or 'assemblyTimeoutMs'?",
    ],
  ];
  for (const [options, problem] of meant) {
    const found = endpointProblems({ listen: { port: 1 }, ...options });
    assert(found.includes(problem), `${problem}\n${found.join("\n")}`);
  }
  const [host] = problemsOf(() => resolveClientOptions({ host: "a", port: 1 } as never));
  assertEquals(host, "host: there is no such key, did you mean 'hostname'?");
  const [file] = problemsOf(() => parseDefinitions('[{"host":"a","port":1}]', "peers.json"));
  assertEquals(file, "peers.json: peers[0].host: there is no such key, did you mean 'hostname'?");
});

Deno.test("a host name is no URL, and has no brackets and no port", () => {
  const wrong = ["tcp://10.0.0.1", "10.0.0.1:11000", "[::1]", "a/b", "user@host", "a b", "", "a#b"];
  for (const hostname of wrong) {
    const problems = [
      ...endpointProblems({ name: "A", listen: { hostname, port: 1 }, insecure: true }),
      ...endpointProblems({ name: "A", listen: { port: 1 }, advertise: { hostname } }),
      ...endpointProblems({ name: "A", listen: { port: 1 }, peers: [{ hostname, port: 1 }] }),
      ...problemsOf(() => resolveClientOptions({ hostname, port: 1 })),
    ];
    assertEquals(problems.length, 4, hostname);
    for (const problem of problems) {
      assertStringIncludes(problem, "without scheme, brackets and port");
    }
  }
  for (
    const hostname of ["localhost", "10.0.0.1", "::1", "fe80::1%eth0", "stock.example", "a_b-c"]
  ) {
    assertEquals(problemsOf(() => resolveClientOptions({ hostname, port: 1 })), [], hostname);
  }
});

Deno.test("a byte-order mark at the beginning of a definition file is no part of it", () => {
  const text = '\ufeff[{"hostname":"10.0.0.1","port":11000}]';
  assertEquals(parseDefinitions(text, "peers.json"), [{ hostname: "10.0.0.1", port: 11_000 }]);
});

Deno.test("every option of the table is checked: what cannot be right is refused by its name", () => {
  for (const [key, row] of Object.entries(OPTIONS)) {
    const least: object = row.of === "client"
      ? { hostname: "h", port: 1 }
      : { listen: { port: 1 } };
    const resolve = (value: unknown) =>
      problemsOf(() => {
        const options = { ...least, [key]: value };
        if (row.of === "client") resolveClientOptions(options as never);
        else resolveEndpointOptions(options as never);
      });
    const wrong: unknown[] = [Symbol("s"), 5n, { strange: 1 }];
    if (key !== "admit" && key !== "allow") wrong.push(() => 1);
    if (row.kind === "number") wrong.push(row.min - 1, row.max + 1, NaN, Infinity, "300", null);
    if (row.kind === "flag" || row.kind === "word") wrong.push("strange", 1, null);
    for (const value of wrong) {
      const problems = resolve(value);
      assert(problems.some((problem) => problem.startsWith(key)), `${key} ${String(value)}`);
    }
  }
});

Deno.test("options of failure detection keep their proportions where one of them is given", () => {
  const resolved = (options: Partial<EndpointOptions>) => {
    const { heartbeatIntervalMs, deadAfterMs, suspectAfterMs } = resolveEndpointOptions({
      name: "SP10",
      listen: { port: 0 },
      ...options,
    } as never);
    return [heartbeatIntervalMs, deadAfterMs, suspectAfterMs];
  };
  assertEquals(resolved({}), [1_000, 3_000, 1_000]);
  assertEquals(resolved({ heartbeatIntervalMs: 5_000 }), [5_000, 15_000, 5_000]);
  assertEquals(resolved({ heartbeatIntervalMs: 200 }), [200, 600, 200]);
  assertEquals(resolved({ heartbeatIntervalMs: 200, deadAfterMs: 5_000 }), [200, 5_000, 200]);
  assertEquals(resolved({ heartbeatIntervalMs: 5_000, suspectAfterMs: 900 }), [5_000, 15_000, 900]);
  assertEquals(resolved({ deadAfterMs: 600 }), [200, 600, 200]);
  assertEquals(resolved({ deadAfterMs: 10_000 }), [1_000, 10_000, 1_000]);
  assertEquals(resolved({ heartbeatIntervalMs: 2e9 }), [2e9, 2_147_483_647, 2e9]);
});
