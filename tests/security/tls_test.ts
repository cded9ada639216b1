// Who is let in over TLS, and under which name: real sockets, real certificates.

import { connect } from "node:tls";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  Client,
  type ClientOptions,
  Endpoint,
  type EndpointEvent,
  type EndpointOptions,
  LinkError,
  type PeerDefinition,
  type RemoteCaller,
  type RemotePeer,
  type TlsOptions,
} from "../../mod.ts";
import { party } from "../support/certificates/read.ts";

const HOST = "127.0.0.1";

/** Beside other tests a runtime gets little time, and its first TLS takes most of it. */
const PATIENCE = { connectTimeoutMs: 30_000, handshakeTimeoutMs: 30_000, requestTimeoutMs: 30_000 };

/** Endpoints, clients and sockets of one test, and what the endpoints told. */
class Scene implements AsyncDisposable {
  readonly events: (EndpointEvent & { readonly at: string })[] = [];
  readonly #stack = new AsyncDisposableStack();
  #wake = Promise.withResolvers<void>();

  async endpoint(options: Partial<EndpointOptions> & { tls: TlsOptions }): Promise<Endpoint> {
    const endpoint = await Endpoint.start({
      listen: { port: 0 },
      redialMinMs: 20,
      redialMaxMs: 100,
      ...PATIENCE,
      ...options,
    });
    this.#stack.defer(() => endpoint.close({ drainMs: 0 }));
    endpoint.on((event) => {
      this.events.push({ ...event, at: endpoint.name });
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    });
    endpoint.handle("who", (_payload, { caller }) => ({ ...facts(caller) }));
    return endpoint;
  }

  async client(to: Endpoint, options: Partial<ClientOptions> & { tls: TlsOptions }) {
    const client = await Client.connect({
      hostname: HOST,
      port: to.address.port,
      ...PATIENCE,
      ...options,
    });
    this.#stack.defer(() => client.close());
    return client;
  }

