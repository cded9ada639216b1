/** What the workflows say can be read, and names what is there; a release is what it says it is. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse } from "yaml";
import { config, exists, filesBelow, ROOT } from "../../tools/project.ts";
import { releaseProblems } from "../../tools/release.ts";

interface Step {
  readonly uses?: string;
  readonly run?: string;
}

interface Workflow {
  readonly name?: string;
  readonly on?: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs?: Readonly<
    Record<string, { readonly "runs-on"?: string; readonly steps?: readonly Step[] }>
  >;
}

/** Sentences about a workflow that would not run; nothing where it would. */
async function workflowProblems(text: string): Promise<string[]> {
  const { name, on, permissions, jobs } = parse(text) as Workflow;
  const problems: string[] = [];
  if (!name || !on || !permissions) problems.push("no name, trigger or permissions");
  if (Object.keys(jobs ?? {}).length === 0) problems.push("no jobs");
  for (const [title, job] of Object.entries(jobs ?? {})) {
    if (!job["runs-on"] || !job.steps?.length) problems.push(`${title}: no machine or no steps`);
    for (const { uses, run } of job.steps ?? []) {
      if ((uses === undefined) === (run === undefined)) problems.push(`${title}: uses or run`);
      if (uses !== undefined && !/^[\w-]+\/[\w-]+@v\d+$/.test(uses)) problems.push(`uses ${uses}`);
      problems.push(...await commandProblems(run ?? ""));
    }
  }
  return problems;
}

/** Tasks and files that a command names and that are not there. */
async function commandProblems(command: string): Promise<string[]> {
  const problems: string[] = [];
  for (const [, task = ""] of command.matchAll(/\btask ([a-z:]+)/g)) {
    if (!Object.hasOwn(config.tasks, task)) problems.push(`no task ${task}`);
  }
  for (const [path] of command.matchAll(/(?:\.ci|tools)\/[\w.]+/g)) {
    if (!await exists(path)) problems.push(`no file ${path}`);
  }
  return problems;
}

Deno.test("workflows: each can be read, and names tasks and files that are there", async () => {
  const paths = (await filesBelow(".github")).filter((path) => path.includes("/workflows/"));
  assertEquals(paths.map((path) => path.split("/").at(-1)), ["ci.yml", "release.yml"]);
  for (const path of paths) {
    assertEquals(await workflowProblems(await Deno.readTextFile(ROOT + path)), [], path);
  }
});

Deno.test("workflows: what would not run is found", async () => {
  const head = "name: x\non: { push: {} }\npermissions: { contents: read }\n";
  const job = (step: string) => `${head}jobs: { a: { runs-on: b, steps: [${step}] } }\n`;
  assertEquals(await workflowProblems(job('{ run: "deno task ok" }')), []);
  for (
    const text of [
      head,
      `${head}jobs: { a: { steps: [{ run: x }] } }\n`,
      job('{ run: "deno task none" }'),
      job('{ run: "tools/none.ts" }'),
      job("{ uses: actions/checkout }"),
      job("{ uses: actions/checkout@v4, run: x }"),
    ]
  ) {
    assertEquals((await workflowProblems(text)).length, 1, text);
  }
});

Deno.test("workflows: the bug template can be read", async () => {
  const { body } = parse(await Deno.readTextFile(`${ROOT}.github/ISSUE_TEMPLATE/bug.yml`));
  assert(body.length > 0 && body.every(({ type }: { type: string }) => type.length > 0));
});

Deno.test("a release: tag, version and head of the changelog are one", async () => {
  const changelog = await Deno.readTextFile(`${ROOT}CHANGELOG.md`);
  assertEquals(releaseProblems(`v${config.version}`, config.version, changelog), []);
  assertMatch(releaseProblems("v9.9.9", config.version, changelog).join(), /The tag is v9\.9\.9/);
  assertMatch(releaseProblems("v1.0.0", "1.0.0", "# Changelog\n").join(), /begins with nothing/);
});

Deno.test("line ends are the same on every system", async () => {
  assertEquals(await Deno.readTextFile(`${ROOT}.gitattributes`), "* text=auto eol=lf\n");
});
