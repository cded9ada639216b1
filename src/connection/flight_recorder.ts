/**
 * The flight recorder: what each link was told last and what it decided, in bounded memory, so that
 * one can see afterwards how a strange night came about.
 *
 * An entry is one line: the event, an arrow, the actions. Lines are what it keeps, too: they are
 * small, and hold on to nothing.
 *
 * @module
 */

import type { EndpointEvent } from "../events.ts";
import type { LinkAction, LinkEvent } from "../core/link/link_event.ts";
import type { Clock } from "../runtime/runtime.ts";
import { FrameKind } from "../core/wire/frame.ts";

/** The last entries of a link that are kept. */
export const ENTRIES_MAX = 32;

/** The last events of the endpoint that are kept. */
export const EVENTS_MAX = 512;

/** Links of which entries are kept; the one that is known for longest makes room. */
export const LINKS_MAX = 2_048;

/** What a link was told, and what it decided. */
export interface FlightEntry {
  /** On the monotonic clock, in milliseconds. */
  readonly atMs: number;
  /** Such as `closed 2 → dial`; with a number in front where it happened so often in a row. */
  readonly text: string;
}

/** What is kept of one link: times, texts and counts, one behind the other. */
interface Tape {
  readonly times: number[];
  readonly texts: string[];
  readonly counts: number[];
}

const FRAME_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(FrameKind).map(([name, kind]) => [kind, name]),
);

/** The recorder of one endpoint. */
export class FlightRecorder {
  readonly #tapes = new Map<string, Tape>();
  /** A ring: the event with the number n stands at n modulo its size. */
  readonly #events: EndpointEvent[] = [];
  #eventCount = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Both clocks, now. */
  now(): { readonly atMs: number; readonly atMicros: number } {
    return { atMs: this.#clock.nowMs(), atMicros: this.#clock.wallMicros() };
  }

  /** Something was told to people. */
  recordEvent(event: EndpointEvent): void {
    this.#events[this.#eventCount++ % EVENTS_MAX] = event;
  }

  /** The number of the next event: events count from 0. */
  get nextEvent(): number {
    return this.#eventCount;
  }

  /** The events from a number on, as far as they are kept; at most so many, the newest of them. */
  eventsSince(number: number, max: number = EVENTS_MAX): EndpointEvent[] {
    const events: EndpointEvent[] = [];
    const oldest = Math.max(number, this.#eventCount - Math.min(max, EVENTS_MAX), 0);
    for (let next = oldest; next < this.#eventCount; next++) {
      events.push(this.#events[next % EVENTS_MAX]!);
    }
    return events;
  }

  /** A link was told something, and decided. */
  record(peer: string, atMs: number, event: LinkEvent, actions: readonly LinkAction[]): void {
    if (actions.length === 0 && isIdle(event)) return;
    const tape = this.#tapes.get(peer) ?? this.#newTape(peer);
    const text = entryText(event, actions);
    const { times, texts, counts } = tape;
    // A peer that is away for hours is dialled all the time: that is one entry, not all of them.
    const before = texts.lastIndexOf(text);
    if (before >= 0 && before >= texts.length - 2 && isRoutine(event)) {
      counts[before]!++;
      times[before] = atMs;
      return;
    }
    times.push(atMs);
    texts.push(text);
    counts.push(1);
    if (times.length > ENTRIES_MAX) {
      times.shift();
      texts.shift();
      counts.shift();
    }
  }

  /** What is kept, by the names of the peers. */
  entries(): Record<string, FlightEntry[]> {
    const all: Record<string, FlightEntry[]> = Object.create(null);
    for (const [peer, { times, texts, counts }] of this.#tapes) {
      all[peer] = texts.map((text, index) => ({
        atMs: times[index]!,
        text: counts[index] === 1 ? text : `${counts[index]} × ${text}`,
      }));
    }
    return all;
  }

  #newTape(peer: string): Tape {
    if (this.#tapes.size >= LINKS_MAX) this.#tapes.delete(this.#tapes.keys().next().value!);
    const tape: Tape = { times: [], texts: [], counts: [] };
    this.#tapes.set(peer, tape);
    return tape;
  }
}

/** What an idle link hears all the time: it would push out everything that one looks for later. */
function isIdle(event: LinkEvent): boolean {
  return event.kind === "timeout" ||
    event.kind === "control" && event.frame === FrameKind.PONG;
}

function isRoutine({ kind }: LinkEvent): boolean {
  return kind === "timeout" || kind === "dial" || kind === "dial-ended";
}

function entryText(event: LinkEvent, actions: readonly LinkAction[]): string {
  const parts = actions.map(actionText);
  // One string: a chain of pieces would take several times the memory.
  return [eventText(event), parts.length === 0 ? "nothing" : parts.join(", ")].join(" → ");
}

function eventText(event: LinkEvent): string {
  switch (event.kind) {
    case "opened": {
      const { bootId, ordinal } = event.remote;
      const who = event.isOwnDial ? "dialled" : "accepted";
      return `opened ${event.connection} ${who} life ${bootId} ordinal ${ordinal}`;
    }
    case "control":
      return `${frameName(event.frame)} ${event.number} on ${event.connection}`;
    case "refused":
      return `refused ${event.connection} ${event.code}`;
    case "suspect":
      return `suspect ${event.connection} silent for ${Math.round(event.silenceMs)} ms`;
    case "closed":
      return `closed ${event.connection}`;
    case "stop":
      return `stop ${event.code}`;
    default:
      return event.kind;
  }
}

function actionText(action: LinkAction): string {
  switch (action.kind) {
    case "send":
      return `send ${frameName(action.frame)} ${action.number} on ${action.connection}`;
    case "refuse":
    case "breach":
      return `${action.kind} ${action.connection} ${action.code}`;
    case "abort":
      return `abort ${action.connection} ${action.reason}`;
    case "settle":
      return action.restarted === null
        ? `settle ${action.outcome.code}`
        : `settle ${action.outcome.code} life ${action.restarted.oldBootId}`;
    case "begin":
    case "attach":
      return `${action.kind} ${action.connection}`;
    case "tell": {
      const { news } = action;
      const number = "identifier" in news ? ` number ${news.identifier}` : "";
      return `tell ${news.type}${number}`;
    }
    case "fenced":
      return `fenced ${action.code}`;
    default:
      return action.kind;
  }
}

function frameName(kind: number): string {
  return FRAME_NAMES.get(kind) ?? `frame ${kind}`;
}
