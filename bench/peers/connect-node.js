/** connect-node: the Connect protocol in binary over one HTTP/2 connection. */

import { createServer } from "node:http2";
import { create, createFileRegistry } from "@bufbuild/protobuf";
import {
  file_google_protobuf_wrappers as wrappers,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import {
  connectNodeAdapter,
  createConnectTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";

const BYTES = ".google.protobuf.BytesValue";

// What a code generator would have made of a file with one unary method.
const file = create(FileDescriptorProtoSchema, {
  name: "peers.proto",
  package: "peers",
  syntax: "proto3",
  dependency: ["google/protobuf/wrappers.proto"],
  service: [{
    name: "Peers",
    method: [{ name: "Call", inputType: BYTES, outputType: BYTES }],
  }],
});
const set = create(FileDescriptorSetSchema, { file: [wrappers.proto, file] });
const service = createFileRegistry(set).getService("peers.Peers");

const PINGS = {
  pingIntervalMs: 2_000,
  pingTimeoutMs: 2_000,
  pingIdleConnection: true,
};

export const packageName = "@connectrpc/connect-node";

export async function serve({ own, handle }) {
  const call = async ({ value }) => ({ value: await handle(value) });
  const routes = (router) => router.service(service, { call });
  const server = createServer(connectNodeAdapter({ routes }));
  const sessions = new Set();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  await new Promise((resolve) => server.listen(own.port, own.hostname, resolve));
  return {
    close() {
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}

export function connect({ other, pings }) {
  const baseUrl = `http://${other.hostname}:${other.port}`;
  const sessionManager = new Http2SessionManager(baseUrl, pings ? PINGS : {});
  const transport = createConnectTransport({
    baseUrl,
    httpVersion: "2",
    sessionManager,
  });
  const client = createClient(service, transport);
  return {
    call: async (payload) => (await client.call({ value: payload })).value,
    close: () => sessionManager.abort(),
  };
}
