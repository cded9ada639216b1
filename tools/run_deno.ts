/**
 * Runs this very Deno as a child process.
 *
 * By `Deno.execPath()`, because `npx deno` puts no `deno` on the path; without standard input and
 * without prompts, because nobody may be there to answer; and with a deadline, past which the
 * child and everything it started are ended.
 *
 * @module
 */

/** How to run the child. */
export interface RunOptions {
  /** Ends the child and what it started after so many milliseconds. */
  readonly timeoutMs: number;
  /** Whether the child's output is shown (the default) or kept for `RunResult.text`. */
  readonly output?: "inherit" | "capture";
  /** Where it runs; this process's folder by default. */
  readonly cwd?: string;
  /** Variables of its environment, besides this process's own. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How the child ended. */
export interface RunResult {
  /** Its exit code; 124 where the deadline ended it. */
  readonly code: number;
  /** What it wrote, standard output first; empty where it was shown instead. */
  readonly text: string;
}

/** How long a child may take to end by itself once it was asked to, in milliseconds. */
const GRACE_MS = 5_000;

/** The exit code of a child that was ended at its deadline, as `timeout(1)` has it. */
export const TIMED_OUT = 124;

/** The exit code of this process when it was interrupted, as shells have it. */
const INTERRUPTED = 130;

/**
 * Runs `deno` with the arguments and waits for its end. Never rejects for the child's sake.
 *
 * Interrupted (SIGINT, SIGTERM), it ends the child, then this process.
 */
export async function runDeno(args: readonly string[], options: RunOptions): Promise<RunResult> {
  const isCaptured = options.output === "capture";
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    stdin: "null",
    stdout: isCaptured ? "piped" : "inherit",
    stderr: isCaptured ? "piped" : "inherit",
    // A process group of its own, so that what the child started ends with it.
    detached: Deno.build.os !== "windows",
    env: { ...options.env, DENO_NO_PROMPT: "1", DENO_NO_UPDATE_CHECK: "1" },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  }).spawn();
  const streams = isCaptured ? [child.stdout, child.stderr] : [];
  const texts = Promise.all(streams.map((stream) => new Response(stream).text()));

  let timedOut = false;
  let graceTimer: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    // Asked with SIGINT, `deno test` names the tests that were running.
    signalGroup(child.pid, "SIGINT");
    graceTimer ??= setTimeout(() => signalGroup(child.pid, "SIGKILL"), GRACE_MS);
  };
  const deadlineTimer = setTimeout(() => {
    timedOut = true;
    end();
  }, options.timeoutMs);
  let interrupted = false;
  const stopListening = onInterrupt(() => {
    interrupted = true;
    end();
  });
  try {
    const { code } = await child.status;
    if (interrupted) Deno.exit(INTERRUPTED);
    if (timedOut) signalGroup(child.pid, "SIGKILL");
    return { code: timedOut ? TIMED_OUT : code, text: (await texts).join("") };
  } finally {
    clearTimeout(deadlineTimer);
    clearTimeout(graceTimer);
    stopListening();
  }
}

function onInterrupt(listener: () => void): () => void {
  const signals: readonly Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT"]
    : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, listener);
  return () => {
    for (const signal of signals) Deno.removeSignalListener(signal, listener);
  };
}

function signalGroup(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(Deno.build.os === "windows" ? pid : -pid, signal);
  } catch {
    // It ended meanwhile.
  }
}
