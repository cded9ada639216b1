// What protects connections changes while calls run: nobody notices.

import { assert, assertEquals } from "@std/assert";
import {
  Client,
  ConfigurationError,
  type Endpoint,
  type EndpointOptions,
  type SecurityOptions,
} from "../../mod.ts";
import { keyText } from "../../src/core/channel/noise_handshake.ts";
import { identityPem } from "../../src/options/identity.ts";
import { loadChannel } from "../../src/runtime/host.ts";
import { party } from "../support/certificates/read.ts";
import { EndpointPair, Watched } from "../support/endpoints.ts";

const OLD = "flsecret1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const NEW = "flsecret1-_wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/** So many calls are open at a time, in each direction. */
const IN_FLIGHT = 16;

/** Asks until it is told to stop. */
class Load {
  answered = 0;
  failed: unknown[] = [];
  #isOn = true;
  readonly #done: Promise<unknown>;

  constructor(endpoint: Endpoint, peer: string) {
    const loop = () => this.#loop(endpoint, peer);
    this.#done = Promise.all(Array.from({ length: IN_FLIGHT }, loop));
  }

  async end(): Promise<void> {
    this.#isOn = false;
    await this.#done;
  }

  async #loop(endpoint: Endpoint, peer: string): Promise<void> {
    for (let number = 0; this.#isOn; number++) {
      try {
        assertEquals(await endpoint.request(peer, "echo", number), number);
        this.answered++;
      } catch (error) {
        this.failed.push(error);
      }
    }
  }
}

/** Two endpoints that ask each other all the time, while what protects them changes. */
class LoadedPair implements AsyncDisposable {
  readonly left: Watched;
  readonly right: Watched;
  readonly #pair: EndpointPair;
  readonly #loads: readonly Load[];

  private constructor(pair: EndpointPair) {
    this.#pair = pair;
    this.left = pair.left;
    this.right = pair.right;
    this.#loads = [
      new Load(this.left.endpoint, "SP20"),
      new Load(this.right.endpoint, "SP10"),
    ];
  }

  /** @param options For both. @param own What only one of them has, by its name. */
  static async start(
    options: Partial<EndpointOptions>,
    own: (name: string) => Partial<EndpointOptions> = () => ({}),
  ): Promise<LoadedPair> {
    const handlers = {
      echo: (payload: unknown) => payload,
      key: (_: unknown, { caller }: { caller: { publicKey: string | null } }) => caller.publicKey,
    };
    const both = { ...options, handlers };
    return new LoadedPair(
      await EndpointPair.start({ ...both, ...own("SP10") }, { ...both, ...own("SP20") }),
    );
  }

  /** Renews one of them and waits until its link is another one. */
  async renew({ endpoint }: Watched, renewal: SecurityOptions): Promise<void> {
    const peer = endpoint.name === "SP10" ? "SP20" : "SP10";
    const [before] = endpoint.connections();
    await endpoint.renew(renewal);
    const isRenewed = () => {
      const rows = endpoint.connections();
      return rows.length === 1 && rows[0]!.usable && rows[0]!.identifier > before!.identifier;
    };
    while (!isRenewed()) await endpoint.request(peer, "echo");
  }

  /** Ends the calls: each was answered, and neither process was taken for another one. */
  async check(): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.end()));
    assertEquals(this.#loads.map(({ failed }) => failed), [[], []]);
    assert(this.#loads.every(({ answered }) => answered > 0));
    for (const { events } of [this.left, this.right]) {
      // A dial that crosses another one may be given up; nobody has noticed that.
      const noticed = ["lost", "peer-restarted", "fenced"];
      assertEquals(events.filter(({ type }) => noticed.includes(type)), []);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.end()));
    await this.#pair[Symbol.asyncDispose]();
  }
}

Deno.test("renew: a secret is changed in three steps under load, and no call notices", async () => {
  await using pair = await LoadedPair.start({ secret: OLD });
  for (const secrets of [[OLD, NEW], [NEW, OLD], [NEW]]) {
    for (const end of [pair.left, pair.right]) await pair.renew(end, { secrets });
  }
  await pair.check();
  const { port } = pair.left.endpoint.address;
  const error = await Client.connect({ hostname: "127.0.0.1", port, secret: OLD }).catch((e) => e);
  assertEquals(error.code, "proof-mismatch");
  await using client = await Client.connect({ hostname: "127.0.0.1", port, secret: NEW });
  assertEquals(await client.request("echo", 7), 7);
});

const primitives = await loadChannel("AESGCM");

function identityOf(byte: number): { readonly identity: string; readonly publicKey: string } {
  const privateKey = new Uint8Array(32).fill(byte);
  const { publicKey } = primitives.keyPair(privateKey);
  return { identity: identityPem(privateKey), publicKey: keyText(publicKey) };
}

