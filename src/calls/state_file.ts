/**
 * The state file: it remembers the last ordinal of a name, so that each life ranks above the ones
 * before it, whatever the clock does.
 *
 * An ordinal is used only after it is on the disk: written beside, synced, renamed, the folder
 * synced. One process at a time does so, under a lock file beside the state file. That takes
 * milliseconds and nothing else happens meanwhile, so a lock that stands unchanged for longer is
 * that of a process which was killed in between, and is broken; an owner that has been stopped for
 * so long sees that its lock is gone, and begins anew.
 *
 * A file that is lost, empty or unreadable as state stops no start: the clock says the ordinal, and
 * the life does not claim that its ordinal is above those of all before it. Nor does it where the
 * folder cannot be synced.
 *
 * @module
 */

import { ConfigurationError } from "../errors.ts";
import type { Clock, Random } from "../runtime/runtime.ts";
import { messageOf } from "./thrown.ts";

/** How the life that starts ranks. */
export interface Rank {
  /** Microseconds since 1970, above the last one where that is known. */
  readonly ordinal: number;
  /** Whether it is known to be above those of all lives of this name before. */
  readonly rises: boolean;
}

/** A lock that stands unchanged for so long has lost its owner, in milliseconds. */
const STALE_MS = 2_000;

/** How often one looks whether the lock is free, in milliseconds. */
const POLL_MS = 20;

/** Longer than that nobody waits for the lock, in milliseconds. */
const WAIT_MAX_MS = 30_000;

const TOKEN_BYTES = 16;

type FileSystem = typeof import("node:fs");

/**
 * Takes the next ordinal.
 *
 * @param path The state file. It, `path + ".new"` and `path + ".lock"` are written.
 * @throws {ConfigurationError} `invalid-options` when the files cannot be read or written.
 */
export async function nextRank(clock: Clock, random: Random, path: string): Promise<Rank> {
  const fs = await import("node:fs");
  try {
    const token = Array.from(random.bytes(TOKEN_BYTES), (byte) => byte.toString(16)).join("");
    const lock = new LockFile(fs, `${path}.lock`, token);
    const untilMs = clock.nowMs() + WAIT_MAX_MS;
    while (clock.nowMs() < untilMs) {
      const rank = lock.tryTake(clock.nowMs()) ? takeNext(fs, clock, path, lock) : null;
      if (rank !== null) return rank;
      await new Promise<void>((resolve) => clock.setTimer(POLL_MS, resolve));
    }
    throw new Error(`${path}.lock is always taken by others`);
  } catch (cause) {
    throw new ConfigurationError("invalid-options", [
      `stateFile: ${path} cannot be used: ${messageOf(cause)}`,
    ], { cause });
  }
}

/** Under the lock. @returns `null`: the lock was lost meanwhile, and nothing has changed. */
function takeNext(fs: FileSystem, clock: Clock, path: string, lock: LockFile): Rank | null {
  const beside = `${path}.new`;
  try {
    const last = lastOrdinal(readText(fs, path));
    const ordinal = Math.max(clock.wallMicros(), (last ?? 0) + 1);
    // What a killed process left there may still be open in one that was only stopped.
    fs.rmSync(beside, { force: true });
    const file = fs.openSync(beside, "wx");
    try {
      fs.writeSync(file, `${JSON.stringify({ ordinal })}\n`);
      fs.fsyncSync(file);
    } finally {
      fs.closeSync(file);
    }
    if (!lock.isOwn) return null;
    fs.renameSync(beside, path);
    const isSynced = syncFolder(fs, path);
    return { ordinal, rises: isSynced && last !== null };
  } finally {
    lock.release();
  }
}

/** The ordinal that a state file holds; `null` where it holds none that one could go on from. */
function lastOrdinal(text: string | null): number | null {
  let state: unknown;
  try {
    state = JSON.parse(text ?? "");
  } catch {
    return null;
  }
  const ordinal = (state as { readonly ordinal?: unknown } | null)?.ordinal;
  const isOrdinal = typeof ordinal === "number" && ordinal >= 0 &&
    Number.isSafeInteger(ordinal + 1);
  return isOrdinal ? ordinal : null;
}

/** What a file holds; `null` where there is none. */
function readText(fs: FileSystem, path: string): string | null {
  try {
    return fs.readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

/** Puts the new name on the disk. @returns Whether it is there: not every system has a way to. */
function syncFolder(fs: FileSystem, path: string): boolean {
  const folder = path.replace(/[^/\\]*$/, "") || ".";
  try {
    const descriptor = fs.openSync(folder, "r");
    try {
      fs.fsyncSync(descriptor);
      return true;
    } finally {
      fs.closeSync(descriptor);
    }
  } catch {
    return false;
  }
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | null)?.code;
}

/** The lock of a state file: a file that holds its owner's token. */
class LockFile {
  readonly token: string;
  readonly #fs: FileSystem;
  readonly #path: string;
  /** The lock of somebody else as it was seen, and since when. */
  #seen: string | null = null;
  #seenMs = 0;

  constructor(fs: FileSystem, path: string, token: string) {
    this.#fs = fs;
    this.#path = path;
    this.token = token;
  }

  /** Whether the lock is this one. */
  get isOwn(): boolean {
    return readText(this.#fs, this.#path) === this.token;
  }

  /** Takes the lock where it is free; breaks it where its owner is gone. */
  tryTake(nowMs: number): boolean {
    try {
      this.#fs.writeFileSync(this.#path, this.token, { flag: "wx" });
      return true;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
    const owner = readText(this.#fs, this.#path);
    if (owner === null) return false;
    if (owner !== this.#seen) {
      this.#seen = owner;
      this.#seenMs = nowMs;
    } else if (nowMs - this.#seenMs >= STALE_MS) this.#remove(owner);
    return false;
  }

  /** Gives the lock back. */
  release(): void {
    this.#remove(this.token);
  }

  /** Removes the lock of one owner. */
  #remove(owner: string): void {
    if (readText(this.#fs, this.#path) !== owner) return;
    this.#fs.rmSync(this.#path, { force: true });
  }
}
