/**
 * The matrix of runtimes in docs/runtimes.md, from the conformance tests that ran.
 *
 * @module
 */

import type { Tally } from "./junit.ts";

/** The columns. */
const RUNTIMES: readonly (readonly [name: string, title: string])[] = [
  ["deno", "Deno"],
  ["bun", "Bun"],
  ["node", "Node"],
  ["simulator", "simulator"],
];

/** Groups of cases, and what they are about. */
const GROUPS: readonly (readonly [name: string, about: string])[] = [
  ["bytes", "bytes: whole, in order, with back-pressure"],
  ["ends", "ends: FIN, RST, time-outs, refusals, each told once"],
  ["places", "places: IPv4, IPv6, Unix sockets"],
  ["tls", "tls: who is let in, under which names; bytes and ends once more"],
];

const TITLE = /^conformance on (\w+): (\w+): (.+)$/;

/**
 * Cases passed by group and runtime, then what was skipped and why.
 *
 * @param tally The run of tests/conformance.
 * @param versions By the runtime's name; a runtime without one has none.
 */
export function conformanceMatrix(
  tally: Tally,
  versions: Readonly<Record<string, string>>,
): string {
  const count = (titles: readonly string[], runtime: string, group: string) =>
    titles.filter((title) => {
      const match = TITLE.exec(title);
      return match?.[1] === runtime && match[2] === group;
    }).length;
  if (!tally.passed.some((title) => TITLE.test(title))) throw new Error("No such test ran");
  const head = RUNTIMES.map(([name, title]) => `${title} ${versions[name] ?? ""}`.trim());
  const rows = GROUPS.map(([group, about]) => {
    const cells = RUNTIMES.map(([runtime]) => {
      const good = count(tally.passed, runtime, group);
      const all = good + count(tally.skipped, runtime, group);
      return good === all ? `${good}` : `${good} of ${all}`;
    });
    return `| ${about} | ${cells.join(" | ")} |`;
  });
  const reasons = new Map<string, string[]>();
  for (const title of tally.skipped) {
    const match = TITLE.exec(title);
    const split = /^(.*) \((.+)\)$/.exec(match?.[3] ?? "");
    if (match === null || split === null) continue;
    const runtime = RUNTIMES.find(([name]) => name === match[1])![1];
    const key = `${runtime}: ${split[2]}`;
    reasons.set(key, [...reasons.get(key) ?? [], split[1]!]);
  }
  const notes = [...reasons].map(([reason, cases]) => `- ${reason} (${cases.join("; ")})`);
  return [
    `| cases passed | ${head.join(" | ")} |`,
    `| --- | ${head.map(() => "---").join(" | ")} |`,
    ...rows,
    "",
    "Skipped:",
    "",
    ...notes,
  ].join("\n");
}
