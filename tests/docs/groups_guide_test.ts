// docs/guide/groups.md: its commands lead from one process to a group of three behind DNS.

import { Resolver } from "node:dns/promises";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { ROOT } from "../../tools/project.ts";
import { Program } from "../cli/program.ts";
import { freePort, freePorts } from "../support/endpoints.ts";
import { Engine, findMissing } from "../discovery/engine.ts";

/** The page's ports, 12200 to 12203 and 12253, moved to where nobody listens. */
const FIRST_PORT = freePorts(4);
const DNS_PORT = freePort();
const PAGE = (await Deno.readTextFile(`${ROOT}docs/guide/groups.md`))
  .replaceAll(/\b1220([0-3])\b/g, (_, shift) => String(FIRST_PORT + Number(shift)))
  .replaceAll("12253", String(DNS_PORT));
const DNSMASQ = "/usr/sbin/dnsmasq";
const missing = await findMissing(DNSMASQ, "dnsmasq-base");

/** The code blocks of a language, in their order. */
function blocks(language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}(?: ignore)?\\n([\\s\\S]*?)^\`\`\`$`, "gm");
  return [...PAGE.matchAll(pattern)].map(([, code]) => code!);
}

/** What a command of the page has after the program's name. */
function words(command: string): string[] {
  return command.replaceAll("\\\n", " ").trim().split(/\s+/).slice(1);
}

/** A program of the page, as a reader has it who has installed the package. */
function installed(code: string): string {
  return code.replaceAll('"@freshlink/freshlink/discovery"', `"${ROOT}src/discovery/mod.ts"`)
    .replaceAll('"@freshlink/freshlink"', `"${ROOT}mod.ts"`);
}

async function run(file: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-check", "--quiet", `--config=${ROOT}deno.json`, file],
    env: { NO_COLOR: "1" },
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals([success, err], [true, ""], out);
  return out!;
}

Deno.test({
  name: `the guide's group${missing === null ? "" : ` (${missing})`}`,
  ignore: missing !== null,
  async fn() {
    const [handlers] = blocks("js");
    const [config, more] = blocks("json").map((text) => JSON.parse(text));
    const [serveOne, serveThree, dns] = blocks("sh");
    const [orders, three] = blocks("ts");
    const folder = await Deno.makeTempDir();
    const write = (name: string, text: string) => Deno.writeTextFile(`${folder}/${name}`, text);
    const here = (command: string) =>
      words(command).map((word) => word.startsWith("stock.") ? `${folder}/${word}` : word);
    await write("stock.mjs", handlers!);
    await write("stock.json", JSON.stringify(config));
    await write("orders.ts", installed(orders!));
    await write("one.ts", 'import { one, order } from "./orders.ts";\nawait order(one, 100);\n');
    await write("three.ts", installed(three!));
    {
      await using member = await Program.start([...here(serveOne!), "--json"]);
      await member.event("listening");
      assertStringIncludes(
        await run(`${folder}/one.ts`),
        `[ [ "stock/127.0.0.1:${FIRST_PORT + 1}", "up", 100 ] ]`,
      );
      member.kill("SIGTERM");
      await member.ended();
    }
    await write("stock.json", JSON.stringify({ ...config, ...more }));
    const resolver = new Resolver();
    resolver.setServers([`127.0.0.1:${DNS_PORT}`]);
    await using _server = await Engine.start(
      DNSMASQ,
      [...words(dns!), "--user=root", "--pid-file"],
      async () => (await resolver.resolveSrv("_freshlink._tcp.stock.example")).length === 3,
    );
    await using members = await Program.start([...here(serveThree!), "--json"]);
    for (const port of [1, 2, 3].map((shift) => FIRST_PORT + shift)) {
      await members.line((line) => line.includes(`"stock/localhost:${port}"`));
    }
    assertStringIncludes(await run(`${folder}/three.ts`), "3 processes have answered");
    members.kill("SIGTERM");
    await members.ended();
    await Deno.remove(folder, { recursive: true });
  },
});
