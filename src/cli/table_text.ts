/**
 * The connection table as text: aligned, in 80 columns where its contents allow it.
 *
 * @module
 */

import type { ClientRow, ConnectionRow, PeerRow } from "../../mod.ts";

/** How the table is written. */
export interface TableTextOptions {
  /** Whether to mark the connections in use with colour as well. */
  readonly colour: boolean;
  /** The columns of the terminal; 80 by default. */
  readonly width?: number;
}

/** A column: its head and what stands below it. */
interface Column {
  readonly head: string;
  readonly cells: readonly string[];
  readonly isNumber: boolean;
}

/** What gives way, one after the other, when the table is too wide. */
interface Layout {
  readonly gap: number;
  readonly shortIdentifiers: boolean;
  readonly bootDigits: number;
}

const WIDTH = 80;

const LAYOUTS: readonly Layout[] = Object.freeze([
  { gap: 2, shortIdentifiers: false, bootDigits: 8 },
  { gap: 1, shortIdentifiers: false, bootDigits: 8 },
  { gap: 1, shortIdentifiers: true, bootDigits: 8 },
  { gap: 1, shortIdentifiers: true, bootDigits: 4 },
]);

/** Where a row is cut when no layout fits: before the identifier. */
const FIRST_PART = 4;

/** So many digits of an identifier are left, at least, when leading ones that all share are cut. */
const IDENTIFIER_DIGITS_MIN = 4;

/** So many clients are shown; of the others, how many there are. */
const CLIENTS_MAX = 20;

const ELLIPSIS = "…";

const BOLD = 1;
const DIM = 2;
const GREEN = 32;

/**
 * Writes the table: a head and a line for each connection; two lines for each where one would be
 * wider than `width`.
 *
 * The columns: peer, remote address, listening port, file descriptor (`-` where the runtime does
 * not tell it), identifier (`-` while it is not decided), time of establishment, `*` for the connection in use, direction, the first digits of the life,
 * round trip in milliseconds, requests in flight.
 */
export function tableLines(rows: readonly ConnectionRow[], options: TableTextOptions): string[] {
  const { colour, width = WIDTH } = options;
  if (rows.length === 0) return ["no connections"];
  const paint = (code: number, text: string) => colour ? `\x1b[${code}m${text}\x1b[0m` : text;
  const paintRow = (index: number, text: string) =>
    paint(index < 0 ? BOLD : rows[index]!.usable ? GREEN : DIM, text);
  for (const layout of LAYOUTS) {
    const lines = writeLines(columnsOf(rows, layout), layout.gap);
    if (lines.every((line) => line.length <= width)) {
      return lines.map((line, index) => paintRow(index - 1, line));
    }
  }
  const columns = columnsOf(rows, LAYOUTS[0]!);
  const first = writeLines(columns.slice(0, FIRST_PART), 2);
  const second = writeLines(columns.slice(FIRST_PART), 2);
  return first.flatMap((line, index) => [
    paintRow(index - 1, line),
    paintRow(index - 1, `    ${second[index]}`),
  ]);
}

function columnsOf(rows: readonly ConnectionRow[], layout: Layout): Column[] {
  const identifiers = rows.map(({ identifier }) => identifier === 0 ? "-" : String(identifier));
  const text = (head: string, cell: (row: ConnectionRow) => string) => (
    { head, cells: rows.map(cell), isNumber: false }
  );
  const number = (head: string, cell: (row: ConnectionRow) => string) => (
    { head, cells: rows.map(cell), isNumber: true }
  );
  return [
    text("peer", ({ peer }) => printable(peer)),
    text("remote", ({ remoteAddress }) => printable(remoteAddress)),
    number("port", ({ listeningPort }) => String(listeningPort)),
    number("fd", ({ descriptor }) => descriptor === null ? "-" : String(descriptor)),
    {
      head: "id",
      cells: layout.shortIdentifiers ? shorten(identifiers) : identifiers,
      isNumber: true,
    },
    text("since", since),
    text("use", ({ usable }) => usable ? "*" : ""),
    text("dir", ({ direction }) => direction === "inbound" ? "in" : "out"),
    text("boot", ({ bootId }) => printable(bootId.slice(0, layout.bootDigits))),
    number("rtt", ({ roundTripMs }) => roundTripMs === null ? "-" : milliseconds(roundTripMs)),
    number("req", ({ inFlight }) => String(inFlight)),
  ];
}

