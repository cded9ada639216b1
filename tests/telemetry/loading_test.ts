// Nothing of telemetry and inspector is loaded before it is used.

import { assert, assertEquals } from "@std/assert";
import { importMapArguments } from "../../tools/import_map.ts";
import { ROOT } from "../../tools/project.ts";
import { runDeno } from "../../tools/run_deno.ts";

interface Dependency {
  readonly code?: { readonly specifier: string };
  readonly isDynamic?: boolean;
}

interface Graph {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly Dependency[];
  }[];
}

/** What is loaded with a module, before anything of it is called. */
async function loadedWith(path: string): Promise<string[]> {
  const { text } = await runDeno(
    ["info", "--json", ...await importMapArguments(), `${ROOT}${path}`],
    { timeoutMs: 60_000, output: "capture", cwd: ROOT },
  );
  const graph = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1)) as Graph;
  const modules = new Map(graph.modules.map((module) => [module.specifier, module]));
  const root = graph.modules.find(({ specifier }) => specifier.endsWith(`/${path}`))!;
  const seen = new Set([root.specifier]);
  for (const specifier of seen) {
    for (const { code, isDynamic } of modules.get(specifier)?.dependencies ?? []) {
      if (code !== undefined && isDynamic !== true) seen.add(code.specifier);
    }
  }
  return [...seen];
}

const isExtra = (specifier: string) =>
  /\/src\/(?:telemetry|inspector)\/|opentelemetry/.test(specifier);

Deno.test("mod.ts and the command load neither telemetry nor inspector", async () => {
  for (const path of ["mod.ts", "src/cli.ts"]) {
    const loaded = await loadedWith(path);
    assert(loaded.some((specifier) => specifier.endsWith("/src/endpoint.ts")), path);
    assertEquals(loaded.filter(isExtra), [], path);
  }
});

Deno.test("what is loaded where it is used is found", async () => {
  const logging = await loadedWith("src/telemetry/logging.ts");
  assertEquals(logging.filter((specifier) => specifier.includes("opentelemetry")), []);
  const tracing = await loadedWith("src/telemetry/opentelemetry.ts");
  assert(tracing.filter(isExtra).length >= 6, tracing.join("\n"));
});
