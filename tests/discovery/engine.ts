/**
 * Programs of Debian's that a discovery asks: where they are missing, CI installs them, and
 * elsewhere their tests are skipped with the reason. They listen on loopback only.
 */

import { until } from "../support/until.ts";

const INSTALL_TIMEOUT_MS = 120_000;
const START_TIMEOUT_MS = 10_000;

/** Why a program is not here; `null` where it is. CI installs it. */
export async function findMissing(program: string, debianPackage: string): Promise<string | null> {
  if (await succeeds(program, "--version")) return null;
  const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;
  if (Deno.env.get("CI") === undefined || !isRoot) return `${debianPackage} is not installed`;
  await succeeds("apt-get", "update", "--quiet");
  const options = ["--yes", "--quiet", "--no-install-recommends"];
  await succeeds("apt-get", "install", ...options, debianPackage);
  return await succeeds(program, "--version") ? null : `${debianPackage} cannot be installed`;
}

async function succeeds(program: string, ...args: readonly string[]): Promise<boolean> {
  try {
    const command = new Deno.Command(program, {
      args: [...args],
      env: { DEBIAN_FRONTEND: "noninteractive" },
      stdout: "null",
      stderr: "null",
      signal: AbortSignal.timeout(INSTALL_TIMEOUT_MS),
    });
    return (await command.output()).success;
  } catch {
    return false;
  }
}

/** A program that runs until it is stopped. */
export class Engine implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
  }

  /** @param isReady Asked again and again until it is. */
  static async start(
    program: string,
    args: readonly string[],
    isReady: () => Promise<boolean>,
  ): Promise<Engine> {
    const child = new Deno.Command(program, {
      args: [...args],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const engine = new Engine(child);
    try {
      const what = `${program} ${args.join(" ")} is ready`;
      await until(() => isReady().catch(() => false), what, START_TIMEOUT_MS);
    } catch (error) {
      await engine.stop();
      throw error;
    }
    return engine;
  }

  async stop(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#child.status;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
