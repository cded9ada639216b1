// The command as a script meets it: help, exit codes, errors as text and as JSON.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Endpoint } from "../../mod.ts";
import { EXIT } from "../../src/cli/exit_code.ts";
import { COMMAND_HELP, GENERAL_HELP } from "../../src/cli/help.ts";
import { VERSION } from "../../src/cli/version.ts";
import { config, ROOT } from "../../tools/project.ts";
import { runDeno } from "../../tools/run_deno.ts";
import { RUNTIME_NAMES } from "../../tools/runtimes.ts";
import { freePort } from "../support/endpoints.ts";
import { Program } from "./program.ts";

Deno.test("the command's version is the package's", () => {
  assertEquals(VERSION, config.version);
});

for (const runtime of RUNTIME_NAMES) {
  Deno.test(`freshlink --help and --version on ${runtime}`, async () => {
    const [help, version] = await Promise.all([
      Program.run(["--help"], { runtime }),
      Program.run(["--version"], { runtime }),
    ]);
    assertEquals(help, { code: 0, out: GENERAL_HELP, err: "" });
    assertEquals(version, { code: 0, out: `${VERSION}\n`, err: "" });
  });
}

Deno.test("every help fits into 80 columns and tells every exit code", () => {
  for (const text of [GENERAL_HELP, ...Object.values(COMMAND_HELP)]) {
    assertEquals(text.split("\n").filter((line) => line.length > 80), []);
    const told = [...text.matchAll(/^ {2}(\d+) {2,}\S/gm)].map((match) => Number(match[1]));
    assertEquals(told, Object.values(EXIT));
  }
});

Deno.test("docs/cli.md tells every exit code", async () => {
  const text = await Deno.readTextFile(`${ROOT}docs/cli.md`);
  const told = [...text.matchAll(/^\| (\d+) +\|/gm)].map((match) => Number(match[1]));
  assertEquals(told, [...Object.values(EXIT), 130]);
});

Deno.test("freshlink COMMAND --help and freshlink help COMMAND say the same", async () => {
  const [left, right] = await Promise.all([
    Program.run(["serve", "--help"]),
    Program.run(["help", "serve"]),
  ]);
  assertEquals(left, { code: 0, out: COMMAND_HELP["serve"]!, err: "" });
  assertEquals(right, left);
});

Deno.test("a wrong command line ends with 64 and a hint", async () => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [["tabel", "a:1"], /there is no command 'tabel': serve, call, table/],
    [["toString"], /there is no command 'toString'/],
    [["table"], /table takes 1 operands, not 0/],
    [["table", "a:1", "--frob"], /Unknown option '--frob'/],
    [["table", "nowhere"], /'nowhere' is no address: expected host:port/],
    [["table", "a:70000"], /'a:70000' is no address/],
    [["call", "a:1", "x", "{"], /the payload is no JSON/],
    [["call", "a:1", "x", "--timeout", "soon"], /--timeout expects milliseconds/],
    [["call", "a:1", "x", "--secret", "a", "--secret-file", "b"], /say the same twice/],
    [["call", "a:1", "x", "--ca", "one.pem"], /TLS needs all three of --ca, --cert and --key/],
    [["serve", "a.json"], /serve needs --handlers FILE/],
  ];
  await Promise.all(cases.map(async ([args, problem]) => {
    const { code, out, err } = await Program.run(args);
    assertEquals([code, out], [EXIT.usage, ""], args.join(" "));
    assertMatch(err, problem);
    assertMatch(err, /\n {2}See: freshlink (\w+ )?--help\n$/);
  }));
  const { code, out } = await Program.run([]);
  assertEquals([code, out], [EXIT.usage, GENERAL_HELP]);
});

Deno.test("with --json an error is JSON on standard output", async () => {
  const { code, out, err } = await Program.run(["--json", "table", "nowhere"]);
  assertEquals([code, err], [EXIT.usage, ""]);
  const { error } = JSON.parse(out);
  assertEquals(Object.keys(error), ["code", "message", "delivery", "problems"]);
  assertEquals([error.code, error.delivery, error.problems], ["usage", null, []]);
});

Deno.test("no connection ends with 2", async () => {
  const address = `127.0.0.1:${freePort()}`;
  const all = ["call", "table", "watch"].map(async (command) => {
    const operands = command === "call" ? [address, "x"] : [address];
    const { code, out } = await Program.run([command, ...operands, "--json"]);
    assertEquals([code, JSON.parse(out).error.code], [EXIT.noAnswer, "dial-failed"], command);
  });
  await Promise.all(all);
});

