/**
 * `--instances N`: members of one group on several cores, one process each. The first one listens on
 * the port of the definition file, the next on the one after it, and so on. What ends by itself is
 * started again; a wish to end is passed on, and waited for.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { clearTimeout, setTimeout } from "node:timers";
import { type Arguments, usage } from "./arguments.ts";
import { EXIT } from "./exit_code.ts";
import type { Output } from "./output.ts";
import { onInterrupt } from "./signals.ts";

/** More processes than that are a mistake. */
const INSTANCES_MAX = 256;

/** Says to a child which instance it is: from 0. */
const VARIABLE = "FRESHLINK_INSTANCE";

/** How long to wait before what ended is started again, in milliseconds; it doubles. */
const AGAIN_MIN_MS = 500;
const AGAIN_MAX_MS = 30_000;
/** Whoever ran so long had no trouble with its start. */
const RAN_WELL_MS = 60_000;

/** How long to wait for a signal of a process that may be gone, in milliseconds. */
const GONE_MS = 200;

/** Exit codes of what will not go better the next time: a wrong command line or configuration. */
const HOPELESS: ReadonlySet<number> = new Set([EXIT.usage, EXIT.config, EXIT.noInput]);

/** Which instance this process is; `null`: the only one. */
export function instanceOf(): number | null {
  const text = process.env[VARIABLE];
  return text === undefined || !/^\d{1,3}$/.test(text) ? null : Number(text);
}

/**
 * Calls back when the process that has started this instance is gone; a little later, as a signal may
 * be on its way. @returns Ends that.
 */
export function onParentGone(callback: () => void): () => void {
  const { stdin } = process;
  const later = () => void setTimeout(callback, GONE_MS);
  stdin.once("end", later);
  stdin.once("error", later);
  stdin.resume();
  return () => {
    stdin.off("end", later);
    stdin.off("error", later);
    stdin.pause();
  };
}

/** How many are asked for; `null`: not said. @throws {CommandError} `usage`. */
export function instancesAskedFor(args: Arguments): number | null {
  const text = args.values.get("instances");
  if (text === undefined) return null;
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= INSTANCES_MAX) return count;
  throw usage("serve", `--instances expects a number from 1 to ${INSTANCES_MAX}, not '${text}'`);
}

/** Runs them until it is interrupted, or one of them can never start. @returns The exit code. */
export async function runInstances(count: number, output: Output): Promise<number> {
  let isEnding = false;
  const instances = Array.from({ length: count }, (_, index) => new Instance(index, output));
  const release = onInterrupt(() => {
    isEnding = true;
    for (const instance of instances) instance.end();
  });
  try {
    const codes = await Promise.all(instances.map(async (instance) => {
      const code = await instance.run(() => isEnding);
      // One that can never start ends them all: what is wrong is told once, by its exit code.
      if (HOPELESS.has(code)) {
        isEnding = true;
        for (const other of instances) other.end();
      }
      return code;
    }));
    return codes.find((code) => code !== EXIT.ok) ?? EXIT.ok;
  } finally {
    release();
  }
}

class Instance {
  readonly #index: number;
  readonly #output: Output;
  #child: ChildProcess | null = null;
  #wake: () => void = () => {};
  #isAsked = false;

  constructor(index: number, output: Output) {
    this.#index = index;
    this.#output = output;
  }

  /** It is to end. */
  end(): void {
    this.#isAsked = true;
    this.#child?.kill("SIGTERM");
    this.#wake();
  }

  async run(isEnding: () => boolean): Promise<number> {
    let againMs = AGAIN_MIN_MS;
    for (;;) {
      const startMs = performance.now();
      const code = await this.#once();
      // Whoever is fenced has another process in its place, and must not come back.
      if (isEnding() || HOPELESS.has(code) || code === EXIT.fenced) return code;
      if (performance.now() - startMs > RAN_WELL_MS) againMs = AGAIN_MIN_MS;
      this.#output.line(`instance ${this.#index} ended with ${code}, again in ${againMs} ms`, {
        type: "instance-ended",
        instance: this.#index,
        code,
        againMs,
      });
      await this.#pause(againMs);
      if (isEnding()) return code;
      againMs = Math.min(2 * againMs, AGAIN_MAX_MS);
    }
  }

  #once(): Promise<number> {
    const [program, ...args] = ownCommand();
    const child = spawn(program!, args, {
      env: { ...process.env, [VARIABLE]: String(this.#index) },
      // A pipe that nobody writes to: its end says that this process is gone, however it ended.
      stdio: ["pipe", "inherit", "inherit"],
    });
    this.#child = child;
    return new Promise((resolve) => {
      child.once("error", () => resolve(EXIT.failed));
      // Deno calls it killed whoever was sent a signal, also where it has ended in good order.
      const noCode = () => this.#isAsked ? EXIT.ok : EXIT.failed;
      child.once("exit", (code) => resolve(code ?? noCode()));
    });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** How this process was started. */
function ownCommand(): string[] {
  const [program = process.execPath, script = "", ...args] = process.argv;
  const isDeno = (process.versions as { readonly deno?: string }).deno !== undefined;
  const options = isDeno ? ["run", "--allow-all"] : process.execArgv;
  return [program, ...options, script, ...args];
}
