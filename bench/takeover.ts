/**
 * How fast a restarted peer takes its link over, in one process: a peer on a machine of its own
 * that dies without a word, while requests wait for it, and starts again.
 *
 * @module
 */

import { Endpoint, type EndpointEvent } from "../mod.ts";
import type { Runtime } from "../src/runtime/runtime.ts";
import { Machine } from "./machine.ts";

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