Deno.test("a wrong definition file ends with 78, an unreadable one with 66", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/a.json`;
    await Deno.writeTextFile(file, '{ "listen": { "port": "x" }, "nmae": "SP10" }');
    const serve = (path: string, ...more: string[]) =>
      Program.run(["serve", path, "--handlers", "none.ts", ...more]);
    const [wrong, wrongJson, missing] = await Promise.all([
      serve(file),
      serve(file, "--json"),
      serve(`${folder}/b.json`, "--json"),
    ]);
    assertEquals([wrong.code, wrong.out], [EXIT.config, ""]);
    assertStringIncludes(
      wrong.err,
      `${file}: listen.port: expected a whole number from 0 to 65535`,
    );
    assertStringIncludes(wrong.err, `${file}: nmae: there is no such key, did you mean 'name'?`);
    assertEquals(wrongJson.code, EXIT.config);
    const { error } = JSON.parse(wrongJson.out);
    assertEquals([error.code, error.problems.length], ["invalid-options", 2]);
    assertEquals(missing.code, EXIT.noInput);
    assertEquals(JSON.parse(missing.out).error.code, "no-input");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("handlers that cannot be used end serve with 66 or 78", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/a.json`, '{ "listen": { "port": 0 } }');
    const files: readonly (readonly [string, string | null, number, RegExp])[] = [
      ["none.ts", null, EXIT.noInput, /none\.ts cannot be read/],
      ["broken.ts", "export const = 1;", EXIT.config, /broken\.ts: cannot be loaded: /],
      ["throws.ts", "throw new Error('no database');", EXIT.config, /loaded: no database/],
      ["other.ts", "export const other = 1;", EXIT.config, /'handlers' or 'default', found other/],
      ["number.ts", "export default () => 5;", EXIT.config, /returns it, found number/],
      [
        "text.ts",
        "export default { a: 'b' };",
        EXIT.config,
        /text\.ts: handlers\.a: expected a function or \{ handler, codec \}, found "b"/,
      ],
      [
        "taken.ts",
        "export default { 'freshlink/table': () => 1 };",
        EXIT.config,
        /Cannot handle 'freshlink\/table' twice/,
      ],
    ];
    await Promise.all(files.map(async ([name, text, exitCode, problem]) => {
      if (text !== null) await Deno.writeTextFile(`${folder}/${name}`, text);
      const args = ["serve", `${folder}/a.json`, "--handlers", `${folder}/${name}`];
      const { code, out, err } = await Program.run(args);
      assertEquals([name, code, out], [name, exitCode, ""]);
      assertMatch(err, problem);
    }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an address that is taken ends serve with 69", async () => {
  await using endpoint = await Endpoint.start({ name: "SP10", listen: { port: 0 } });
  const file = await Deno.makeTempFile({ suffix: ".json" });
  try {
    const { port } = endpoint.address;
    await Deno.writeTextFile(file, JSON.stringify({ name: "SP20", listen: { port } }));
    const handlers = `${import.meta.dirname}/handlers.ts`;
    const { code, err } = await Program.run(["serve", file, "--handlers", handlers]);
    assertEquals(code, EXIT.unavailable);
    assert(err.includes(`Cannot listen on 127.0.0.1:${port}`), err);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("demo runs the demonstration with its arguments, or tells where it is", async () => {
  const { code, err } = await Program.run(["demo", "--frob"]);
  assertEquals(code, 1);
  assertStringIncludes(err, "Unknown option '--frob'");
  const folder = await Deno.makeTempDir();
  try {
    // The sources alone, as a package has them.
    await copyFolder(`${ROOT}src`, `${folder}/src`);
    await Deno.copyFile(`${ROOT}mod.ts`, `${folder}/mod.ts`);
    const { code, text } = await runDeno([
      ...["run", "--allow-all", "--no-check", "--quiet", `--config=${ROOT}deno.json`],
      ...[`${folder}/src/cli.ts`, "demo"],
    ], { timeoutMs: 10_000, output: "capture", cwd: folder });
    assertEquals(code, EXIT.unavailable, text);
    assertStringIncludes(text, "npx -y deno@2 task demo");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const copy = isDirectory ? copyFolder : Deno.copyFile;
    await copy(`${from}/${name}`, `${to}/${name}`);
  }
}

const SECRET = "flsecret1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

Deno.test("keygen makes secrets and identities, and overwrites none", async () => {
  const secrets = await Promise.all([1, 2].map(() => Program.run(["keygen", "--secret"])));
  assertMatch(secrets[0]!.out, /^flsecret1-[A-Za-z0-9_-]{43}\n$/);
  assert(secrets[0]!.out !== secrets[1]!.out);
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/SP10.pem`;
    const made = await Program.run(["keygen", file, "--json"]);
    const { publicKey } = JSON.parse(made.out);
    assertMatch(publicKey, /^[A-Za-z0-9_-]{43}$/);
    assertEquals((await Deno.stat(file)).mode! & 0o777, 0o600);
    assertMatch(await Deno.readTextFile(file), /^-----BEGIN PRIVATE KEY-----\n/);
    const again = await Program.run(["keygen", file]);
    assertEquals(again.code, EXIT.unavailable);
    assertEquals((await Program.run(["keygen"])).code, EXIT.usage);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a secret comes from the option, a file or the environment, and has to be right", async () => {
  await using endpoint = await Endpoint.start({ name: "A", listen: { port: 0 }, secret: SECRET });
  endpoint.handle("name", (_payload, { caller }) => caller.name);
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, `${SECRET}\n`);
    const call = (args: string[], env: Record<string, string> = {}) =>
      Program.run(["call", `127.0.0.1:${endpoint.address.port}`, "name", "--json", ...args], {
        env,
      });
    const [option, named, variable, wrong] = await Promise.all([
      call(["--secret", SECRET, "--name", "till-4"]),
      call(["--secret-file", file, "--to", "A"]),
      call([], { FRESHLINK_SECRET: SECRET }),
      call(["--secret", "another secret of theirs"]),
    ]);
    assertEquals(option, { code: 0, out: '{"answer":"till-4"}\n', err: "" });
    assertEquals([named.code, variable.code], [0, 0]);
    assertEquals(wrong.code, EXIT.noAnswer);
    assertEquals(JSON.parse(wrong.out).error.code, "proof-mismatch");
  } finally {
    await Deno.remove(file);
  }
});
