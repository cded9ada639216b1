/** What holds for the files of the project together: no import cycles, and names as agreed. */

import { assertEquals } from "@std/assert";
import { resolvePath } from "../../tools/lint/zones.ts";
import { filesBelow, ROOT } from "../../tools/project.ts";

/** The files that a file imports for their values; types vanish and may point in a circle. */
async function importsOf(path: string): Promise<string[]> {
  const text = await Deno.readTextFile(ROOT + path);
  const statements = text.matchAll(
    /^(?:import|export)\s+(type\s)?(?:([^"';]*?)\sfrom\s+)?"(\.\.?\/[^"]+)"/gm,
  );
  return [...statements]
    .filter(([, typeOnly, names]) => typeOnly === undefined && !namesTypesOnly(names ?? "x"))
    .map(([, , , specifier = ""]) => resolvePath(path, specifier));
}

/** Whether each name in braces carries `type` for itself. */
function namesTypesOnly(names: string): boolean {
  const list = names.replace(/^[\s{]+|[\s},]+$/g, "").split(",");
  return list.every((name) => name.trim().startsWith("type "));
}

/** The first circle that a walk along the imports comes upon, as a list of files. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): string[] => {
    const index = trail.indexOf(path);
    if (index >= 0) return [...trail.slice(index), path];
    if (done.has(path)) return [];
    for (const target of graph.get(path) ?? []) {
      const cycle = walk(target, [...trail, path]);
      if (cycle.length > 0) return cycle;
    }
    done.add(path);
    return [];
  };
  for (const path of graph.keys()) {
    const cycle = walk(path, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

Deno.test("findCycle() finds a circle and passes a tree", () => {
  assertEquals(findCycle(new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b"]]])), ["b", "c", "b"]);
  assertEquals(findCycle(new Map([["a", ["b", "c"]], ["b", ["c"]], ["c", []]])), []);
});

Deno.test("no file of src/ imports itself by a detour", async () => {
  const graph = new Map<string, readonly string[]>();
  for (const path of await filesBelow("src")) graph.set(path, await importsOf(path));
  assertEquals(findCycle(graph), []);
});

Deno.test("files and folders have snake_case names", async () => {
  const files = (await Promise.all(["src", "tests", "tools"].map(filesBelow))).flat();
  const odd = files.filter((path) =>
    path.endsWith(".ts") && !/^[a-z0-9_/]+(?:\.d)?\.ts$/.test(path)
  );
  assertEquals(odd, []);
});
