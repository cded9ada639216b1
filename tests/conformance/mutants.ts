/** Broken adapters: each breaks the contract in one way, and a case must notice it. */

import { Buffer } from "node:buffer";
import type {
  ConnectHandler,
  Listener,
  Runtime,
  Socket,
  SocketHandler,
} from "../../src/runtime/runtime.ts";
import { changedRuntime } from "../support/changed_runtime.ts";

/** One way to break the contract. */
export interface Mutant {
  readonly name: string;
  /** @returns A broken runtime on top of a right one. */
  change(runtime: Runtime): Runtime;
}

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  ofSockets("a large write loses its last byte", (socket) => ({
    write: (bytes) => socket.write(bytes.length > 100_000 ? bytes.subarray(0, -1) : bytes),
  })),
  ofSockets("a taken buffer is read later", (socket, runtime) => ({
    write(bytes) {
      runtime.clock.setTimer(1, () => socket.write(bytes));
      return true;
    },
  })),
  ofSockets("a kept buffer is overwritten", (socket) => ({
    write(bytes) {
      const taken = socket.write(bytes);
      if (!taken && bytes.length > 1_000_000) bytes[bytes.length - 1] = 0xff;
      return taken;
    },
  })),
  ofSockets("everything is taken, however much there is", (socket) => ({
    write(bytes) {
      socket.write(bytes);
      return true;
    },
  })),
  ofSockets("a second write is taken before onDrain", (socket) => ({
    write(bytes) {
      try {
        return socket.write(bytes);
      } catch {
        return false;
      }
    },
  })),
  ofSockets("close() drops what is held", (socket) => ({ close: () => socket.abort() })),
  ofSockets("abort() tells nobody", () => ({ abort() {} })),
  ofSockets("pause() does nothing", () => ({ pause() {} })),
  ofSockets("resume() does nothing", () => ({ resume() {} })),
  ofSockets("an ended socket takes bytes", (socket) => ({
    write: (bytes) => socket.write(bytes) || bytes.length === 10,
  })),
  ofHandlers("onDrain comes inside write()", (handler) => ({
    wrap: (socket) => ({
      ...delegate(socket),
      write(bytes) {
        const taken = socket.write(bytes);
        if (!taken) handler().onDrain();
        return taken;
      },
    }),
  })),
  ofHandlers("onDrain comes without need", (handler) => ({
    onData(chunk) {
      handler().onDrain();
      handler().onData(chunk);
    },
  })),
  ofHandlers("a chunk is Node's own kind of bytes, whose slice is a view", (handler) => ({
    onData: ({ buffer, byteOffset, length }) =>
      handler().onData(Buffer.from(buffer, byteOffset, length)),
  })),
  ofHandlers("onDrain never comes", () => ({ onDrain() {} })),
  ofHandlers("onClose comes twice", (handler) => ({
    onClose(reason) {
      handler().onClose(reason);
      handler().onClose(reason);
    },
  })),
  ofHandlers("onClose never comes", () => ({ onClose() {} })),
  ofHandlers("something comes after onClose", (handler) => ({
    onClose(reason) {
      handler().onClose(reason);
      handler().onDrain();
    },
  })),
  ofHandlers("FIN looks like RST", (handler) => ({
    onClose: (reason) =>
      handler().onClose(reason.kind === "eof" ? { ...reason, kind: "reset" } : reason),
  })),
  ofHandlers("RST looks like FIN", (handler) => ({
    onClose: (reason) =>
      handler().onClose(reason.kind === "reset" ? { ...reason, kind: "eof" } : reason),
  })),
  ofHandlers("one's own end looks like the other's", (handler) => ({
    onClose: (reason) =>
      handler().onClose(reason.kind === "local" ? { ...reason, kind: "eof" } : reason),
  })),
  ofHandlers("what a callback throws is swallowed", (handler) => ({
    onData(chunk) {
      try {
        handler().onData(chunk);
      } catch {
        // The mutant.
      }
    },
  })),
  ofHandlers("an empty chunk", (handler) => ({
    onData(chunk) {
      handler().onData(chunk);
      handler().onData(chunk.subarray(0, 0));
    },
  })),
  ofRuntimes("a dial has no time-out", (runtime) => ({
    connect: (address, options, handler) =>
      runtime.connect(address, { ...options, timeoutMs: options.timeoutMs * 1_000 }, handler),
  })),
  ofRuntimes("a dial cannot be given up", (runtime) => ({
    connect: (address, { timeoutMs }, handler) => runtime.connect(address, { timeoutMs }, handler),
  })),
  ofRuntimes("a dial calls back at once", (runtime) => ({
    connect(address, options, handler) {
      if (options.signal?.aborted) handler.onConnectError({ kind: "local", code: null });
      else runtime.connect(address, options, handler);
    },
  })),
  ofRuntimes("a refused dial looks like a late one", (runtime) => ({
    connect: (address, options, handler) =>
      runtime.connect(address, options, {
        ...delegateDial(handler),
        onConnectError: ({ code }) => handler.onConnectError({ kind: "timeout", code }),
      }),
  })),
  ofRuntimes("any time-out will do", (runtime) => ({
    connect: (address, options, handler) =>
      runtime.connect(address, { ...options, timeoutMs: 1_000 }, handler),
  })),
  ofRuntimes("a closed listener accepts", (runtime) => ({
    listen: async (address, options, onSocket): Promise<Listener> => ({
      address: (await runtime.listen(address, options, onSocket)).address,
      renew() {},
      close() {},
    }),
  })),
  ofRuntimes("the drawn port is not told", (runtime) => ({
    listen: async (address, options, onSocket): Promise<Listener> => {
      const listener = await runtime.listen(address, options, onSocket);
      return { address, renew: (tls) => listener.renew(tls), close: () => listener.close() };
    },
  })),
  ofRuntimes("memory for a payload is a piece of what others have", () => {
    const shared = new ArrayBuffer(2_097_152);
    return { allocate: (bytes) => new Uint8Array(shared, 0, bytes) };
  }),
  ofClocks("a timer fires early", (runtime) => ({
    setTimer: (delayMs, callback) => runtime.clock.setTimer(delayMs / 2, callback),
  })),
  ofClocks("a disarmed timer fires", () => ({ clearTimer() {} })),
  ofClocks("what is deferred comes late", (runtime) => ({
    defer: (callback) => void runtime.clock.setTimer(20, callback),
  })),
  ofClocks("what is deferred happens at once", () => ({ defer: (callback) => callback() })),
];

