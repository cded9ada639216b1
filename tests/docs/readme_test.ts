// What the README and docs/ say about options and errors is what the code does.

import { assert, assertEquals, assertLess } from "@std/assert";
import { DEFAULTS } from "../../mod.ts";
import { CODES } from "../../src/errors.ts";
import { type OptionKey, OPTIONS } from "../../src/options/table.ts";

/** What is not needed to decide and to start belongs into docs/. */
const LINES_MAX = 150;

const ROOT = new URL("../../", import.meta.url);

function read(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, ROOT));
}

/** The rows of all tables, as cells. */
function rows(markdown: string): string[][] {
  return markdown.split("\n").filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

function words(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
}

Deno.test("docs/options.md: every option is told, and no other", async () => {
  const told = rows(await read("docs/options.md")).slice(2)
    .flatMap(([option]) => words(option ?? ""));
  assertEquals(told.toSorted(), Object.keys(OPTIONS).toSorted());
});

Deno.test("docs/options.md: every default is the one that is used", async () => {
  const defaults: Readonly<Record<string, unknown>> = DEFAULTS;
  const told = rows(await read("docs/options.md")).filter(([option]) =>
    words(option ?? "").some((word) => word in defaults)
  );
  assertEquals(told.length > 8, true);
  for (const [option, value, unit] of told) {
    const key = words(option!)[0]! as OptionKey;
    assertEquals(value!.replaceAll("`", ""), String(defaults[key]), key);
    const row = OPTIONS[key];
    assertEquals(unit, row.kind === "number" ? row.unit : "", key);
  }
});

Deno.test("docs/calls.md: every code of a request's end is told, and no other", async () => {
  const known = Object.entries(CODES).filter(([, row]) => row.class === "RequestError")
    .map(([code]) => code);
  const text = (await read("docs/calls.md")).split("| `code`")[1]!.split("\n\n")[0]!;
  const told = rows(text).flatMap(([cell]) => words(cell ?? "")).filter((word) => word !== "code");
  assertEquals([...new Set(told)].toSorted(), known.toSorted());
});

Deno.test("docs/calls.md: every row of what happens to a request is the title of a test", async () => {
  const table = (await read("docs/calls.md")).split("| `code`")[1]!.split("\n\n")[0]!;
  const told = rows(table).slice(1).map((cells) => cells.at(-1)!);
  assert(told.length > 15);
  const titles: string[] = [];
  for await (const path of testFiles("tests/endpoint")) {
    titles.push(...[...(await read(path)).matchAll(/^Deno\.test\("(.+?)", /gm)].map(([, t]) => t!));
  }
  assertEquals(told.filter((title) => !titles.some((one) => one.startsWith(title))), []);
});

Deno.test("every error code is produced by some test", async () => {
  const texts: string[] = [];
  for await (const path of testFiles("tests")) texts.push(await read(path));
  const text = texts.join("\n");
  const untested = Object.keys(CODES).filter((code) => !text.includes(`"${code}"`));
  assertEquals(untested, []);
});

async function* testFiles(folder: string): AsyncIterable<string> {
  for await (const entry of Deno.readDir(new URL(`${folder}/`, ROOT))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* testFiles(path);
    else if (path.endsWith("_test.ts") && !path.startsWith("tests/docs")) yield path;
  }
}

Deno.test("README: as long as one can read before deciding", async () => {
  assertLess((await read("README.md")).split("\n").length, LINES_MAX);
});

Deno.test("README: the commands on top are tasks", async () => {
  const { tasks } = JSON.parse(await read("deno.json"));
  const commands = [...(await read("README.md")).matchAll(/npx -y deno@2 task ([\w:]+)/g)];
  assert(commands.length >= 2);
  for (const [, task] of commands) assert(task! in tasks, `no task ${task}`);
});
