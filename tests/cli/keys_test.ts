// The key that ends `watch`, and a terminal that is left as it was.

import { EventEmitter } from "node:events";
import { assertEquals } from "@std/assert";
import { type KeySource, onQuitKey } from "../../src/cli/keys.ts";

/** A terminal, as far as it is asked here. */
class Terminal extends EventEmitter {
  isTTY = true;
  readonly done: string[] = [];

  setRawMode(isRaw: boolean): this {
    this.done.push(`raw ${isRaw}`);
    return this;
  }

  resume(): this {
    this.done.push("resume");
    return this;
  }

  pause(): this {
    this.done.push("pause");
    return this;
  }
}

Deno.test("onQuitKey() calls back for q and Control-C, and for nothing else", () => {
  const terminal = new Terminal();
  let count = 0;
  const release = onQuitKey(terminal as unknown as KeySource, () => count++);
  const encoder = new TextEncoder();
  for (const keys of ["x", "\x1b[A", "Q"]) terminal.emit("data", encoder.encode(keys));
  assertEquals(count, 0);
  terminal.emit("data", encoder.encode("q"));
  terminal.emit("data", encoder.encode("\x03"));
  assertEquals(count, 2);
  release();
  terminal.emit("data", encoder.encode("q"));
  assertEquals(count, 2);
  assertEquals(terminal.done, ["raw true", "resume", "raw false", "pause"]);
});

Deno.test("onQuitKey() leaves what is no terminal alone", () => {
  const terminal = new Terminal();
  terminal.isTTY = false;
  onQuitKey(terminal as unknown as KeySource, () => {})();
  assertEquals([terminal.done, terminal.listenerCount("data")], [[], 0]);
});
