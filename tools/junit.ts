/**
 * Reads the report that `deno test --junit-path` writes: who passed, failed and was skipped.
 *
 * @module
 */

/** What a run of tests came to. Steps inside a test are not counted apart from it. */
export interface Tally {
  /** Titles of the tests that passed. */
  readonly passed: readonly string[];
  /** Titles of the tests that failed. */
  readonly failed: readonly string[];
  /** Titles of the tests that were skipped; a title says why. */
  readonly skipped: readonly string[];
}

/** Counts the tests of a report. */
export function readJunit(xml: string): Tally {
  const cases = [...xml.matchAll(
    /<testcase name="([^"]*)" classname="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g,
  )].map(([, name = "", file = "", body = ""]) => ({ name, file, body }));
  const known = new Set(cases.map(({ name, file }) => `${file}\n${name}`));
  const passed: string[] = [];
  const failed: string[] = [];
  const skipped: string[] = [];
  for (const { name, file, body } of cases) {
    if (isStep(name, file, known)) continue;
    if (/<(?:failure|error)\b/.test(body)) failed.push(unescapeXml(name));
    else if (/<skipped\b/.test(body)) skipped.push(unescapeXml(name));
    else passed.push(unescapeXml(name));
  }
  return { passed, failed, skipped };
}

/** The line that ends a run; plain, and alone on its line. */
export function tallyLine(tally: Tally): string {
  return `${tally.passed.length} passed, ${tally.failed.length} failed, ${tally.skipped.length} skipped`;
}

/** A step is reported as `<title of its test> > <its own title>`. */
function isStep(name: string, file: string, known: ReadonlySet<string>): boolean {
  const separator = " &gt; ";
  for (let at = name.indexOf(separator); at > 0; at = name.indexOf(separator, at + 1)) {
    if (known.has(`${file}\n${name.slice(0, at)}`)) return true;
  }
  return false;
}

function unescapeXml(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'").replaceAll("&amp;", "&");
}
