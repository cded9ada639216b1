/**
 * What an endpoint or client needs once, when it starts.
 *
 * @module
 */

import type { Codec } from "../codec.ts";
import type { ChannelKeys } from "../connection/channel.ts";
import { TimerTask } from "../connection/timer_task.ts";
import type { Timers } from "../connection/timers.ts";
import { limitsOf } from "../connection/session_host.ts";
import type { Hello } from "../core/wire/hello.ts";
import { ConfigurationError } from "../errors.ts";
import {
  type EndpointOptions,
  parseDefinitions,
  type PeerDefinition,
  type ResolvedEndpointOptions,
} from "../options.ts";
import type { AnyHandler, Handlers } from "./handler_registry.ts";
import { messageOf } from "./thrown.ts";
import { Problems } from "../options/problems.ts";
import { identityKey, isPem } from "../options/identity.ts";
import { preSharedKeyOf } from "../options/secret.ts";
import { certificateNames, firstCertificate } from "../runtime/certificate.ts";
import type { Listener, Runtime, Socket, SocketHandler, TlsOptions } from "../runtime/runtime.ts";
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
async function readIdentity(identity: string): Promise<Uint8Array> {
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

/**
 * The options with the peer definitions in them, where a file was named.
 *
 * @throws {ConfigurationError} `invalid-definitions` when the file cannot be read or is wrong.
 */
export async function withDefinitions(
  options: EndpointOptions,
): Promise<EndpointOptions & { readonly peers?: readonly PeerDefinition[] }> {
  const file: unknown = options?.peers;
  // Whatever else it is, is looked at together with the other options.
  if (typeof file !== "string") return options as never;
  const text = await readText(file, "invalid-definitions", "");
  return { ...options, peers: parseDefinitions(text, file) };
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
    name: options.name ?? `${hostname}:${port}`,
    ordinal,
    hostname,
    port,
    limits: limitsOf(options),
    heartbeatIntervalMs: Math.ceil(options.heartbeatIntervalMs),
    ordinalRises: rises,
  };
}

/** For what comes before there is anybody to take it. */
const DEAF: SocketHandler = { onData() {}, onDrain() {}, onClose() {} };

/**
 * Listens where the options say.
 *
 * @param accept Takes what connects; `null`: it is too early for that.
 * @throws {ConfigurationError} `listen-failed` when the address cannot be bound.
 */
export async function listenOn(
  runtime: Runtime,
  { listen, tls }: ResolvedEndpointOptions,
  accept: (socket: Socket) => SocketHandler | null,
): Promise<Listener> {
  const take = (socket: Socket) => {
    const handler = accept(socket);
    if (handler === null) socket.abort();
    return handler ?? DEAF;
  };
  try {
    return await runtime.listen(listen, tls === undefined ? {} : { tls }, take);
  } catch (cause) {
    const { hostname, port } = listen;
    throw new ConfigurationError("listen-failed", [
      `Cannot listen on ${hostname}:${port}: ${messageOf(cause)}`,
    ], { cause });
  }
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

/** Calls back when the start is over: at once where it takes no time. */
export function whenStarted(timers: Timers, startingMs: number, ready: () => void): void {
  if (startingMs === 0) ready();
  else timers.add(new TimerTask(ready), startingMs);
}
