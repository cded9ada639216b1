/**
 * The command: `freshlink serve`, `call`, `table`, `watch`, `inspect`, `dump` and `demo`. `--help`
 * tells the rest.
 *
 * @example From a program
 * ```ts
 * import { main } from "@freshlink/freshlink/cli";
 *
 * const exitCode = await main(["--version"]);
 * if (exitCode !== 0) throw new Error("the command does not know its version");
 * ```
 *
 * @module
 */

import process from "node:process";
import { fileURLToPath } from "node:url";
import { existsSync, realpathSync } from "node:fs";
import {
  type Arguments,
  CONNECTION_VALUES,
  readArguments,
  type Syntax,
  usage,
} from "./cli/arguments.ts";
import { call } from "./cli/call.ts";
import { demo } from "./cli/demo.ts";
import { EXIT, exitCodeOf } from "./cli/exit_code.ts";
import { COMMAND_HELP, GENERAL_HELP } from "./cli/help.ts";
import { dump, inspect } from "./cli/inspect.ts";
import { keygen } from "./cli/keygen.ts";
import { Output } from "./cli/output.ts";
import { serve, SERVE_VALUES } from "./cli/serve.ts";
import { table, watch } from "./cli/table.ts";
import { VERSION } from "./cli/version.ts";

interface Command extends Syntax {
  readonly run: (args: Arguments, output: Output) => Promise<number>;
}

const COMMANDS: Readonly<Record<string, Command>> = Object.freeze({
  serve: { operands: [1, 1], values: SERVE_VALUES, run: serve },
  call: {
    operands: [2, 3],
    flags: ["idempotent", "notify", "progress"],
    values: CONNECTION_VALUES,
    run: call,
  },
  table: { operands: [1, 1], values: CONNECTION_VALUES, run: table },
  inspect: { operands: [1, 1], values: [...CONNECTION_VALUES, "port"], run: inspect },
  dump: { operands: [1, 1], values: CONNECTION_VALUES, run: dump },
  watch: { operands: [1, 1], values: [...CONNECTION_VALUES, "every"], run: watch },
  keygen: { operands: [0, 1], flags: ["secret"], run: keygen },
});

/**
 * Runs the command.
 *
 * @param args The words after the command's name.
 * @returns The exit code; `freshlink --help` lists them.
 */
export async function main(args: readonly string[]): Promise<number> {
  const output = new Output(args.includes("--json"));
  // A server process goes on without its reader; whatever else only prints has done its work.
  const release = output.onReaderGone(() => {
    if (!args.includes("serve")) process.exit(EXIT.ok);
  });
  try {
    return await run(args, output);
  } catch (error) {
    output.error(error);
    return exitCodeOf(error);
  } finally {
    release();
  }
}

async function run(args: readonly string[], output: Output): Promise<number> {
  // `--json` is understood before the command as well as after it.
  const [name, ...rest] = args[0] === "--json" ? [...args.slice(1), "--json"] : args;
  if (name === "--json") throw usage("", "no command was given");
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    const [about = ""] = rest;
    output.raw(Object.hasOwn(COMMAND_HELP, about) ? COMMAND_HELP[about]! : GENERAL_HELP);
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  if (name === "--version") {
    output.line(VERSION, { version: VERSION });
    return EXIT.ok;
  }
  const wantsHelp = rest.includes("--help") || rest.includes("-h");
  if (wantsHelp && Object.hasOwn(COMMAND_HELP, name)) {
    output.raw(COMMAND_HELP[name]!);
    return EXIT.ok;
  }
  if (name === "demo") return await demo(rest);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    throw usage("", `there is no command '${name}': ${Object.keys(COMMAND_HELP).join(", ")}`);
  }
  return await command.run(readArguments(name, rest, command), output);
}

/** Whether this file is what was started. Node before 24.2 has no `import.meta.main`. */
function isMain(): boolean {
  const { main, url } = import.meta as { readonly main?: boolean; readonly url: string };
  if (main !== undefined) return main;
  const [, started] = process.argv;
  return started !== undefined && existsSync(started) && url.startsWith("file:") &&
    realpathSync(started) === fileURLToPath(url);
}

if (isMain()) process.exitCode = await main(process.argv.slice(2));
