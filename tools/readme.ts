/**
 * Runs the demonstration and puts its real output into README.md:
 * `deno run -A tools/readme.ts`.
 *
 * @module
 */

import { ROOT } from "./project.ts";

const BEGIN = "<!-- demo -->";
const END = "<!-- /demo -->";
const TIMEOUT_MS = 120_000;

const output = await new Deno.Command(Deno.execPath(), {
  args: ["run", "--allow-all", `${ROOT}examples/orders/demo.ts`],
  stdin: "null",
  stderr: "inherit",
  env: { NO_COLOR: "1" },
  signal: AbortSignal.timeout(TIMEOUT_MS),
}).output();
if (!output.success) throw new Error(`The demonstration ended with exit code ${output.code}`);
const printed = new TextDecoder().decode(output.stdout).trim();
const readme = await Deno.readTextFile(`${ROOT}README.md`);
const begin = readme.indexOf(BEGIN);
const end = readme.indexOf(END);
if (begin < 0 || end < begin) throw new Error(`README.md has no ${BEGIN} ... ${END}`);
const block = `${BEGIN}\n\n\`\`\`text\n${printed}\n\`\`\`\n\n`;
await Deno.writeTextFile(`${ROOT}README.md`, readme.slice(0, begin) + block + readme.slice(end));
