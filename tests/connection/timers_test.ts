// Deadlines on a clock that a test holds: who stalls reads first and judges after that.

import { assertEquals } from "@std/assert";
import { TimerTask } from "../../src/connection/timer_task.ts";
import { Timers } from "../../src/connection/timers.ts";
import type { Clock } from "../../src/runtime/runtime.ts";

/** A clock with room for one timer, as a driver needs it. */
class HeldClock implements Clock {
  nowAtMs = 0;
  timer: { readonly atMs: number; readonly callback: () => void } | null = null;
  readonly #deferred: (() => void)[] = [];

  nowMs(): number {
    return this.nowAtMs;
  }

  wallMicros(): number {
    return this.nowAtMs * 1_000;
  }

  setTimer(delayMs: number, callback: () => void): number {
    this.timer = { atMs: this.nowAtMs + delayMs, callback };
    return 1;
  }

  clearTimer(): void {
    this.timer = null;
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  /** The turn ends. */
  endTurn(): void {
    for (const callback of this.#deferred.splice(0)) callback();
  }

  /** The turn ends, and the timer fires at this time. */
  fireAt(nowMs: number): void {
    this.endTurn();
    this.nowAtMs = nowMs;
    const { timer } = this;
    this.timer = null;
    timer?.callback();
  }
}

function held() {
  const clock = new HeldClock();
  const timers = new Timers(clock);
  const expired: string[] = [];
  const arm = (name: string, durationMs: number) => {
    const task = new TimerTask(() => expired.push(name));
    timers.add(task, durationMs);
    return task;
  };
  return { clock, timers, expired, arm };
}

Deno.test("Timers: what is due expires, the next deadline is armed", () => {
  const { clock, expired, arm } = held();
  arm("later", 500);
  arm("first", 100);
  assertEquals(clock.timer?.atMs, 100);
  clock.fireAt(101);
  assertEquals([expired, clock.timer?.atMs], [["first"], 500]);
  // A timer that is a little late is no stall.
  clock.fireAt(690);
  assertEquals([expired, clock.timer], [["first", "later"], null]);
});

Deno.test("Timers: after a stall nothing is judged before the sockets were read", () => {
  const { clock, timers, expired, arm } = held();
  const silence = arm("silence", 100);
  arm("request", 150);
  clock.fireAt(5_000);
  assertEquals([expired, clock.timer?.atMs], [[], 5_050], "the sockets get a moment");
  // Meanwhile bytes are read that came during the stall: the connection is not silent.
  timers.add(silence, 1_000);
  clock.fireAt(5_050);
  assertEquals(expired, ["request"]);
  clock.fireAt(6_000);
  assertEquals(expired, ["request", "silence"]);
});

Deno.test("Timers: stopped, it holds no timer and arms none", () => {
  const { clock, timers, arm } = held();
  arm("one", 100);
  timers.stop();
  assertEquals(clock.timer, null);
  arm("two", 50);
  assertEquals(clock.timer, null);
});

Deno.test("Timers: what is armed in a long turn, before or after its long part, counts from its end", () => {
  const { clock, timers, expired, arm } = held();
  arm("earlier", 200);
  clock.endTurn();
  clock.nowAtMs = 50;
  // A chunk is read, and its handler computes for 300 ms.
  assertEquals(timers.nowMs(), 50);
  arm("before", 200);
  clock.nowAtMs = 350;
  arm("after", 200);
  arm("after, of another duration", 150);
  clock.fireAt(360);
  assertEquals([expired, clock.timer?.atMs], [["earlier"], 500]);
  clock.fireAt(501);
  clock.fireAt(551);
  assertEquals(expired.slice(1), ["after, of another duration", "before", "after"]);
});

Deno.test("Timers: the clock is read once a turn, and once more where something was armed", () => {
  const { clock, timers, arm } = held();
  let reads = 0;
  clock.nowMs = () => {
    reads++;
    return clock.nowAtMs;
  };
  for (let index = 0; index < 1_000; index++) timers.nowMs();
  clock.endTurn();
  assertEquals(reads, 1);
  for (let index = 0; index < 1_000; index++) arm("request", 100);
  clock.endTurn();
  assertEquals(reads, 3);
});

Deno.test("Timers: a longer delay than a runtime's timer can wait is waited for in parts", () => {
  const { clock, expired, arm } = held();
  const maxMs = 2_147_483_647;
  arm("long", maxMs + 5_000);
  assertEquals(clock.timer?.atMs, maxMs);
  clock.fireAt(maxMs);
  assertEquals([expired, clock.timer?.atMs], [[], maxMs + 5_000]);
  clock.fireAt(maxMs + 5_000);
  assertEquals(expired, ["long"]);
});
