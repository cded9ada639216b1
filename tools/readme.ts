/**
 * Puts what programs really print into the documents: the demonstration's output, and the matrix of
 * runtimes from the conformance tests that just ran. `deno run -A tools/readme.ts [demo|matrix]`.
 *
 * @module
 */

import { importMapArguments } from "./import_map.ts";
import { readJunit } from "./junit.ts";
import { conformanceMatrix } from "./matrix.ts";
import { ROOT } from "./project.ts";
import { runDeno } from "./run_deno.ts";
import { findRuntime, RUNTIME_NAMES } from "./runtimes.ts";

const TIMEOUT_MS = 300_000;

/** By the file: what stands there between `<!-- name -->` and `<!-- /name -->`. */
type Blocks = Readonly<Record<string, { readonly name: string; readonly text: string }>>;

const SOURCES: Readonly<Record<string, () => Promise<Blocks>>> = {
  demo: async () => {
    const out = await print(Deno.execPath(), [
      "run",
      "--allow-all",
      `${ROOT}examples/orders/demo.ts`,
    ]);
    const block = (text: string) => `\`\`\`text\n${text}\n\`\`\``;
    return {
      "docs/demonstration.md": { name: "demo", text: block(out) },
      "README.md": { name: "summary", text: block(out.slice(out.indexOf("Summary\n"))) },
    };
  },
  matrix: async () => {
    const report = await Deno.makeTempFile({ suffix: ".xml" });
    const file = "tests/conformance/conformance_test.ts";
    const options = ["--allow-all", "--no-check", `--junit-path=${report}`];
    const { code, text: printed } = await runDeno(
      ["test", ...await importMapArguments(), ...options, file],
      { timeoutMs: TIMEOUT_MS, output: "capture", cwd: ROOT },
    );
    if (code !== 0) throw new Error(`The conformance tests failed:\n${printed}`);
    const versions: Record<string, string> = {};
    for (const name of RUNTIME_NAMES) {
      const found = await print(await findRuntime(name), ["--version"]);
      versions[name] = /\d+\.\d+\.\d+/.exec(found)![0];
    }
    const tally = readJunit(await Deno.readTextFile(report));
    await Deno.remove(report);
    const matrix = conformanceMatrix(tally, versions);
    return { "docs/runtimes.md": { name: "matrix", text: matrix } };
  },
};

async function print(command: string, args: readonly string[]): Promise<string> {
  const output = await new Deno.Command(command, {
    args: [...args],
    stdin: "null",
    stderr: "inherit",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).output();
  if (!output.success) throw new Error(`${args.join(" ")} ended with exit code ${output.code}`);
  return new TextDecoder().decode(output.stdout).trim();
}

for (const source of Deno.args.length > 0 ? Deno.args : Object.keys(SOURCES)) {
  const make = SOURCES[source];
  if (make === undefined) {
    throw new Error(`'${source}' is none of ${Object.keys(SOURCES).join(", ")}`);
  }
  for (const [file, { name, text }] of Object.entries(await make())) {
    const page = await Deno.readTextFile(ROOT + file);
    const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    const from = page.indexOf(begin);
    const to = page.indexOf(end);
    if (from < 0 || to < from) throw new Error(`${file} has no ${begin} ... ${end}`);
    await Deno.writeTextFile(
      ROOT + file,
      `${page.slice(0, from)}${begin}\n\n${text}\n\n${page.slice(to)}`,
    );
    await runDeno(["fmt", "--quiet", ROOT + file], { timeoutMs: TIMEOUT_MS, cwd: ROOT });
  }
}
