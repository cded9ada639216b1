/**
 * One table from errno strings to what they mean. The strings are the same in `.code` on all three
 * runtimes; names and messages differ.
 *
 * @module
 */

import type { CloseKind, CloseReason } from "./runtime.ts";

const KINDS: Readonly<Record<string, CloseKind>> = Object.freeze({
  ECONNRESET: "reset",
  EPIPE: "reset",
  ECONNABORTED: "reset",
  ENOTCONN: "reset",
  ETIMEDOUT: "timeout",
  ECONNREFUSED: "refused",
  EHOSTUNREACH: "refused",
  ENETUNREACH: "refused",
  EHOSTDOWN: "refused",
  ENETDOWN: "refused",
  EADDRNOTAVAIL: "refused",
  ENOENT: "refused",
  ENOTFOUND: "unresolved",
  EAI_AGAIN: "unresolved",
  EAI_NODATA: "unresolved",
  EAI_NONAME: "unresolved",
  EAI_FAIL: "unresolved",
  DNS_ENOTFOUND: "unresolved",
  DNS_ESERVFAIL: "unresolved",
  EACCES: "denied",
  EPERM: "denied",
});

/** What Deno throws where a permission is missing; it has no errno. */
const NOT_ALLOWED = "NotCapable";

/** What Deno says where a host name has no address; it has no errno either. */
const NO_ADDRESS = "failed to lookup address information";

/** The errno string of whatever a runtime threw; `null` where it has none. */
export function errnoOf(error: unknown): string | null {
  if (error instanceof Error && error.name === NOT_ALLOWED) return NOT_ALLOWED;
  if (error instanceof Error && error.message.startsWith(NO_ADDRESS)) return "ENOTFOUND";
  if (typeof error !== "object" || error === null || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}

/**
 * Why a socket ended, from what the runtime threw.
 *
 * @param otherwise For an error without an errno, or with one that the table does not have.
 */
export function reasonOf(error: unknown, otherwise: CloseKind): CloseReason {
  const code = errnoOf(error);
  if (code === null) return { kind: otherwise, code };
  if (code === NOT_ALLOWED) return { kind: "denied", code };
  if (code.startsWith("ERR_TLS") || code.startsWith("ERR_SSL") || TLS_CODES.test(code)) {
    return { kind: "tls", code };
  }
  return { kind: KINDS[code] ?? otherwise, code };
}

/** OpenSSL's verdicts about certificates. */
const TLS_CODES = /CERT|SIGNED|ISSUER|^UNABLE_TO_|^HOSTNAME_/;
