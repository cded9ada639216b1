/** The certificates of the tests, as options. Runs unchanged on Deno, Bun and Node. */

import { readFileSync } from "node:fs";
import type { TlsOptions } from "../../../src/runtime/runtime.ts";

/** One PEM file of this folder. */
export function readPem(file: string): string {
  return readFileSync(new URL(`./${file}.pem`, import.meta.url), "utf8");
}

/**
 * What one party needs.
 *
 * @param file Its certificate and key.
 * @param authority Whom it trusts.
 */
export function party(file: string, authority: string = "one", key: string = file): TlsOptions {
  return {
    certificate: readPem(file),
    privateKey: readPem(`${key}.key`),
    authorities: readPem(authority),
  };
}
