/**
 * The inspector: a page that shows what an endpoint sees, served by HTTP. It is read-only, needs
 * nothing from outside, and listens on loopback unless it is told otherwise; then it wants a token.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ConfigurationError } from "../errors.ts";
import { PAGE_HTML } from "./page_html.ts";
import { PAGE_SCRIPT } from "./page_script.ts";
import { PAGE_STYLE } from "./page_style.ts";
import type { SnapshotSource } from "./snapshot.ts";

// Asked for late: in a bundle a static import of what is not there ends everything.
const { createHash, randomBytes, timingSafeEqual } = await import("node:crypto");
const { createServer } = await import("node:http");

/** Where the inspector listens. */
export interface InspectOptions {
  /**
   * The TCP port; 0 lets the kernel choose.
   *
   * @default {0}
   */
  readonly port?: number;
  /**
   * Beyond loopback, whoever looks needs the token.
   *
   * @default {"127.0.0.1"}
   */
  readonly hostname?: string;
  /** At least 16 characters. Default: none on loopback, else a new one that `url` contains. */
  readonly token?: string;
}

/** A running inspector. */
export interface Inspector extends AsyncDisposable {
  /** What to open in a browser; with the token, where there is one. */
  readonly url: string;
  /** Ends it. */
  close(): Promise<void>;
}

const TOKEN_MIN_LENGTH = 16;

/** Nothing from outside, no frame around it, no form out of it. */
const HEADERS: Readonly<Record<string, string>> = Object.freeze({
  "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; " +
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cache-control": "no-store",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
});

/** Opens an inspector on whatever snapshots there are. */
export async function openInspector(
  source: SnapshotSource,
  options: InspectOptions = {},
): Promise<Inspector> {
  const { port = 0, hostname = "127.0.0.1" } = options;
  checkOptions(options, port);
  const isLocal = isLoopback(hostname);
  const token = options.token ?? (isLocal ? null : randomBytes(16).toString("hex"));
  const site = new Site(source, hostname, token);
  const server = createServer((request, response) => site.handle(request, response));
  await listen(server, port, hostname);
  const address = server.address() as AddressInfo;
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  // A fragment is not sent to anybody, so it stands in no log.
  const url = `http://${host}:${address.port}/${token === null ? "" : `#token=${token}`}`;
  const close = () => closeServer(server);
  return { url, close, [Symbol.asyncDispose]: close };
}

function checkOptions({ token }: InspectOptions, port: unknown): void {
  const problems: string[] = [];
  if (typeof port !== "number" || !Number.isInteger(port) || port < 0 || port > 65_535) {
    problems.push(`options.port: expected a whole number from 0 to 65535, found ${port}`);
  }
  if (token !== undefined && (typeof token !== "string" || token.length < TOKEN_MIN_LENGTH)) {
    problems.push(`options.token: expected a text of at least ${TOKEN_MIN_LENGTH} characters`);
  }
  if (problems.length > 0) throw new ConfigurationError("invalid-options", problems);
}

function listen(server: Server, port: number, hostname: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const text = `Cannot listen on ${hostname}:${port}: ${cause.message}`;
      reject(new ConfigurationError("listen-failed", [text], { cause }));
    });
    server.listen(port, hostname, resolve);
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** What is served. */
class Site {
  readonly #source: SnapshotSource;
  readonly #hostname: string;
  readonly #token: Buffer | null;

  constructor(source: SnapshotSource, hostname: string, token: string | null) {
    this.#source = source;
    this.#hostname = hostname;
    this.#token = token === null ? null : digest(token);
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const { method, headers } = request;
    // A page of another site that has made its name lead here would name that site.
    if (!this.#isOurHost(headers.host ?? "")) return say(response, 421, "This is not that host\n");
    if (method !== "GET" && method !== "HEAD") return say(response, 405, "Only GET\n");
    const url = new URL(request.url ?? "/", "http://inspector");
    switch (url.pathname) {
      case "/":
        return say(response, 200, PAGE_HTML, "text/html; charset=utf-8");
      case "/page.css":
        return say(response, 200, PAGE_STYLE, "text/css; charset=utf-8");
      case "/page.js":
        return say(response, 200, PAGE_SCRIPT, "text/javascript; charset=utf-8");
      case "/snapshot":
        return this.#sendSnapshot(request, response, url);
      default:
        return say(response, 404, "There is no such page\n");
    }
  }

  #sendSnapshot({ headers }: IncomingMessage, response: ServerResponse, url: URL): void {
    const site = headers["sec-fetch-site"];
    if (site !== undefined && site !== "same-origin" && site !== "none") {
      return say(response, 403, "Not for other sites\n");
    }
    if (!this.#isAdmitted(headers.authorization ?? "")) {
      return say(response, 401, "The token is missing or wrong\n");
    }
    const since = Number(url.searchParams.get("since") ?? 0);
    this.#source.snapshot(Number.isSafeInteger(since) && since > 0 ? since : 0).then(
      (snapshot) => say(response, 200, JSON.stringify(snapshot), "application/json"),
      (error) => say(response, 502, error instanceof Error ? error.message : "no snapshot"),
    );
  }

  #isAdmitted(authorization: string): boolean {
    if (this.#token === null) return true;
    const given = /^Bearer (.+)$/.exec(authorization)?.[1] ?? "";
    return timingSafeEqual(digest(given), this.#token);
  }

  #isOurHost(host: string): boolean {
    const name = host.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1").toLowerCase();
    if (isLoopback(name) || name === this.#hostname.toLowerCase()) return true;
    // An address is no name that a stranger's DNS could point here.
    return !isLoopback(this.#hostname) && (/^[\d.]+$/.test(name) || name.includes(":"));
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function say(response: ServerResponse, status: number, text: string, type = "text/plain"): void {
  response.writeHead(status, { ...HEADERS, "content-type": type });
  response.end(text);
}
