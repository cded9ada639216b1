/**
 * Files that the command reads.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import process from "node:process";
import { messageOf } from "../calls/thrown.ts";
import { type Arguments, usage } from "./arguments.ts";
import { CommandError, EXIT } from "./exit_code.ts";

/** The text of a file. @throws {CommandError} `no-input`. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const reason = messageOf(cause);
    throw new CommandError("no-input", EXIT.noInput, `${path} cannot be read: ${reason}`, cause);
  }
}

/** A path that stands in a file, relative to that file. */
export function besideFile(file: string, path: string): string {
  return resolve(dirname(resolve(file)), path);
}

/** The secret of a client: from `--secret` or `--secret-file`, else from the environment. */
export async function readSecret(
  command: string,
  args: Arguments,
): Promise<{ secret?: string }> {
  const secret = args.values.get("secret");
  const file = args.values.get("secret-file");
  if (secret !== undefined && file !== undefined) {
    throw usage(command, "--secret and --secret-file say the same twice");
  }
  if (secret !== undefined) return { secret };
  if (file !== undefined) return { secret: (await readText(file)).trim() };
  return environmentSecret();
}

/** What `FRESHLINK_SECRET` says. */
export function environmentSecret(): { secret?: string } {
  const secret = process.env["FRESHLINK_SECRET"];
  return secret === undefined || secret === "" ? {} : { secret };
}
