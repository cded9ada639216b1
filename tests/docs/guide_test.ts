// The guide leads where it says, and its examples run.

import { pathToFileURL } from "node:url";
import { assertEquals } from "@std/assert";
import { filesBelow, ROOT } from "../../tools/project.ts";

/** Examples that cannot run alone: each needs a reason here. */
const NOT_RUN: Readonly<Record<string, number>> = {
  // A line that shows one option; a process's signals.
  "docs/guide/first-pair.md": 1,
  "docs/guide/rolling-restarts.md": 1,
  // What a handlers' module looks like.
  "docs/cli.md": 1,
  // They need other processes: tests/docs/groups_guide_test.ts runs them. Lines that show options.
  "docs/guide/groups.md": 3,
  // It needs workerd: tests/package/workerd_test.ts runs it.
  "docs/guide/workers.md": 1,
};

async function pages(): Promise<string[]> {
  const found = (await filesBelow("docs")).filter((path) => path.endsWith(".md"));
  return [...found, "README.md", "bench/README.md", "CHANGELOG.md"];
}

/** Relative links of a page that lead nowhere. */
async function brokenLinks(page: string, text: string): Promise<string[]> {
  const broken: string[] = [];
  const plain = text.replaceAll(/```[\s\S]*?```/g, "");
  for (const [, target = ""] of plain.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const url = new URL(target, pathToFileURL(ROOT + page));
    const { hash } = url;
    url.hash = "";
    const found = await Deno.readTextFile(url).catch((error) =>
      error instanceof Deno.errors.IsADirectory ? "" : null
    );
    const isThere = found !== null && (hash === "" || anchors(found).has(hash.slice(1)));
    if (!isThere) broken.push(`${page}: ${target}`);
  }
  return broken;
}

/** The anchors of a page's headings, as they are made on the web. */
function anchors(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!);
  return new Set(
    headings.map((heading) =>
      heading.toLowerCase().replaceAll(/[^\p{L}\p{N} -]/gu, "").replaceAll(" ", "-")
    ),
  );
}

Deno.test("documents: every relative link leads somewhere", async () => {
  const broken: string[] = [];
  for (const page of await pages()) {
    broken.push(...await brokenLinks(page, await Deno.readTextFile(`${ROOT}${page}`)));
  }
  assertEquals(broken, []);
});

Deno.test("documents: a link to nowhere is found, and an anchor that is not there", async () => {
  const text = "[a](nowhere.md) [b](../README.md#no-such-heading) [c](runtimes.md#permissions)";
  assertEquals(await brokenLinks("docs/x.md", text), [
    "docs/x.md: nowhere.md",
    "docs/x.md: ../README.md#no-such-heading",
  ]);
});

Deno.test("documents: every example runs, but for those that are listed", async () => {
  const ignored: Record<string, number> = {};
  for (const page of await pages()) {
    const count = (await Deno.readTextFile(`${ROOT}${page}`)).match(/^```[jt]s ignore/gm)?.length;
    if (count !== undefined) ignored[page] = count;
  }
  assertEquals(ignored, { ...NOT_RUN });
});
