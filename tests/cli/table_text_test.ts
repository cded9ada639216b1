// The connection table as text: aligned, in 80 columns, and nothing in it that a terminal obeys.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { ConnectionRow, PeerRow } from "../../mod.ts";
import { clientLines, groupLines, peerLines, tableLines } from "../../src/cli/table_text.ts";

function row(values: Partial<ConnectionRow> = {}): ConnectionRow {
  return {
    peer: "SP20",
    remoteAddress: "127.0.0.1:54321",
    listeningPort: 11020,
    descriptor: 14,
    identifier: 2,
    establishedSeconds: 1_763_912_345,
    establishedMicros: 1_234,
    usable: true,
    direction: "outbound",
    bootId: "3f2a91c03f2a91c03f2a91c03f2a91c0",
    roundTripMs: 0.214,
    inFlight: 12,
    ...values,
  };
}

function plain(rows: readonly ConnectionRow[], width?: number): string[] {
  return tableLines(rows, width === undefined ? { colour: false } : { colour: false, width });
}

const ESCAPE = String.fromCharCode(27);

Deno.test("tableLines() aligns a head and one line for each connection", () => {
  const rows = [
    row({ identifier: 2, usable: false, roundTripMs: null, inFlight: 0 }),
    row({ identifier: 13, descriptor: null, direction: "inbound", roundTripMs: 12.345 }),
  ];
  assertEquals(plain(rows, 100), [
    "peer  remote            port  fd  id  since            use  dir  boot       rtt  req",
    "SP20  127.0.0.1:54321  11020  14   2  11-23 15:39:05Z       out  3f2a91c0     -    0",
    "SP20  127.0.0.1:54321  11020   -  13  11-23 15:39:05Z  *    in   3f2a91c0  12.3   12",
  ]);
});

Deno.test("tableLines() fits ordinary rows into 80 columns by default", () => {
  const rows = [
    row({ remoteAddress: "10.77.1.102:54321", descriptor: 102 }),
    row({ usable: false, identifier: 3, inFlight: 1024, roundTripMs: 0.05 }),
  ];
  const lines = plain(rows);
  assertEquals(lines.length, 3);
  assertEquals(lines.filter((line) => line.length > 80), []);
  assertStringIncludes(lines[1]!, "10.77.1.102:54321");
  assertStringIncludes(lines[1]!, "11-23 15:39:05Z");
});

Deno.test("tableLines() shortens identifiers of the clock so that the greater stays greater", () => {
  const rows = [
    row({ identifier: 1_763_912_345_123_456, usable: false }),
    row({ identifier: 1_763_912_345_654_321 }),
    row({ peer: "SP30", identifier: 0, usable: false }),
  ];
  const lines = plain(rows, 78);
  assertEquals(lines.length, 4);
  assertEquals(lines.filter((line) => line.length > 78), []);
  assertStringIncludes(lines[1]!, " …123456 ");
  assertStringIncludes(lines[2]!, " …654321 ");
  assertStringIncludes(lines[3]!, "       - ");
});

Deno.test("tableLines() takes two lines for each row rather than leaving something out", () => {
  const rows = [
    row({ peer: "accounts.example.org:11020", remoteAddress: "[fd00:1:2:3::4]:54321" }),
    row({ identifier: 1_763_912_345_654_321, inFlight: 7 }),
  ];
  const lines = plain(rows);
  assertEquals(lines.length, 6);
  assertEquals(lines.filter((line) => line.length > 80), []);
  for (const part of ["accounts.example.org:11020", "[fd00:1:2:3::4]:54321", "11020", "14"]) {
    assertStringIncludes(lines[2]!, part);
  }
  for (const part of ["1763912345654321", "11-23 15:39:05Z", "*", "out", "3f2a91c0", "7"]) {
    assertStringIncludes(lines[5]!, part);
  }
});

