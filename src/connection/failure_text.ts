/**
 * Why a connection did not come about, in sentences for people. Programs go by kinds and codes.
 *
 * @module
 */

import type { CloseReason } from "../runtime/runtime.ts";

/** Codes of TLS, by what they mean at the end that reports them. */
const TLS_MEANINGS: readonly (readonly [codes: RegExp, meaning: Meaning])[] = [
  [/ALTNAME_INVALID/, "wrong name"],
  [/ALERT_CERTIFICATE_EXPIRED/, "own expired"],
  [/HAS_EXPIRED|CERTIFICATE_EXPIRED/, "expired"],
  [/NOT_YET_VALID/, "not yet valid"],
  [/ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|SSLV3_ALERT_HANDSHAKE_FAILURE/, "old"],
  [/ALERT/, "not accepted"],
  [/DID_NOT_RETURN_A_CERTIFICATE/, "none shown"],
  // Deno's for all that is wrong with a certificate that was dialled.
  [/UNABLE_TO_VERIFY_LEAF_SIGNATURE/, "not trusted or expired"],
  [/SELF_SIGNED|UNABLE_TO_|ISSUER|UNTRUSTED|CERT_SIGNATURE|INVALID_CA|CERT_/, "not trusted"],
  [/WRONG_VERSION_NUMBER|HTTP_REQUEST|PACKET_LENGTH|RECORD|UNEXPECTED_MESSAGE/, "no TLS"],
];

const OWN_EXPIRED = "this end's certificate has expired, says the other end";

type Meaning =
  | "wrong name"
  | "expired"
  | "own expired"
  | "not yet valid"
  | "old"
  | "not accepted"
  | "none shown"
  | "not trusted"
  | "not trusted or expired"
  | "no TLS";

function meaningOf({ code }: CloseReason): Meaning | null {
  return TLS_MEANINGS.find(([codes]) => codes.test(code ?? ""))?.[1] ?? null;
}

/**
 * Why a dial failed.
 *
 * @param where Whom it was for, as people write an address.
 * @param wantedName What the certificate had to carry; `null` without TLS.
 */
export function dialFailureText(
  reason: CloseReason,
  where: string,
  wantedName: string | null,
): string {
  const code = reason.code === null ? "" : ` (${reason.code})`;
  switch (reason.kind) {
    case "refused":
      return reason.code === "ECONNREFUSED"
        ? `nobody listens on ${where}${code}`
        : `there is no way to ${where}${code}`;
    case "unresolved":
      return `the host name of ${where} has no address${code}`;
    case "denied":
      return `this process may not connect to ${where}${code}`;
    case "timeout":
      return `${where} did not answer in time${code}`;
    case "tls":
      return `${tlsText(reason, where, wantedName)}${code}`;
    case "local":
      return `the dial to ${where} was given up`;
    default:
      return wantedName === null
        ? `${where} ended the connection before it was open${code}`
        : `${where} ended the TLS handshake: it may not speak TLS${code}`;
  }
}

function tlsText(reason: CloseReason, where: string, wantedName: string | null): string {
  switch (meaningOf(reason)) {
    case "wrong name":
      return `the certificate of ${where} is not for '${wantedName}'`;
    case "expired":
      return `the certificate of ${where} has expired`;
    case "not yet valid":
      return `the certificate of ${where} is not valid yet`;
    case "own expired":
      return `this end's certificate has expired, says ${where}`;
    case "not trusted":
      return `no authority of 'tls.authorities' has signed the certificate of ${where}`;
    case "not trusted or expired":
      return `no authority of 'tls.authorities' has signed the certificate of ${where}, or it has ` +
        "expired";
    case "not accepted":
      return `${where} does not accept this end's certificate`;
    case "old":
      return `${where} has no TLS 1.3`;
    case "no TLS":
      return `${where} does not speak TLS: give both ends 'tls', or neither`;
    default:
      return reason.code === null
        ? "'tls.certificate', 'tls.privateKey' or 'tls.authorities' cannot be used"
        : `the TLS handshake with ${where} failed`;
  }
}

/**
 * Why a socket ended before its handshake was complete.
 *
 * @param isSecure Whether it was to speak TLS.
 */
export function lostHandshakeText(
  reason: CloseReason,
  direction: "inbound" | "outbound",
  isSecure: boolean,
): string {
  const code = ` (${reason.code ?? reason.kind})`;
  if (direction === "inbound") return `${inboundText(reason)}${code}`;
  const ours = isSecure
    ? "it does not accept this end's certificate, is closing, or"
    : "it wants TLS, is closing, or";
  switch (meaningOf(reason)) {
    case "own expired":
      return `${OWN_EXPIRED}${code}`;
    case "not accepted":
      return `the other end does not accept this end's certificate${code}`;
    default:
      return `the other end ended the connection before it answered: ${ours} is not freshlink${code}`;
  }
}

function inboundText(reason: CloseReason): string {
  switch (reason.kind === "tls" ? meaningOf(reason) : null) {
    case "expired":
      return "the certificate of the other end has expired";
    case "not yet valid":
      return "the certificate of the other end is not valid yet";
    case "own expired":
      return OWN_EXPIRED;
    case "not trusted":
      return "no authority of 'tls.authorities' has signed the certificate of the other end";
    case "not trusted or expired":
      return "no authority of 'tls.authorities' has signed the certificate of the other end, or it " +
        "has expired";
    case "none shown":
      return "the other end showed no certificate";
    case "not accepted":
      return "the other end does not accept this end's certificate";
    case "old":
      return "the other end has no TLS 1.3";
    case "no TLS":
      return "the other end does not speak TLS: give both ends 'tls', or neither";
    default:
      return reason.kind === "tls"
        ? "the TLS handshake failed: the other end may not speak TLS"
        : "the other end went away before the handshake was complete";
  }
}
