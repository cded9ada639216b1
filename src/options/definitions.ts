/**
 * The peer definitions: who there is and where it listens.
 *
 * @module
 */

import { messageOf } from "../calls/thrown.ts";
import { expectedPlaceOf, peerNameOf } from "../core/link/peer_name.ts";
import { ConfigurationError } from "../errors.ts";
import type { PeerDefinition } from "../options.ts";
import { PUBLIC_KEY_PATTERN } from "./identity.ts";
import { Problems } from "./problems.ts";

/** The keys of a definition. */
export const DEFINITION_KEYS: readonly string[] = Object.freeze([
  "name",
  "hostname",
  "port",
  "publicKey",
  "group",
]);

/**
 * Checks definitions and takes them in.
 *
 * @param where What precedes each problem's key, for instance `peers`.
 */
export function checkDefinitions(
  problems: Problems,
  where: string,
  value: unknown,
): PeerDefinition[] {
  if (!Array.isArray(value)) {
    problems.add(where, "an array of { name, hostname, port }", value);
    return [];
  }
  const definitions: PeerDefinition[] = [];
  const seen = new Map<string, number>();
  for (const [index, entry] of value.entries()) {
    const key = `${where}[${index}]`;
    if (!problems.object(key, entry, "an object { name, hostname, port }")) continue;
    problems.keys(`${key}.`, entry, DEFINITION_KEYS);
    const { name, hostname, port, group, publicKey } = entry;
    const isNamed = name === undefined || problems.name(`${key}.name`, name);
    const isPlaced = problems.hostname(`${key}.hostname`, hostname);
    const isGrouped = group === undefined || problems.name(`${key}.group`, group);
    const isKnown = publicKey === undefined || checkPublicKey(problems, key, publicKey);
    const isReachable = problems.port(`${key}.port`, port, 1) && isPlaced;
    if (!isReachable || !isNamed || !isGrouped || !isKnown) continue;
    const definition: PeerDefinition = {
      ...(name === undefined ? {} : { name }),
      hostname,
      port,
      ...(group === undefined ? {} : { group }),
      ...(publicKey === undefined ? {} : { publicKey }),
    };
    const identities = new Set([peerNameOf(definition), expectedPlaceOf(definition) ?? ""]);
    const known = [...identities].find((identity) => seen.has(identity));
    if (known !== undefined) {
      problems.list.push(`${key}: '${known}' is defined already in ${where}[${seen.get(known)}]`);
      continue;
    }
    for (const identity of identities) if (identity !== "") seen.set(identity, index);
    definitions.push(definition);
  }
  return definitions;
}

/** One key, or an array of some. */
function checkPublicKey(
  problems: Problems,
  key: string,
  publicKey: unknown,
): publicKey is string | readonly string[] {
  const isOne = (one: unknown) => typeof one === "string" && PUBLIC_KEY_PATTERN.test(one);
  const isList = Array.isArray(publicKey) && publicKey.length > 0 && publicKey.every(isOne);
  if (isList || isOne(publicKey)) return true;
  const expected = "the 43 letters that 'freshlink keygen' printed, or an array of such";
  problems.add(`${key}.publicKey`, expected, publicKey);
  return false;
}

/** A text without the byte-order mark with which some editors begin a file. */
export function withoutMark(text: string): string {
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/**
 * Reads the text of a definition file: a JSON array of `{ name, hostname, port }`.
 *
 * @param fileName For the error.
 * @throws {ConfigurationError} `invalid-definitions`, with every problem at once.
 */
export function parseDefinitions(text: string, fileName: string): PeerDefinition[] {
  let value: unknown;
  try {
    value = JSON.parse(withoutMark(text));
  } catch (cause) {
    const reason = messageOf(cause);
    throw new ConfigurationError("invalid-definitions", [
      `${fileName}: expected JSON: ${reason}`,
    ], { cause });
  }
  const problems = new Problems();
  const definitions = checkDefinitions(problems, "peers", value);
  if (problems.list.length === 0) return definitions;
  throw new ConfigurationError(
    "invalid-definitions",
    problems.list.map((problem) => `${fileName}: ${problem}`),
  );
}
