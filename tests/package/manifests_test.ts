// The manifests of the guide are what Kubernetes takes, by a validator from npm.

import { assertEquals, assertMatch } from "@std/assert";
import { parseAllDocuments } from "yaml";
import { ROOT } from "../../tools/project.ts";
import { runWell } from "./tarball.ts";

const PAGES = ["kubernetes", "supervisors"];
const VALIDATOR = "kubernetes-models@^4.0.0";

/** Says of each manifest what is wrong with it; an empty text where nothing is. */
const PROGRAM = `
import { readFileSync } from "node:fs";

const kinds = {
  StatefulSet: "kubernetes-models/apps/v1/StatefulSet",
  Deployment: "kubernetes-models/apps/v1/Deployment",
  Service: "kubernetes-models/v1/Service",
};
const found = [];
for (const manifest of JSON.parse(readFileSync("manifests.json", "utf8"))) {
  const { kind } = manifest;
  if (!(kind in kinds)) throw new Error("no schema for " + kind);
  const Model = (await import(kinds[kind]))[kind];
  try {
    new Model(manifest).validate();
    found.push("");
  } catch (error) {
    found.push(error.message);
  }
}
console.log(JSON.stringify(found));
`;

async function manifests(): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  for (const page of PAGES) {
    const text = await Deno.readTextFile(`${ROOT}docs/guide/${page}.md`);
    for (const [, yaml = ""] of text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)) {
      for (const document of parseAllDocuments(yaml)) {
        if ("errors" in document) assertEquals(document.errors, []);
        found.push(document.toJS() as Record<string, unknown>);
      }
    }
  }
  return found;
}

Deno.test("the guide's manifests are valid, and a wrong one is found", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const right = await manifests();
    assertEquals(right.map(({ kind }) => kind), ["Service", "StatefulSet", "StatefulSet"]);
    const wrong = { ...right[0], spec: { clusterIP: 7, ports: [{ port: "eleven thousand" }] } };
    await Deno.writeTextFile(`${folder}/package.json`, '{"type":"module"}');
    await Deno.writeTextFile(`${folder}/manifests.json`, JSON.stringify([...right, wrong]));
    await Deno.writeTextFile(`${folder}/validate.js`, PROGRAM);
    await runWell(
      "npm",
      ["install", "--ignore-scripts", "--no-audit", "--no-fund", VALIDATOR],
      folder,
    );
    const [last = ""] = (await runWell("node", ["validate.js"], folder)).trim().split("\n").slice(
      -1,
    );
    const told: string[] = JSON.parse(last);
    assertEquals(told.slice(0, -1), right.map(() => ""));
    assertMatch(told.at(-1)!, /spec\/clusterIP must be string/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
