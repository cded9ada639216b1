/**
 * The definition file of one server process: the options of `Endpoint.start` as JSON.
 *
 * @module
 */

import { ConfigurationError } from "../errors.ts";
import {
  type EndpointOptions,
  parseDefinitions,
  type PeerDefinition,
  resolveEndpointOptions,
} from "../options.ts";
import { CommandError } from "./exit_code.ts";
import { besideFile, environmentSecret, readText } from "./files.ts";

/** Keys of `tls` that name a file, and what they become. */
const TLS_FILES: readonly (readonly [key: string, option: string])[] = Object.freeze([
  ["certificateFile", "certificate"],
  ["privateKeyFile", "privateKey"],
  ["authoritiesFile", "authorities"],
]);

/**
 * Reads a definition file and all files that it names.
 *
 * @throws {ConfigurationError} With every problem at once, each with the file and the key.
 * @throws {CommandError} `no-input` when the file itself cannot be read.
 */
export async function readConfig(path: string): Promise<EndpointOptions> {
  const text = await readText(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigurationError("invalid-options", [`${path}: expected JSON: ${reason}`], {
      cause,
    });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ConfigurationError("invalid-options", [`${path}: expected an object`]);
  }
  const problems: string[] = [];
  const options = await takeFiles(path, value as Record<string, unknown>, problems);
  try {
    resolveEndpointOptions(options as never);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    problems.push(...error.problems.map((problem) => `${path}: ${problem}`));
  }
  if (problems.length > 0) throw new ConfigurationError("invalid-options", problems);
  return options as unknown as EndpointOptions;
}

/** Replaces the names of files by what they hold. */
async function takeFiles(
  path: string,
  config: Record<string, unknown>,
  problems: string[],
): Promise<Record<string, unknown>> {
  const { $schema: _, secretFile, ...options } = config;
  const take = (key: string, file: unknown) => readNamed(path, key, file, problems);
  if (secretFile !== undefined) {
    if (options["secret"] !== undefined) {
      problems.push(`${path}: secretFile: expected either secret or secretFile, found both`);
    }
    const secret = await take("secretFile", secretFile);
    if (secret !== null) options["secret"] = secret.trim();
  } else if (options["secret"] === undefined) Object.assign(options, environmentSecret());
  if (typeof options["stateFile"] === "string") {
    options["stateFile"] = besideFile(path, options["stateFile"]);
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

async function readNamed(
  path: string,
  key: string,
  file: unknown,
  problems: string[],
): Promise<string | null> {
  if (typeof file !== "string" || file === "") {
    problems.push(`${path}: ${key}: expected the path of a file, found ${JSON.stringify(file)}`);
    return null;
  }
  try {
    return await readText(besideFile(path, file));
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    problems.push(`${path}: ${key}: ${error.message}`);
    return null;
  }
}

async function readPeers(
  path: string,
  file: string,
  problems: string[],
): Promise<readonly PeerDefinition[]> {
  const text = await readNamed(path, "peers", file, problems);
  if (text === null) return [];
  try {
    return parseDefinitions(text, besideFile(path, file));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    problems.push(...error.problems);
    return [];
  }
}
