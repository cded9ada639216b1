/**
 * What is particular to `node:tls`, as Node, Bun and Deno have it: options, certificates, and why a
 * handshake failed.
 *
 * https://nodejs.org/api/tls.html
 *
 * @module
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import * as net from "node:net";
import * as tls from "node:tls";
import { certificateNames } from "./certificate.ts";
import { reasonOf } from "./errno.ts";
import type { Address, CloseReason, PeerCertificate, TlsOptions } from "./runtime.ts";

/** The code of a dial whose certificate does not carry the wanted name. */
export const WRONG_NAME = "ERR_TLS_CERT_ALTNAME_INVALID";

/** What a verified socket's certificate says; `null` without TLS. */
export function certificateOf(socket: net.Socket): PeerCertificate | null {
  if (!(socket instanceof tls.TLSSocket)) return null;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return null;
  const names = certificateNames(new Uint8Array(certificate.raw)) ?? [];
  return { names, fingerprint: certificate.fingerprint256 };
}

/** The name that a dialled certificate must carry. */
export function wantedName(options: TlsOptions, address: Address): string {
  if (options.serverName !== undefined) return options.serverName;
  return "path" in address ? "localhost" : address.hostname;
}

/** How a listener is made: whoever dials must show a certificate of the authorities. */
export function serverOptions(options: TlsOptions): tls.TlsOptions {
  return { ...common(options), requestCert: true, noDelay: true };
}

/** How one dials: what is dialled must show a certificate of the authorities. */
export function clientOptions(options: TlsOptions, address: Address): tls.ConnectionOptions {
  const host = "path" in address ? "localhost" : address.hostname;
  return {
    ...common(options),
    // What is asked for is the host, for those who choose a certificate by it.
    ...(net.isIP(host) === 0 ? { servername: host } : {}),
    // Names are compared by `certificateOf`, the same on all runtimes.
    checkServerIdentity: () => undefined,
  };
}

/** @throws {Error} When the key belongs to another certificate: Deno would find out too late. */
function common(options: TlsOptions) {
  const key = createPrivateKey(options.privateKey);
  if (!new X509Certificate(options.certificate).checkPrivateKey(key)) {
    throw new Error("tls.privateKey does not belong to tls.certificate");
  }
  return {
    cert: options.certificate,
    key: options.privateKey,
    ca: options.authorities,
    rejectUnauthorized: true,
    minVersion: "TLSv1.3",
  } as const;
}

/**
 * Which accepted socket a TLS socket is made of: itself on Bun, its parent on Node and Deno. Where
 * neither is known, the one with the same other end.
 */
export function acceptedAs(
  secure: tls.TLSSocket,
  accepted: ReadonlyMap<net.Socket, unknown>,
): net.Socket {
  const { _parent: parent } = secure as unknown as { readonly _parent?: net.Socket | null };
  if (parent instanceof net.Socket && accepted.has(parent)) return parent;
  if (accepted.has(secure)) return secure;
  const { remoteAddress, remotePort } = secure;
  for (const socket of remotePort === undefined ? [] : accepted.keys()) {
    if (socket.remotePort === remotePort && socket.remoteAddress === remoteAddress) return socket;
  }
  return secure;
}

/** Why a TLS handshake failed at the listener. */
export function handshakeReason(error: Error, secure: tls.TLSSocket): CloseReason {
  // What was wrong with the certificate is only found here, and not in the error.
  const { authorizationError: verdict } = secure as { authorizationError: unknown };
  if (typeof verdict === "string" && verdict !== "") return { kind: "tls", code: verdict };
  if (verdict instanceof Error) return reasonOf(verdict, "tls");
  return reasonOf(error, "tls");
}
