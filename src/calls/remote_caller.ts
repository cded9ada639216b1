/**
 * Who calls: what a handler knows of the other end.
 *
 * @module
 */

import type { Session } from "../core/session/session.ts";

/**
 * The other end of a call, as a handler sees it. One object for as long as that process lives and
 * is known here: the same caller is the same object in every call.
 */
export interface RemoteCaller {
  /** Its name, as it is proved: by the secret, and by the certificate where there is TLS. */
  readonly name: string;
  /** Whether it is a defined peer or a client. */
  readonly role: "peer" | "client";
  /**
   * All names in its verified certificate: DNS names, addresses and URIs. Empty without TLS.
   * `name` is among them, unless the certificate was checked for a host or for `serverName`.
   */
  readonly verifiedNames: readonly string[];
  /** The SHA-256 fingerprint of that certificate, as `AB:CD:…`; `null` without TLS. */
  readonly fingerprint: string | null;
  /**
   * The public key that it has proved to hold, in base64url: that of its `identity`, else one that
   * was drawn for this life. `null` without `secret` and `identity`.
   */
  readonly publicKey: string | null;
}

/** Who is at the other end of a session. */
export function callerOf(session: Session): RemoteCaller {
  const caller = session.attached ?? new SessionCaller(session);
  session.attached = caller;
  return caller as RemoteCaller;
}

class SessionCaller implements RemoteCaller {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  get name(): string {
    return this.#session.peer;
  }

  get role(): "peer" | "client" {
    return this.#session.role;
  }

  get verifiedNames(): readonly string[] {
    return this.#session.certificate?.names ?? NO_NAMES;
  }

  get fingerprint(): string | null {
    return this.#session.certificate?.fingerprint ?? null;
  }

  get publicKey(): string | null {
    return this.#session.publicKey;
  }
}

const NO_NAMES: readonly string[] = Object.freeze([]);
