/**
 * The command as a child process: its lines, its exit code, its end.
 */

import { ROOT } from "../../tools/project.ts";
import { findRuntime, type RuntimeName } from "../../tools/runtimes.ts";

const WAIT_MS = 40_000;

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A running command. Ended, at the latest, when its scope ends. */
export class Program implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #ended: Promise<Ended>;
  readonly #waiting = new Set<() => void>();
  #errors = "";

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#ended = this.#read();
  }

  /** Starts `freshlink` with arguments. */
  static async start(
    args: readonly string[],
    options: { runtime?: RuntimeName; env?: Record<string, string>; input?: string } = {},
  ): Promise<Program> {
    const runtime = options.runtime ?? "deno";
    const prefix = runtime === "deno" ? ["run", "--allow-all", "--no-check", "--quiet"] : [];
    const child = new Deno.Command(await findRuntime(runtime), {
      args: [...prefix, `${ROOT}src/cli.ts`, ...args],
      stdin: options.input === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1", ...options.env },
    }).spawn();
    if (options.input !== undefined) {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(options.input));
      await writer.close();
    }
    return new Program(child);
  }

  /** Runs `freshlink` to its end. */
  static async run(
    args: readonly string[],
    options: { runtime?: RuntimeName; env?: Record<string, string>; input?: string } = {},
  ): Promise<Ended> {
    await using program = await Program.start(args, options);
    return await program.ended();
  }

  /** The first line of standard output that fits, from `from` on, printed already or to come. */
  async line(fits: (line: string) => boolean, from = 0): Promise<string> {
    const find = () => this.lines.slice(from).find(fits);
    await this.#until(
      () => find() !== undefined,
      () => `no such line in ${WAIT_MS} ms, but:\n${this.lines.join("\n")}`,
    );
    return find()!;
  }

  /** Waits until something that was written makes this true. */
  async #until(isTrue: () => boolean, problem: () => string): Promise<void> {
    const untilMs = performance.now() + WAIT_MS;
    while (!isTrue()) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) throw new Error(problem());
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, leftMs);
        this.#waiting.add(wake);
      });
    }
  }

  /** Waits for a line of JSON whose `type` is this one. */
  async event(type: string): Promise<Record<string, unknown>> {
    return JSON.parse(await this.line((line) => line.startsWith(`{"type":"${type}"`)));
  }

  /** The first line of standard error. */
  async error(): Promise<string> {
    const line = () => this.#errors.includes("\n");
    await this.#until(line, () => `no line of standard error in ${WAIT_MS} ms`);
    return this.#errors.split("\n")[0]!;
  }

  /** Sends a signal, unless it has ended. */
  kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** How it ended. Fails when it does not end in time. */
  async ended(): Promise<Ended> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`still there after ${WAIT_MS} ms:\n${this.lines.join("\n")}`)),
        WAIT_MS,
      );
    });
    try {
      return await Promise.race([this.#ended, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.#ended;
  }

  async #read(): Promise<Ended> {
    const errors = this.#readErrors();
    let out = "";
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      out += text;
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      this.lines.push(...lines);
      for (const wake of [...this.#waiting]) wake();
    }
    const { code } = await this.#child.status;
    await errors;
    return { code, out, err: this.#errors };
  }

  async #readErrors(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#errors += text;
      for (const wake of [...this.#waiting]) wake();
    }
  }
}
