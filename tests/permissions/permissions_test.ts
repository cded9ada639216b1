// Each program of docs/runtimes.md's table of permissions runs with the flags that stand there, and with one
// flag less it does not.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { ROOT } from "../../tools/project.ts";

const TIMEOUT_MS = 30_000;

/** The row's first cell, and a program for it; the folder has the files that the flags name. */
const PROGRAMS: Readonly<
  Record<string, { readonly args: readonly string[]; readonly out: string }>
> = {
  "an endpoint or a client": { args: ["program.ts"], out: "42" },
  "peers in a definition file": { args: ["definitions.ts"], out: "SP20" },
  "a `stateFile`": { args: ["state.ts"], out: "started" },
  "the command: `call`, `table`, `watch`": {
    args: [`${ROOT}src/cli.ts`, "table", "127.0.0.1:PORT"],
    out: "SP10",
  },
  "the command: `serve`": {
    args: [`${ROOT}src/cli.ts`, "serve", "serve.json", "--handlers", "handlers.js"],
    out: "SP10",
  },
};

const IMPORT = `import { Client, Endpoint } from ${JSON.stringify(`file://${ROOT}mod.ts`)};\n`;

const FILES: Readonly<Record<string, string>> = {
  "program.ts": `${IMPORT}
await using endpoint = await Endpoint.start({ name: "SP10", listen: { port: 0 } });
endpoint.handle("double", (value: number) => 2 * value);
const { port } = endpoint.address;
await using client = await Client.connect({ hostname: "127.0.0.1", port });
console.log(await client.request("double", 21));
`,
  "definitions.ts": `${IMPORT}
await using endpoint = await Endpoint.start({ name: "SP10", listen: { port: 0 }, peers: "peers.json" });
console.log(endpoint.peer("SP20").name);
`,
  "state.ts": `${IMPORT}
await using _endpoint = await Endpoint.start({ name: "SP10", listen: { port: 0 }, stateFile: "state.json" });
console.log("started");
`,
  "handlers.js": "export const handlers = { double: (value) => 2 * value };\n",
  "peers.json": '[{ "name": "SP20", "hostname": "127.0.0.1", "port": 1 }]',
  "serve.json": '{ "name": "SP10", "listen": { "port": 0 } }',
};

/** The flags of each row. */
async function tableRows(): Promise<Map<string, readonly string[]>> {
  const page = await Deno.readTextFile(`${ROOT}docs/runtimes.md`);
  const section = page.split("\n## Permissions\n")[1]!.split("\n## ")[0]!;
  const rows = section.split("\n").filter((line) => line.startsWith("| ")).slice(2);
  return new Map(rows.map((line) => {
    const [name, flags] = line.split(" | ").map((cell) =>
      cell.replace(/^\|\s*|\s*\|$/g, "").trim()
    );
    return [name!, flags!.replace(/ \(.*\)$/, "").replaceAll("`", "").split(" ")];
  }));
}

/** Runs a program until it ends or has printed what is expected; then it is ended. */
async function play(
  folder: string,
  flags: readonly string[],
  args: readonly string[],
  expected: string,
): Promise<{ isGood: boolean; text: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--no-check",
      `--config=${ROOT}deno.json`,
      ...flags,
      ...args,
    ],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).spawn();
  let out = "";
  const errors = new Response(child.stderr).text();
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    out += text;
    if (!out.includes(expected)) continue;
    try {
      child.kill("SIGTERM");
    } catch {
      // It has ended already.
    }
  }
  await child.status;
  return { isGood: out.includes(expected), text: out + await errors };
}

Deno.test("docs/runtimes.md: just those flags are enough, and none is too many", async (t) => {
  const rows = await tableRows();
  assertEquals([...rows.keys()], Object.keys(PROGRAMS));
  const folder = await Deno.makeTempDir();
  const server = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-all",
      "--quiet",
      `${ROOT}src/cli.ts`,
      "serve",
      "serve.json",
      "--handlers",
      "handlers.js",
      "--json",
    ],
    cwd: folder,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
    signal: AbortSignal.timeout(4 * TIMEOUT_MS),
  });
  try {
    for (const [name, text] of Object.entries(FILES)) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    const child = server.spawn();
    let port = "";
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ""; port === "";) {
      const { value, done } = await reader.read();
      assert(!done, `the server ended: ${text}`);
      text += value;
      port = /"port":\s*(\d+)/.exec(text)?.[1] ?? "";
    }
    for (const [name, flags] of rows) {
      const { out, args } = PROGRAMS[name]!;
      const own = args.map((arg) => arg.replace("PORT", port));
      await t.step(`${name}: ${flags.join(" ")}`, async () => {
        const { isGood, text } = await play(folder, flags, own, out);
        assert(isGood, text);
      });
      for (const flag of flags) {
        await t.step(`${name}, without ${flag}: it is missed`, async () => {
          const { isGood, text } = await play(
            folder,
            flags.filter((one) => one !== flag),
            own,
            out,
          );
          assertEquals(isGood, false);
          assertMatch(text, /Requires .* access|NotCapable/);
        });
      }
    }
    await reader.cancel();
    child.kill("SIGTERM");
    await child.status;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
