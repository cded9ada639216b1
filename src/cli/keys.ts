/**
 * Keys that are pressed while the command runs.
 *
 * @module
 */

import type { ReadStream } from "node:tty";

/** What is read of a terminal. */
export type KeySource = Pick<
  ReadStream,
  "isTTY" | "setRawMode" | "on" | "off" | "pause" | "resume"
>;

/** Control-C: in raw mode it is a key like any other, and no signal. */
const INTERRUPT = "\x03";

const decoder = new TextDecoder();

/**
 * Calls back when `q` or Control-C is pressed. Without a terminal it does nothing.
 *
 * @returns Ends that, and leaves the terminal as it was.
 */
export function onQuitKey(source: KeySource, callback: () => void): () => void {
  if (source.isTTY !== true) return () => {};
  const handle = (keys: Uint8Array | string) => {
    const text = typeof keys === "string" ? keys : decoder.decode(keys);
    if (text.includes("q") || text.includes(INTERRUPT)) callback();
  };
  source.setRawMode(true);
  source.on("data", handle);
  source.resume();
  return () => {
    source.off("data", handle);
    source.setRawMode(false);
    source.pause();
  };
}
