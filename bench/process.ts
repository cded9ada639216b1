/**
 * A child process that runs `program.ts` on one of the runtimes.
 *
 * @module
 */

import { findRuntime, type RuntimeName } from "../tools/runtimes.ts";
import type { Order } from "./program.ts";

const PROGRAM = decodeURIComponent(new URL("./program.ts", import.meta.url).pathname);

/** How long the program may take to start, in milliseconds. */
const START_TIMEOUT_MS = 30_000;

/** All children that are alive, so that an interrupt ends them. */
export class Processes {
  readonly #alive = new Set<Process>();

  /** Starts the program; resolves once it takes orders. */
  async start(runtime: RuntimeName): Promise<Process> {
    const one = new Process(await findRuntime(runtime), runtime, () => this.#alive.delete(one));
    this.#alive.add(one);
    await one.ready;
    return one;
  }

  /** Ends them all at once. */
  kill(): void {
    for (const one of this.#alive) one.kill();
  }
}

/** One child. Disposing of it ends it. */
export class Process implements AsyncDisposable {
  /** Resolves once it takes orders. */
  readonly ready: Promise<unknown>;
  readonly #child: Deno.ChildProcess;
  readonly #runtime: RuntimeName;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #waiting = new Map<number, (answer: Record<string, unknown>) => void>();
  readonly #ended: Promise<unknown>;
  #errors = "";
  #lastId = 0;

  constructor(executable: string, runtime: RuntimeName, onEnd: () => void) {
    const flags: Record<RuntimeName, readonly string[]> = {
      deno: ["run", "--allow-all", "--quiet", "--no-prompt", "--v8-flags=--expose-gc"],
      bun: [],
      node: ["--expose-gc"],
    };
    this.#runtime = runtime;
    this.#child = new Deno.Command(executable, {
      args: [...flags[runtime], PROGRAM],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#ended = Promise.all([this.#child.status, this.#readAnswers(), this.#readErrors()])
      .finally(() => {
        onEnd();
        for (const settle of this.#waiting.values()) settle({ error: "the process has ended" });
      });
    this.ready = this.#answer(0, START_TIMEOUT_MS);
  }

  /**
   * Gives an order and waits for the answer.
   *
   * @throws {Error} When the program failed, ended, or did not answer in time.
   */
  order<Answer = unknown>(order: Order, timeoutMs = 30_000): Promise<Answer> {
    const id = ++this.#lastId;
    const answer = this.#answer(id, timeoutMs);
    const line = new TextEncoder().encode(`${JSON.stringify({ id, ...order })}\n`);
    // Where the process has ended, the answer says so.
    this.#input.write(line).catch(() => {});
    return answer as Promise<Answer>;
  }

  /** Ends it at once. */
  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#ended;
    await this.#input.abort().catch(() => {});
  }

  async #answer(id: number, timeoutMs: number): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>();
    this.#waiting.set(id, resolve);
    const timer = setTimeout(() => resolve({ error: `no answer in ${timeoutMs} ms` }), timeoutMs);
    const answer = await promise;
    clearTimeout(timer);
    this.#waiting.delete(id);
    if (answer.error === undefined) return answer;
    throw new Error(`The program on ${this.#runtime}: ${answer.error}\n${this.#errors}`);
  }

  async #readAnswers(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const answer = JSON.parse(line);
        this.#waiting.get(answer.id)?.(answer);
      }
    }
  }

  async #readErrors(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#errors += text;
    }
  }
}
