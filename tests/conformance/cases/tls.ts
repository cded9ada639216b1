/** Cases about TLS: who is let in and under which names; and all about bytes and ends once more. */

import { ok, rejects, throws } from "node:assert";
import { type Case, checkPattern, type End, equal, type Kit, pattern } from "../kit.ts";
import type { Parties } from "../parties.ts";
import { byteCases } from "./bytes.ts";
import { endCases } from "./ends.ts";

/** TLS says its own farewell, and cannot be cut off by RST on every runtime. */
const PLAIN_ONLY: readonly string[] = ["ends: abort() is reset for the other end"];

const HTTP = new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n");

function partiesOf(kit: Kit): Parties {
  return kit.surroundings.tls!;
}

/** An accepted end that has not begun TLS, and the plain end that dialled it. */
async function unbegun(kit: Kit): Promise<[plain: End, accepted: End]> {
  const arrived = Promise.withResolvers<End>();
  const listener = await kit.listen(arrived.resolve, undefined, partiesOf(kit).server);
  const plain = await kit.dial(listener.address);
  return [plain, await kit.wait(arrived.promise, "the accepted end")];
}

/** The cases. */
export const tlsCases: readonly Case[] = [
  {
    name: "tls: both certificates are checked, and their names and fingerprints told",
    async run(kit) {
      const { server, client, rsa } = partiesOf(kit);
      for (const parties of [{ server, client }, rsa]) {
        const [one, other] = await kit.pair(undefined, parties);
        const uri = (name: string) => parties === rsa ? [`spiffe://example.org/${name}`] : [];
        equal(one.socket.peerCertificate?.names, ["SP20", ...uri("SP20")], "the server's names");
        equal(other.socket.peerCertificate?.names, ["SP10", ...uri("SP10")], "the client's names");
        for (const { socket } of [one, other]) {
          ok(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/.test(socket.peerCertificate!.fingerprint));
        }
        one.onChunk = checkPattern();
        await other.writeAll(pattern(1_000_000), 100_000);
        await one.until(() => one.bytes === 1_000_000, "1,000,000 bytes");
        kit.call(() => other.socket.close());
        equal((await one.ended()).kind, "eof", "the other end");
      }
    },
  },
  {
    name: "tls: whom the authority has not signed is refused, at either end",
    async run(kit) {
      const { server, client, other } = partiesOf(kit);
      const names: string[] = [];
      const accepted: End[] = [];
      const note = (end: End) => {
        accepted.push(end);
        end.onChunk = () => names.push(...end.socket.peerCertificate?.names ?? ["nobody"]);
      };
      const good = await kit.listen(note, undefined, server);
      const bad = await kit.listen(note, undefined, other);
      equal((await kit.dialError(bad.address, { tls: client })).kind, "tls", "a stranger's server");
      equal((await accepted[0]!.ended()).kind === "local", false, "what the stranger is told");
      // With TLS 1.3 the client is through before the server has checked it.
      const tls = { ...other, authorities: client.authorities };
      await kit.dial(good.address, { tls }).then((end) => {
        kit.call(() => end.socket.write(HTTP));
        return end.ended();
      }, () => {});
      equal((await accepted[1]!.ended()).kind, "tls", "a stranger's client");
      equal(names, [], "no stranger was heard");
    },
  },
  {
    name: "tls: another server than was meant is refused; the host is meant where no name is given",
    async run(kit) {
      const { server, client, host } = partiesOf(kit);
      const named = await kit.listen(() => {}, undefined, server);
      const { serverName: _, ...unnamed } = client;
      for (const tls of [{ ...client, serverName: "SP99" }, unnamed]) {
        const reason = await kit.dialError(named.address, { tls });
        equal(reason, { kind: "tls", code: "ERR_TLS_CERT_ALTNAME_INVALID" }, "the dial");
      }
      const [one] = await kit.pair(undefined, { server: host, client: unnamed });
      ok(one.socket.peerCertificate?.names.includes("127.0.0.1"), "the host's name");
    },
  },
  {
    name: "tls: a name with commas is one name, and no other",
    async run(kit) {
      const { server, client, forged } = partiesOf(kit);
      const bad = await kit.listen(() => {}, undefined, forged);
      const toBad = await kit.dialError(bad.address, { tls: client });
      equal(toBad.kind, "tls", "a server with a forged name");
      const [, other] = await kit.pair(undefined, { server, client: forged });
      equal(other.socket.peerCertificate?.names, ["a, DNS:SP20, DNS:b"], "a client with one");
    },
  },
  {
    name: "tls: an accepted socket is there before its handshake, says nothing, and can be ended",
    async run(kit) {
      for (const how of ["abort", "close"] as const) {
        const [plain, accepted] = await unbegun(kit);
        equal(accepted.socket.peerCertificate, null, "nobody is verified");
        equal(kit.call(() => accepted.socket.write(pattern(10))), false, "nothing is sent");
        kit.call(() => accepted.socket[how]());
        equal((await accepted.ended()).kind, "local", how);
        await plain.ended();
        equal([plain.bytes, accepted.bytes, accepted.drains], [0, 0, 0], "nothing was said");
      }
    },
  },
  {
    name: "tls: whoever goes away before the handshake is told as gone",
    async run(kit) {
      for (const how of ["abort", "close"] as const) {
        const [plain, accepted] = await unbegun(kit);
        kit.call(() => plain.socket[how]());
        ok(["eof", "reset", "tls"].includes((await accepted.ended()).kind), how);
      }
    },
  },
  {
    name: "tls: whoever does not speak it ends as tls, at either end, and is not heard",
    async run(kit) {
      const [plain, accepted] = await unbegun(kit);
      kit.call(() => plain.socket.write(HTTP));
      equal((await accepted.ended()).kind, "tls", "the acceptor");
      equal(accepted.bytes, 0, "nothing of it was heard");
      await plain.ended();
      const listener = await kit.listen((end) => {
        end.onChunk = () => {
          kit.call(() => end.socket.write(HTTP));
          kit.call(() => end.socket.close());
        };
      });
      const { kind } = await kit.dialError(listener.address, { tls: partiesOf(kit).client });
      equal(kind, "tls", "the dialler");
    },
  },
  {
    name: "tls: a dial whose handshake does not end is late, and can be given up",
    async run(kit) {
      const listener = await kit.listen(() => {});
      const { client } = partiesOf(kit);
      const late = await kit.dialError(listener.address, { tls: client, timeoutMs: 100 });
      equal(late.kind, "timeout", "late");
      const controller = new AbortController();
      const { signal } = controller;
      const pending = kit.dialError(listener.address, { tls: client, signal });
      await kit.pass(20);
      controller.abort();
      equal((await pending).kind, "local", "given up");
    },
  },
  {
    name: "tls: a key that does not belong to its certificate is refused where it is given",
    async run(kit) {
      const { server, mismatched } = partiesOf(kit);
      await rejects(kit.listen(() => {}, undefined, mismatched));
      const listener = await kit.listen(() => {}, undefined, server);
      equal((await kit.dialError(listener.address, { tls: mismatched })).kind, "tls", "the dial");
    },
  },
  {
    name: "tls: a renewed listener shows and asks for others; what was accepted stays",
    async run(kit) {
      const { server, client, renewed, mismatched } = partiesOf(kit);
      const accepted: End[] = [];
      const listener = await kit.listen((end) => accepted.push(end), undefined, server);
      const { address } = listener;
      const before = await kit.dial(address, { tls: client });
      throws(() => listener.renew(mismatched));
      const still = await kit.dial(address, { tls: client });
      equal(still.socket.peerCertificate, before.socket.peerCertificate, "what is shown");
      kit.call(() => listener.renew(renewed.server));
      const after = await kit.dial(address, { tls: renewed.client });
      ok(after.socket.peerCertificate!.fingerprint !== before.socket.peerCertificate!.fingerprint);
      equal((await kit.dialError(address, { tls: client })).kind, "tls", "the old authority");
      for (const end of [before, after]) {
        kit.call(() => end.socket.write(pattern(10)));
        const other = accepted[end === before ? 0 : 2]!;
        await other.until(() => other.bytes === 10, "what is said");
      }
    },
  },
  {
    name: "tls: close() first sends what was taken and what is held: 4 MiB",
    async run(kit) {
      const { server, client } = partiesOf(kit);
      const [one, other] = await kit.pair(undefined, { server, client });
      other.onChunk = checkPattern();
      kit.call(() => one.socket.write(pattern(4_194_304)));
      kit.call(() => one.socket.close());
      equal((await other.ended()).kind, "eof", "the other end");
      equal(other.bytes, 4_194_304, "all of it");
      equal((await one.ended()).kind, "local", "this end");
    },
  },
  ...[...byteCases, ...endCases].filter(({ name }) =>
    !PLAIN_ONLY.some((one) => name.startsWith(one))
  )
    .map((one): Case => ({ ...one, name: `tls: ${one.name}`, overTls: true })),
];
