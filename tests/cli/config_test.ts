// Definition files: what is read from where, and that whatever is wrong is told at once.

import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { ConfigurationError, DEFAULTS } from "../../mod.ts";
import { readConfig } from "../../src/cli/config_file.ts";
import { CommandError } from "../../src/cli/exit_code.ts";
import { DEFINITION_KEYS } from "../../src/options/definitions.ts";
import { resolveEndpointOptions } from "../../src/options.ts";
import { keysOf, OPTIONS } from "../../src/options/table.ts";
import { ROOT } from "../../tools/project.ts";
import { fits, type Schema } from "./json_schema.ts";

const PEM = "-----BEGIN CERTIFICATE-----\n";
const PEER = { name: "SP20", hostname: "10.0.0.2", port: 11000 };
const LEAST = { listen: { port: 0 } };

/** A folder with files; what is no string is written as JSON. */
class Folder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async of(files: Record<string, unknown>): Promise<Folder> {
    const folder = new Folder(await Deno.makeTempDir());
    for (const [name, content] of Object.entries(files)) {
      const text = typeof content === "string" ? content : JSON.stringify(content);
      await Deno.writeTextFile(`${folder.path}/${name}`, text);
    }
    return folder;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Deno.remove(this.path, { recursive: true });
  }
}

async function problemsOf(config: unknown, files: Record<string, unknown> = {}) {
  await using folder = await Folder.of({ "a.json": config, ...files });
  const error = await assertRejects(() => readConfig(`${folder.path}/a.json`), ConfigurationError);
  return error.problems.map((problem) => problem.replaceAll(`${folder.path}/`, ""));
}

Deno.test("readConfig() takes what a file says, and files that it names from beside it", async () => {
  await using folder = await Folder.of({
    "a.json": {
      $schema: "../../docs/config.schema.json",
      name: "SP10",
      listen: { hostname: "0.0.0.0", port: 11000 },
      advertise: { hostname: "10.0.0.1" },
      peers: "peers.json",
      stateFile: "state.json",
      tls: { certificateFile: "c.pem", privateKeyFile: "k.pem", authorities: PEM },
      identifier: "clock",
      drainMs: 0,
    },
    "peers.json": `\ufeff${JSON.stringify([PEER])}`,
    "c.pem": `${PEM}c`,
    "k.pem": `${PEM}k`,
  });
  assertEquals(await readConfig(`${folder.path}/a.json`) as unknown, {
    name: "SP10",
    listen: { hostname: "0.0.0.0", port: 11000 },
    advertise: { hostname: "10.0.0.1" },
    peers: [PEER],
    stateFile: `${folder.path}/state.json`,
    tls: { certificate: `${PEM}c`, privateKey: `${PEM}k`, authorities: PEM },
    identifier: "clock",
    drainMs: 0,
  });
});

Deno.test("readConfig() takes secret and identity from files beside it", async () => {
  await using folder = await Folder.of({
    "a.json": { ...LEAST, secretFile: "secret.txt", identity: "SP10.pem" },
    "secret.txt": "a secret that nobody knows\n",
  });
  const { secret, identity } = await readConfig(`${folder.path}/a.json`);
  assertEquals([secret, identity], ["a secret that nobody knows", `${folder.path}/SP10.pem`]);
});

