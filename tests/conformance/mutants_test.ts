// The suite can fail: every broken adapter is caught by one case at least.

import { assert } from "@std/assert";
import { detectRuntime } from "../../src/runtime/detect.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { tlsCases } from "./cases/tls.ts";
import { CASES } from "./cases.ts";
import { gapOf } from "./gaps.ts";
import { type Case, runCase } from "./kit.ts";
import { MUTANTS, TLS_MUTANTS } from "./mutants.ts";
import { readParties } from "./parties.ts";
import { runSimulated } from "./simulated.ts";

for (const { name, change } of MUTANTS) {
  Deno.test(`a broken adapter is caught: ${name}`, async () => {
    const caught: string[] = [];
    for (const one of CASES) {
      if (gapOf("simulator", one.name) !== null || one.name.includes("1,000 conn")) continue;
      try {
        await runSimulated(one, change);
      } catch {
        caught.push(one.name);
        break;
      }
    }
    assert(caught.length > 0, "no case noticed");
  });
}

/** How long a case may wait for what a broken adapter never does, in milliseconds. */
const PATIENCE_MS = 1_500;

for (const { name, change } of TLS_MUTANTS) {
  Deno.test({
    name: `a broken adapter is caught: TLS: ${name}`,
    // What a case that fails leaves behind ends by itself.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const runtime = change(await detectRuntime());
      for (const one of tlsCases) {
        if (gapOf("deno", one.name) !== null || one.overTls) continue;
        try {
          await runHere(one, runtime);
        } catch {
          return;
        }
      }
      assert(false, "no case noticed");
    },
  });
}

function runHere(one: Case, runtime: Runtime): Promise<void> {
  return runCase(one, {
    runtime,
    wait: withPatience,
    blackHole: { hostname: "127.0.0.1", port: 1 },
    folder: null,
    tls: readParties(),
    uncaught: [],
  });
}

async function withPatience<Value>(promise: Promise<Value>, what: string): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not in time`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

Deno.test("the cases about TLS pass where nothing is broken, on this runtime", async () => {
  for (const one of tlsCases) {
    if (gapOf("deno", one.name) !== null || one.overTls) continue;
    await runHere(one, await detectRuntime());
  }
});