/** The same of TLS; the simulator has none. */
export const TLS_MUTANTS: readonly Mutant[] = [
  ofSockets("a small write ends the socket, as zero bytes do on Deno", (socket) => ({
    write(bytes) {
      const taken = socket.write(bytes);
      if (socket.peerCertificate !== null && bytes.length < 16) socket.abort();
      return taken;
    },
  })),
  ofSockets("a socket that is not verified takes bytes", (socket) => ({
    write: (bytes) => socket.write(bytes) || socket.peerCertificate === null,
  })),
  ofSockets("a certificate names nobody", (socket) => ({
    get peerCertificate() {
      return socket.peerCertificate && { ...socket.peerCertificate, names: [] };
    },
  })),
  ofSockets("a name with commas is three", (socket) => ({
    get peerCertificate() {
      const told = socket.peerCertificate;
      return told && { ...told, names: told.names.join(", ").split(/, (?:DNS:)?/) };
    },
  })),
  ofRuntimes("a renewed listener shows what it showed", (runtime) => ({
    listen: async (address, options, onSocket): Promise<Listener> => {
      const listener = await runtime.listen(address, options, onSocket);
      return { address: listener.address, renew() {}, close: () => listener.close() };
    },
  })),
  ofRuntimes("an accepted socket is told when it is verified", (runtime) => ({
    listen: (address, options, onSocket) =>
      runtime.listen(address, options, (socket) => {
        if (options.tls === undefined) return onSocket(socket);
        let handler: SocketHandler | null = null;
        return {
          onData: (chunk) => (handler ??= onSocket(socket)).onData(chunk),
          onDrain: () => handler?.onDrain(),
          onClose: (reason) => handler?.onClose(reason),
        };
      }),
  })),
  ofRuntimes("a dial takes any certificate of the authority", (runtime) => ({
    connect: (address, options, handler) =>
      runtime.connect(address, {
        ...options,
        ...(options.tls?.serverName === "SP99"
          ? { tls: { ...options.tls, serverName: "SP20" } }
          : {}),
      }, handler),
  })),
  ofHandlers("a failed TLS handshake looks like an end", (handler) => ({
    onClose: (reason) =>
      handler().onClose(reason.kind === "tls" ? { kind: "eof", code: null } : reason),
  })),
];

function ofRuntimes(name: string, change: (runtime: Runtime) => Partial<Runtime>): Mutant {
  return {
    name,
    change: (runtime) => changedRuntime(runtime, change(runtime)),
  };
}

function ofClocks(name: string, change: (runtime: Runtime) => Partial<Runtime["clock"]>): Mutant {
  return ofRuntimes(name, (runtime) => ({ clock: { ...runtime.clock, ...change(runtime) } }));
}

function ofSockets(
  name: string,
  change: (socket: Socket, runtime: Runtime) => Partial<Socket>,
): Mutant {
  return ofAttaching(
    name,
    (socket, runtime, attach) => attach(withChanges(delegate(socket), change(socket, runtime))),
  );
}

function ofHandlers(
  name: string,
  change: (
    handler: () => SocketHandler,
  ) => Partial<SocketHandler> & { wrap?: (socket: Socket) => Socket },
): Mutant {
  return ofAttaching(name, (socket, _runtime, attach) => {
    let handler: SocketHandler | null = null;
    const { wrap, ...changed } = change(() => handler!);
    handler = attach(wrap === undefined ? socket : wrap(socket));
    return {
      onData: (chunk) => handler!.onData(chunk),
      onDrain: () => handler!.onDrain(),
      onClose: (reason) => handler!.onClose(reason),
      ...changed,
    };
  });
}

type Attach = (socket: Socket) => SocketHandler;

function ofAttaching(
  name: string,
  change: (socket: Socket, runtime: Runtime, attach: Attach) => SocketHandler,
): Mutant {
  return ofRuntimes(name, (runtime) => ({
    listen: (address, options, onSocket) =>
      runtime.listen(address, options, (socket) => change(socket, runtime, onSocket)),
    connect: (address, options, handler) =>
      runtime.connect(address, options, {
        onConnect: (socket) => change(socket, runtime, (own) => handler.onConnect(own)),
        onConnectError: (reason) => handler.onConnectError(reason),
      }),
  }));
}

/** Getters stay getters. */
function withChanges(socket: Socket, changes: Partial<Socket>): Socket {
  return Object.defineProperties(socket, Object.getOwnPropertyDescriptors(changes));
}

function delegate(socket: Socket): Socket {
  return {
    remoteAddress: socket.remoteAddress,
    localAddress: socket.localAddress,
    descriptor: socket.descriptor,
    get peerCertificate() {
      return socket.peerCertificate;
    },
    write: (bytes) => socket.write(bytes),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: () => socket.close(),
    abort: () => socket.abort(),
  };
}

function delegateDial(handler: ConnectHandler): ConnectHandler {
  return {
    onConnect: (socket) => handler.onConnect(socket),
    onConnectError: (reason) => handler.onConnectError(reason),
  };
}
