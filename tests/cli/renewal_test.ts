// serve and the files that say what protects its connections: who replaces them need not restart it.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Client, Endpoint, type EndpointOptions } from "../../mod.ts";
import { newIdentity } from "../../src/options/identity.ts";
import { newRuntime } from "../../src/runtime/deno.ts";
import { party, readPem } from "../support/certificates/read.ts";
import { freePort } from "../support/endpoints.ts";
import { Program } from "./program.ts";

const HANDLERS = `${import.meta.dirname}/handlers.ts`;
const OLD = "flsecret1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const NEW = "flsecret1-_wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/** A process SP10 from files, and an endpoint SP20 that tells it what it has seen of it. */
class Site implements AsyncDisposable {
  readonly folder: string;
  readonly port: number = freePort();
  readonly #stack = new AsyncDisposableStack();

  private constructor(folder: string) {
    this.folder = folder;
    this.#stack.defer(() => Deno.remove(folder, { recursive: true }));
  }

  static async start(
    files: Readonly<Record<string, string>>,
    config: object,
    options: Partial<EndpointOptions>,
  ): Promise<[site: Site, sp10: Program]> {
    const site = new Site(await Deno.makeTempDir());
    const peerPort = freePort();
    for (const [file, text] of Object.entries(files)) await site.write(file, text);
    const peer = (name: string, port: number) => ({ name, hostname: "127.0.0.1", port });
    const patience = { connectTimeoutMs: 30_000, handshakeTimeoutMs: 30_000 };
    const text = JSON.stringify({
      ...peer("SP10", site.port),
      hostname: undefined,
      port: undefined,
      listen: { port: site.port },
      peers: [peer("SP20", peerPort)],
      ...patience,
      ...config,
    });
    await site.write("SP10.json", text);
    const sp20 = await Endpoint.start({
      name: "SP20",
      listen: { port: peerPort },
      peers: [peer("SP10", site.port)],
      redialMaxMs: 200,
      ...patience,
      ...options,
      handlers: {
        fingerprint: (_, { caller }) => caller.fingerprint,
        key: (_, { caller }) => caller.publicKey,
      },
    });
    site.#stack.defer(() => sp20.close({ drainMs: 0 }));
    const path = `${site.folder}/SP10.json`;
    const sp10 = await Program.start(["serve", path, "--handlers", HANDLERS, "--json"]);
    site.#stack.use(sp10);
    await sp10.event("listening");
    return [site, sp10];
  }

  /** In one step, as whoever renews certificates does. */
  async write(file: string, text: string): Promise<void> {
    await Deno.writeTextFile(`${this.folder}/new`, text);
    await Deno.rename(`${this.folder}/new`, `${this.folder}/${file}`);
  }

  /** A client's way in. */
  connect(options: { secret: string }): Promise<Client> {
    return Client.connect({ hostname: "127.0.0.1", port: this.port, ...options });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** Asks until the answer is another one. */
async function untilOther(ask: () => Promise<unknown>, before: unknown): Promise<unknown> {
  for (;;) {
    const answer = await ask();
    if (answer !== before) return answer;
  }
}

Deno.test("serve: a secret and an identity are renewed from their files", async () => {
  const runtime = newRuntime();
  const [one, other] = [await newIdentity(runtime), await newIdentity(runtime)];
  const [site, sp10] = await Site.start(
    { "secret.txt": `${OLD}\n`, "SP10.key": one.pem },
    { secretFile: "secret.txt", identity: "SP10.key" },
    { secrets: [OLD, NEW] },
  );
  await using _ = site;
  await using client = await site.connect({ secret: OLD });
  const key = () => client.request("ask", { peer: "SP20", service: "key" });
  assertEquals(await key(), one.publicKey);
  await site.write("secret.txt", "short\n");
  const failed = await sp10.event("renewal-failed");
  assertMatch(String(failed["problems"]), /SP10\.json: secret: expected .*at least 16 bytes/);
  await site.write("secret.txt", `${OLD}\n${NEW}\n`);
  assertEquals((await sp10.event("renewed"))["parts"], ["secrets"]);
  for (const secret of [OLD, NEW]) {
    await using either = await site.connect({ secret });
    assertEquals(await either.request("echo", 1), 1);
  }
  await site.write("SP10.key", other.pem);
  assertEquals(await untilOther(key, one.publicKey), other.publicKey);
  const path = `${site.folder}/SP10.json`;
  const { identity: __, ...rest } = JSON.parse(await Deno.readTextFile(path));
  await site.write("SP10.json", JSON.stringify(rest));
  await sp10.line((line) => line.includes("not be taken away"));
  assertEquals(await key(), other.publicKey);
});

Deno.test("serve: certificates are renewed from their files", async () => {
  const [site, sp10] = await Site.start(
    {
      "SP10.pem": readPem("SP10"),
      "SP10.key": readPem("SP10.key"),
      "one.pem": readPem("one"),
    },
    {
      tls: {
        certificateFile: "SP10.pem",
        privateKeyFile: "SP10.key",
        authoritiesFile: "one.pem",
      },
    },
    { tls: party("SP20") },
  );
  await using _ = site;
  await using client = await Client.connect({
    hostname: "127.0.0.1",
    port: site.port,
    to: "SP10",
    tls: party("desk"),
    connectTimeoutMs: 30_000,
    handshakeTimeoutMs: 30_000,
  });
  const fingerprint = () => client.request("ask", { peer: "SP20", service: "fingerprint" });
  const before = await fingerprint();
  // Between the two files they do not belong together: nothing has changed.
  await site.write("SP10.pem", readPem("SP10-renewed"));
  await site.write("SP10.key", readPem("SP10-renewed.key"));
  const after = await untilOther(fingerprint, before);
  assert(typeof after === "string" && after.length === 95);
  assertEquals((await sp10.event("renewed"))["parts"], ["tls"]);
});
