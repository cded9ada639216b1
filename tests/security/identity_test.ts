// Who is who, and who may do what: keys that last, secrets that change, a rule for calls.

import { assert, assertEquals } from "@std/assert";
import { Client, ConfigurationError, Endpoint, type EndpointOptions } from "../../mod.ts";
import { keyText } from "../../src/core/channel/noise_handshake.ts";
import { identityKey, identityPem } from "../../src/options/identity.ts";
import { loadChannel } from "../../src/runtime/host.ts";
import { EndpointPair, freePort, Watched } from "../support/endpoints.ts";

const SECRET = "flsecret1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const OTHER_SECRET = "flsecret1-_wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

const primitives = await loadChannel("AESGCM");

function identityOf(byte: number): { readonly identity: string; readonly publicKey: string } {
  const privateKey = new Uint8Array(32).fill(byte);
  const { publicKey } = primitives.keyPair(privateKey);
  return { identity: identityPem(privateKey), publicKey: keyText(publicKey) };
}

const LEFT = identityOf(1);
const RIGHT = identityOf(2);

/** SP10 and SP20, each of which knows the other's public key. */
function options(
  own: EndpointOptions["name"],
  ports: readonly [number, number],
  more: Partial<EndpointOptions> = {},
): EndpointOptions {
  const isLeft = own === "SP10";
  return {
    name: own!,
    listen: { port: ports[isLeft ? 0 : 1] },
    identity: (isLeft ? LEFT : RIGHT).identity,
    secret: SECRET,
    peers: [{
      name: isLeft ? "SP20" : "SP10",
      hostname: "127.0.0.1",
      port: ports[isLeft ? 1 : 0],
      publicKey: (isLeft ? RIGHT : LEFT).publicKey,
    }],
    handlers: { key: (_, { caller }) => caller.publicKey },
    ...more,
  };
}

Deno.test("identity: a peer is who its key says, and its handlers are told which", async () => {
  const ports = [freePort(), freePort()] as const;
  await using left = await Watched.start(options("SP10", ports));
  await using right = await Watched.start(options("SP20", ports));
  assertEquals(await left.endpoint.request("SP20", "key"), LEFT.publicKey);
  assertEquals(await right.endpoint.request("SP10", "key"), RIGHT.publicKey);
});

Deno.test("identity: it may lie in a file, and needs no secret where one listens on loopback", async () => {
  const ports = [freePort(), freePort()] as const;
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, LEFT.identity);
    const { secret: _, ...one } = options("SP10", ports, { identity: file });
    const { secret: __, ...other } = options("SP20", ports);
    await using left = await Watched.start(one);
    await using _right = await Watched.start(other);
    assertEquals(await left.endpoint.request("SP20", "key"), LEFT.publicKey);
    await Deno.writeTextFile(file, "-----BEGIN NOTHING-----");
    const error = await Endpoint.start(one).then(() => null, (error) => error);
    assert(error instanceof ConfigurationError);
    assertEquals(error.problems, [`identity: ${file} holds no private key of X25519 in PEM`]);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("identity: whoever knows the secret and holds another key is not that peer", async () => {
  const ports = [freePort(), freePort()] as const;
  await using left = await Watched.start(options("SP10", ports));
  await using thief = await Watched.start(
    options("SP20", ports, { identity: identityOf(3).identity }),
  );
  const [atLeft, atThief] = await Promise.all([
    left.event("handshake-failed", ({ code }) => code === "key-mismatch"),
    thief.event("handshake-failed", ({ code }) => code === "key-mismatch"),
  ]);
  assertEquals(atLeft.claimedName, "SP20");
  assertEquals(atThief.peer, "SP10");
  assertEquals([left.usable(), thief.usable()], [[], []]);
});

Deno.test("one secret: whoever knows it can be anybody who is not here", async () => {
  const ports = [freePort(), freePort()] as const;
  const withoutKeys = (name: string, identity?: string): EndpointOptions => {
    const { identity: _, peers, ...more } = options(name, ports);
    const [{ publicKey: __, ...peer }] = peers as [
      { publicKey: string; hostname: string; port: number },
    ];
    return { ...more, peers: [peer], ...(identity === undefined ? {} : { identity }) };
  };
  await using left = await Watched.start(withoutKeys("SP10"));
  await using _thief = await Watched.start(withoutKeys("SP20", identityOf(3).identity));
  assertEquals((await left.event("connected")).peer, "SP20");
});

Deno.test("secrets: the first is dialled with, all are accepted", async () => {
  await using pair = await EndpointPair.start(
    { secrets: [OTHER_SECRET, SECRET], handlers: { one: () => 1 } },
    { secrets: [SECRET, OTHER_SECRET], handlers: { one: () => 1 } },
  );
  const { port } = pair.left.endpoint.address;
  for (const secret of [SECRET, OTHER_SECRET]) {
    await using client = await Client.connect({ hostname: "127.0.0.1", port, secret });
    assertEquals(await client.request("one"), 1);
  }
});

Deno.test("keys: a private key is what it was after it has been a file", () => {
  const key = crypto.getRandomValues(new Uint8Array(32));
  assertEquals(identityKey(identityPem(key)), key);
  assertEquals(identityKey(identityPem(key).replaceAll("\n", "\r\n")), key);
  assertEquals(identityKey(identityPem(key.subarray(1))), null);
  assertEquals(identityKey("no key"), null);
});
