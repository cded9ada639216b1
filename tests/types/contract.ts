// What the compiler accepts and refuses of code that uses a contract. Nothing here runs:
// `deno task check` reads it, and each `@ts-expect-error` that expects nothing is an error.

import type {
  Callee,
  Client,
  Codec,
  Endpoint,
  HandlerContext,
  HandlersOf,
  PayloadOf,
  RemoteCaller,
  ResultOf,
} from "../../mod.ts";

declare const endpoint: Endpoint;
declare const client: Client;
declare const own: Codec;

/** Compiles where both types are the same. */
type Same<Left, Right> = (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2
  ? true
  : never;

function same<Left, Right>(_same: Same<Left, Right>): void {}

interface Tree {
  readonly name: string;
  readonly children: readonly Tree[];
  readonly note?: string;
}

interface Order {
  readonly account: number;
  readonly amount: number;
  readonly comment?: string | undefined;
}

interface Accounts {
  ping(): string;
  stop(): void;
  flush(payload: void): Promise<void>;
  debit(order: Order): { balance: number };
  later(order: Order): Promise<{ balance: number }>;
  list(filter?: { owner: string }): number[];
  find(id: number | undefined): string | undefined;
  get(id: number): { id: number };
  get(name: string): { name: string };
  echo<T>(value: T): T;
  any(value: unknown): unknown;
  tree(tree: Tree): Tree;
  handled(order: Order, context: HandlerContext): { balance: number };
  pair(two: readonly [number, string]): [number, string];
  fails(): never;
  readonly notAService: number;
  // What JSON changes:
  at(when: Date): void;
  now(): Date;
  nested(order: { lines: { due: Date }[] }): void;
  count(value: bigint): void;
  mark(value: symbol): void;
  call(back: () => void): void;
  holes(list: (number | undefined)[]): void;
  index(map: Map<string, number>): void;
  bytes(data: Uint8Array): Uint8Array;
}

export async function rightCalls(): Promise<void> {
  const peer = endpoint.peer<Accounts>("SP20");
  same<string, Awaited<ReturnType<typeof peer.request<"ping">>>>(true);
  const ping: string = await peer.request("ping");
  await peer.request("ping", undefined, { timeoutMs: 500 });
  await peer.request("stop");
  await peer.request("flush");
  const { balance } = await peer.request("debit", { account: 7, amount: 10 });
  same<number, typeof balance>(true);
  await peer.request("debit", { account: 7, amount: 10, comment: undefined }, { idempotent: true });
  const later = await peer.request("later", { account: 7, amount: 10 });
  same<{ balance: number }, typeof later>(true);
  const all = await peer.request("list");
  same<number[], typeof all>(true);
  await peer.request("list", { owner: "me" });
  await peer.request("list", undefined, { timeoutMs: 500 });
  const found = await peer.request("find", 5);
  same<string | undefined, typeof found>(true);
  await peer.request("find", undefined);
  const byId = await peer.request("get", 5);
  same<{ id: number }, typeof byId>(true);
  const byName = await peer.request("get", "tea");
  same<{ name: string }, typeof byName>(true);
  await peer.request("echo", { any: "thing" });
  await peer.request("any", [1, "two", null]);
  await peer.request("tree", { name: "root", children: [{ name: "leaf", children: [] }] });
  await peer.request("handled", { account: 1, amount: 2 });
  const [first] = await peer.request("pair", [1, "two"]);
  same<number, typeof first>(true);
  await peer.request("fails");
  await peer.request("bytes", new Uint8Array(1), { codec: "bytes" });
  await peer.request("at", new Date(), { codec: own, timeoutMs: 5 });
  await peer.notify("stop");
  await peer.notify("debit", { account: 7, amount: 10 }, { timeoutMs: 5 });
  const anything = endpoint.peer<Accounts, "any">("SP20");
  const now = await anything.request("now");
  same<Date, typeof now>(true);
  await anything.request("count", 5n);
  const service = client.peer<Accounts>();
  await service.request("ping");
  await service.request("get", 5);
  console.log(ping);
}

/** What a till serves to the endpoint that it calls. */
interface Till {
  progress(percent: number): void;
  confirm(question: { text: string }): boolean;
}

/** Contracts in both directions of one link. */
export async function rightCallbacks(): Promise<void> {
  client.service<Till>().handle("confirm", ({ text }) => text.length > 0);
  endpoint.service<Accounts>().handle("debit", async ({ amount }, { caller }) => {
    const till = caller.peer<Till>();
    await till.notify("progress", 50);
    const isSure = await till.request("confirm", { text: "really?" });
    same<boolean, typeof isSure>(true);
    return { balance: isSure ? -amount : 0 };
  });
  endpoint.handle("kept", async (_payload: unknown, context: HandlerContext) => {
    const answer: string = await context.request<string>(context.caller, "name");
    return answer;
  });
  const everybody: Callee[] = [client, endpoint.peer("SP20")];
  await Promise.all(everybody.map((callee) => callee.notify("stop")));
}

export async function wrongCallbacks(caller: RemoteCaller): Promise<void> {
  const till = caller.peer<Till>();
  // @ts-expect-error a payload of another type
  await till.notify("progress", "50");
  // @ts-expect-error there is no such service
  await till.request("confirmed", { text: "really?" });
  // @ts-expect-error the answer has another type
  client.service<Till>().handle("confirm", () => "yes");
  // @ts-expect-error there is no such service
  client.service<Till>().handle("debit", () => 1);
}

export async function wrongCalls(): Promise<void> {
  for (const peer of [endpoint.peer<Accounts>("SP20"), client.peer<Accounts>()]) {
    // @ts-expect-error no payload is taken
    await peer.request("ping", 5);
    // @ts-expect-error no payload is taken
    await peer.notify("stop", {});
    // @ts-expect-error a payload is missing
    await peer.request("debit");
    // @ts-expect-error a payload is missing
    await peer.notify("debit");
    // @ts-expect-error a member is missing
    await peer.request("debit", { account: 7 });
    // @ts-expect-error a member of another type
    await peer.request("debit", { account: "7", amount: 10 });
    // @ts-expect-error a member too many
    await peer.request("debit", { account: 7, amount: 10, ammount: 1 });
    // @ts-expect-error there is no such service
    await peer.request("debt", { account: 7, amount: 10 });
    // @ts-expect-error this is no service
    await peer.request("notAService");
    // @ts-expect-error no overload takes it
    await peer.request("get", true);
    // @ts-expect-error a payload is missing
    await peer.request("get");
    // @ts-expect-error options are no number
    await peer.request("ping", undefined, 500);
    // @ts-expect-error there is no such option
    await peer.request("ping", undefined, { timeout: 500 });
    // @ts-expect-error a notification has no such option
    await peer.notify("stop", undefined, { idempotent: true });
    // @ts-expect-error there is no such codec
    await peer.request("ping", undefined, { codec: "yaml" });
    // @ts-expect-error JSON makes a text of a Date
    await peer.request("at", new Date());
    // @ts-expect-error also where it is an answer
    await peer.request("now");
    // @ts-expect-error and far below
    await peer.request("nested", { lines: [{ due: new Date() }] });
    // @ts-expect-error JSON knows no bigint
    await peer.request("count", 5n);
    // @ts-expect-error JSON knows no symbol
    await peer.request("mark", Symbol("s"));
    // @ts-expect-error JSON knows no function
    await peer.request("call", () => {});
    // @ts-expect-error JSON makes null of what is undefined in a list
    await peer.request("holes", [undefined]);
    // @ts-expect-error JSON makes {} of a Map
    await peer.request("index", new Map());
    // @ts-expect-error JSON makes an object of bytes
    await peer.request("bytes", new Uint8Array(1));
    // @ts-expect-error and says so where JSON is named
    await peer.request("bytes", new Uint8Array(1), { codec: "json" });
  }
}

export function handlers(): void {
  const service = endpoint.service<Accounts>();
  service.handle("ping", () => "pong");
  service.handle("stop", () => {});
  service.handle("flush", async () => {});
  service.handle("debit", ({ amount }) => ({ balance: -amount }));
  service.handle("debit", async ({ amount }, { signal }) => {
    await Promise.resolve(signal);
    return { balance: -amount };
  });
  service.handle("later", ({ account }) => ({ balance: account }));
  service.handle("list", (filter) => filter === undefined ? [] : [filter.owner.length]);
  service.handle("get", (key) => typeof key === "number" ? { id: key } : { name: key });
  service.handle("echo", (value) => value);
  service.handle("fails", () => {
    throw new Error("as it says");
  });
  service.handle("bytes", (data) => data, { codec: "bytes" });
  service.handle("now", () => new Date(), { codec: own });
  // @ts-expect-error there is no such service
  service.handle("debt", () => ({ balance: 1 }));
  // @ts-expect-error another answer
  service.handle("debit", () => ({ balance: "1" }));
  // @ts-expect-error another answer, later
  service.handle("debit", () => Promise.resolve(5));
  // @ts-expect-error another payload
  service.handle("debit", (order: { account: string }) => ({ balance: order.account.length }));
  // @ts-expect-error the payload may be left out
  service.handle("list", ({ owner }) => [owner.length]);
  // @ts-expect-error no handler
  service.handle("ping", "pong");
  // @ts-expect-error JSON makes a text of a Date
  service.handle("now", () => new Date());
  // @ts-expect-error JSON makes an object of bytes
  service.handle("bytes", (data) => data);
}

interface Stock {
  ping(): string;
  reserve(order: Order): Promise<{ reserved: boolean }>;
}

export const all: HandlersOf<Stock> = {
  ping: () => "pong",
  reserve: ({ amount }) => ({ reserved: amount > 0 }),
};

// @ts-expect-error one is missing
export const few: HandlersOf<Stock> = { ping: () => "pong" };

export const wrong: HandlersOf<Stock> = {
  // @ts-expect-error another answer
  ping: () => 5,
  reserve: () => ({ reserved: true }),
};

/** A contract may be what the handlers are. */
const made = {
  add: ([left, right]: readonly [number, number], _context: HandlerContext) => left + right,
  nothing: () => {},
};

export async function madeOfHandlers(): Promise<void> {
  const peer = endpoint.peer<typeof made>("SP30");
  const sum: number = await peer.request("add", [1, 2]);
  await peer.request("nothing");
  // @ts-expect-error one is missing
  await peer.request("add", [1]);
  console.log(sum);
}

same<PayloadOf<Accounts["debit"]>, Order>(true);
same<PayloadOf<Accounts["ping"]>, undefined>(true);
same<ResultOf<Accounts["later"]>, { balance: number }>(true);
same<PayloadOf<Accounts["list"]>, { owner: string } | undefined>(true);

// A group: the same contract, and the options of a group.
export async function askGroup(): Promise<void> {
  const group = endpoint.group<Accounts>("accounts");
  same<string, Awaited<ReturnType<typeof group.request<"ping">>>>(true);
  await group.request("ping", undefined, { key: "k", groupTimeoutMs: 5, idempotent: true });
  const { taken, failed } = await group.notifyAll("ping");
  same<readonly string[], typeof taken>(true);
  const [member] = group.members();
  console.log(failed.length, member?.calls, member?.state);
  // @ts-expect-error no such service
  await group.request("pong");
  // @ts-expect-error a group waits for a member, or for groupTimeoutMs
  await group.request("ping", undefined, { whenDown: "fail" });
  // @ts-expect-error a notification is not repeated
  await group.notify("ping", undefined, { idempotent: true });
  // Without a contract any service is taken, and nothing is known of its answer.
  const answer = await endpoint.group("accounts").request("anything", { what: 7 });
  same<unknown, typeof answer>(true);
}

interface Market {
  last(item: string): number;
  prices(items: readonly string[]): AsyncIterable<{ item: string; price: number }>;
  dates(): AsyncIterable<Date>;
  sum(numbers: AsyncIterable<number>): number;
  double(numbers: AsyncIterable<number>): AsyncGenerator<number>;
}

/** Methods that return an async iterable are streams, and no others. */
export async function streams(numbers: AsyncIterable<number>): Promise<void> {
  const market = endpoint.peer<Market>("SP20");
  for await (const { item, price } of market.stream("prices", ["tea"], { idleTimeoutMs: 500 })) {
    same<string, typeof item>(true);
    same<number, typeof price>(true);
  }
  same<number, Awaited<ReturnType<typeof market.request<"sum">>>>(true);
  await market.request("sum", numbers);
  for await (const number of market.stream("double", numbers)) same<number, typeof number>(true);
  // @ts-expect-error one answer
  market.stream("last", "tea");
  // @ts-expect-error a stream
  await market.request("prices", ["tea"]);
  // @ts-expect-error another payload
  market.stream("prices", 7);
  // @ts-expect-error JSON changes a date
  market.stream("dates");
  market.stream("dates", undefined, { codec: own });
  const service = endpoint.service<Market>();
  service.handleStream("prices", async function* (items) {
    for (const item of items) yield { item, price: 7 };
  });
  service.handle("sum", async (given) => {
    let sum = 0;
    for await (const number of given) sum += number;
    return sum;
  });
  // @ts-expect-error other items
  service.handleStream("double", async function* () {
    yield "two";
  });
  // @ts-expect-error one answer
  service.handleStream("last", () => []);
}
