/**
 * What a command needs of its process: output, signals, files. Handed in, so that tests run
 * commands without a process.
 *
 * @module
 */

import process from "node:process";

/** The process around a command. */
export interface Host {
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Whether to write in colour. */
  readonly colour: boolean;
  /** The columns of the terminal; 80 where there is none. */
  readonly width: number;
  /** Whether nobody reads standard output any more. */
  readonly isDeaf: boolean;
  /** A variable of the environment. */
  variable(name: string): string | undefined;
  /** Writes a line to standard output. */
  print(line: string): void;
  /** Writes to standard output as it is. */
  write(text: string): void;
  /** Writes a line to standard error. */
  warn(line: string): void;
  /**
   * Calls back at SIGINT and SIGTERM.
   *
   * @returns Ends that.
   */
  onStop(callback: (signal: string) => void): () => void;
  /** Ends this process at once. */
  exit(code: number): void;
}

const WIDTH = 80;

const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** The process that this is. */
export function processHost(): Host {
  const { stdout, stderr, env } = process;
  const isTerminal = stdout.isTTY === true;
  let isDeaf = false;
  // A reader that is gone (`| head`) is no reason to crash; a server goes on without it.
  stdout.on("error", () => {
    isDeaf = true;
  });
  const write = (text: string) => {
    if (!isDeaf) stdout.write(text);
  };
  return {
    isTerminal,
    colour: isTerminal && !env["NO_COLOR"] && env["TERM"] !== "dumb",
    get width() {
      return stdout.columns || WIDTH;
    },
    get isDeaf() {
      return isDeaf;
    },
    variable: (name) => env[name],
    print: (line) => write(`${line}\n`),
    write,
    warn: (line) => {
      stderr.write(`${line}\n`);
    },
    onStop(callback) {
      for (const signal of STOP_SIGNALS) process.on(signal, callback);
      return () => {
        for (const signal of STOP_SIGNALS) process.off(signal, callback);
      };
    },
    exit: (code) => {
      process.exit(code);
    },
  };
}
