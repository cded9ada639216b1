// The flight recorder: bounded, one line an entry, and a peer that is away does not fill it.

import v8 from "node:v8";
import vm from "node:vm";
import { assert, assertEquals } from "@std/assert";
import {
  ENTRIES_MAX,
  EVENTS_MAX,
  FlightRecorder,
  LINKS_MAX,
} from "../../src/connection/flight_recorder.ts";
import type { EndpointEvent } from "../../src/events.ts";
import { SimulatedPair } from "../support/simulated_pair.ts";

const CLOCK = { nowMs: () => 1, wallMicros: () => 2, defer() {}, setTimer: () => ({}) } as never;

const closed = (connection: number) => ({ kind: "closed", connection }) as const;

Deno.test("FlightRecorder: what a link was told and decided, in words", () => {
  const recorder = new FlightRecorder(CLOCK);
  recorder.record("SP20", 1, { kind: "start" }, [{ kind: "dial" }]);
  recorder.record("SP20", 2, { kind: "control", connection: 2, frame: 0x11, number: 8 }, [
    { kind: "attach", connection: 2 },
    {
      kind: "tell",
      news: { type: "connected", connection: 2, identifier: 8, bootId: "ab", newProcess: true },
    },
    { kind: "abort", connection: 1, reason: "local" },
  ]);
  recorder.record("SP20", 3, { kind: "timeout" }, []);
  assertEquals({ ...recorder.entries() }, {
    SP20: [
      { atMs: 1, text: "start → dial" },
      { atMs: 2, text: "USEACK 8 on 2 → attach 2, tell connected number 8, abort 1 local" },
    ],
  });
});

Deno.test("FlightRecorder: a peer that is away for hours takes two entries", () => {
  const recorder = new FlightRecorder(CLOCK);
  recorder.record("SP20", 0, closed(1), []);
  for (let attempt = 1; attempt <= 10_000; attempt++) {
    recorder.record("SP20", attempt, { kind: "timeout" }, [{ kind: "dial" }]);
    recorder.record("SP20", attempt, { kind: "dial-ended", error: "refused" }, []);
  }
  assertEquals(recorder.entries()["SP20"], [
    { atMs: 0, text: "closed 1 → nothing" },
    { atMs: 10_000, text: "10000 × timeout → dial" },
    { atMs: 10_000, text: "10000 × dial-ended → nothing" },
  ]);
});

Deno.test("FlightRecorder: it keeps the last entries, events and links, and no more", () => {
  const recorder = new FlightRecorder(CLOCK);
  for (let index = 0; index < 10 * ENTRIES_MAX; index++) {
    recorder.record("a", index, closed(index), []);
  }
  const kept = recorder.entries()["a"]!;
  assertEquals([kept.length, kept.at(-1)!.atMs], [ENTRIES_MAX, 10 * ENTRIES_MAX - 1]);
  for (let index = 0; index < LINKS_MAX + 10; index++) {
    recorder.record(`p${index}`, 0, closed(1), []);
  }
  assertEquals(Object.keys(recorder.entries()).length, LINKS_MAX);
  const event = (atMs: number) => ({ type: "closed", atMs }) as EndpointEvent;
  for (let index = 0; index < EVENTS_MAX + 5; index++) recorder.recordEvent(event(index));
  assertEquals(recorder.nextEvent, EVENTS_MAX + 5);
  assertEquals(recorder.eventsSince(0).length, EVENTS_MAX);
  assertEquals(recorder.eventsSince(0)[0]!.atMs, 5);
  assertEquals(recorder.eventsSince(EVENTS_MAX + 3).map(({ atMs }) => atMs), [515, 516]);
  assertEquals(recorder.eventsSince(0, 2).map(({ atMs }) => atMs), [515, 516]);
  assert(recorder.eventsSince(9_999).length === 0);
});

/** What a recorder holds for each of many links with entries of these lengths, in bytes. */
function bytesPerLink(lengths: readonly number[]): number {
  v8.setFlagsFromString("--expose-gc");
  const collect: () => void = vm.runInNewContext("gc");
  const links = LINKS_MAX;
  const recorder = new FlightRecorder(CLOCK);
  collect();
  const before = v8.getHeapStatistics().used_heap_size;
  for (let link = 0; link < links; link++) {
    for (const [index, length] of lengths.entries()) {
      // The only event whose text can have any length.
      const code = `${link} ${index} `.padEnd(length - "refused 1  → nothing".length, "x");
      recorder.record(`p${link}`, index, { kind: "refused", connection: 1, code } as never, []);
    }
  }
  collect();
  const bytes = (v8.getHeapStatistics().used_heap_size - before) / links;
  assertEquals(Object.keys(recorder.entries()).length, links);
  return bytes;
}

Deno.test("FlightRecorder: an idle link takes less than 2.5 KiB, however long; the fullest less than 13", async () => {
  const pair = await SimulatedPair.start();
  await pair.simulation.run(600_000);
  const [texts] = Object.values(pair.left.dump().links).map((entries) =>
    entries.map(({ text }) => text)
  );
  const idle = bytesPerLink(texts!.map(({ length }) => length));
  assert(idle < 2_560, `${idle} bytes for ${texts!.length} entries: ${texts!.join("; ")}`);
  const longest = Array.from({ length: ENTRIES_MAX }, () => 160);
  const fullest = bytesPerLink(longest);
  assert(fullest < 13_312, `${fullest} bytes`);
  await pair.close();
});