  /** Waits for an event that is, or has been, told. */
  async event<Type extends EndpointEvent["type"]>(
    type: Type,
    at: string,
  ): Promise<Extract<EndpointEvent, { type: Type }>> {
    const untilMs = performance.now() + 30_000;
    for (;;) {
      const found = this.events.find((event) => event.type === type && event.at === at);
      if (found !== undefined) return found as never;
      if (performance.now() > untilMs) throw new Error(`${at} never told ${type}`);
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => timer = setTimeout(resolve, 1_000));
      await Promise.race([this.#wake.promise, late]);
      clearTimeout(timer);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

function facts(
  { name, role, verifiedNames, fingerprint }: {
    name: string;
    role: string;
    verifiedNames: readonly string[];
    fingerprint: string | null;
  },
) {
  return { name, role, verifiedNames, fingerprint };
}

function at(endpoint: Endpoint, name?: string): PeerDefinition {
  const { port } = endpoint.address;
  return name === undefined ? { hostname: HOST, port } : { name, hostname: HOST, port };
}

/** Where nobody listens. */
const NOWHERE = { hostname: HOST, port: 1 };

Deno.test("TLS: a named peer's certificate carries its name, not the host's; handlers see who calls", async () => {
  await using scene = new Scene();
  const right = await scene.endpoint({
    name: "SP20",
    tls: party("SP20"),
    peers: [{ name: "SP10", ...NOWHERE }],
  });
  const left = await scene.endpoint({
    name: "SP10",
    tls: party("SP10"),
    peers: [at(right, "SP20")],
  });
  const { fingerprint, ...seen } = await left.request<ReturnType<typeof facts>>("SP20", "who");
  assertEquals(seen, { name: "SP10", role: "peer", verifiedNames: ["SP10"] });
  assert(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/.test(fingerprint!));
  const back = await right.request<ReturnType<typeof facts>>("SP10", "who");
  assertEquals([back.name, back.verifiedNames], ["SP20", ["SP20"]]);
});

Deno.test("TLS: a peer whose certificate is for somebody else is refused at either end", async () => {
  await using scene = new Scene();
  const right = await scene.endpoint({
    name: "SP20",
    tls: party("desk"),
    peers: [{ name: "SP10", ...NOWHERE }],
  });
  await scene.endpoint({ name: "SP10", tls: party("SP10"), peers: [at(right, "SP20")] });
  const dialled = await scene.event("dial-failed", "SP10");
  assertEquals([dialled.reason, dialled.code], ["tls", "ERR_TLS_CERT_ALTNAME_INVALID"]);
  const { port } = right.address;
  assertEquals(
    dialled.detail,
    `the certificate of ${HOST}:${port} is not for 'SP20' (ERR_TLS_CERT_ALTNAME_INVALID)`,
  );
  // And one that dials in under a name which its certificate does not carry.
  const target = await scene.endpoint({
    name: "SP30",
    tls: { ...party("host-SP20"), serverName: "desk" },
    peers: [{ name: "SP10", ...NOWHERE }],
  });
  await scene.endpoint({
    name: "SP10",
    tls: { ...party("desk"), serverName: "SP20" },
    peers: [at(target, "SP30")],
  });
  const refused = await scene.event("handshake-failed", "SP30");
  assertEquals([refused.code, refused.claimedName], ["certificate-mismatch", "SP10"]);
  assertEquals(refused.detail, "the certificate is for 'desk', and not for 'SP10'");
  assertEquals(target.connections(), []);
});

Deno.test("TLS: a certificate holds for clients as it does for peers", async () => {
  await using scene = new Scene();
  const server = await scene.endpoint({ name: "SP20", tls: party("SP20") });
  const to = "SP20";
  const client = await scene.client(server, { to, tls: party("desk") });
  const seen = await client.request<ReturnType<typeof facts>>("who");
  assertEquals([seen.name, seen.role, seen.verifiedNames], ["desk", "client", ["desk"]]);
  for (const file of ["desk", "forged-comma", "forged-mail", "forged-common-name"]) {
    const error = await assertRejects(
      () => scene.client(server, { to, name: "SP20", tls: party(file) }),
      LinkError,
    );
    assertEquals(error.code, "certificate-mismatch", file);
  }
});

Deno.test("TLS: a client that names nobody wants the dialled host in the certificate", async () => {
  await using scene = new Scene();
  const named = await scene.endpoint({ name: "SP20", tls: party("SP20") });
  const error = await assertRejects(
    () => scene.client(named, { tls: party("desk") }),
    LinkError,
    `is not for '${HOST}'`,
  );
  assertEquals(error.code, "dial-failed");
  const hosted = await scene.endpoint({ name: "SP20", tls: party("host") });
  const client = await scene.client(hosted, { tls: party("desk") });
  assertEquals(client.peerName, "SP20");
});

Deno.test("TLS: serverName takes the place of the peer's name and of the host", async () => {
  await using scene = new Scene();
  const tls = { ...party("cluster"), serverName: "cluster" };
  const right = await scene.endpoint({ name: "SP20", tls, peers: [{ name: "SP10", ...NOWHERE }] });
  const left = await scene.endpoint({ name: "SP10", tls, peers: [at(right, "SP20")] });
  assertEquals((await left.request<{ name: string }>("SP20", "who")).name, "SP10");
  const stranger = await scene.endpoint({ name: "SP30", tls: party("SP20") });
  const error = await assertRejects(
    () => scene.client(stranger, { to: "SP30", tls: { ...party("desk"), serverName: "cluster" } }),
    LinkError,
    "is not for 'cluster'",
  );
  assertEquals(error.code, "dial-failed");
});

Deno.test("TLS: a URI is a name, a common name is one only where there is no other", async () => {
  await using scene = new Scene();
  for (const [file, name] of [["uri", "spiffe://example.org/SP20"], ["common-name", "SP20"]]) {
    const server = await scene.endpoint({ name: name!, tls: party(file!) });
    const client = await scene.client(server, { to: name!, tls: party("desk") });
    assertEquals(client.peerName, name);
  }
});

Deno.test("TLS: names are compared letter by letter, and there are no wildcards", async () => {
  await using scene = new Scene();
  const server = await scene.endpoint({ name: "spiffe://example.org/SP20", tls: party("uri") });
  for (const to of ["spiffe://example.org/sp20", "spiffe://example.org/SP2", "*"]) {
    const dial = () => scene.client(server, { to, tls: party("desk") });
    assertEquals((await assertRejects(dial, LinkError)).code, "dial-failed", to);
  }
  const error = await assertRejects(
    () => scene.client(server, { to: server.name, name: "DESK", tls: party("desk") }),
    LinkError,
  );
  assertEquals(error.code, "certificate-mismatch");
});

Deno.test("TLS: whoever has no TLS 1.3 does not come in", async () => {
  await using scene = new Scene();
  const server = await scene.endpoint({ name: "SP20", tls: party("SP20") });
  const { certificate: cert, privateKey: key, authorities: ca } = party("SP10");
  const { port } = server.address;
  const versions = { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;
  const ended = await new Promise<boolean>((resolve) => {
    const socket = connect({ host: HOST, port, cert, key, ca, ...versions }, () => resolve(false));
    socket.on("error", () => resolve(true));
  });
  assert(ended, "the old version was taken");
  assertMatch((await scene.event("handshake-failed", "SP20")).detail, /has no TLS 1\.3/);
});

Deno.test("TLS: a definition without a name admits the host's certificate, and no other", async () => {
  await using scene = new Scene();
  const open = await scene.endpoint({
    name: "SP30",
    tls: party("host"),
    peers: [{ hostname: "10.0.0.9", port: 11_000 }],
  });
  // A good certificate of the same authority, and the advertised address of somebody else.
  await scene.endpoint({
    name: "SP20",
    tls: party("SP20"),
    advertise: { hostname: "10.0.0.9", port: 11_000 },
    peers: [{ ...at(open) }],
  });
  const refused = await scene.event("handshake-failed", "SP30");
  assertEquals([refused.code, refused.claimedName], ["certificate-mismatch", "SP20"]);
  assertEquals(
    refused.detail,
    "the certificate is for 'SP20', and not for '10.0.0.9', by which 'SP30' knows this peer",
  );
});

Deno.test("TLS: two endpoints that know each other by address only", async () => {
  await using scene = new Scene();
  const probe = Deno.listen({ hostname: HOST, port: 0 });
  const { port } = probe.addr;
  probe.close();
  const left = await scene.endpoint({ tls: party("host"), peers: [{ hostname: HOST, port }] });
  const right = await scene.endpoint({
    tls: party("host"),
    listen: { port },
    peers: [at(left)],
  });
  assertEquals(
    (await left.request<{ name: string }>(`${HOST}:${port}`, "who")).name,
    `${HOST}:${left.address.port}`,
  );
  assertEquals((await right.request<{ name: string }>(left.name, "who")).name, right.name);
});

Deno.test("TLS: a rule lets in whom it knows by the certificate, and is told all of it", async () => {
  await using scene = new Scene();
  const asked: RemotePeer[] = [];
  const sp20 = await scene.endpoint({
    name: "SP20",
    tls: party("SP20"),
    admit: (remote) => {
      asked.push(remote);
      return remote.verifiedNames.includes("SP10");
    },
  });
  const peers = [{ name: "SP20", hostname: HOST, port: sp20.address.port }];
  const sp10 = await scene.endpoint({ name: "SP10", tls: party("SP10"), peers });
  await scene.endpoint({ name: "host", tls: party("host"), peers });
  const { verifiedNames } = await sp10.request<RemoteCaller>("SP20", "who");
  assertEquals(verifiedNames, ["SP10"]);
  assertEquals((await scene.event("handshake-failed", "SP20")).claimedName, "host");
  assertEquals(sp20.peers().map(({ peer }) => peer), ["SP10"]);
  for (const { name, fingerprint, publicKey } of asked) {
    assert(fingerprint?.length === 95, name);
    assertEquals(publicKey, null);
  }
});

Deno.test("TLS: whoever never begins is ended at the handshake's deadline, from accept on", async () => {
  await using scene = new Scene();
  const target = await scene.endpoint({
    name: "SP20",
    tls: party("SP20"),
    handshakeTimeoutMs: 300,
    probeTimeoutMs: 200,
  });
  const startMs = performance.now();
  using silent = await Deno.connect({ hostname: HOST, port: target.address.port });
  assertEquals(await silent.read(new Uint8Array(100)).catch(() => null), null, "it is closed");
  assert(performance.now() - startMs < 3_000, "not for its own sake");
  const told = await scene.event("handshake-failed", "SP20");
  assertEquals(
    [told.code, told.detail, told.direction, told.remoteAddress],
    [
      "handshake-timeout",
      "TLS had not begun after 300 ms",
      "inbound",
      `${HOST}:${silent.localAddr.port}`,
    ],
  );
});
