/** rpc-websockets: JSON-RPC 2.0; JSON has no bytes, so they travel as base64. */

import { Buffer } from "node:buffer";
import { Client, Server } from "rpc-websockets";

export const packageName = "rpc-websockets";

export async function serve({ own, handle }) {
  const server = new Server({ host: own.hostname, port: own.port });
  server.register("call", async ([text]) => {
    const answer = await handle(Buffer.from(text, "base64"));
    return Buffer.from(answer).toString("base64");
  });
  await new Promise((resolve) => server.on("listening", resolve));
  return { close: () => server.close() };
}

export async function connect({ other }) {
  const client = new Client(`ws://${other.hostname}:${other.port}`);
  await new Promise((resolve) => client.once("open", resolve));
  return {
    call: async (payload) =>
      Buffer.from(
        await client.call("call", [Buffer.from(payload).toString("base64")]),
        "base64",
      ),
    close: () => client.close(),
  };
}
