/**
 * The ways that calls and notifications can take through the rules of flow. A search that never went
 * one of them proves nothing about it, so each is counted, and a count of 0 fails a long run.
 *
 * The product carries no counters for it: its methods are wrapped here.
 */

import { Outbox } from "../../src/connection/outbox.ts";
import { Assembly } from "../../src/core/flow/assembly.ts";
import { Backlog } from "../../src/core/flow/backlog.ts";
import { NotificationSender } from "../../src/core/flow/notification_flow.ts";
import { Places } from "../../src/core/flow/places.ts";
import { Promises } from "../../src/core/flow/promises.ts";
import { RoomAccount } from "../../src/core/flow/room.ts";
import { Transfers } from "../../src/core/flow/transfers.ts";
import { InboundCalls } from "../../src/core/session/inbound_calls.ts";
import { OutboundCalls } from "../../src/core/session/outbound_calls.ts";

/** A call of a method of an object with a prototype. */
interface Passage {
  readonly self: unknown;
  readonly parameters: readonly unknown[];
}

/** A way, and how one sees that it was gone. */
interface Path {
  readonly name: string;
  readonly prototype: object;
  readonly method: string;
  /** Looks before the method runs. */
  readonly before?: (passage: Passage) => boolean;
  /** Looks at what it returned. */
  readonly after?: (result: unknown, passage: Passage) => boolean;
}

const counts = new Map<string, number>();

const PATHS: readonly Path[] = [
  {
    name: "a call waits for its place",
    prototype: Backlog.prototype,
    method: "nextRequests",
    after: (next, { self }) => next === null && (self as Backlog).hasRequests,
  },
  {
    name: "a call takes a place for depth",
    prototype: Places.prototype,
    method: "open",
    before: ({ self }) => !(self as Places).hasPlace(0),
  },
  {
    name: "a large request goes on standing credit",
    prototype: OutboundCalls.prototype,
    method: "announce",
    before: ({ parameters }) => parameters[1] === false,
  },
  {
    name: "a request asks for room",
    prototype: OutboundCalls.prototype,
    method: "announce",
    before: ({ parameters }) => parameters[1] === true,
  },
  { name: "an answer asks for room", prototype: InboundCalls.prototype, method: "handleReplyAsks" },
  {
    name: "a large notification asks for room",
    prototype: NotificationSender.prototype,
    method: "handleGrant",
  },
  { name: "room is granted", prototype: Promises.prototype, method: "grant" },
  {
    name: "room is short",
    prototype: RoomAccount.prototype,
    method: "mayHold",
    after: (may) => may === false,
  },
  {
    name: "what waits for room is withdrawn",
    prototype: RoomAccount.prototype,
    method: "withdraw",
    after: (waited) => waited === true,
  },
  {
    name: "room comes back without its payload",
    prototype: Assembly.prototype,
    method: "discard",
    before: ({ self }) => (self as Assembly).heldBytes > 0,
  },
  {
    name: "a payload is cut short",
    prototype: Transfers.prototype,
    method: "remove",
    after: (was) => was === true,
  },
  {
    name: "a request waits because too many answers do",
    prototype: InboundCalls.prototype,
    method: "keep",
    before: ({ self }) => !(self as InboundCalls).isReady,
  },
  {
    name: "an answer is dropped because nobody waits",
    prototype: InboundCalls.prototype,
    method: "handleReplyLate",
  },
  {
    name: "a notification waits for credit",
    prototype: NotificationSender.prototype,
    method: "write",
    after: (written, { parameters: [queue], self }) =>
      written === false && (queue as { first: unknown }).first !== null &&
      !(self as NotificationSender).isBusy,
  },
  {
    name: "an end closes while work is open",
    prototype: Outbox.prototype,
    method: "beginClosing",
    before: ({ self }) => !(self as Outbox).isQuiet,
  },
];

/** All ways, by name. */
export const PATH_NAMES: readonly string[] = PATHS.map(({ name }) => name);

/** How often each was gone since the last call. */
export function takePaths(): Record<string, number> {
  const taken = Object.fromEntries(PATH_NAMES.map((name) => [name, counts.get(name) ?? 0]));
  counts.clear();
  return taken;
}

for (const { name, prototype, method, before, after } of PATHS) {
  const methods = prototype as Record<string, (...parameters: unknown[]) => unknown>;
  const original = methods[method];
  if (typeof original !== "function") throw new Error(`"${name}": there is no ${method} any more`);
  methods[method] = function (this: unknown, ...parameters: unknown[]): unknown {
    const passage = { self: this, parameters };
    let isGone = before === undefined || before(passage);
    const result = original.apply(this, parameters);
    if (after !== undefined) isGone &&= after(result, passage);
    if (isGone) counts.set(name, (counts.get(name) ?? 0) + 1);
    return result;
  };
}
