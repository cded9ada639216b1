// docs/guide/tls.md: its commands make certificates that work, with the command line that it shows.

import { assert, assertEquals } from "@std/assert";
import { ROOT } from "../../tools/project.ts";
import { Program } from "../cli/program.ts";

const PAGE = await Deno.readTextFile(`${ROOT}docs/guide/tls.md`);

/** The code blocks of a language, in their order. */
function blocks(language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm");
  return [...PAGE.matchAll(pattern)].map(([, code]) => code!);
}

/** Why this cannot run here; `null`: it can. */
async function missing(): Promise<string | null> {
  try {
    const { success, stdout } = await new Deno.Command("openssl", { args: ["version"] }).output();
    const version = new TextDecoder().decode(stdout).trim();
    return success && version.startsWith("OpenSSL 3.") ? null : `openssl is ${version}`;
  } catch {
    return "there is no openssl on the path";
  }
}

const reason = await missing();

Deno.test({
  name: `the guide's certificates work${reason === null ? "" : ` (${reason})`}`,
  ignore: reason !== null,
  async fn() {
    const [make, call] = blocks("sh");
    const [config] = blocks("json");
    const folder = await Deno.makeTempDir();
    try {
      const made = await new Deno.Command("bash", {
        args: ["-eu", "-c", make!],
        cwd: folder,
        stdin: "null",
      }).output();
      assert(made.success, new TextDecoder().decode(made.stderr));
      await Deno.writeTextFile(`${folder}/SP20.json`, config!);
      await Deno.writeTextFile(
        `${folder}/handlers.mjs`,
        "export const handlers = { who: (_, { caller }) => [caller.name, caller.verifiedNames] };\n",
      );
      await using server = await Program.start(
        ["serve", `${folder}/SP20.json`, "--handlers", `${folder}/handlers.mjs`, "--json"],
      );
      const listening = JSON.parse(await server.line((line) => line.includes('"listening"')));
      // The command as the page has it, with the files where they are.
      const words = call!.trim().replace("$PORT", String(listening.address.port)).split(" ");
      const args = words.slice(1).map((word) =>
        /\.(pem|key)$/.test(word) ? `${folder}/${word}` : word
      );
      const { code, out, err } = await Program.run([...args, "--json"]);
      assertEquals([code, err], [0, ""]);
      assertEquals(JSON.parse(out), { answer: ["desk", ["desk"]] });
      // Without a certificate one does not get in, and is told why.
      const plain = await Program.run(args.slice(0, 3));
      assertEquals(plain.code, 2);
      assert(plain.err.includes("TLS"), plain.err);
      const table = await Program.run(["table", args[1]!, ...args.slice(3), "--json"]);
      assertEquals([table.code, JSON.parse(table.out).name], [0, "SP20"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
