/**
 * Files that the command reads.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import process from "node:process";
import { messageOf } from "../calls/thrown.ts";
import type { TlsOptions } from "../runtime/runtime.ts";
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

/** All of standard input. */
export async function readStandardInput(): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of process.stdin) {
    text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
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
  // The environment is for both ways of connecting.
  return args.values.has("ca") ? {} : environmentSecret();
}

/**
 * What `--ca`, `--cert`, `--key` and `--server-name` say; nothing where none of them is there.
 *
 * @throws {CommandError} `usage` where one of the three files is missing, `no-input` where one
 * cannot be read.
 */
export async function readTls(command: string, args: Arguments): Promise<{ tls?: TlsOptions }> {
  const [authorities, certificate, privateKey] = ["ca", "cert", "key"].map((name) =>
    args.values.get(name)
  );
  const serverName = args.values.get("server-name");
  const given = [authorities, certificate, privateKey, serverName];
  if (given.every((file) => file === undefined)) return {};
  if (authorities === undefined || certificate === undefined || privateKey === undefined) {
    throw usage(
      command,
      "TLS needs all three of --ca, --cert and --key: both ends show who they are",
    );
  }
  return {
    tls: {
      authorities: await readText(authorities),
      certificate: await readText(certificate),
      privateKey: await readText(privateKey),
      ...(serverName === undefined ? {} : { serverName }),
    },
  };
}

/** What `FRESHLINK_SECRET` says. */
export function environmentSecret(): { secret?: string } {
  const secret = process.env["FRESHLINK_SECRET"];
  return secret === undefined || secret === "" ? {} : { secret };
}
