/**
 * Whom to admit: asked of each dialer before it is believed, and of whoever answers a dial. Nothing
 * changes by asking.
 *
 * @module
 */

import type { Admission } from "../channel/handshake.ts";
import type { Hello } from "../wire/hello.ts";
import type { LinkDefinition } from "./link_event.ts";
import { expectedPlaceOf, peerNameOf, placeOf } from "./peer_name.ts";

/** What an endpoint goes by. */
export interface Admitting {
  readonly self: Hello;
  /** Whether it is closing. */
  readonly isClosing: boolean;
  /** Whether a session with that life is held: what is open in it is finished. */
  holdsSession(remote: Hello): boolean;
  /** Asks the link to whoever that is; `undefined` where nobody defined it. */
  admitAtLink(remote: Hello): Admission | undefined;
}

/** Whether an endpoint is whom a dialer means; empty: whoever listens there. */
export function admitTo({ name, hostname, port }: Hello, to: string): Admission {
  if (to === name || to === `${hostname}:${port}` || to === "") return null;
  return { code: "wrong-recipient", detail: `this is '${name}', not '${to}'` };
}

/** Whether an endpoint admits whoever dials it. @param to Whom the dialer means. */
export function admit(
  { self, isClosing, holdsSession, admitAtLink }: Admitting,
  remote: Hello,
  to: string,
): Admission {
  const elsewhere = admitTo(self, to);
  if (elsewhere !== null) return elsewhere;
  if (to === "" && remote.role === "peer") {
    return { code: "wrong-recipient", detail: `'${remote.name}' did not say whom it means` };
  }
  if (isClosing && !holdsSession(remote)) {
    return { code: "closing", detail: `'${self.name}' is closing` };
  }
  const admission = admitAtLink(remote);
  if (admission !== undefined) return admission;
  return { code: "unknown-peer", detail: `'${remote.name}' is not defined at '${self.name}'` };
}

/** Whom a link expects. */
export interface Expected {
  /** The name of this end. */
  readonly own: string;
  readonly role: "peer" | "client";
  /** By which name it is known here; `null`: anybody will do. */
  readonly name: string | null;
  /** `host:port`, where the definition has no name; else `null`. */
  readonly place: string | null;
  /** Who has proved to be the one, as long as a connection to it is open; else `null`. */
  readonly present: string | null;
  /** The static key of the definition, or several, in base64url, where it has any. */
  readonly publicKey?: string | readonly string[] | undefined;
}

/** Whom the link of a definition expects. @param present Who has proved to be the one. */
export function expectedBy(
  own: string,
  definition: LinkDefinition,
  present: string | null,
): Expected {
  const { publicKey, client, isAnybody } = definition;
  return {
    own,
    role: client === undefined ? "peer" : "client",
    name: isAnybody === true ? null : peerNameOf(definition),
    place: client === undefined ? expectedPlaceOf(definition) : null,
    present,
    publicKey,
  };
}

/**
 * Whether that is the one that a link leads to.
 *
 * @param certificateNames Of one who dials: whom its certificate names; `null` without one.
 */
export function admitAs(
  { own, role, name, place, present, publicKey }: Expected,
  remote: Hello,
  certificateNames: readonly string[] | null,
): Admission {
  const fits = name === null || remote.name === name || placeOf(remote) === place;
  if (remote.role !== role || !fits) {
    return { code: "wrong-name", detail: `'${name ?? role}' was meant, not '${remote.name}'` };
  }
  if (publicKey !== undefined && !holds(remote, publicKey)) {
    return { code: "key-mismatch", detail: `'${remote.name}' does not hold the key of '${name}'` };
  }
  if (present !== null && present !== remote.name) {
    return { code: "wrong-name", detail: `'${present}' had this address before` };
  }
  return place === null ? null : admitAddress(own, remote, certificateNames);
}

function holds({ publicKey }: Hello, expected: string | readonly string[]): boolean {
  if (publicKey === undefined) return false;
  return typeof expected === "string" ? publicKey === expected : expected.includes(publicKey);
}

/** Whether one who is known by its address is whom the authority knows by that address. */
function admitAddress(
  own: string,
  { hostname }: Hello,
  certificateNames: readonly string[] | null,
): Admission {
  if (certificateNames === null || certificateNames.includes(hostname)) return null;
  const names = certificateNames.map((name) => `'${name}'`).join(", ");
  const detail = `the certificate is for ${names}, and not for '${hostname}', by which '${own}' \
knows this peer`;
  return { code: "certificate-mismatch", detail };
}
