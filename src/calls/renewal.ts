/**
 * Other secrets, another identity or other certificates for an endpoint that runs.
 *
 * @module
 */

import type { RenewedKeys } from "../connection/connection_manager.ts";
import type { ConnectionContext } from "../connection/context.ts";
import type { SecurityOptions } from "../options.ts";
import { Problems } from "../options/problems.ts";
import {
  checkIdentityKey,
  checkProtection,
  checkSecret,
  checkSecrets,
  secretsOf,
} from "../options/protection.ts";
import { preSharedKeyOf } from "../options/secret.ts";
import { checkTls } from "../options/tls.ts";
import { certificateNames, firstCertificate } from "../runtime/certificate.ts";
import type { ChannelPrimitives, Listener, TlsOptions } from "../runtime/runtime.ts";
import { readIdentity } from "./startup.ts";
import { messageOf } from "./thrown.ts";

const KEYS: readonly string[] = Object.freeze(["secret", "secrets", "identity", "tls"]);

/**
 * Checks a renewal and makes keys of it; the listener shows the new certificate from now on.
 *
 * @throws {ConfigurationError} `invalid-options`, see `Endpoint.renew`; nothing has changed.
 */
export async function renewed(
  context: ConnectionContext,
  listener: Listener,
  renewal: SecurityOptions,
): Promise<RenewedKeys> {
  const problems = new Problems();
  checkRenewal(problems, context, renewal);
  problems.check();
  const { secret, secrets, identity, tls } = renewal;
  const { primitives } = context.channel;
  if (tls !== undefined) {
    renewListener(problems, listener, tls);
    problems.check();
    return { tls };
  }
  const hasSecrets = (secret ?? secrets) !== undefined;
  return {
    ...(identity === undefined
      ? {}
      : { staticKeys: primitives!.keyPair(await readIdentity(identity)) }),
    ...(hasSecrets ? { preSharedKeys: await preSharedKeys(primitives!, renewal) } : {}),
  };
}

function preSharedKeys(
  primitives: ChannelPrimitives,
  renewal: SecurityOptions,
): Promise<readonly Uint8Array[]> {
  return Promise.all(secretsOf(renewal).map((secret) => preSharedKeyOf(secret, primitives)));
}

function checkRenewal(
  problems: Problems,
  context: ConnectionContext,
  renewal: SecurityOptions,
): void {
  if (!problems.object("renewal", renewal, "{ secrets, identity, tls }")) return;
  problems.keys("", renewal, KEYS);
  const { secret, secrets, identity, tls } = renewal as SecurityOptions;
  if (KEYS.every((key) => renewal[key as keyof SecurityOptions] === undefined)) {
    problems.list.push("secrets: expected secrets, identity or tls: what is to be renewed");
  }
  if (secret !== undefined) checkSecret(problems, "secret", secret);
  if (secrets !== undefined) checkSecrets(problems, secrets);
  if (identity !== undefined) checkIdentityKey(problems, identity);
  checkProtection(problems, renewal);
  const { channel, tls: present } = context;
  if (!channel.isSealed && (secret ?? secrets) !== undefined) {
    problems.list.push("secrets: expected an endpoint that was started with a secret");
  }
  if (!channel.isSealed && identity !== undefined) {
    problems.list.push("identity: expected an endpoint that was started with a secret or one");
  }
  if (tls === undefined) return;
  if (present === undefined) {
    problems.list.push("tls: expected an endpoint that was started with tls");
  }
  checkTls(problems, tls);
  if (problems.list.length === 0) checkCertificate(problems, context, tls);
}

/** Peers know this end by its name, and believe only a certificate that carries it. */
function checkCertificate(
  problems: Problems,
  { self: { name, hostname, port } }: ConnectionContext,
  { certificate }: TlsOptions,
): void {
  const bytes = firstCertificate(certificate);
  const names = bytes === null ? null : certificateNames(bytes);
  // What cannot be read here is for the listener to judge.
  if (names === null || names.includes(name)) return;
  if (name === `${hostname}:${port}` && names.includes(hostname)) return;
  const found = names.map((found) => `'${found}'`).join(", ") || "nobody";
  problems.list.push(`tls.certificate: expected one for '${name}', found one for ${found}`);
}

function renewListener(problems: Problems, listener: Listener, tls: TlsOptions): void {
  try {
    listener.renew(tls);
  } catch (error) {
    problems.list.push(`tls: cannot be used: ${messageOf(error)}`);
  }
}