Deno.test("tableLines() in colour says the same: in use green, others dim", () => {
  const rows = [row({ usable: false }), row({ identifier: 3 })];
  const coloured = tableLines(rows, { colour: true });
  const codes = new RegExp(`${ESCAPE}\\[\\d+m`, "g");
  assertEquals(coloured.map((line) => line.replaceAll(codes, "")), plain(rows));
  assertEquals(coloured.map((line) => line.slice(0, 5).replace(ESCAPE, "")), [
    "[1mp",
    "[2mS",
    "[32m",
  ]);
});

Deno.test("tableLines() passes on nothing that a terminal would obey", () => {
  const lines = plain([row({ peer: `SP${ESCAPE}[2J\r\n\u009b1m` })]);
  assert(lines.every((line) => !/\p{Cc}/u.test(line)), lines.join("\n"));
  assertStringIncludes(lines.join("\n"), "SP\\x1b[2J\\x0d\\x0a\\x9b1m");
});

Deno.test("tableLines() says so where there is no connection", () => {
  assertEquals(plain([]), ["no connections"]);
});

Deno.test("peerLines() tells of each peer without a link since when, what waits and why", () => {
  const peer: PeerRow = {
    peer: "SP20",
    group: null,
    hostname: "10.0.0.2",
    port: 11020,
    state: "down",
    sinceMicros: 1_763_912_345_001_234,
    bootId: null,
    lastError: "10.0.0.2:11020: refused\x1b[2J",
    inFlight: 0,
    waiting: 3,
    creditBytes: null,
  };
  const rows: PeerRow[] = [
    peer,
    { ...peer, peer: "SP30", state: "up" },
    { ...peer, peer: "SP40", state: "closing", waiting: 0, lastError: null },
  ];
  assertEquals(peerLines(rows, { colour: false }), [
    "peers without a link:",
    "  SP20 10.0.0.2:11020 down since 11-23 15:39:05Z, 3 waiting: 10.0.0.2:11020: refused\\x1b[2J",
    "  SP40 10.0.0.2:11020 closing since 11-23 15:39:05Z",
  ]);
  assertEquals(peerLines([{ ...peer, state: "up" }], { colour: false }), []);
  const [head] = peerLines(rows, { colour: true });
  assertEquals(head, `${ESCAPE}[2mpeers without a link:${ESCAPE}[0m`);
});

Deno.test("groupLines() tells of each group who is in it, how it is and what is open", () => {
  const row = (
    peer: string,
    group: string | null,
    state: PeerRow["state"],
    inFlight = 0,
  ): PeerRow => ({
    peer,
    group,
    hostname: "10.0.0.2",
    port: 11020,
    state,
    sinceMicros: 0,
    bootId: null,
    lastError: null,
    inFlight,
    waiting: 0,
    creditBytes: null,
  });
  const rows = [
    row("SP20", null, "up"),
    row("stock/a:1", "stock", "up", 3),
    row("price/c:1", "price\x1b", "closing"),
    row("stock/b:1", "stock", "down"),
  ];
  assertEquals(groupLines(rows, { colour: false }), [
    "groups, and open requests of each member:",
    "  stock: 1 up, 1 down: stock/a:1 3, stock/b:1 (down)",
    "  price\\x1b: 1 closing: price/c:1 (closing)",
  ]);
  assertEquals(groupLines(rows.slice(0, 1), { colour: false }), []);
});

Deno.test("clientLines() tells of each client since when it is here and what is open", () => {
  const row = {
    client: "till\n",
    bootId: "0".repeat(32),
    remoteAddress: "10.0.0.7:4000",
    sinceMicros: Date.UTC(2026, 6, 1, 12) * 1_000,
    roundTripMs: null,
    served: 2,
    inFlight: 1,
    waiting: 0,
  };
  assertEquals(clientLines([], { colour: false }), []);
  assertEquals(clientLines([row], { colour: false }), [
    "clients, and open requests:",
    "  till\\x0a 10.0.0.7:4000 since 07-01 12:00:00Z: 2 from it, 1 to it",
  ]);
  const many = clientLines(Array.from({ length: 25 }, () => row), { colour: false });
  assertEquals([many.length, many.at(-1)], [22, "  and 5 more"]);
});
