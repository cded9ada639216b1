/** docs/architecture.md names every file of src/, and file heads point at what a reader has. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { filesBelow, ROOT } from "../../tools/project.ts";

/** The files that a map names: a word that ends in `.ts`, below the folders that indent it. */
function filesOfMap(map: string): string[] {
  const files: string[] = [];
  const folders: { readonly indent: number; readonly name: string }[] = [];
  for (const line of map.split("\n")) {
    const indent = line.length - line.trimStart().length;
    while ((folders.at(-1)?.indent ?? -1) >= indent) folders.pop();
    const name = /^ *([a-z_/]+\/)(?: |$)/.exec(line)?.[1];
    if (name !== undefined) folders.push({ indent, name });
    const folder = folders.map(({ name }) => name).join("");
    for (const [file] of line.matchAll(/(?<![\w/])[a-z_]+\.ts\b/g)) files.push(folder + file);
  }
  return files.sort();
}

/** What a page says under a heading, up to the first block's end. */
function firstBlock(page: string, heading: string): string {
  return page.split(`\n## ${heading}\n`)[1]?.split("```text\n")[1]?.split("```")[0] ?? "";
}

/** Pointers of file heads, `Source: docs/page.md, "A heading", "Another"`, that lead nowhere. */
async function lostSources(path: string, text: string): Promise<string[]> {
  const lost: string[] = [];
  for (const [, source = ""] of text.matchAll(/^ \* Source: (.*(?:\n \* .+)*)/gm)) {
    const [, page, rest = ""] = /^(docs\/\S+\.md)(.*)\.$/s.exec(source.replaceAll("\n *", "")) ??
      [];
    const lines = page === undefined ? [] : (await Deno.readTextFile(ROOT + page)).split("\n");
    const headings = [...rest.matchAll(/"([^"]+)"/g)].map(([, heading]) => heading);
    const isThere = lines.length > 0 &&
      headings.every((heading) =>
        lines.some((line) => /^#+ /.test(line) && line.endsWith(` ${heading}`))
      );
    if (!isThere) lost.push(`${path}: ${source}`);
  }
  return lost;
}

Deno.test("architecture: the map names each file of src/ once, and none that is not there", async () => {
  const page = await Deno.readTextFile(`${ROOT}docs/architecture.md`);
  const files = (await filesBelow("src")).filter((path) => path.endsWith(".ts"));
  assertEquals(filesOfMap(firstBlock(page, "The map")), ["mod.ts", ...files].sort());
});

Deno.test("architecture: the map of the simulation names what is there", async () => {
  const page = await Deno.readTextFile(`${ROOT}docs/architecture.md`);
  const map = page.split("(`deno task sim`):")[1]?.split("```text\n")[1]?.split("```")[0] ?? "";
  const there = new Set(await filesBelow("tests/simulation"));
  assertEquals(filesOfMap(map).filter((path) => !there.has(`tests/simulation/${path}`)), []);
});

/** What a reader passes from an accepted socket to the end of an older connection. */
function passedFiles(page: string): string[] {
  const sentence = /^From an accepted socket [^]*?\.$/m.exec(page)?.[0] ?? "";
  return [...sentence.matchAll(/`([a-z_]+\.ts)`/g)].map(([, file = ""]) => file);
}

Deno.test("architecture: from accept to supersede six files, each known to one before it", async () => {
  const passed = passedFiles(await Deno.readTextFile(`${ROOT}docs/architecture.md`));
  assert(passed.length > 1 && passed.length <= 6, passed.join(", "));
  const paths = await filesBelow("src");
  const texts: string[] = [];
  for (const file of passed) {
    const path = paths.find((path) => path.endsWith(`/${file}`));
    assert(path !== undefined, `${file} is not there`);
    if (texts.length > 0) {
      assert(texts.some((text) => text.includes(`/${file}";`)), `nobody before imports ${file}`);
    }
    texts.push(await Deno.readTextFile(ROOT + path));
  }
  // Where it begins, and where it ends.
  assertStringIncludes(texts[0]!, "accept(socket: Socket)");
  assertStringIncludes(texts.at(-1)!, '"supersede"');
});

Deno.test("filesOfMap() reads folders by their indentation", () => {
  const map = `mod.ts    the public face
src/
  cli.ts            the command
  core/           no socket
    wire/           frame.ts  frame_decoder.ts: bytes
                    hello.ts
  runtime/        (runtime.ts is the contract)
tests/
  a.ts
`;
  assertEquals(filesOfMap(map), [
    "mod.ts",
    "src/cli.ts",
    "src/core/wire/frame.ts",
    "src/core/wire/frame_decoder.ts",
    "src/core/wire/hello.ts",
    "src/runtime/runtime.ts",
    "tests/a.ts",
  ]);
});

Deno.test("file heads: every source is a page of docs/, with those headings", async () => {
  const lost: string[] = [];
  for (const path of await filesBelow("src")) {
    lost.push(...await lostSources(path, await Deno.readTextFile(ROOT + path)));
  }
  assertEquals(lost, []);
});

Deno.test("file heads: a source that a reader cannot find is found", async () => {
  const head = (source: string) =>
    `/**\n * A file.\n *\n * Source: ${source}\n *\n * @module\n */\n`;
  const sources = [
    'docs/protocol.md, "Frames".',
    'docs/protocol.md, "No such".',
    "design section 3.",
  ];
  const lost: string[] = [];
  for (const source of sources) lost.push(...await lostSources("a.ts", head(source)));
  assertEquals(lost, sources.slice(1).map((source) => `a.ts: ${source}`));
});
