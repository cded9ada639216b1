/**
 * How fast a restarted peer takes its link over, in one process: a peer on a machine of its own
 * that dies without a word, while requests wait for it, and starts again.
 *
 * @module
 */

import { Endpoint, type EndpointEvent } from "../mod.ts";
import type {
  ConnectHandler,
  ConnectOptions,
  Listener,
  ListenOptions,
  Runtime,
  Socket,
  SocketHandler,
  TcpAddress,
} from "../src/runtime/runtime.ts";

/** One restart. Durations are in milliseconds, from the moment the new HELLO arrived. */
export interface TakeoverSample {
  /** Until the silent old connection was ended. */
  readonly helloToOldClosedMs: number;
  /** Until the first waiting request was answered. */
  readonly helloToFirstReplyMs: number;
  /** Requests that waited, all idempotent. */
  readonly waiting: number;
  /** How many of them were answered. */
  readonly answered: number;
}

const SURVIVOR = "SP10";
const RESTARTED = "SP20";
const WAITING = 64;
const TIMEOUT_MS = 5_000;

/** A machine whose cable can be cut: then its sockets stay open at the other end, and silent. */
class Machine {
  readonly runtime: Runtime;
  readonly #sockets: Socket[] = [];
  #dead = false;

  constructor(host: Runtime) {
    this.runtime = {
      name: host.name,
      clock: host.clock,
      random: host.random,
      listen: (address: TcpAddress, options: ListenOptions, onSocket): Promise<Listener> =>
        host.listen(address, options, (socket) => this.#attach(socket, onSocket)),
      connect: (address: TcpAddress, options: ConnectOptions, handler: ConnectHandler) =>
        host.connect(address, options, {
          onConnect: (socket) => this.#attach(socket, (own) => handler.onConnect(own)),
          onConnectError: (reason) => handler.onConnectError(reason),
        }),
    };
  }

  die(): void {
    this.#dead = true;
  }

  /** Ends what is still open. */
  bury(): void {
    for (const socket of this.#sockets) socket.abort();
  }

  #attach(socket: Socket, attach: (socket: Socket) => SocketHandler): SocketHandler {
    this.#sockets.push(socket);
    const unlessDead = (call: () => void) => {
      if (!this.#dead) call();
    };
    const handler = attach({
      remoteAddress: socket.remoteAddress,
      localAddress: socket.localAddress,
      descriptor: socket.descriptor,
      peerCertificate: socket.peerCertificate,
      write: (bytes) => this.#dead || socket.write(bytes),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      close: () => unlessDead(() => socket.close()),
      abort: () => unlessDead(() => socket.abort()),
    });
    return {
      onData: (chunk) => unlessDead(() => handler.onData(chunk)),
      onDrain: () => unlessDead(() => handler.onDrain()),
      onClose: (reason) => unlessDead(() => handler.onClose(reason)),
    };
  }
}

/**
 * Restarts the peer once.
 *
 * @param port A free one, for the peer's first life. Its second has another: not every runtime can
 * have a port again while connections to it are open.
 */
export async function restartPeer(host: Runtime, port: number): Promise<TakeoverSample> {
  const peers = [{ name: RESTARTED, hostname: "127.0.0.1", port }];
  const survivor = await Endpoint.start({ name: SURVIVOR, listen: { port: 0 }, peers });
  const events: EndpointEvent[] = [];
  survivor.on((event) => events.push(event));
  const startLife = async (machine: Machine, ownPort: number) => {
    const life = await Endpoint.start({
      name: RESTARTED,
      listen: { port: ownPort },
      peers: [{ name: SURVIVOR, hostname: "127.0.0.1", port: survivor.address.port }],
      runtime: machine.runtime,
    });
    life.handle("echo", (payload) => payload);
    return life;
  };
  const first = new Machine(host);
  const second = new Machine(host);
  const firstLife = await startLife(first, port);
  await survivor.request(RESTARTED, "echo", 0, { timeoutMs: TIMEOUT_MS });
  first.die();
  let firstReplyAtMs = Infinity;
  const options = { idempotent: true, timeoutMs: TIMEOUT_MS };
  const waiting = Array.from({ length: WAITING }, async (_, number) => {
    const answer = await survivor.request(RESTARTED, "echo", number, options);
    firstReplyAtMs = Math.min(firstReplyAtMs, host.clock.nowMs());
    return answer === number;
  });
  await firstLife.close({ drainMs: 0 });
  const secondLife = await startLife(second, 0);
  const settled = await Promise.allSettled(waiting);
  const superseded = events.find(({ type }) => type === "superseded");
  const connected = events.findLast((event) => event.type === "connected");
  await Promise.all([survivor.close({ drainMs: 0 }), secondLife.close({ drainMs: 0 })]);
  first.bury();
  const helloAtMs = connected?.type === "connected" ? connected.helloAtMs : NaN;
  return {
    helloToOldClosedMs: (superseded?.atMs ?? NaN) - helloAtMs,
    helloToFirstReplyMs: firstReplyAtMs - helloAtMs,
    waiting: WAITING,
    answered: settled.filter((one) => one.status === "fulfilled" && one.value).length,
  };
}
