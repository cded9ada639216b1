/** undici: HTTP/1.1 with keep-alive; a pool opens as many connections as there are requests. */

import { Buffer } from "node:buffer";
import { createServer } from "node:http";
import { Pool } from "undici";

export const packageName = "undici";

export async function serve({ own, handle }) {
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = await handle(Buffer.concat(chunks));
    response.writeHead(200, { "content-length": answer.length });
    response.end(answer);
  });
  await new Promise((resolve) => server.listen(own.port, own.hostname, resolve));
  return {
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

export function connect({ other }) {
  const pool = new Pool(`http://${other.hostname}:${other.port}`);
  return {
    async call(payload) {
      const { body } = await pool.request({
        method: "POST",
        path: "/",
        body: payload,
      });
      return await body.bytes();
    },
    close: () => pool.destroy(),
  };
}
