/**
 * The services of the processes in these tests.
 */

import type { Endpoint, HandlerContext } from "../../mod.ts";

/** Registered by `freshlink serve`. */
export async function handlers(endpoint: Endpoint) {
  // A promise is waited for before the process says that it listens.
  await Promise.resolve();
  return {
    echo: (payload: unknown) => payload,
    nothing: () => {},
    name: (_payload: unknown, { caller }: { caller: { name: string } }) => caller.name,
    fail() {
      throw Object.assign(new Error("no stock"), { details: { left: 0 } });
    },
    hang: () => new Promise(() => {}),
    async slow() {
      console.log("slow has begun");
      await new Promise((resolve) => setTimeout(resolve, 300));
      return "done in good order";
    },
    async count(upTo: number, { caller }: HandlerContext) {
      for (let done = 1; done <= upTo; done++) await caller.notify("progress", { done });
      return upTo;
    },
    ask: ({ peer, service }: { peer: string; service: string }) => endpoint.request(peer, service),
  };
}

// What a handler leaves running must not keep a process that is to end.
setInterval(() => {}, 60_000);
