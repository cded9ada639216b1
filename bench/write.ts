/**
 * Puts what was measured into docs/performance.md: each table stands between `<!-- NAME -->` and
 * `<!-- /NAME -->`, below the command that made it.
 *
 * @module
 */

import { ROOT } from "../tools/project.ts";
import { runDeno } from "../tools/run_deno.ts";
import type { Results } from "./measure.ts";
import { type Table, tableMarkdown, tablesOf } from "./print.ts";

const PAGE = `${ROOT}docs/performance.md`;
const FORMAT_WITHIN_MS = 30_000;

/**
 * Writes those tables for which the page has a place.
 *
 * @param args The command line without `--write`.
 * @param date The day, as it is to stand there.
 */
export async function writeResults(
  results: Results,
  args: readonly string[],
  date: string,
): Promise<void> {
  const command = ["deno task bench", ...args].join(" ");
  let page = await Deno.readTextFile(PAGE);
  for (const table of tablesOf(results)) page = withTable(page, table, `${command} (${date})`);
  await Deno.writeTextFile(PAGE, page);
  await runDeno(["fmt", "--quiet", PAGE], { timeoutMs: FORMAT_WITHIN_MS, cwd: ROOT });
}

/** The page with a table in its place; as it was, where it has none. */
export function withTable(page: string, table: Table, command: string): string {
  const [begin, end] = [`<!-- ${table.name} -->`, `<!-- /${table.name} -->`];
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) return page;
  const text = `    ${command}\n\n${tableMarkdown(table)}`;
  return `${page.slice(0, from)}${begin}\n\n${text}\n\n${page.slice(to)}`;
}
