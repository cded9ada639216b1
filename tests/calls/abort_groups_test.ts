// Calls by the signal that gives them up: one listener for each signal, and none afterwards.

import { assertEquals } from "@std/assert";
import { type Abortable, AbortGroups } from "../../src/calls/abort_groups.ts";

class FakeCall implements Abortable {
  signalPlace = 0;
  readonly #handleAbort: (call: FakeCall) => void;

  constructor(handleAbort: (call: FakeCall) => void) {
    this.#handleAbort = handleAbort;
  }

  handleAbort(): void {
    this.#handleAbort(this);
  }
}

/** A signal that counts its listeners. */
function counting(): { controller: AbortController; signal: AbortSignal; listeners: () => number } {
  const controller = new AbortController();
  const { signal } = controller;
  let count = 0;
  const add = signal.addEventListener.bind(signal) as (...parts: unknown[]) => void;
  const remove = signal.removeEventListener.bind(signal) as (...parts: unknown[]) => void;
  Object.assign(signal, {
    addEventListener: (...parts: unknown[]) => {
      count++;
      add(...parts);
    },
    removeEventListener: (...parts: unknown[]) => {
      count--;
      remove(...parts);
    },
  });
  return { controller, signal, listeners: () => count };
}

Deno.test("AbortGroups: calls of one signal share a listener, which goes with the last of them", () => {
  const groups = new AbortGroups();
  const { controller, signal, listeners } = counting();
  const aborted: FakeCall[] = [];
  const calls = Array.from({ length: 5 }, () => new FakeCall((call) => aborted.push(call)));
  for (const call of calls) groups.add(signal, call);
  assertEquals([groups.size, listeners()], [1, 1]);
  for (const index of [0, 4, 2, 2, 1, 3]) groups.remove(signal, calls[index]!);
  assertEquals([groups.size, listeners()], [0, 0]);
  controller.abort();
  assertEquals(aborted, []);
});

Deno.test("AbortGroups: an abort reaches each call once, also where they leave the group with it", () => {
  const groups = new AbortGroups();
  const { controller, signal, listeners } = counting();
  const aborted: number[] = [];
  const calls: FakeCall[] = [];
  for (let index = 0; index < 5; index++) {
    calls.push(
      new FakeCall((call) => {
        aborted.push(index);
        groups.remove(signal, call);
      }),
    );
    groups.add(signal, calls[index]!);
  }
  groups.remove(signal, calls[1]!);
  controller.abort();
  assertEquals(aborted.toSorted(), [0, 2, 3, 4]);
  assertEquals([groups.size, listeners()], [0, 0]);
});
