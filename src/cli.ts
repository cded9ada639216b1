/**
 * The command: `freshlink serve`, `call`, `table`, `watch` and `demo`. `--help` tells the rest.
 *
 * @module
 */

import process from "node:process";
import { fileURLToPath } from "node:url";
import { realpathSync } from "node:fs";
import {
  type Arguments,
  CONNECTION_VALUES,
  readArguments,
  type Syntax,
  usage,
} from "./cli/arguments.ts";
import { call } from "./cli/call.ts";
import { demo } from "./cli/demo.ts";
import { CommandError, EXIT } from "./cli/exit_code.ts";
import { COMMAND_HELP, GENERAL_HELP } from "./cli/help.ts";
import { Output } from "./cli/output.ts";
import { serve } from "./cli/serve.ts";
import { table, watch } from "./cli/table.ts";
import { VERSION } from "./cli/version.ts";
import { ConfigurationError, FreshlinkError, RequestError } from "./errors.ts";

interface Command extends Syntax {
  readonly run: (args: Arguments, output: Output) => Promise<number>;
}

const COMMANDS: Readonly<Record<string, Command>> = Object.freeze({
  serve: { operands: [1, 1], values: ["handlers"], run: serve },
  call: {
    operands: [2, 3],
    flags: ["idempotent", "notify"],
    values: CONNECTION_VALUES,
    run: call,
  },
  table: { operands: [1, 1], values: CONNECTION_VALUES, run: table },
  watch: { operands: [1, 1], values: [...CONNECTION_VALUES, "every"], run: watch },
});

/**
 * Runs the command.
 *
 * @param args The words after the command's name.
 * @returns The exit code; `freshlink --help` lists them.
 */
export async function main(args: readonly string[]): Promise<number> {
  const output = new Output(args.includes("--json"));
  try {
    return await run(args, output);
  } catch (error) {
    return tell(error, output);
  }
}

async function run(args: readonly string[], output: Output): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    output.raw(GENERAL_HELP);
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  if (name === "--version") {
    output.line(VERSION, { version: VERSION });
    return EXIT.ok;
  }
  const wantsHelp = rest.includes("--help") || rest.includes("-h");
  if (wantsHelp && name in COMMAND_HELP) {
    output.raw(COMMAND_HELP[name]!);
    return EXIT.ok;
  }
  if (name === "demo") return await demo(rest);
  const command = COMMANDS[name];
  if (command === undefined) {
    throw usage("", `there is no command '${name}': ${Object.keys(COMMAND_HELP).join(", ")}`);
  }
  return await command.run(readArguments(name, rest, command), output);
}

/** Tells what went wrong, for people or for programs. @returns The exit code. */
function tell(error: unknown, output: Output): number {
  if (error instanceof CommandError) {
    output.error(error.message, { code: error.code, message: error.message });
    return error.exitCode;
  }
  if (error instanceof ConfigurationError) {
    const { code, message, problems } = error;
    output.error(problems.join("\nfreshlink: "), { code, message, problems });
    return EXIT.config;
  }
  if (error instanceof RequestError) {
    const { code, message, delivery, details } = error;
    output.error(message, { code, message, delivery, details });
    return delivery === "executed" ? EXIT.failed : EXIT.noAnswer;
  }
  if (error instanceof FreshlinkError) {
    const { code, message } = error;
    output.error(`${code}: ${message}`, { code, message });
    return EXIT.noAnswer;
  }
  throw error;
}

/** Whether this file is what was started. Node before 24.2 has no `import.meta.main`. */
function isMain(): boolean {
  const { main } = import.meta as { readonly main?: boolean };
  if (main !== undefined) return main;
  const [, started] = process.argv;
  return started !== undefined && import.meta.url.startsWith("file:") &&
    realpathSync(started) === fileURLToPath(import.meta.url);
}

if (isMain()) process.exitCode = await main(process.argv.slice(2));
