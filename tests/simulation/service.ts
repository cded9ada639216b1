/** What every endpoint of a world serves: `book` answers as planned, `note` is told something. */

import type { Endpoint, HandlerContext, RequestOptions } from "../../mod.ts";
import type { Entry } from "./ledger.ts";
import { damageOf, idOf, makePayload } from "./payload.ts";
import { CALLER, type RequestPlan } from "./plan.ts";
import type { Life, World } from "./world.ts";

/** Whoever asks: an endpoint, a client, or a handler through its context. */
export interface Asker {
  request<Result>(
    to: string,
    service: string,
    payload: unknown,
    options: RequestOptions,
  ): Promise<Result>;
}

/** The answer to whoever only wants it to be large. */
const LARGE_BYTES = 200_000;

/** How long the handler takes that somebody floods. */
const SLOW_MS = 5_000;

/** A process that serves: of a member or of a client. */
export type Server = Pick<Life, "id" | "process">;

/** Registers both, and what a hostile end asks. */
export function serve(world: World, life: Server, endpoint: Pick<Endpoint, "handle">): void {
  endpoint.handle<Uint8Array, Uint8Array>(
    "book",
    (payload, context) => book(world, life, payload, context),
    { codec: "bytes" },
  );
  endpoint.handle<Uint8Array, void>(
    "note",
    (payload, context) => note(world, life, payload, context),
    { codec: "bytes" },
  );
  if (world.hostile === null) return;
  const { clock } = life.process;
  endpoint.handle("large", () => new Uint8Array(LARGE_BYTES), { codec: "bytes" });
  endpoint.handle("slow", () => new Promise<void>((done) => clock.setTimer(SLOW_MS, done)), {
    codec: "bytes",
  });
}

function book(
  world: World,
  life: Server,
  payload: Uint8Array,
  context: HandlerContext,
): Uint8Array | Promise<Uint8Array> {
  const entry = world.ledger.executed(idOf(payload), world.lifeFor(life, context.caller));
  if (entry === null) throw new Error("nobody sent it");
  const { id, plan: { requestBytes, answerBytes, fails, workMs, then } } = entry;
  world.ledger.arrived(`request ${id}`, requestBytes, damageOf(payload, requestBytes));
  if (fails) throw new Error("as it was told");
  const answer = () => makePayload(id, answerBytes);
  if (workMs === 0 && then.length === 0) return answer();
  return work(world, life, workMs, then, entry, context).then(answer);
}

function note(
  world: World,
  life: Server,
  payload: Uint8Array,
  context: HandlerContext,
): void | Promise<void> {
  const told = world.ledger.noteStarted(idOf(payload), world.lifeFor(life, context.caller));
  if (told === null) return;
  const { id, plan: { bytes, workMs, then } } = told;
  world.ledger.arrived(`notification ${id}`, bytes, damageOf(payload, bytes));
  if (workMs > 0 || then.length > 0) return work(world, life, workMs, then, null, context);
}

/** Works, then asks others, one after the other. */
async function work(
  world: World,
  life: Server,
  workMs: number,
  then: readonly RequestPlan[],
  parent: Entry | null,
  context: HandlerContext,
): Promise<void> {
  const { ledger } = world;
  ledger.running(life.id, 1);
  if (workMs > 0) await new Promise<void>((done) => life.process.clock.setTimer(workMs, done));
  ledger.running(life.id, -1);
  // What it waits for from here on is open work of its own.
  for (const plan of then) {
    const asker = plan.to === CALLER ? callingBack(context) : context;
    const code = await world.request(asker, life.id, life.process, plan, parent);
    if (code !== "ok") throw new Error(`what it asked of ${plan.to} ended as ${code}`);
  }
}

/** Whoever asks the caller of a handler. */
function callingBack(context: HandlerContext): Asker {
  return { request: (_to, ...rest) => context.request(context.caller, ...rest) };
}
