/**
 * Links that cannot come about, and what their callers are told. Runs unchanged on Deno, Bun and
 * Node.
 */

import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { type Endpoint, type EndpointOptions, type ErrorCode, LinkError } from "../../mod.ts";
import { party } from "./certificates/read.ts";
import { requestError } from "./endpoints.ts";

const WAIT_MS = 10_000;

/** Two ends that cannot link. */
export interface Trouble {
  readonly title: string;
  readonly left: Partial<EndpointOptions>;
  readonly right: Partial<EndpointOptions>;
  /** The codes that the left end may have last. */
  readonly causes: readonly ErrorCode[];
  /** What one of them says sooner or later. */
  readonly text: RegExp;
}

/** Each way in which a configuration keeps two ends apart. */
export const TROUBLES: readonly Trouble[] = [
  {
    title: "a wrong secret",
    left: { secret: "a secret of one end" },
    right: { secret: "a secret of the other" },
    causes: ["proof-mismatch"],
    text: /secret/,
  },
  {
    title: "a wrong name",
    left: {},
    right: { name: "SP21" },
    causes: ["wrong-recipient"],
    text: /'SP21'/,
  },
  {
    title: "no definition",
    left: {},
    right: { peers: [] },
    causes: ["unknown-peer"],
    text: /not defined/,
  },
  {
    title: "another authority",
    left: { tls: party("SP10", "one") },
    right: { tls: party("SP30", "other") },
    // Whose certificate was not accepted first decides what the other end sees of it.
    causes: ["dial-failed", "handshake-lost"],
    text: /authority of 'tls.authorities' has signed|does not accept this end's certificate/,
  },
  {
    title: "a certificate for somebody else",
    left: { tls: party("SP10", "one") },
    right: { tls: party("desk", "one") },
    causes: ["dial-failed", "certificate-mismatch"],
    text: /is not for 'SP20'/,
  },
  {
    title: "an expired certificate",
    left: { tls: party("SP10", "past") },
    right: { tls: party("SP20-expired", "one") },
    causes: ["dial-failed"],
    text: /the certificate of .* has expired/,
  },
];

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The options of two ends at ports of their own. */
export async function twoEnds(
  left: Partial<EndpointOptions>,
  right: Partial<EndpointOptions>,
): Promise<[EndpointOptions, EndpointOptions]> {
  const ports = [await closedPort(), await closedPort()] as const;
  const shared = { redialMinMs: 20, redialMaxMs: 50, drainMs: 0 };
  return [
    {
      name: "SP10",
      listen: { port: ports[0] },
      peers: [{ name: "SP20", hostname: "127.0.0.1", port: ports[1] }],
      ...shared,
      ...left,
    },
    {
      name: "SP20",
      listen: { port: ports[1] },
      peers: [{ name: "SP10", hostname: "127.0.0.1", port: ports[0] }],
      ...shared,
      ...right,
    },
  ];
}

/** The last error, when an attempt has failed with one of these codes and that text. */
export async function failedAttempt(
  endpoint: Endpoint,
  peer: string,
  codes: readonly ErrorCode[],
  text = /^/,
): Promise<LinkError> {
  const untilMs = performance.now() + WAIT_MS;
  for (;;) {
    const { cause } = await requestError(endpoint.request(peer, "none", 1, { whenDown: "fail" }));
    const fits = cause instanceof LinkError && codes.includes(cause.code);
    if (fits && text.test(cause.message)) return cause;
    if (performance.now() > untilMs) throw new Error(`no attempt failed so, but with ${cause}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** What goes to the console while something runs. */
export async function warnings(run: () => Promise<void>): Promise<string[]> {
  const lines: string[] = [];
  const { warn } = console;
  console.warn = (...parts: unknown[]) => void lines.push(parts.join(" "));
  try {
    await run();
  } finally {
    console.warn = warn;
  }
  return lines;
}
