/**
 * Certificates as options, checked for what can be seen of them.
 *
 * @module
 */

import type { Problems } from "./problems.ts";

const KEYS: readonly string[] = Object.freeze([
  "certificate",
  "privateKey",
  "authorities",
  "serverName",
]);

/** Checks what `tls` says: PEM text, whose sense only a runtime can tell. */
export function checkTls(problems: Problems, tls: unknown): void {
  if (!problems.object("tls", tls)) return;
  problems.keys("tls.", tls, KEYS);
  for (const key of ["certificate", "privateKey", "authorities"] as const) {
    const value: unknown = tls[key];
    if (typeof value === "string" && value.includes("-----BEGIN ")) continue;
    problems.list.push(`tls.${key}: expected PEM text; all three of them are needed`);
  }
}
