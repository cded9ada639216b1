/**
 * What an endpoint or client needs once, when it starts.
 *
 * @module
 */

import type { Codec } from "../codec.ts";
import type { ChannelKeys } from "../connection/channel.ts";
import { limitsOf } from "../connection/session_host.ts";
import type { Hello } from "../core/wire/hello.ts";
import { ConfigurationError } from "../errors.ts";
import {
  type EndpointOptions,
  parseDefinitions,
  type PeerDefinition,
  type PeerDiscovery,
  type ResolvedEndpointOptions,
} from "../options.ts";
import { peerNameOf } from "../core/link/peer_name.ts";
import type { AnyHandler, Handlers } from "./handlers.ts";
import { messageOf } from "./thrown.ts";
import { Problems } from "../options/problems.ts";
import { identityKey, isPem } from "../options/identity.ts";
import { preSharedKeyOf } from "../options/secret.ts";
import { certificateNames, firstCertificate } from "../runtime/certificate.ts";
import type { Runtime, TlsOptions } from "../runtime/runtime.ts";
import { nextRank, type Rank } from "./state_file.ts";

/** Bytes of a private key, and of a pre-shared one. */
const KEY_BYTES = 32;

/**
 * With what connections are protected; `null`: with nothing, or by TLS. A secret of one's own takes
 * 0.1 s.
 *
 * @throws {ConfigurationError} `invalid-options` when the file of the identity cannot be used.
 */
export async function channelKeysOf(
  runtime: Runtime,
  { secrets, identity }: Pick<ResolvedEndpointOptions, "secrets" | "identity">,
): Promise<ChannelKeys | null> {
  if (secrets.length === 0 && identity === undefined) return null;
  const primitives = await runtime.loadChannel();
  const preSharedKeys: Uint8Array[] = [];
  for (const secret of secrets) preSharedKeys.push(await preSharedKeyOf(secret, primitives));
  // With an identity alone: what everybody knows.
  if (preSharedKeys.length === 0) preSharedKeys.push(new Uint8Array(KEY_BYTES));
  const privateKey = identity === undefined
    ? runtime.random.bytes(KEY_BYTES)
    : await readIdentity(identity);
  return { primitives, preSharedKeys, staticKeys: primitives.keyPair(privateKey) };
}

/** The private key of an identity: its text, or a file with it. */
export async function readIdentity(identity: string): Promise<Uint8Array> {
  const text = isPem(identity)
    ? identity
    : await readText(identity, "invalid-options", "identity: ");
  const key = identityKey(text);
  if (key !== null) return key;
  throw new ConfigurationError("invalid-options", [
    `identity: ${identity} holds no private key of X25519 in PEM`,
  ]);
}

/**
 * The first name in one's own certificate: the other end believes no name that is not in it.
 *
 * @returns `undefined` without TLS, and where the certificate has no name that an end may have.
 */
export function certifiedName(tls: TlsOptions | undefined): string | undefined {
  const certificate = tls === undefined ? null : firstCertificate(tls.certificate);
  const names = certificate === null ? null : certificateNames(certificate);
  return names?.find((name) => new Problems().name("name", name));
}

/** Options with the definitions that are known when the endpoint starts, and what tells of others. */
export interface GivenPeers {
  readonly given: EndpointOptions & { readonly peers?: readonly PeerDefinition[] };
  readonly discovery: PeerDiscovery | null;
}

/**
 * The options with the peer definitions in them, where a file or a discovery was named.
 *
 * @throws {ConfigurationError} `invalid-definitions` when the file cannot be read or is wrong;
 * `invalid-options` when there is no file to be watched.
 */
export async function withDefinitions(options: EndpointOptions): Promise<GivenPeers> {
  const peers: unknown = options?.peers;
  if (options?.watchPeers === true && typeof peers !== "string") {
    throw new ConfigurationError("invalid-options", [
      "watchPeers: expected peers to be the path of a file",
    ]);
  }
  if (isDiscovery(peers)) return { given: { ...options, peers: [] }, discovery: peers };
  // Whatever else it is, is looked at together with the other options.
  if (typeof peers !== "string") return { given: options as never, discovery: null };
  const text = await readText(peers, "invalid-definitions", "");
  const given = { ...options, peers: parseDefinitions(text, peers) };
  if (options.watchPeers !== true) return { given, discovery: null };
  const { fromFile } = await import("../discovery/from_file.ts");
  return { given, discovery: fromFile(peers) };
}

function isDiscovery(peers: unknown): peers is PeerDiscovery {
  return typeof peers === "object" && peers !== null && Symbol.asyncIterator in peers;
}

async function readText(
  file: string,
  code: "invalid-definitions" | "invalid-options",
  where: string,
): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const problem = `${where}${file}: cannot be read: ${messageOf(cause)}`;
    throw new ConfigurationError(code, [problem], { cause });
  }
}

/**
 * How this life ranks among those of its name. It only ranks two living processes that claim one
 * name. Without a state file it is the time of the start, which may be below an earlier one.
 *
 * @throws {ConfigurationError} `invalid-options` when the state file cannot be read or written.
 */
export async function rankOfLife(
  { clock, random }: Runtime,
  stateFile: string | undefined,
): Promise<Rank> {
  if (stateFile === undefined) return { ordinal: clock.wallMicros(), rises: false };
  return await nextRank(clock, random, stateFile);
}

/** What an endpoint says of itself, but for its life. @param listeningPort The one that the kernel chose. */
export function helloOfPeer(
  options: ResolvedEndpointOptions,
  listeningPort: number,
  { ordinal, rises }: Rank,
): Omit<Hello, "bootId"> {
  // What was asked for, and not what the kernel calls it: peers define `localhost`, too.
  const { hostname = options.listen.hostname, port = listeningPort } = options.advertise;
  return {
    role: "peer",
    name: peerNameOf({ ...options, hostname, port }),
    ordinal,
    hostname,
    port,
    limits: limitsOf(options),
    heartbeatIntervalMs: Math.ceil(options.heartbeatIntervalMs),
    ordinalRises: rises,
  };
}

/** Registers the handlers that stand in the options. */
export function registerAll(
  handlers: Handlers,
  handle: (service: string, handler: AnyHandler, options: { codec?: Codec }) => void,
): void {
  for (const [service, entry] of Object.entries(handlers)) {
    const { handler, ...more } = typeof entry === "function" ? { handler: entry } : entry;
    handle(service, handler, more as { codec?: Codec });
  }
}
