/**
 * What a call carries, checked and encoded before anything else happens.
 *
 * @module
 */

import type { Codec } from "../codec.ts";
import type { ErrorCode } from "../errors.ts";

const encoder = new TextEncoder();

/** @throws {TypeError} When the name is not 1 to 255 bytes of UTF-8. */
export function checkServiceName(service: string): void {
  const bytes = service.length > 85 ? encoder.encode(service).length : service.length;
  if (bytes >= 1 && bytes <= 255) return;
  throw new TypeError(`Cannot use a service name of ${bytes} bytes: 1 to 255 fit`);
}

/** Encodes a payload; an error instead of it where that cannot be done. */
export function encodePayload<Target>(
  service: string,
  payload: unknown,
  codec: Codec,
  payloadMaxBytes: number,
  refuse: (code: ErrorCode, text?: string, cause?: unknown) => Error,
  link: Target,
): { link: Target; bytes: Uint8Array; codec: Codec } | Error {
  checkServiceName(service);
  let bytes: Uint8Array;
  try {
    bytes = codec.encode(payload);
  } catch (cause) {
    return refuse("codec-failed", cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (bytes.length <= payloadMaxBytes) return { link, bytes, codec };
  return refuse("payload-too-large", `${bytes.length} bytes, at most ${payloadMaxBytes} fit`);
}
