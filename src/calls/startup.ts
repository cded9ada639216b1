/**
 * What an endpoint or client needs once, when it starts.
 *
 * @module
 */

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
import { messageOf } from "./thrown.ts";
import { Problems } from "../options/problems.ts";
import { preSharedKeyOf } from "../options/secret.ts";
import { certificateNames, firstCertificate } from "../runtime/certificate.ts";
import type { Runtime, TlsOptions } from "../runtime/runtime.ts";
import { nextRank, type Rank } from "./state_file.ts";

const PRIVATE_KEY_BYTES = 32;

/** With what connections are protected; `null`: with nothing, or by TLS. Secrets may take 0.1 s. */
export async function channelKeysOf(
  runtime: Runtime,
  secrets: readonly Uint8Array[],
): Promise<ChannelKeys | null> {
  if (secrets.length === 0) return null;
  const primitives = await runtime.loadChannel();
  const preSharedKeys: Uint8Array[] = [];
  for (const secret of secrets) preSharedKeys.push(await preSharedKeyOf(secret, primitives));
  const staticKeys = primitives.keyPair(runtime.random.bytes(PRIVATE_KEY_BYTES));
  return { primitives, preSharedKeys, staticKeys };
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
  const { readFile } = await import("node:fs/promises");
  let text: string;
  try {
    text = await readFile(peers, "utf8");
  } catch (cause) {
    throw new ConfigurationError("invalid-definitions", [
      `${peers}: cannot be read: ${messageOf(cause)}`,
    ], { cause });
  }
  const given = { ...options, peers: parseDefinitions(text, peers) };
  if (options.watchPeers !== true) return { given, discovery: null };
  const { fromFile } = await import("../discovery/from_file.ts");
  return { given, discovery: fromFile(peers) };
}

function isDiscovery(peers: unknown): peers is PeerDiscovery {
  return typeof peers === "object" && peers !== null && Symbol.asyncIterator in peers;
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
