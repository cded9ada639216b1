/**
 * The only place from which the library prints: what somebody has to change in a configuration, told
 * once, where nobody listens to the events. Without it a wrong secret looks like a peer that is
 * down.
 *
 * @module
 */

import { CODES, type ErrorCode } from "../errors.ts";
import type { EndpointEvent } from "../events.ts";

/** So many different things are told, then no more: strangers can make up names. */
const TOLD_MAX = 100;

/** More of what others said is not shown, in UTF-16 units. */
const SHOWN_MAX_LENGTH = 300;

/** Tells on the console what is wrong with a configuration. */
export class ConsoleNotice {
  readonly #told = new Set<string>();
  readonly #name: string;
  readonly #knowsPeers: boolean;
  readonly #print: (line: string) => void;

  /**
   * @param name Of the endpoint.
   * @param knowsPeers Whether its configuration lists peers; else whoever is unknown may soon be
   * known.
   * @param print The console, unless a test looks.
   */
  constructor(
    name: string,
    knowsPeers: boolean,
    print: (line: string) => void = (line) => console.warn(line),
  ) {
    this.#name = name;
    this.#knowsPeers = knowsPeers;
    this.#print = print;
  }

  /** An event that nobody has heard. */
  handleEvent(event: EndpointEvent): void {
    const text = noticeOf(event);
    if (text === null || this.#told.size >= TOLD_MAX) return;
    const code = "code" in event ? event.code : "";
    if (code === "unknown-peer" && !this.#knowsPeers) return;
    // Of strangers, whoever they are, each reason is told once.
    const key = `${event.type} ${code} ${event.peer ?? ""}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#print(`freshlink '${this.#name}': ${printable(text)}`);
  }
}

/** What there is to tell of an event; `null`: nothing that a configuration could mend. */
function noticeOf(event: EndpointEvent): string | null {
  if (event.type === "fenced" && event.peer !== null) {
    return `'${event.peer}' knows another process by this name (${event.code}), so the link to it \
has ended for good`;
  }
  if (event.type === "fenced") {
    return `another process has this name (${event.code}), so this one has stopped for good`;
  }
  if (event.type === "dial-failed") {
    return event.reason === "tls" ? `no link to '${event.peer}': ${event.detail}` : null;
  }
  if (event.type !== "handshake-failed" || !isConfiguration(event.code)) return null;
  const { peer, remoteAddress, code, detail, claimedName } = event;
  const who = peer ?? claimedName;
  const whom = who === null ? remoteAddress : `'${who}' at ${remoteAddress}`;
  return `no link with ${whom}: ${code}, ${detail} (told once; endpoint.on() hears each event)`;
}

function isConfiguration(code: ErrorCode): boolean {
  return CODES[code].fault === "configuration" || code === "unsupported-version";
}

/** Nothing that a terminal would obey, and not without an end. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\ufffd").slice(0, SHOWN_MAX_LENGTH);
}
