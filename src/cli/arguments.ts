/**
 * The command line, taken apart.
 *
 * @module
 */

import { parseArgs, type ParseArgsConfig } from "node:util";
import { messageOf } from "../calls/thrown.ts";
import { CommandError, EXIT } from "./exit_code.ts";

/** A command's options and operands. */
export interface Arguments {
  readonly operands: readonly string[];
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
}

/** What a command takes. */
export interface Syntax {
  readonly operands: readonly [min: number, max: number];
  /** Options without a value, beside `--json` and `--help`. */
  readonly flags?: readonly string[];
  /** Options with a value. */
  readonly values?: readonly string[];
}

/** Options that name the files of TLS. */
export const TLS_VALUES: readonly string[] = Object.freeze(["ca", "cert", "key", "server-name"]);

/** Options of every command that connects. */
export const CONNECTION_VALUES: readonly string[] = Object.freeze([
  "timeout",
  "secret",
  "secret-file",
  "name",
  "to",
  ...TLS_VALUES,
]);

/** @throws {CommandError} `usage`, with a hint. */
export function readArguments(command: string, args: readonly string[], syntax: Syntax): Arguments {
  const options: NonNullable<ParseArgsConfig["options"]> = {};
  for (const name of ["json", "help", ...syntax.flags ?? []]) options[name] = { type: "boolean" };
  for (const name of syntax.values ?? []) options[name] = { type: "string" };
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw usage(command, messageOf(error));
  }
  const flags = new Set<string>();
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(parsed.values)) {
    if (value === true) flags.add(name);
    else if (typeof value === "string") values.set(name, value);
  }
  const [min, max] = syntax.operands;
  const count = parsed.positionals.length;
  if (!flags.has("help") && (count < min || count > max)) {
    const wanted = min === max ? `${min}` : `${min} to ${max}`;
    throw usage(command, `${command} takes ${wanted} operands, not ${count}`);
  }
  return { operands: parsed.positionals, flags, values };
}

/** The command line is wrong. */
export function usage(command: string, problem: string): CommandError {
  const help = command === "" ? "freshlink --help" : `freshlink ${command} --help`;
  return new CommandError("usage", EXIT.usage, `${problem.split("\n")[0]}\nSee: ${help}`);
}

/** A number of milliseconds, at least `min`. @throws {CommandError} `usage`. */
export function readMs(
  command: string,
  args: Arguments,
  name: string,
  fallback: number,
  min = 1,
): number {
  const text = args.values.get(name);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (text !== "" && value >= min && value <= 2_147_483_647) return value;
  throw usage(command, `--${name} expects milliseconds from ${min} to 2147483647, not '${text}'`);
}

/** `host:port`, with brackets around an IPv6 host. @throws {CommandError} `usage`. */
export function readAddress(command: string, text: string): { hostname: string; port: number } {
  const match = text.match(/^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/);
  const port = Number(match?.[3]);
  if (!match || port < 1 || port > 65_535) {
    throw usage(command, `'${text}' is no address: expected host:port or [host]:port`);
  }
  return { hostname: match[1] ?? match[2]!, port };
}