Deno.test("renew: an identity is changed under load, and no call notices", async () => {
  const [left, right, next] = [identityOf(1), identityOf(2), identityOf(3)];
  await using pair = await LoadedPair.start({ secret: OLD }, (name) => ({
    identity: (name === "SP10" ? left : right).identity,
  }));
  const define = (end: Watched, other: Watched, publicKey: string | string[]) => {
    const { name, address: { hostname, port } } = other.endpoint;
    end.endpoint.setPeers([{ name, hostname, port, publicKey }]);
  };
  const keySeen = () => pair.left.endpoint.request("SP20", "key");
  define(pair.left, pair.right, right.publicKey);
  define(pair.right, pair.left, left.publicKey);
  assertEquals(await keySeen(), left.publicKey);
  const { bootId } = pair.right.endpoint.connections()[0]!;
  // First whoever knows it is told, then it changes, then the old key is nobody's any more.
  define(pair.right, pair.left, [left.publicKey, next.publicKey]);
  await pair.renew(pair.left, { identity: next.identity });
  define(pair.right, pair.left, next.publicKey);
  assertEquals(await keySeen(), next.publicKey);
  await pair.renew(pair.right, { secrets: [OLD] });
  await pair.renew(pair.left, { secrets: [OLD] });
  assertEquals(pair.right.endpoint.connections()[0]!.bootId, bootId);
  assertEquals(await keySeen(), next.publicKey);
  await pair.check();
});

Deno.test("renew: certificates are changed under load, and no call notices", async () => {
  const patience = { connectTimeoutMs: 30_000, handshakeTimeoutMs: 30_000 };
  await using pair = await LoadedPair.start(patience, (name) => ({ tls: party(name) }));
  const seen = new Set<string | null>();
  pair.right.endpoint.handle("fingerprint", (_, { caller }) => void seen.add(caller.fingerprint));
  const look = () => pair.left.endpoint.request("SP20", "fingerprint");
  await look();
  await pair.renew(pair.left, { tls: party("SP10-renewed") });
  await pair.renew(pair.right, { tls: party("SP20-renewed") });
  await look();
  assertEquals(seen.size, 2);
  // The listener shows the new one, too.
  await using client = await Client.connect({
    hostname: "127.0.0.1",
    port: pair.left.endpoint.address.port,
    to: "SP10",
    tls: party("desk"),
    ...patience,
  });
  assertEquals(await client.request("echo", 7), 7);
  await pair.check();
});

Deno.test("renew: what cannot work changes nothing", async () => {
  await using sealed = await Watched.start({ name: "A", listen: { port: 0 }, secret: OLD });
  await using open = await Watched.start({ name: "B", listen: { port: 0 } });
  await using certified = await Watched.start({
    name: "SP10",
    listen: { port: 0 },
    tls: party("SP10"),
  });
  const problemsOf = async (endpoint: Endpoint, renewal: object) => {
    const error = await endpoint.renew(renewal).then(() => null, (error) => error);
    assert(error instanceof ConfigurationError);
    return error.problems;
  };
  assertEquals(await problemsOf(sealed.endpoint, {}), [
    "secrets: expected secrets, identity or tls: what is to be renewed",
  ]);
  assertEquals((await problemsOf(sealed.endpoint, { name: "B", secret: OLD })).length, 1);
  assertEquals((await problemsOf(sealed.endpoint, { identity: "-----BEGIN NOTHING" })).length, 1);
  assertEquals((await problemsOf(sealed.endpoint, { identity: "/no/such/file" })).length, 1);
  assertEquals((await problemsOf(sealed.endpoint, { secret: "short" })).length, 1);
  assertEquals((await problemsOf(sealed.endpoint, { secret: OLD, secrets: [OLD] })).length, 1);
  assertEquals(await problemsOf(open.endpoint, { secret: OLD }), [
    "secrets: expected an endpoint that was started with a secret",
  ]);
  assertEquals(await problemsOf(open.endpoint, { identity: identityOf(1).identity }), [
    "identity: expected an endpoint that was started with a secret or one",
  ]);
  assertEquals(await problemsOf(sealed.endpoint, { tls: party("SP10") }), [
    "tls: expected an endpoint that was started with tls",
  ]);
  const { endpoint } = certified;
  assertEquals((await problemsOf(endpoint, { tls: party("host") })).length, 1);
  assertEquals(await problemsOf(endpoint, { tls: party("SP20") }), [
    "tls.certificate: expected one for 'SP10', found one for 'SP20'",
  ]);
  assertEquals(await problemsOf(endpoint, { tls: party("SP10", "one", "SP20") }), [
    "tls: cannot be used: tls.privateKey does not belong to tls.certificate",
  ]);
  assertEquals((await problemsOf(endpoint, { tls: party("SP10"), secret: OLD })).length, 2);
});
