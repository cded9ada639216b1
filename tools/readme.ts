/**
 * Puts what programs really print into README.md: the demonstration's output, and the matrix of
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

/** What stands between `<!-- name -->` and `<!-- /name -->`. */
const BLOCKS: Readonly<Record<string, () => Promise<string>>> = {
  demo: async () => {
    const out = await print(Deno.execPath(), [
      "run",
      "--allow-all",
      `${ROOT}examples/orders/demo.ts`,
    ]);
    return `\`\`\`text\n${out}\n\`\`\``;
  },
  matrix: async () => {
    const report = await Deno.makeTempFile({ suffix: ".xml" });
    const file = "tests/conformance/conformance_test.ts";
    const options = ["--allow-all", "--no-check", `--junit-path=${report}`];
    const { code, text } = await runDeno(
      ["test", ...await importMapArguments(), ...options, file],
      { timeoutMs: TIMEOUT_MS, output: "capture", cwd: ROOT },
    );
    if (code !== 0) throw new Error(`The conformance tests failed:\n${text}`);
    const versions: Record<string, string> = {};
    for (const name of RUNTIME_NAMES) {
      const found = await print(await findRuntime(name), ["--version"]);
      versions[name] = /\d+\.\d+\.\d+/.exec(found)![0];
    }
    const tally = readJunit(await Deno.readTextFile(report));
    await Deno.remove(report);
    return conformanceMatrix(tally, versions);
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

for (const name of Deno.args.length > 0 ? Deno.args : Object.keys(BLOCKS)) {
  const make = BLOCKS[name];
  if (make === undefined) throw new Error(`'${name}' is none of ${Object.keys(BLOCKS).join(", ")}`);
  const block = await make();
  const readme = await Deno.readTextFile(`${ROOT}README.md`);
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README.md has no ${begin} ... ${end}`);
  const text = `${readme.slice(0, from)}${begin}\n\n${block}\n\n${readme.slice(to)}`;
  await Deno.writeTextFile(`${ROOT}README.md`, text);
}
await runDeno(["fmt", "--quiet", `${ROOT}README.md`], { timeoutMs: TIMEOUT_MS, cwd: ROOT });
