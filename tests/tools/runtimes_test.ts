import { assert, assertEquals } from "@std/assert";
import { findRuntime, RUNTIME_NAMES } from "../../tools/runtimes.ts";

for (const name of RUNTIME_NAMES) {
  Deno.test(`${name} is found, or fetched, and runs TypeScript`, async () => {
    const path = await findRuntime(name);
    const folder = await Deno.makeTempDir();
    await Deno.writeTextFile(
      `${folder}/main.ts`,
      "const answer: number = 42;\nconsole.log(answer);",
    );
    try {
      const result = await new Deno.Command(path, {
        args: [...(name === "deno" ? ["run"] : []), `${folder}/main.ts`],
        stdin: "null",
        signal: AbortSignal.timeout(30_000),
      }).output();
      assert(result.success, new TextDecoder().decode(result.stderr));
      assertEquals(new TextDecoder().decode(result.stdout).trim(), "42");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