Deno.test("readConfig() tells every problem at once, with file, key and what was expected", async () => {
  const problems = await problemsOf({
    listen: { hostname: "0.0.0.0", prot: 11000 },
    nmae: "SP10",
    peers: "peers.json",
    identifier: "time",
    deadAfterMs: "3s",
    runtime: {},
    secret: "a secret",
    secretFile: "missing.txt",
  }, { "peers.json": [{ hostname: "10.0.0.2" }, PEER, PEER] });
  const expected = [
    /^a\.json: runtime: there is no such key/,
    /^a\.json: secretFile: expected either secret or secretFile/,
    /^a\.json: secretFile: missing\.txt cannot be read/,
    /^peers\.json: peers\[0\]\.port: expected a whole number from 1 to 65535, found nothing/,
    /^peers\.json: peers\[2\]: 'SP20' is defined already in peers\[1\]/,
    /^a\.json: nmae: there is no such key, did you mean 'name'\?/,
    /^a\.json: listen\.prot: there is no such key, did you mean 'port'\?/,
    /^a\.json: listen\.port: expected a whole number from 0 to 65535, found nothing/,
    /^a\.json: secret: expected a string or bytes, at least 16 bytes/,
    /^a\.json: identifier: expected "counter" or "clock", found "time"/,
    /^a\.json: deadAfterMs: expected milliseconds .*, found "3s"/,
    /^a\.json: name: expected a name, or advertise\.hostname/,
  ];
  for (const pattern of expected) {
    assertEquals(problems.filter((problem) => pattern.test(problem)).length, 1, String(pattern));
  }
  assertEquals(problems.length, expected.length, problems.join("\n"));
});

Deno.test("readConfig() says where a file is no JSON, or no object", async () => {
  const [noJson] = await problemsOf('{ "name": }');
  assert(noJson!.startsWith("a.json: expected JSON: "), noJson);
  assertEquals(await problemsOf("[1]"), ["a.json: expected an object"]);
});

Deno.test("readConfig() tells a file that cannot be read from one that is wrong", async () => {
  await using folder = await Folder.of({ "a.json": { ...LEAST, peers: "missing.json" } });
  for (const [file, missing] of [["none.json", "none.json"], ["a.json", "missing.json"]]) {
    const error = await assertRejects(() => readConfig(`${folder.path}/${file}`), CommandError);
    assertInstanceOf(error, CommandError);
    assertEquals([error.code, error.exitCode], ["no-input", 66]);
    assert(error.message.includes(`${folder.path}/${missing} cannot be read`), error.message);
  }
});

Deno.test("readConfig() reads the definition files of the demonstration", async () => {
  for (const name of ["SP10", "SP20", "SP30"]) {
    assertEquals((await readConfig(`${ROOT}examples/orders/${name}.json`)).name, name);
  }
});

async function schema(name: string): Promise<Schema> {
  return JSON.parse(await Deno.readTextFile(`${ROOT}docs/${name}.schema.json`));
}

/** The keys that the resolver names when it meets an unknown one. */
function resolverKeys(options: unknown, key: string): string[] {
  try {
    resolveEndpointOptions(options as never);
  } catch (error) {
    assertInstanceOf(error, ConfigurationError);
    const problem = error.problems.find((text) => text.startsWith(`${key}: there is no such key`));
    return problem!.replace(/^.*one of (.*)\?$/, "$1").split(", ");
  }
  throw new Error("nothing was wrong");
}

Deno.test("the schema has the keys that are accepted, and no others", async () => {
  const { properties } = await schema("config");
  const strange = "somethingStrange";
  const own = resolverKeys({ ...LEAST, [strange]: 1 }, strange);
  const expected = [
    ...own.filter((key) => !["runtime", "handlers", "admit", "allow"].includes(key)),
    "$schema",
    "secretFile",
  ];
  assertEquals(Object.keys(properties!).toSorted(), expected.toSorted());
  const tls = resolverKeys({ ...LEAST, tls: { [strange]: 1 } }, `tls.${strange}`);
  const files = ["certificateFile", "privateKeyFile", "authoritiesFile"];
  assertEquals(
    Object.keys(properties!["tls"]!.properties!).toSorted(),
    [
      ...tls,
      ...files,
    ].toSorted(),
  );
  const peers = await schema("peers");
  assertEquals(Object.keys((peers["items"] as Schema).properties!), [...DEFINITION_KEYS]);
  assertEquals((await schema("config"))["$defs"], { peer: peers["items"] });
});

Deno.test("the schema's numbers and words are those of the table", async () => {
  const { properties } = await schema("config");
  for (const key of keysOf("endpoint")) {
    const row = OPTIONS[key];
    if (row.kind !== "number" && row.kind !== "word") continue;
    const { description: _, ...told } = properties![key]!;
    assertEquals(told, {
      ...row.kind === "word" ? { enum: row.words } : {
        type: row.unit === "ms" ? "number" : "integer",
        minimum: row.min,
        maximum: row.max,
      },
      default: row.default,
    }, key);
  }
});

