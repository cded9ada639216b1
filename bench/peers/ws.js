/** ws: binary messages, each with a number of four bytes before it. */

import { Buffer } from "node:buffer";
import WebSocket, { WebSocketServer } from "ws";

const ID_BYTES = 4;

export const packageName = "ws";

export async function serve({ own, handle }) {
  const server = new WebSocketServer({ host: own.hostname, port: own.port });
  server.on("connection", (socket) => {
    socket.on("message", async (message) => {
      const answer = await handle(message.subarray(ID_BYTES));
      socket.send(Buffer.concat([message.subarray(0, ID_BYTES), answer]));
    });
  });
  await new Promise((resolve) => server.on("listening", resolve));
  return {
    close() {
      for (const socket of server.clients) socket.terminate();
      server.close();
    },
  };
}

/** There is no reconnecting in ws: a new socket is opened for the next call, as an application would. */
export function connect({ other }) {
  const waiting = new Map();
  let lastId = 0;
  let opening = null;
  let current = null;
  const open = () =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://${other.hostname}:${other.port}`);
      current = socket;
      socket.on("open", () => resolve(socket));
      socket.on("error", reject);
      socket.on("message", (message) => {
        const id = message.readUInt32BE(0);
        waiting.get(id)?.resolve(message.subarray(ID_BYTES));
        waiting.delete(id);
      });
      socket.on("close", () => {
        opening = null;
        for (const { reject } of waiting.values()) {
          reject(new Error("the socket has closed"));
        }
        waiting.clear();
      });
    });
  return {
    async call(payload) {
      const socket = await (opening ??= open());
      const id = lastId = (lastId + 1) >>> 0;
      const message = Buffer.allocUnsafe(ID_BYTES + payload.length);
      message.writeUInt32BE(id, 0);
      message.set(payload, ID_BYTES);
      return await new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        socket.send(message);
      });
    },
    close: () => current?.terminate(),
  };
}
