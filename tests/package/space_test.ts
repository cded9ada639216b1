/** A checkout in a folder whose name has a space passes the fast tests. */

import { assertEquals } from "@std/assert";
import { ROOT } from "../../tools/project.ts";
import { runDeno } from "../../tools/run_deno.ts";

const TIMEOUT_MS = 5 * 60_000;

/** What is or would be committed, as paths below the project's folder. */
async function committedFiles(): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command("git", {
    args: ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    cwd: ROOT,
  }).output();
  assertEquals(success, true, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).split("\0").filter((path) => path !== "");
}

Deno.test("a checkout in a folder with a space passes the fast tests", async () => {
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
    const { code, text } = await runDeno(
      ["run", "--allow-all", "tools/test.ts", "--group=fast"],
      { timeoutMs: TIMEOUT_MS, output: "capture", cwd: folder },
    );
    console.log(text.trim().split("\n").at(-1));
    assertEquals(code, 0, text);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});
