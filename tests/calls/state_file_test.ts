// The state file: each life gets an ordinal of its own, above the last one, and no file stops a
// start but one that cannot be written.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { nextRank } from "../../src/calls/state_file.ts";
import { ConfigurationError } from "../../src/errors.ts";
import { hostClock, hostRandom } from "../../src/runtime/host.ts";
import type { Clock } from "../../src/runtime/runtime.ts";

/** A folder that is gone afterwards. */
async function inFolder(run: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(`${folder}/state.json`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A clock that was set back to 1970. */
const SET_BACK: Clock = { ...hostClock, wallMicros: () => 5 };

function rank(path: string, clock: Clock = hostClock) {
  return nextRank(clock, hostRandom, path);
}

Deno.test("stateFile: a life ranks above the last one, and knows so, when the clock was set back", () =>
  inFolder(async (path) => {
    const first = await rank(path);
    assertEquals(first.rises, false, "whether there was one before is not known");
    assertEquals(await rank(path, SET_BACK), { ordinal: first.ordinal + 1, rises: true });
    assertEquals(await rank(path, SET_BACK), { ordinal: first.ordinal + 2, rises: true });
    const names: string[] = [];
    for await (const { name } of Deno.readDir(path.replace(/[^/]*$/, ""))) names.push(name);
    assertEquals(names, ["state.json"], "no lock and no draft is left");
  }));

Deno.test("stateFile: an empty, broken or lost one stops no start; the clock ranks, without a claim", () =>
  inFolder(async (path) => {
    const broken = ["", "\0\0\0\0", "nonsense", "[]", "null", '{"ordinal":"7"}', '{"ordinal":-1}'];
    for (const text of [...broken, `{"ordinal":${Number.MAX_SAFE_INTEGER}}`]) {
      await Deno.writeTextFile(path, text);
      assertEquals(await rank(path, SET_BACK), { ordinal: 5, rises: false }, text);
      assertEquals(await rank(path, SET_BACK), { ordinal: 6, rises: true }, text);
    }
    await Deno.remove(path);
    assertEquals(await rank(path, SET_BACK), { ordinal: 5, rises: false });
  }));

Deno.test("stateFile: starts at the same time get an ordinal each", () =>
  inFolder(async (path) => {
    const far = Date.now() * 2_000;
    await Deno.writeTextFile(path, JSON.stringify({ ordinal: far }));
    const ranks = await Promise.all(Array.from({ length: 16 }, () => rank(path)));
    const ordinals = ranks.map(({ ordinal }) => ordinal - far).toSorted((a, b) => a - b);
    assertEquals(ordinals, Array.from({ length: 16 }, (_, index) => index + 1));
    assertEquals(JSON.parse(await Deno.readTextFile(path)), { ordinal: far + 16 });
  }));

Deno.test("stateFile: the lock of a process that was killed is broken, that of a busy one waited for", () =>
  inFolder(async (path) => {
    await Deno.writeTextFile(`${path}.lock`, "somebody");
    let nowMs = 0;
    let waits = 0;
    const clock: Clock = {
      ...hostClock,
      nowMs: () => nowMs,
      setTimer: (delayMs, callback) => {
        nowMs += delayMs;
        // For a second the lock passes from one to the next.
        if (++waits <= 50) Deno.writeTextFileSync(`${path}.lock`, `somebody ${waits}`);
        queueMicrotask(callback);
        return 0;
      },
    };
    assert((await rank(path, clock)).ordinal > 0);
    assert(nowMs >= 3_000 && nowMs < 3_200, `${nowMs}`);
  }));

Deno.test("stateFile: one that cannot be written is an error that names it", () =>
  inFolder(async (path) => {
    await Deno.mkdir(path);
    for (const wrong of [path, `${path}/none/state.json`]) {
      const error = await assertRejects(() => rank(wrong), ConfigurationError, wrong);
      assertEquals(error.code, "invalid-options");
    }
  }));
