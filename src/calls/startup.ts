/**
 * What an endpoint or client needs once, when it starts.
 *
 * @module
 */

import { BOOT_ID_BYTES, bootIdOf } from "../core/wire/hello.ts";
import { ConfigurationError } from "../errors.ts";
import { type EndpointOptions, parseDefinitions, type PeerDefinition } from "../options.ts";
import { messageOf } from "./thrown.ts";
import { Problems } from "../options/problems.ts";
import { certificateNames, firstCertificate } from "../runtime/certificate.ts";
import type { Clock, Random, TlsOptions } from "../runtime/runtime.ts";

/** A life: 128 random bits as 32 hexadecimal digits. */
export function newBootId(random: Random): string {
  return bootIdOf(random.bytes(BOOT_ID_BYTES));
}

/**
 * The first name in one's own certificate: the other end believes no name that is not in it.
 *
 * @returns `undefined` without TLS, and where the certificate has no name that an end may have.
 */
export function certifiedName(tls: TlsOptions | undefined): string | undefined {
  const certificate = tls === undefined ? null : firstCertificate(tls.certificate);
  const names = certificate === null ? null : certificateNames(certificate);
  return names?.find((name) => new Problems().name("name", name));
}

/**
 * The options with the peer definitions in them, where a file was named.
 *
 * @throws {ConfigurationError} `invalid-definitions` when the file cannot be read or is wrong.
 */
export async function withDefinitions(
  options: EndpointOptions,
): Promise<EndpointOptions & { readonly peers?: readonly PeerDefinition[] }> {
  const file: unknown = options?.peers;
  // Whatever else it is, is looked at together with the other options.
  if (typeof file !== "string") return options as never;
  const { readFile } = await import("node:fs/promises");
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new ConfigurationError("invalid-definitions", [
      `${file}: cannot be read: ${messageOf(cause)}`,
    ], { cause });
  }
  return { ...options, peers: parseDefinitions(text, file) };
}

/**
 * The ordinal of this life: microseconds since 1970, raised above the last one used where a state
 * file is kept. It only ranks two living processes that claim one name.
 *
 * @param stateFile The path of a small JSON file that this function reads and writes.
 * @throws {ConfigurationError} `invalid-options` when the file cannot be read or written.
 */
export async function nextOrdinal(clock: Clock, stateFile: string | undefined): Promise<number> {
  const nowMicros = clock.wallMicros();
  if (stateFile === undefined) return nowMicros;
  const { readFile, rename, writeFile } = await import("node:fs/promises");
  try {
    const last = await lastOrdinal(stateFile, readFile);
    const ordinal = Math.max(nowMicros, last + 1);
    // Written beside and renamed: a crash in between leaves the old file whole.
    await writeFile(`${stateFile}.new`, `${JSON.stringify({ ordinal })}\n`);
    await rename(`${stateFile}.new`, stateFile);
    return ordinal;
  } catch (cause) {
    const reason = messageOf(cause);
    throw new ConfigurationError("invalid-options", [
      `stateFile: ${stateFile} cannot be used: ${reason}`,
    ], { cause });
  }
}

async function lastOrdinal(
  stateFile: string,
  readFile: (path: string, encoding: "utf8") => Promise<string>,
): Promise<number> {
  let text: string;
  try {
    text = await readFile(stateFile, "utf8");
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return 0;
    throw error;
  }
  const state: unknown = JSON.parse(text);
  const ordinal = typeof state === "object" && state !== null && "ordinal" in state
    ? state.ordinal
    : undefined;
  if (typeof ordinal === "number" && Number.isSafeInteger(ordinal) && ordinal >= 0) return ordinal;
  throw new Error("it holds no ordinal");
}
