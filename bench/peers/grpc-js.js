/** grpc-js: a unary method over one channel; the bytes go through as they are. */

import { Buffer } from "node:buffer";
import * as grpc from "@grpc/grpc-js";

const same = (bytes) => bytes;
const buffer = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const SERVICE = {
  call: {
    path: "/peers.Peers/Call",
    requestStream: false,
    responseStream: false,
    requestSerialize: buffer,
    requestDeserialize: same,
    responseSerialize: buffer,
    responseDeserialize: same,
  },
};

const Peers = grpc.makeGenericClientConstructor(SERVICE, "Peers");

const PINGS = {
  "grpc.keepalive_time_ms": 2_000,
  "grpc.keepalive_timeout_ms": 2_000,
  "grpc.keepalive_permit_without_calls": 1,
};

export const packageName = "@grpc/grpc-js";

export async function serve({ own, handle }) {
  const server = new grpc.Server();
  server.addService(SERVICE, {
    call: (call, respond) =>
      Promise.resolve(handle(call.request)).then(
        (answer) => respond(null, answer),
        respond,
      ),
  });
  await new Promise((resolve, reject) =>
    server.bindAsync(
      `${own.hostname}:${own.port}`,
      grpc.ServerCredentials.createInsecure(),
      (error) => error ? reject(error) : resolve(),
    )
  );
  return { close: () => server.forceShutdown() };
}

export function connect({ other, pings }) {
  const address = `${other.hostname}:${other.port}`;
  const client = new Peers(
    address,
    grpc.credentials.createInsecure(),
    pings ? PINGS : {},
  );
  const call = (payload) =>
    new Promise((resolve, reject) =>
      client.call(
        payload,
        (error, answer) => error ? reject(error) : resolve(answer),
      )
    );
  return { call, close: () => client.close() };
}
