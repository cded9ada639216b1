/**
 * What a runtime cannot do: the one list of differences. A case in it is skipped on that runtime,
 * and the reason is printed.
 */

/** A difference that remains. */
export interface Gap {
  readonly runtime: string;
  /** The beginning of the names of the cases. */
  readonly cases: string;
  readonly reason: string;
}

/** All of them. */
export const GAPS: readonly Gap[] = [
  {
    runtime: "deno",
    cases: "ends: abort() is reset",
    reason: "Deno has no way to send RST: the other end sees FIN",
  },
  {
    runtime: "deno",
    cases: "tls: ends: close() first sends what was taken and what is held: 4 MiB to a slow reader",
    reason: "Deno's node:tls never tells of a FIN that came while it was paused",
  },
  {
    runtime: "deno",
    cases: "tls: bytes: a reader that does not read stops the writer",
    reason: "Deno's node:tls takes 64 MiB, as fast as it is given them, while nobody reads",
  },
  { runtime: "simulator", cases: "places: IPv6", reason: "its hosts have IPv4 addresses" },
  { runtime: "simulator", cases: "places: a Unix socket", reason: "it has no file system" },
  { runtime: "simulator", cases: "tls: ", reason: "it carries plain bytes" },
];

/** Why a case is skipped on a runtime; `null`: it is not. */
export function gapOf(runtime: string, name: string): Gap | null {
  return GAPS.find((gap) => gap.runtime === runtime && name.startsWith(gap.cases)) ?? null;
}
