/**
 * `deno run --allow-read tools/release.ts TAG`: whether a tag may be released: it is `v` and the
 * version in deno.json, and CHANGELOG.md begins with that version. Exits with 1 where it is not.
 *
 * @module
 */

import { config, ROOT } from "./project.ts";

/** What is wrong with a release, in a sentence for each; nothing where all agree. */
export function releaseProblems(tag: string, version: string, changelog: string): string[] {
  const problems: string[] = [];
  if (tag !== `v${version}`) problems.push(`The tag is ${tag}, deno.json's version is ${version}.`);
  const head = /^## (\S+)/m.exec(changelog)?.[1] ?? "nothing";
  if (head !== version) problems.push(`CHANGELOG.md begins with ${head}, not with ${version}.`);
  return problems;
}

if (import.meta.main) {
  const changelog = await Deno.readTextFile(`${ROOT}CHANGELOG.md`);
  const problems = releaseProblems(Deno.args[0] ?? "nothing", config.version, changelog);
  for (const problem of problems) console.error(problem);
  Deno.exit(problems.length === 0 ? 0 : 1);
}
