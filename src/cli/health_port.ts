/**
 * `--health-port`: what probes of Kubernetes and load balancers ask, over HTTP.
 *
 * @module
 */

import { createServer, type Server } from "node:http";
import type { Health } from "../calls/health.ts";
import { messageOf } from "../calls/thrown.ts";
import { CommandError, EXIT } from "./exit_code.ts";

/** Answers `GET /livez` and `GET /readyz`, with 200 or 503 and the reasons as JSON. */
export class HealthPort {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Listens.
   *
   * @param health Asked with each question.
   * @throws {CommandError} `listen-failed`.
   */
  static start(hostname: string, port: number, health: () => Health): Promise<HealthPort> {
    const server = createServer((request, response) => {
      const { live, ready, reasons } = health();
      const isWell = request.url === "/livez" ? live : request.url === "/readyz" ? ready : null;
      const code = isWell === null ? 404 : isWell ? 200 : 503;
      response.writeHead(code, { "content-type": "application/json", connection: "close" });
      response.end(JSON.stringify(isWell === null ? {} : { ok: isWell, reasons }) + "\n");
    });
    return new Promise((resolve, reject) => {
      server.once("error", (cause) => {
        const text = `Cannot listen on ${hostname}:${port} for probes: ${messageOf(cause)}`;
        reject(new CommandError("listen-failed", EXIT.config, text, cause));
      });
      server.listen(port, hostname, () => resolve(new HealthPort(server)));
    });
  }

  /** Ends at once, whatever is open. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
