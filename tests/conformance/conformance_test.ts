// Every adapter and the simulator keep the contract of src/runtime/runtime.ts: the same cases for
// all of them. Deno, Bun and Node run them in processes of their own.

import { assertEquals } from "@std/assert";
import { RUNTIME_NAMES, type RuntimeName } from "../../tools/runtimes.ts";
import { findRuntime } from "../../tools/runtimes.ts";
import { BlackHole } from "./black_hole.ts";
import { CASES } from "./cases.ts";
import { gapOf, GAPS } from "./gaps.ts";
import type { Outcome } from "./program.ts";
import { runSimulated } from "./simulated.ts";

const PROGRAM = `${import.meta.dirname}/program.ts`;
const TIMEOUT_MS = 120_000;

const FLAGS: Readonly<Record<RuntimeName, readonly string[]>> = {
  deno: ["run", "--allow-all", "--quiet", "--no-prompt"],
  bun: [],
  node: [],
};

/** Why a case cannot run on this machine; `null`: it can. */
const missing: Readonly<Record<string, string | null>> = {
  "places: IPv6": canListen("::1") ? null : "this machine has no IPv6",
  "places: both IPv4 and IPv6": canListen("::") ? null : "this machine has no IPv6",
};

for (const name of RUNTIME_NAMES) {
  let outcomes: Promise<Map<string, Outcome>> | null = null;
  for (const one of CASES) {
    const reason = gapOf(name, one.name)?.reason ?? missingHere(one.name);
    Deno.test({
      name: titleOf(name, one.name, reason),
      ignore: reason !== null,
      // All cases of a runtime are run by one process, which the first of these tests starts.
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        const outcome = (await (outcomes ??= runProgram(name))).get(one.name);
        assertEquals(outcome?.problem, null);
      },
    });
  }
}

for (const one of CASES) {
  const reason = gapOf("simulator", one.name)?.reason ?? null;
  Deno.test({
    name: titleOf("simulator", one.name, reason),
    ignore: reason !== null,
    fn: () => runSimulated(one),
  });
}

Deno.test("conformance: every declared gap names a case", () => {
  const vain = GAPS.filter(({ cases }) => !CASES.some(({ name }) => name.startsWith(cases)));
  assertEquals(vain, []);
});

function titleOf(runtime: string, name: string, reason: string | null): string {
  const title = `conformance on ${runtime}: ${name}`;
  return reason === null ? title : `${title} (${reason})`;
}

function missingHere(name: string): string | null {
  const key = Object.keys(missing).find((beginning) => name.startsWith(beginning));
  return key === undefined ? null : missing[key]!;
}

function canListen(hostname: string): boolean {
  try {
    Deno.listen({ hostname, port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

async function runProgram(name: RuntimeName): Promise<Map<string, Outcome>> {
  const executable = await findRuntime(name);
  const folder = await Deno.makeTempDir();
  try {
    using hole = await BlackHole.open();
    const { stdout, stderr } = await new Deno.Command(executable, {
      args: [...FLAGS[name], PROGRAM, String(hole.port), folder],
      signal: AbortSignal.timeout(TIMEOUT_MS),
      stdin: "null",
    }).output();
    const lines = new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
    const outcomes = lines.map((line) => JSON.parse(line) as Outcome);
    if (outcomes.length === 0) throw new Error(new TextDecoder().decode(stderr));
    return new Map(outcomes.map((outcome) => [outcome.name, outcome]));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
