/**
 * The definition file of one server process: the options of `Endpoint.start` as JSON.
 *
 * @module
 */

import { isPem } from "../options/identity.ts";
import { messageOf } from "../calls/thrown.ts";
import { ConfigurationError } from "../errors.ts";
import {
  type EndpointOptions,
  parseDefinitions,
  type PeerDefinition,
  resolveEndpointOptions,
} from "../options.ts";
import { withoutMark } from "../options/definitions.ts";
import type { TlsOptions } from "../runtime/runtime.ts";
import { CommandError, EXIT } from "./exit_code.ts";
import { besideFile, environmentSecret, readText } from "./files.ts";

/** Keys of `tls` that name a file, and what they become. */
const TLS_FILES: readonly (readonly [key: string, option: string])[] = Object.freeze([
  ["certificateFile", "certificate"],
  ["privateKeyFile", "privateKey"],
  ["authoritiesFile", "authorities"],
]);

/** Options that only a program can give. */
const NOT_IN_FILES: readonly string[] = Object.freeze(["runtime", "handlers", "admit", "allow"]);

/** What is wrong with a definition file and the files that it names. */
class FileProblems {
  readonly list: string[] = [];
  unreadableCount = 0;
}

/**
 * Reads a definition file and all files that it names.
 *
 * @param tls What the command line says of it; it takes the place of `tls` in the file.
 * @throws {ConfigurationError} With every problem at once, each with the file and the key.
 * @throws {CommandError} `no-input` when it cannot be read, or nothing but a file that it names.
 */
export async function readConfig(path: string, tls?: TlsOptions): Promise<EndpointOptions> {
  const text = await readText(path);
  let value: unknown;
  try {
    value = JSON.parse(withoutMark(text));
  } catch (cause) {
    const reason = messageOf(cause);
    throw new ConfigurationError("invalid-options", [`${path}: expected JSON: ${reason}`], {
      cause,
    });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ConfigurationError("invalid-options", [`${path}: expected an object`]);
  }
  const problems = new FileProblems();
  const config = value as Record<string, unknown>;
  const options = await takeFiles(path, tls === undefined ? config : { ...config, tls }, problems);
  try {
    resolveEndpointOptions(options as never);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    problems.list.push(...error.problems.map((problem) => `${path}: ${problem}`));
  }
  const { list, unreadableCount } = problems;
  if (list.length > 0 && list.length === unreadableCount) {
    throw new CommandError("no-input", EXIT.noInput, list.join("\n"));
  }
  if (list.length > 0) throw new ConfigurationError("invalid-options", list);
  const { peers } = config;
  if (options["watchPeers"] === true && typeof peers === "string") {
    options["peers"] = besideFile(path, peers);
  }
  return options as unknown as EndpointOptions;
}

/** Replaces the names of files by what they hold. */
async function takeFiles(
  path: string,
  config: Record<string, unknown>,
  problems: FileProblems,
): Promise<Record<string, unknown>> {
  const { $schema: _, secretFile, ...options } = config;
  for (const key of NOT_IN_FILES) {
    if (options[key] !== undefined) {
      problems.list.push(`${path}: ${key}: there is no such key in a file`);
    }
    delete options[key];
  }
  const take = (key: string, file: unknown) => readNamed(path, key, file, problems);
  if (secretFile !== undefined) {
    if (options["secret"] !== undefined) {
      problems.list.push(`${path}: secretFile: expected either secret or secretFile, found both`);
    }
    const secret = await take("secretFile", secretFile);
    // Where it cannot be read, that is the problem to tell, and not that there is none.
    Object.assign(options, secret === null ? { secret: "unreadable" } : secretsOf(secret));
  } else if (["secret", "secrets", "tls"].every((key) => options[key] === undefined)) {
    Object.assign(options, environmentSecret());
  }
  const { identity } = options;
  if (typeof identity === "string" && identity !== "" && !isPem(identity)) {
    options["identity"] = besideFile(path, identity);
  }
  const { stateFile } = options;
  if (typeof stateFile === "string" && stateFile !== "") {
    options["stateFile"] = besideFile(path, stateFile);
  }
  if (typeof options["peers"] === "string") {
    options["peers"] = await readPeers(path, options["peers"], problems);
  }
  const { tls } = options;
  if (typeof tls === "object" && tls !== null) {
    const taken: Record<string, unknown> = { ...tls };
    for (const [key, option] of TLS_FILES) {
      if (taken[key] === undefined) continue;
      // Where it cannot be read, that is the problem to tell, and not that it is missing.
      taken[option] = await take(`tls.${key}`, taken[key]) ?? "-----BEGIN ";
      delete taken[key];
    }
    options["tls"] = taken;
  }
  return options;
}

/** A secret, or one a line: the first is dialled with, all are accepted. */
function secretsOf(text: string): { secret: string } | { secrets: string[] } {
  const secrets = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  return secrets.length > 1 ? { secrets } : { secret: secrets[0] ?? "" };
}

async function readNamed(
  path: string,
  key: string,
  file: unknown,
  problems: FileProblems,
): Promise<string | null> {
  if (typeof file !== "string" || file === "") {
    problems.list.push(
      `${path}: ${key}: expected the path of a file, found ${JSON.stringify(file)}`,
    );
    return null;
  }
  try {
    return await readText(besideFile(path, file));
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    problems.list.push(`${path}: ${key}: ${error.message}`);
    problems.unreadableCount++;
    return null;
  }
}

async function readPeers(
  path: string,
  file: string,
  problems: FileProblems,
): Promise<readonly PeerDefinition[]> {
  const text = await readNamed(path, "peers", file, problems);
  if (text === null) return [];
  try {
    return parseDefinitions(text, besideFile(path, file));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    problems.list.push(...error.problems);
    return [];
  }
}
