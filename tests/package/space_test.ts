// A checkout in a folder whose name has a space: what finds files, starts processes and writes
// configurations runs there on all three runtimes. Everything runs there in .github/workflows/ci.yml.

import { assertEquals, assertMatch } from "@std/assert";
import { ROOT } from "../../tools/project.ts";
import { runDeno } from "../../tools/run_deno.ts";

const TIMEOUT_MS = 120_000;

/** Those that depend on where they are: files are found, and the command runs everywhere. */
const TESTS = ["tests/cli/command_test.ts", "tests/docs/architecture_test.ts"];
const TITLES = "/version on (deno|bun|node)|architecture: /";

/** What is or would be committed, as paths below the project's folder. */
async function committedFiles(): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command("git", {
    args: ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    cwd: ROOT,
  }).output();
  assertEquals(success, true, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).split("\0").filter((path) => path !== "");
}

Deno.test("a checkout in a folder with a space runs what depends on where it is", async () => {
  const parent = await Deno.makeTempDir();
  const folder = `${parent}/a folder with a space`;
  try {
    for (const path of await committedFiles()) {
      await Deno.mkdir(`${folder}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.copyFile(ROOT + path, `${folder}/${path}`).catch((error) => {
        // Removed, and not committed yet.
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
    }
    // Runtimes that were fetched are not fetched again.
    await Deno.mkdir(`${ROOT}.cache/runtimes`, { recursive: true });
    await Deno.mkdir(`${folder}/.cache`);
    await Deno.symlink(`${ROOT}.cache/runtimes`, `${folder}/.cache/runtimes`, { type: "junction" });
    const { code, text } = await runDeno(
      ["run", "--allow-all", "tools/test.ts", "--no-check", "--filter", TITLES, ...TESTS],
      { timeoutMs: TIMEOUT_MS, output: "capture", cwd: folder },
    );
    assertEquals(code, 0, text);
    assertMatch(text, /^([5-9]|\d\d) passed, 0 failed, 0 skipped$/m);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});
