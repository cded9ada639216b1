/** A child of the tools ends at its deadline, with everything it started. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { runDeno, TIMED_OUT } from "../../tools/run_deno.ts";

Deno.test("runDeno() returns the child's exit code and what it wrote", async () => {
  const result = await runDeno(
    ["eval", "console.log(Deno.env.get('WORD')); console.error('two'); Deno.exit(3)"],
    { timeoutMs: 30_000, output: "capture", env: { WORD: "one" } },
  );
  assertEquals(result, { code: 3, text: "one\ntwo\n" });
});

Deno.test("runDeno() gives the child no input and answers no prompt", async () => {
  const { code, text } = await runDeno(
    ["eval", "console.log(await new Response(Deno.stdin.readable).text() === '', prompt('?'))"],
    { timeoutMs: 30_000, output: "capture" },
  );
  assertEquals(code, 0);
  assertMatch(text, /true null/);
});

Deno.test({
  name: "runDeno() ends a child and what it started at the deadline",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const script = `
      const grandchild = new Deno.Command(Deno.execPath(), {
        args: ["eval", "setTimeout(() => {}, 600_000)"],
        stdin: "null",
      }).spawn();
      console.log(grandchild.pid);
      setTimeout(() => {}, 600_000);
    `;
    const startMs = performance.now();
    const { code, text } = await runDeno(["eval", script], {
      timeoutMs: 1_500,
      output: "capture",
    });
    assertEquals(code, TIMED_OUT);
    assert(performance.now() - startMs < 15_000);
    await untilGone(Number(text.trim()));
  },
});

/** Waits for a process's end: nobody reaps it but the system's first process. */
async function untilGone(pid: number): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (performance.now() < deadlineMs) {
    const state = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
    // "Z": ended, and not yet reaped.
    if (state === "" || / Z /.test(state)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`The process ${pid} lives on`);
}
