/** zeromq: a DEALER asks a ROUTER; a frame of four bytes numbers the questions. */

import { Buffer } from "node:buffer";
import { Dealer, Router } from "zeromq";

export const packageName = "zeromq";

/** A socket takes one `send` at a time: messages wait for their turn. */
class SendScheduler {
  #socket;
  #queue = [];
  #isSending = false;

  constructor(socket) {
    this.#socket = socket;
  }

  send(frames) {
    this.#queue.push(frames);
    if (!this.#isSending) void this.#flush();
  }

  async #flush() {
    this.#isSending = true;
    for (
      let frames = this.#queue.shift();
      frames;
      frames = this.#queue.shift()
    ) {
      await this.#socket.send(frames).catch(() => {});
    }
    this.#isSending = false;
  }
}

export async function serve({ own, handle }) {
  const router = new Router();
  await router.bind(`tcp://${own.hostname}:${own.port}`);
  const sender = new SendScheduler(router);
  const receive = async () => {
    for await (const [identity, id, payload] of router) {
      Promise.resolve(handle(payload)).then((answer) => sender.send([identity, id, answer]));
    }
  };
  receive().catch(() => {});
  return { close: () => router.close() };
}

export function connect({ other }) {
  const dealer = new Dealer();
  dealer.connect(`tcp://${other.hostname}:${other.port}`);
  const sender = new SendScheduler(dealer);
  const waiting = new Map();
  let lastId = 0;
  const receive = async () => {
    for await (const [id, answer] of dealer) {
      const number = id.readUInt32BE(0);
      waiting.get(number)?.(answer);
      waiting.delete(number);
    }
  };
  receive().catch(() => {});
  return {
    call(payload) {
      const id = Buffer.allocUnsafe(4);
      lastId = (lastId + 1) >>> 0;
      id.writeUInt32BE(lastId);
      return new Promise((resolve) => {
        waiting.set(lastId, resolve);
        sender.send([id, payload]);
      });
    },
    close: () => dealer.close(),
  };
}
