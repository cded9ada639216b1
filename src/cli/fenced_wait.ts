/**
 * What a server process does before it ends because another one has taken its name: it waits, for
 * longer each time. Two supervisors that start the same name would otherwise have their processes
 * take it from each other several times a second, for as long as they run.
 *
 * Nothing is remembered from one process to the next. It need not be: the time that this one was
 * there is the time that the other one had waited.
 *
 * @module
 */

import { clearTimeout, setTimeout } from "node:timers";
import type { Output } from "./output.ts";
import { onInterrupt } from "./signals.ts";

/** The shortest wait, in milliseconds. */
const WAIT_MIN_MS = 1_000;

/** The longest wait unless another one is asked for, in milliseconds: ten minutes. */
export const FENCED_WAIT_MAX_MS = 600_000;

/**
 * How long to wait, in milliseconds: twice as long as the process was there, at least a second.
 *
 * @param maxMs At most so long; 0: not at all.
 */
export function fencedWaitMs(livedMs: number, maxMs: number): number {
  return Math.min(maxMs, Math.max(WAIT_MIN_MS, 2 * livedMs));
}

/** Says once what goes on, and waits; an interruption ends the wait. */
export async function waitFenced(
  name: string,
  livedMs: number,
  maxMs: number,
  output: Output,
): Promise<void> {
  const waitMs = fencedWaitMs(livedMs, maxMs);
  const seconds = (waitMs / 1_000).toFixed(1);
  let end: () => void = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  // Before it says so: whoever reads that may interrupt it at once.
  const release = onInterrupt(end);
  const timer = setTimeout(end, waitMs);
  output.notice(
    `'${name}' is fenced: another living process has taken its name, so this one serves no more. \
It ends with exit code 70${waitMs === 0 ? "" : ` in ${seconds} s`}. If something starts it again, \
the two take turns: docs/guide/supervisors.md`,
  );
  await ended;
  clearTimeout(timer);
  release();
}
