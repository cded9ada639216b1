/** How often it is looked, and for how long at most, in milliseconds. */
const LOOK_MS = 20;
const WAIT_MS = 40_000;

/** Looks until something is so. @param what For the error: what was to come true. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  what: string,
  withinMs = WAIT_MS,
): Promise<void> {
  const untilMs = performance.now() + withinMs;
  while (!await isSo()) {
    if (performance.now() > untilMs) throw new Error(`not so after ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