Deno.test("the schema's defaults are the ones that are used", async () => {
  const { properties } = await schema("config");
  const told = Object.entries(properties!).filter(([, part]) => "default" in part)
    .map(([key, part]) => [key, part.default]);
  assertEquals(
    Object.fromEntries(told.filter(([key]) => String(key) in DEFAULTS)),
    { ...DEFAULTS },
  );
  assertEquals(
    Object.fromEntries(told.filter(([key]) => !(String(key) in DEFAULTS))),
    { insecure: false, codec: "json", consoleNotices: true, watchPeers: false },
  );
  const resolved = resolveEndpointOptions({ listen: { port: 0 } });
  assertEquals(properties!["listen"]!.properties!["hostname"]!.default, resolved.listen.hostname);
});

const CONFIGS: readonly (readonly [boolean, unknown])[] = [
  [true, LEAST],
  [true, { ...LEAST, $schema: "x", name: "SP10", peers: [PEER, { hostname: "::1", port: 1 }] }],
  [true, { ...LEAST, drainMs: 0, redialMinMs: 0, retainMaxBytes: 131_072, maxInFlight: 1 }],
  [true, { ...LEAST, codec: "bytes", whenDown: "fail", identifier: "clock", insecure: true }],
  [true, { ...LEAST, tls: { certificate: PEM, privateKey: PEM, authorities: PEM } }],
  [false, {}],
  [false, { listen: {} }],
  [false, { listen: { port: -1 } }],
  [false, { listen: { port: 1.5 } }],
  [false, { listen: { port: 1, hostname: "[::1]" } }],
  [false, { ...LEAST, name: "" }],
  [false, { ...LEAST, name: "a\u0007" }],
  [false, { ...LEAST, name: 5 }],
  [false, { ...LEAST, advertise: { port: 0 } }],
  [false, { ...LEAST, advertise: { host: "a" } }],
  [false, { ...LEAST, peers: [{ name: "SP20", port: 1 }] }],
  [false, { ...LEAST, peers: [{ hostname: "a", port: 0 }] }],
  [false, { ...LEAST, peers: [{ hostname: "a b", port: 1 }] }],
  [false, { ...LEAST, peers: [{ hostname: "tcp://a", port: 1 }] }],
  [false, { ...LEAST, peers: [{ hostname: "a:1", port: 1 }] }],
  [false, { listen: { port: 1, hostname: "a?b" } }],
  [false, { ...LEAST, peers: {} }],
  [false, { ...LEAST, secret: "fifteen letters" }],
  [false, { ...LEAST, insecure: "yes" }],
  [false, { ...LEAST, codec: "xml" }],
  [false, { ...LEAST, codec: { name: "x" } }],
  [false, { ...LEAST, stateFile: "" }],
  [false, { ...LEAST, tls: { certificate: PEM } }],
  [false, { ...LEAST, deadAfterMs: 0 }],
  [false, { ...LEAST, deadAfterMs: 2 ** 31 }],
  [false, { ...LEAST, retainMaxBytes: 1 }],
  [false, { ...LEAST, payloadMaxBytes: 2 ** 32 }],
  [false, { ...LEAST, runtime: {} }],
  [false, { ...LEAST, handlers: {} }],
  [false, { ...LEAST, unknown: 1 }],
];

Deno.test("the schema and the command accept and refuse the same files", async () => {
  const config = await schema("config");
  for (const [isRight, value] of CONFIGS) {
    await using folder = await Folder.of({ "a.json": value });
    const isRead = await readConfig(`${folder.path}/a.json`).then(() => true, () => false);
    const text = JSON.stringify(value);
    assertEquals({ text, isRead, fits: fits(config, value) }, {
      text,
      isRead: isRight,
      fits: isRight,
    });
  }
});
