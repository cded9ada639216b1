import * as net from "node:net";
import { randomBytes } from "node:crypto";
import type { CloseReason, Runtime, Socket, SocketHandler } from "./runtime.ts";
function wrap(s: net.Socket, attach: (k: Socket) => SocketHandler): void {
  s.setNoDelay(true);
  let h: SocketHandler;
  let closed = false;
  let local = false;
  let err: CloseReason | null = null;
  let eof = false;
  let closing = false;
  const k: Socket = {
    remoteAddress: {
      hostname: (s.remoteAddress ?? "").replace("::ffff:", ""),
      port: s.remotePort ?? 0,
    },
    localAddress: {
      hostname: (s.localAddress ?? "").replace("::ffff:", ""),
      port: s.localPort ?? 0,
    },
    // deno-lint-ignore no-explicit-any
    descriptor: (s as any)._handle?.fd ?? null,
    peerCertificate: null,
    write(b) {
      if (closing || closed) return false;
      s.write(b);
      return s.writableLength === 0;
    },
    pause() {
      s.pause();
    },
    resume() {
      s.resume();
    },
    close() {
      if (closing) return;
      closing = true;
      local = true;
      s.end();
      setTimeout(() => s.destroy(), 2000).unref();
      s.on("finish", () => s.destroy());
    },
    abort() {
      closing = true;
      local = true;
      s.resetAndDestroy();
    },
  };
  s.on("data", (d: Uint8Array) => {
    if (!closing) h.onData(d);
  });
  s.on("drain", () => {
    if (!closing) h.onDrain();
  });
  s.on("error", (e: Error & { code?: string }) => {
    err = { kind: e.code === "ECONNREFUSED" ? "refused" : "reset", code: e.code ?? null };
  });
  s.on("end", () => {
    eof = true;
    s.destroy();
  });
  s.on("close", () => {
    if (closed) return;
    closed = true;
    h.onClose(
      local ? { kind: "local", code: null } : err ?? { kind: eof ? "eof" : "reset", code: null },
    );
  });
  h = attach(k);
}
export const nodeRuntime: Runtime = {
  name: "node",
  clock: {
    nowMs: () => performance.now(),
    wallMicros: () => Date.now() * 1000,
    setTimer: (d, c) => setTimeout(c, d),
    clearTimer: (t) => clearTimeout(t as number),
    defer: (c) => queueMicrotask(c),
  },
  random: { bytes: (n) => new Uint8Array(randomBytes(n)), float: () => Math.random() },
  listen(a, _o, on) {
    return new Promise((res, rej) => {
      const sv = net.createServer((s) => wrap(s, on));
      sv.on("error", rej);
      const t = a as { hostname: string; port: number };
      sv.listen(t.port, t.hostname, () => {
        const ad = sv.address() as net.AddressInfo;
        res({
          address: { hostname: ad.address, port: ad.port },
          close() {
            sv.close();
          },
        });
      });
    });
  },
  connect(a, o, h) {
    const t = a as { hostname: string; port: number };
    let done = false;
    const s = net.connect(t.port, t.hostname);
    const fail = (r: CloseReason) => {
      if (done) return;
      done = true;
      s.destroy();
      h.onConnectError(r);
    };
    const tm = setTimeout(() => fail({ kind: "timeout", code: "ETIMEDOUT" }), o.timeoutMs);
    s.on("error", (e: Error & { code?: string }) => {
      clearTimeout(tm);
      fail({ kind: "refused", code: e.code ?? null });
    });
    o.signal?.addEventListener("abort", () => {
      clearTimeout(tm);
      queueMicrotask(() => fail({ kind: "local", code: null }));
    });
    s.on("connect", () => {
      clearTimeout(tm);
      if (done) return;
      done = true;
      wrap(s, (k) => h.onConnect(k));
    });
  },
};
