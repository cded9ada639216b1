/**
 * A child process that takes orders: lines of JSON on its standard input, each with an `id`, each
 * answered by a line of JSON with the same `id`. The first line, with the id 0, says it is ready.
 *
 * @module
 */

import { findRuntime, type RuntimeName } from "./runtimes.ts";

/** How long an answer may take unless told otherwise, in milliseconds. */
const ANSWER_TIMEOUT_MS = 30_000;

/** What a runtime needs to run a TypeScript file. */
const FLAGS: Readonly<Record<RuntimeName, readonly string[]>> = {
  deno: ["run", "--allow-all", "--quiet", "--no-prompt"],
  bun: [],
  node: [],
};

/** How the program is run. */
export interface ProgramOptions {
  readonly runtime: RuntimeName;
  /** The path of the program. */
  readonly program: string;
  readonly args?: readonly string[];
  /** More flags for the runtime. */
  readonly flags?: readonly string[];
  /** A command that the runtime is started by, such as `ip netns exec NAME`. */
  readonly startedBy?: readonly string[];
}

/** One child. Disposing of it ends it. */
export class OrderedProcess<Order> implements AsyncDisposable {
  /** Resolves with the first line once the program takes orders. */
  readonly ready: Promise<Record<string, unknown>>;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #waiting = new Map<number, (answer: Record<string, unknown>) => void>();
  #errors = "";
  #lastId = 0;

  /** @throws {RuntimeUnavailableError} When the runtime is not here and cannot be fetched. */
  static async start<Order>(options: ProgramOptions): Promise<OrderedProcess<Order>> {
    const { runtime, program, args = [], flags = [], startedBy = [] } = options;
    const [command, ...rest] = [
      ...startedBy,
      await findRuntime(runtime),
      ...FLAGS[runtime],
      ...flags,
      program,
      ...args,
    ];
    const one = new OrderedProcess<Order>(runtime, command!, rest);
    await one.ready;
    return one;
  }

  private constructor(name: string, executable: string, args: readonly string[]) {
    this.#name = name;
    this.#child = new Deno.Command(executable, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.ended = Promise.all([this.#child.status, this.#readAnswers(), this.#readErrors()])
      .then(() => {
        for (const settle of this.#waiting.values()) settle({ failure: "the process has ended" });
      });
    this.ready = this.#answer(0, ANSWER_TIMEOUT_MS);
  }

  /**
   * Gives an order and waits for the answer.
   *
   * @throws {Error} When the program failed (its answer has a `failure`), ended, or was late.
   */
  order<Answer = Record<string, unknown>>(
    order: Order,
    timeoutMs: number = ANSWER_TIMEOUT_MS,
  ): Promise<Answer> {
    const id = ++this.#lastId;
    const answer = this.#answer(id, timeoutMs);
    // Whoever ends the process may not want the answer any more.
    answer.catch(() => {});
    const line = new TextEncoder().encode(`${JSON.stringify({ id, ...order })}\n`);
    // Where the process has ended, the answer says so.
    this.#input.write(line).catch(() => {});
    return answer as Promise<Answer>;
  }

  /** Ends its standard input, and waits until it has ended by itself. */
  async finish(): Promise<void> {
    await this.#input.close();
    await this.ended;
  }

  /** Ends it without a word. */
  kill(): void {
    this.signal("SIGKILL");
  }

  /** Sends it a signal. */
  signal(name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    try {
      this.#child.kill(name);
    } catch {
      // It has ended already.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.ended;
    await this.#input.abort().catch(() => {});
  }

  async #answer(id: number, timeoutMs: number): Promise<Record<string, unknown>> {
    const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>();
    this.#waiting.set(id, resolve);
    const timer = setTimeout(() => resolve({ failure: `no answer in ${timeoutMs} ms` }), timeoutMs);
    const answer = await promise;
    clearTimeout(timer);
    this.#waiting.delete(id);
    if (answer.failure === undefined) return answer;
    throw new Error(`The program on ${this.#name}: ${answer.failure}\n${this.#errors}`);
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
