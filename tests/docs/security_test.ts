// docs/security.md: each sentence of its tables has a test, and SECURITY.md leads there.

import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

async function sources(folder: string): Promise<string> {
  const texts: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(`${folder}/`, ROOT))) {
    const path = `${folder}/${name}`;
    if (isDirectory) texts.push(await sources(path));
    else if (name.endsWith("_test.ts")) texts.push(await Deno.readTextFile(new URL(path, ROOT)));
  }
  return texts.join("\n");
}

Deno.test("docs/security.md: each sentence of a table has its test", async () => {
  const text = await Deno.readTextFile(new URL("docs/security.md", ROOT));
  const titles = Array.from(
    text.matchAll(/^\| (.+?) +\| `(.+?)` +\|$/gm),
    ([, sentence, title]) => [sentence!, title!] as const,
  );
  const folders = ["cli", "core", "docs", "endpoint", "interop", "netns", "options", "security"];
  const tests = (await Promise.all(folders.map((folder) => sources(`tests/${folder}`)))).join("\n");
  const missing = titles.filter(([, title]) => !tests.includes(title));
  assertEquals(missing, []);
  assert(titles.length > 30, `${titles.length} sentences`);
});

Deno.test("SECURITY.md leads to docs/security.md", async () => {
  const text = await Deno.readTextFile(new URL("SECURITY.md", ROOT));
  assert(text.includes("](docs/security.md)"));
});
