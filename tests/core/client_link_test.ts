// Both ends of a client's link as objects: what they answer to what they are told.

import { assertEquals } from "@std/assert";
import { DialledLink } from "../../src/core/link/dialled_link.ts";
import type { LinkAction } from "../../src/core/link/link_event.ts";
import { ServedLink } from "../../src/core/link/served_link.ts";
import { FrameKind } from "../../src/core/wire/frame.ts";
import { SETTINGS } from "../support/link_life.ts";

function kinds(actions: readonly LinkAction[]): string[] {
  return actions.map(({ kind }) => kind);
}

/** A link whose draws make each wait half its bound, and one that has a connection. */
function dialled(): DialledLink {
  const settings = { ...SETTINGS, redialMinMs: 100, redialMaxMs: 400 };
  return new DialledLink({ ...settings, identifier: "counter" }, () => 0.5);
}

function up(): DialledLink {
  const link = dialled();
  link.handle({ kind: "dial" }, false, 0);
  assertEquals(kinds(link.handle({ kind: "opened", connection: 1 }, false, 0)), [
    "begin",
    "attach",
  ]);
  return link;
}

Deno.test("DialledLink: one attempt at a time, and a wait that grows between them", () => {
  const link = dialled();
  assertEquals(kinds(link.handle({ kind: "dial" }, false, 0)), ["dial"]);
  assertEquals(link.handle({ kind: "dial" }, true, 0), []);
  link.handle({ kind: "dial-ended", error: "nobody" }, false, 0);
  assertEquals([link.lastDialError, link.nextDeadlineMs()], ["nobody", 50]);
  assertEquals(kinds(link.handle({ kind: "timeout" }, false, 50)), ["dial"]);
  link.handle({ kind: "dial-ended", error: "nobody" }, false, 50);
  assertEquals(link.nextDeadlineMs(), 150);
});

Deno.test("DialledLink: a lost connection is dialled again when something waits, not before", () => {
  for (const waits of [true, false]) {
    const link = up();
    assertEquals(kinds(link.handle({ kind: "closed", connection: 1 }, waits, 0)), ["settle"]);
    assertEquals(link.nextDeadlineMs(), Infinity);
    link.handle({ kind: "settled" }, waits, 0);
    assertEquals(link.nextDeadlineMs(), waits ? 50 : Infinity);
  }
});

Deno.test("DialledLink: whoever does not wait wants a connection for the next time", () => {
  const link = up();
  link.handle({ kind: "closed", connection: 1 }, false, 0);
  assertEquals(link.handle({ kind: "dial-later" }, false, 0), []);
  assertEquals(kinds(link.handle({ kind: "timeout" }, false, 50)), ["dial"]);
});

Deno.test("DialledLink: what was written fails with the connection, idempotent requests do not", () => {
  const [settle] = up().handle({ kind: "closed", connection: 1 }, false, 0);
  assertEquals(settle?.kind === "settle" && settle.outcome, {
    code: "connection-lost",
    endsSession: true,
    repeats: "idempotent",
    unwrittenBeforeMs: -Infinity,
  });
});

Deno.test("DialledLink: ended, it gives its attempt up and dials no more", () => {
  const link = dialled();
  link.handle({ kind: "dial" }, true, 0);
  assertEquals(kinds(link.handle({ kind: "stop", code: "closed" }, true, 0)), [
    "give-dial-up",
    "settle",
  ]);
  assertEquals(link.handle({ kind: "dial" }, true, 0), []);
  assertEquals(link.nextDeadlineMs(), Infinity);
});

Deno.test("a client's link: only what a client may hear and say is no breach", () => {
  const link = up();
  const told = (frame: number) =>
    kinds(link.handle({ kind: "control", connection: 1, frame }, false, 0));
  assertEquals([told(FrameKind.DRAIN), told(FrameKind.PONG), told(FrameKind.USE)], [
    ["hold"],
    [],
    ["breach"],
  ]);
  const served = new ServedLink();
  const heard = (frame: number) => kinds(served.handle({ kind: "control", connection: 1, frame }));
  assertEquals([heard(FrameKind.DRAIN), heard(FrameKind.PONG)], [["breach"], []]);
  assertEquals(kinds(served.handle({ kind: "drain", connection: 1 })), ["send"]);
  const [settle] = served.handle({ kind: "closed", connection: 1 });
  assertEquals(settle?.kind === "settle" && settle.outcome.repeats, "none");
});
