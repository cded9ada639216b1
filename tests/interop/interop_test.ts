// Every ordered pair of the three runtimes: requests, notifications, a large payload, a cancel, and
// the abrupt end of one process, whose successor takes the link over.

import { assert, assertEquals } from "@std/assert";
import type { ConnectionRow } from "../../mod.ts";
import { findRuntime, type RuntimeName } from "../../tools/runtimes.ts";
import type { Order } from "./program.ts";

type OrderBody = Order extends infer One ? One extends Order ? Omit<One, "id"> : never : never;

interface Report {
  notified: number;
  cancelled: number;
  running: number;
  events: string[];
  rows: ConnectionRow[];
}

const RUNTIMES: readonly RuntimeName[] = ["deno", "bun", "node"];
const PROGRAM = new URL("./program.ts", import.meta.url).pathname;
const ORDER_TIMEOUT_MS = 30_000;

/** A process that runs the program. */
class Process implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #waiting = new Map<number, (answer: Record<string, unknown>) => void>();
  readonly #errors: string[] = [];
  readonly #reading: Promise<void>;
  #lastId = 0;
  readonly ready: Promise<string>;

  constructor(executable: string, runtime: RuntimeName, args: readonly string[]) {
    const prefix = runtime === "deno" ? ["run", "-A", "--quiet", "--no-prompt"] : [];
    this.#child = new Deno.Command(executable, {
      args: [...prefix, PROGRAM, ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    const ready = Promise.withResolvers<Record<string, unknown>>();
    this.#waiting.set(0, ready.resolve);
    this.ready = this.#within(ready.promise).then((answer) => answer.ready as string);
    this.#reading = Promise.all([this.#readAnswers(), this.#readErrors()]).then(() => {});
  }

  order<Answer = Record<string, unknown>>(body: OrderBody): Promise<Answer> {
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>();
    this.#waiting.set(id, resolve);
    this.#input.write(new TextEncoder().encode(`${JSON.stringify({ id, ...body })}\n`));
    return this.#within(promise) as Promise<Answer>;
  }

  /** Asks for the report until it fulfils the condition. */
  async until(condition: (report: Report) => boolean): Promise<Report> {
    const untilMs = performance.now() + ORDER_TIMEOUT_MS;
    for (;;) {
      const report = await this.order<Report>({ do: "report" });
      if (condition(report)) return report;
      if (performance.now() > untilMs) throw new Error(`never so: ${JSON.stringify(report)}`);
    }
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#end();
  }

  async #end(): Promise<void> {
    await this.#child.status;
    await this.#reading;
    await this.#input.abort().catch(() => {});
  }

  async #within<Answer>(promise: Promise<Answer>): Promise<Answer> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`no answer in time: ${this.#errors.join("")}`)),
        ORDER_TIMEOUT_MS,
      );
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #readAnswers(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const answer = JSON.parse(line);
        this.#waiting.get(answer.id)?.(answer);
        this.#waiting.delete(answer.id);
      }
    }
  }

  async #readErrors(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#errors.push(text);
    }
  }
}

/** A port that was free a moment ago. */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

async function exchange(left: RuntimeName, right: RuntimeName): Promise<void> {
  const executables = { left: await findRuntime(left), right: await findRuntime(right) };
  const ports = { left: String(freePort()), right: String(freePort()) };
  const startRight = () =>
    new Process(executables.right, right, ["SP20", ports.right, "SP10", ports.left]);
  await using a = new Process(executables.left, left, ["SP10", ports.left, "SP20", ports.right]);
  await using b = startRight();
  const [, firstLife] = await Promise.all([a.ready, b.ready]);

  for (const [from, peer] of [[a, "SP20"], [b, "SP10"]] as const) {
    const payload = { text: "ä€𝄞", list: [1, 2, 3] };
    const echoed = await from.order({ do: "request", peer, service: "echo", payload });
    assertEquals(echoed.ok, payload);
    const failed = await from.order({ do: "request", peer, service: "fail", payload: null });
    assertEquals(
      [failed.code, failed.delivery, failed.details, failed.peer],
      ["handler-failed", "executed", { left: 0 }, peer],
    );
    assertEquals((await from.order({ do: "large", peer, bytes: 5 * 1_048_576 })).ok, true);
    assertEquals((await from.order({ do: "notify", peer, count: 50 })).ok, true);
    const cancelled = await from.order({ do: "cancel", peer });
    assertEquals([cancelled.code, cancelled.delivery], ["cancelled", "maybe-executed"]);
    const other = from === a ? b : a;
    const report = await other.until(({ notified, cancelled }) => notified >= 50 && cancelled > 0);
    assertEquals([report.notified, report.cancelled], [50, 1]);
  }

  // The right one dies while it has two requests; one of them may be sent again.
  const pending = [
    a.order({ do: "hang", peer: "SP20", idempotent: false, timeoutMs: 20_000 }),
    a.order({ do: "hang", peer: "SP20", idempotent: true, timeoutMs: 20_000 }),
  ] as const;
  await b.until(({ running }) => running === 3);
  await b.kill();
  await using successor = startRight();
  const secondLife = await successor.ready;
  const lost = await pending[0];
  assertEquals([lost.code, lost.delivery], ["peer-restarted", "maybe-executed"]);
  await successor.until(({ running }) => running === 1);
  const { rows } = await a.until(({ rows }) => rows.length === 1 && rows[0]!.usable);
  assert(firstLife !== secondLife);
  assertEquals(rows[0]!.bootId, secondLife);
  const mirrored = await successor.until(({ rows }) => rows.length === 1);
  assertEquals(mirrored.rows[0]!.identifier, rows[0]!.identifier);
  // It closes in good order; what it could not finish is told at once, not at the deadline.
  const unfinished = a.order({ do: "hang", peer: "SP20", idempotent: false, timeoutMs: 20_000 });
  await successor.until(({ running }) => running === 2);
  assertEquals((await successor.order({ do: "close" })).ok, true);
  const told = await unfinished;
  assertEquals([told.code, told.delivery], ["peer-down", "maybe-executed"]);
}

for (const left of RUNTIMES) {
  for (const right of RUNTIMES) {
    Deno.test(`interop: ${left} with ${right}`, () => exchange(left, right));
  }
}
