/**
 * The wish to end: SIGINT or SIGTERM.
 *
 * @module
 */

import process from "node:process";

/** Calls back at the first SIGINT or SIGTERM; a second one ends the process at once. */
export function onInterrupt(callback: () => void): () => void {
  let asked = false;
  const handle = () => {
    if (asked) process.exit(130);
    asked = true;
    callback();
  };
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return () => {
    process.off("SIGINT", handle);
    process.off("SIGTERM", handle);
  };
}