function writeLines(columns: readonly Column[], gap: number): string[] {
  const widths = columns.map(({ head, cells }) =>
    Math.max(head.length, ...cells.map((cell) => cell.length))
  );
  const write = (cellOf: (column: Column) => string) =>
    columns.map((column, index) => {
      const cell = cellOf(column);
      return column.isNumber ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!);
    }).join(" ".repeat(gap)).trimEnd();
  const count = columns[0]?.cells.length ?? 0;
  return [
    write(({ head }) => head),
    ...Array.from({ length: count }, (_, index) => write(({ cells }) => cells[index]!)),
  ];
}

/** Cuts leading digits that all have, so that the greater one still looks greater. */
function shorten(identifiers: readonly string[]): readonly string[] {
  const decided = identifiers.filter((text) => text !== "-");
  const [first = ""] = decided;
  if (decided.some((text) => text.length !== first.length)) return identifiers;
  let shared = 0;
  const most = first.length - IDENTIFIER_DIGITS_MIN;
  while (shared < most && decided.every((text) => text[shared] === first[shared])) shared++;
  if (shared <= ELLIPSIS.length) return identifiers;
  return identifiers.map((text) => text === "-" ? text : ELLIPSIS + text.slice(shared));
}

function since({ establishedSeconds, establishedMicros }: ConnectionRow): string {
  return timeText(establishedSeconds * 1_000_000 + establishedMicros);
}

/** A point in time for people: month, day and time of day, UTC. */
export function timeText(micros: number): string {
  const iso = new Date(micros / 1_000).toISOString();
  return `${iso.slice(5, 10)} ${iso.slice(11, 19)}Z`;
}

/** All lines dimmed, where there is colour. */
export function dimmed(text: string, colour: boolean): string {
  if (!colour) return text;
  return text.split("\n").map((line) => `\x1b[${DIM}m${line}\x1b[0m`).join("\n");
}

/** A line for each peer that takes no calls, below a head; nothing where there is none. */
export function peerLines(peers: readonly PeerRow[], options: TableTextOptions): string[] {
  const away = peers.filter(({ state }) => state !== "up");
  if (away.length === 0) return [];
  const lines = away.map((row) => {
    const reason = row.lastError === null ? "" : `: ${printable(row.lastError)}`;
    const waiting = row.waiting === 0 ? "" : `, ${row.waiting} waiting`;
    const place = printable(`${row.peer} ${row.hostname}:${row.port}`);
    return `  ${place} ${row.state} since ${timeText(row.sinceMicros)}${waiting}${reason}`;
  });
  return dimmed(["peers without a link:", ...lines].join("\n"), options.colour).split("\n");
}

/** A line for each client, below a head; nothing where there is none. */
export function clientLines(clients: readonly ClientRow[], options: TableTextOptions): string[] {
  if (clients.length === 0) return [];
  const lines = clients.slice(0, CLIENTS_MAX).map((row) => {
    const { client, remoteAddress, sinceMicros, served, inFlight } = row;
    const open = `${served} from it, ${inFlight} to it`;
    const who = `${printable(client)} ${printable(remoteAddress)}`;
    return `  ${who} since ${timeText(sinceMicros)}: ${open}`;
  });
  const more = clients.length - lines.length;
  if (more > 0) lines.push(`  and ${more} more`);
  return dimmed(["clients, and open requests:", ...lines].join("\n"), options.colour).split("\n");
}

/** A line for each group with its members, below a head; nothing where there is none. */
export function groupLines(peers: readonly PeerRow[], options: TableTextOptions): string[] {
  const groups = new Map<string, PeerRow[]>();
  for (const row of peers) {
    if (row.group === null || row.group === undefined) continue;
    const members = groups.get(row.group) ?? [];
    members.push(row);
    groups.set(row.group, members);
  }
  if (groups.size === 0) return [];
  const lines = Array.from(groups, ([group, members]) => {
    const counts = (["up", "closing", "down"] as const).map((state) => {
      const count = members.filter((row) => row.state === state).length;
      return count === 0 ? "" : `${count} ${state}`;
    }).filter((text) => text !== "").join(", ");
    const names = members.map(({ peer, state, inFlight }) =>
      `${printable(peer)}${state === "up" ? ` ${inFlight}` : ` (${state})`}`
    ).join(", ");
    return `  ${printable(group)}: ${counts}: ${names}`;
  });
  return dimmed(["groups, and open requests of each member:", ...lines].join("\n"), options.colour)
    .split("\n");
}

/** Three digits that count, whatever the size. */
function milliseconds(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

/** A text of somebody else's, without what a terminal would obey. */
export function printable(text: string): string {
  return text.replaceAll(
    /\p{Cc}/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
