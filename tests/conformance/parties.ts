/** Who meets whom with TLS. */

import type { TlsOptions } from "../../src/runtime/runtime.ts";
import { party } from "../support/certificates/read.ts";

/** The parties. The clients want to meet SP20. */
export interface Parties {
  readonly server: TlsOptions;
  readonly client: TlsOptions;
  /** The server's next certificate, and a client that another authority has signed and trusts. */
  readonly renewed: { readonly server: TlsOptions; readonly client: TlsOptions };
  /** The same two with RSA. */
  readonly rsa: { readonly server: TlsOptions; readonly client: TlsOptions };
  /** Another authority has signed it. */
  readonly other: TlsOptions;
  /** Its one name holds commas: `a, DNS:SP20, DNS:b`. */
  readonly forged: TlsOptions;
  /** It names 127.0.0.1. */
  readonly host: TlsOptions;
  /** Its key belongs to another certificate. */
  readonly mismatched: TlsOptions;
}

/** The parties from the certificates of the tests. */
export function readParties(): Parties {
  const serverName = "SP20";
  return {
    server: party("SP20"),
    client: { ...party("SP10"), serverName },
    renewed: {
      server: party("SP20-rsa", "rsa"),
      client: { ...party("SP10-rsa", "rsa"), serverName },
    },
    rsa: { server: party("SP20-rsa", "rsa"), client: { ...party("SP10-rsa", "rsa"), serverName } },
    other: { ...party("SP30", "other"), serverName },
    forged: { ...party("forged-comma"), serverName },
    host: party("host"),
    mismatched: { ...party("SP10", "one", "SP20"), serverName },
  };
}
