/**
 * The wish to end: SIGINT or SIGTERM.
 *
 * @module
 */

import process from "node:process";

/**
 * One wish may come twice, in milliseconds: a terminal tells the whole group of processes, and a
 * parent such as npx passes it on as well.
 */
const SAME_WISH_MS = 300;

/** The exit code of a process that was interrupted, as shells have it. */
const INTERRUPTED = 130;

/** Calls back at the first SIGINT or SIGTERM; a later one ends the process at once. */
export function onInterrupt(callback: () => void): () => void {
  let askedAtMs = -1;
  const handle = () => {
    const nowMs = performance.now();
    if (askedAtMs >= 0) {
      if (nowMs - askedAtMs > SAME_WISH_MS) process.exit(INTERRUPTED);
      return;
    }
    askedAtMs = nowMs;
    callback();
  };
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return () => {
    process.off("SIGINT", handle);
    process.off("SIGTERM", handle);
  };
}
