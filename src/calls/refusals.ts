/**
 * Why calls go nowhere, before anything is sent.
 *
 * @module
 */

import { encodeMetadata } from "../core/wire/metadata.ts";
import type { ErrorCode, RequestError } from "../errors.ts";
import type { NotifyOptions } from "../options.ts";
import { callError } from "./call.ts";

/** The metadata's bytes, `null` for none, or why the call goes nowhere. */
export function encodedMetadata(
  peer: string,
  service: string,
  { metadata }: NotifyOptions,
): Uint8Array | RequestError | null {
  if (metadata === undefined) return null;
  const encoded = encodeMetadata(metadata);
  return typeof encoded === "string"
    ? refused("invalid-metadata", peer, service, encoded)
    : encoded;
}

/** The error of a call of which nothing was sent. */
export function refused(
  code: ErrorCode,
  peer: string,
  service: string,
  text = "",
  cause?: unknown,
): RequestError {
  return callError(code, "not-sent", peer, service, text, { cause });
}
