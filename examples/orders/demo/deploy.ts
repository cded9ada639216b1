/**
 * `--fault deploy`: a group of three grows to five, is replaced one by one under load (start before
 * stop, other ports), and loses a machine without a word.
 *
 * The orders come from this process, which is the endpoint SP10; members of the group `stock` run
 * on all three runtimes. Each order is reserved by one of them, and each booking is in a ledger.
 */

import { Endpoint, type PeerDefinition, RequestError } from "../../../mod.ts";
import { findRuntime, type RuntimeName } from "../../../tools/runtimes.ts";
import { countRepetitions, readLedger } from "../ledger.ts";
import { Relay } from "./cable.ts";
import { type Config, Machine } from "./machines.ts";
import { headline, paint, printSecond } from "./print.ts";

const RUNTIMES: readonly RuntimeName[] = ["deno", "bun", "node"];
const HOSTNAME = "127.0.0.1";

/** How many orders are under way at a time, and how long each may take, in milliseconds. */
const CONCURRENCY = 12;
const ORDER_TIMEOUT_MS = 15_000;

/** How long parts take, in seconds. */
const CALM_S = 2;
const STEP_S = 1;
/** Longer than a machine that says nothing is waited for. */
const LOST_S = 5;

const READY_TIMEOUT_MS = 20_000;

/** The whole result: the last line with `--json`. */
export interface DeployResult {
  readonly orders: {
    sent: number;
    ok: number;
    failed: number;
    timedOut: number;
    /** Bookings that another process did again, as nobody could know what the lost one had done. */
    repeated: number;
    executedTwice: number;
  };
  /** Orders that each member has had while all were well, by the runtime and the port. */
  readonly shares: Record<string, number>;
  /** How many processes have been members. */
  readonly members: number;
}

/** A member: its machine, and how SP10 dials it. */
interface Member {
  readonly machine: Machine;
  readonly definition: PeerDefinition;
  readonly relays: readonly Relay[];
}

/** Runs it. @param folder For its files; removed by whoever made it. */
export async function deploy(
  folder: string,
  handlers: string,
  secret: string,
): Promise<DeployResult> {
  const stage = await Stage.start(folder, handlers, secret);
  try {
    return await play(stage);
  } finally {
    await stage.end();
  }
}

/** Whether all was done, once, and evenly while all were well. */
export function isWellDeployed({ orders, shares }: DeployResult): boolean {
  const counts = Object.values(shares);
  return orders.failed + orders.timedOut + orders.executedTwice === 0 &&
    Math.max(...counts) < 1.2 * Math.min(...counts);
}

async function play(stage: Stage): Promise<DeployResult> {
  headline("Three members of the group start: one on Deno, one on Bun, one on Node");
  await Promise.all([stage.add(), stage.add(), stage.add()]);
  await stage.areUp();
  stage.beginLoad();
  await stage.pass(CALM_S);
  const shares = stage.shares();
  headline("The group grows to five");
  await Promise.all([stage.add(), stage.add()]);
  await stage.pass(STEP_S);
  headline("Each is replaced: the new one starts on another port, then the old one ends");
  for (const old of [...stage.members]) {
    await stage.add();
    await stage.areUp();
    await stage.remove(old);
  }
  await stage.pass(STEP_S);
  headline("A member's machine is lost without a word");
  await stage.members[0]!.machine.crash();
  await stage.pass(LOST_S);
  await stage.endLoad();
  const result = stage.result(shares);
  printDeploy(result, stage.firstError);
  return result;
}

function printDeploy(result: DeployResult, firstError: string | null): void {
  const { orders, shares, members } = result;
  headline("Summary");
  const verdict = isWellDeployed(result) ? paint(32, "all done") : paint(31, "NOT all done");
  console.log(`  ${orders.ok} of ${orders.sent} orders done by ${members} processes: ${verdict}`);
  console.log(`  ${orders.failed} failed, ${orders.timedOut} timed out`);
  console.log(`  ${orders.executedTwice} executed twice by one process`);
  console.log(`  ${orders.repeated} executed again by another one, as the lost one may have`);
  for (const [member, count] of Object.entries(shares)) console.log(`  ${member}: ${count} orders`);
  if (firstError !== null) console.log(paint(31, `  first error: ${firstError}`));
}

/** SP10, the members, and the orders. */
class Stage {
  readonly members: Member[] = [];
  firstError: string | null = null;
  readonly #endpoint: Endpoint;
  readonly #folder: string;
  readonly #handlers: string;
  readonly #secret: string;
  readonly #all: Member[] = [];
  readonly #count = { sent: 0, ok: 0, failed: 0, timedOut: 0 };
  #loops: Promise<void>[] = [];
  #isOn = false;
  #added = 0;
  #second = 0;
  #printed = 0;

  private constructor(endpoint: Endpoint, folder: string, handlers: string, secret: string) {
    this.#endpoint = endpoint;
    this.#folder = folder;
    this.#handlers = handlers;
    this.#secret = secret;
  }

  static async start(folder: string, handlers: string, secret: string): Promise<Stage> {
    const listen = { hostname: HOSTNAME, port: 0 };
    const endpoint = await Endpoint.start({
      ...{ name: "SP10", listen, secret, redialMaxMs: 200 },
      // A member that dials before it is listed is refused, and is no news.
      consoleNotices: false,
    });
    return new Stage(endpoint, folder, handlers, secret);
  }

  /** One more member; SP10 knows of it once it listens. */
  async add(): Promise<void> {
    const index = this.#added++;
    const runtime = RUNTIMES[index % RUNTIMES.length]!;
    // What SP10 dials and what the member dials both go over the machine's cable.
    const [port, front, back] = drawPorts(3) as [number, number, number];
    const config = {
      group: "stock",
      listen: { hostname: HOSTNAME, port },
      advertise: { port: front },
      peers: [{ name: "SP10", hostname: HOSTNAME, port: back }],
      redialMaxMs: 200,
      secret: this.#secret,
    };
    const name = `stock-${index}`;
    const configFile = `${this.#folder}/${name}.json`;
    const ledger = `${this.#folder}/${name}.ledger`;
    const executable = await findRuntime(runtime);
    const handlers = this.#handlers;
    const machine = new Machine({
      ...{ name, runtime, executable, handlers, configFile, ledger },
      config: config as unknown as Config,
      isShown: false,
    });
    const relays = [
      new Relay(front, [machine.cable, machine.cable], port),
      new Relay(back, [machine.cable, machine.cable], this.#endpoint.address.port),
    ];
    const definition = { group: "stock", hostname: HOSTNAME, port: front };
    const member = { machine, definition, relays };
    this.#all.push(member);
    await Deno.writeTextFile(configFile, JSON.stringify(config));
    await Deno.writeTextFile(ledger, "");
    await machine.start();
    this.members.push(member);
    this.#tell();
  }

  /** No member any more; then its process ends in good order. */
  async remove(member: Member): Promise<void> {
    this.members.splice(this.members.indexOf(member), 1);
    this.#tell();
    await member.machine.stop();
  }

  async areUp(): Promise<void> {
    const untilMs = performance.now() + READY_TIMEOUT_MS;
    while (this.#rows().some(({ state }) => state !== "up")) {
      if (performance.now() > untilMs) throw new Error("the members are not up");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  beginLoad(): void {
    this.#isOn = true;
    this.#loops = Array.from({ length: CONCURRENCY }, () => this.#order());
  }

  async endLoad(): Promise<void> {
    this.#isOn = false;
    await Promise.all(this.#loops);
  }

  /** Prints a line each second. */
  async pass(seconds: number): Promise<void> {
    for (let index = 0; index < seconds; index++) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const { ok, failed, timedOut } = this.#count;
      printSecond(++this.#second, ok - this.#printed, failed + timedOut);
      this.#printed = ok;
    }
  }

  shares(): Record<string, number> {
    const shares: Record<string, number> = {};
    for (const { port, calls } of this.#rows()) {
      const member = this.members.find(({ definition }) => definition.port === port)!;
      shares[`${member.machine.name} on ${member.machine.runtime}`] = calls;
    }
    return shares;
  }

  result(shares: Record<string, number>): DeployResult {
    const lines = this.#all.flatMap(({ machine }) => readLedger(machine.ledger));
    const orders = { ...this.#count, ...countRepetitions(lines) };
    return { orders, shares, members: this.#all.length };
  }

  async end(): Promise<void> {
    await this.endLoad();
    await this.#endpoint.close({ drainMs: 500 });
    await Promise.all(this.#all.map(({ machine }) => machine.stop()));
    for (const relay of this.#all.flatMap(({ relays }) => relays)) relay.close();
  }

  #rows() {
    return this.#endpoint.group("stock").members();
  }

  #tell(): void {
    this.#endpoint.setPeers(this.members.map(({ definition }) => definition));
  }

  async #order(): Promise<void> {
    const stock = this.#endpoint.group("stock");
    while (this.#isOn) {
      const number = ++this.#count.sent;
      const order = { number, item: "tea", amount: 10, repeatable: true };
      try {
        const options = { idempotent: true, timeoutMs: ORDER_TIMEOUT_MS };
        await stock.request("reserve", order, options);
        this.#count.ok++;
      } catch (error) {
        if (error instanceof RequestError && error.code === "timeout") this.#count.timedOut++;
        else this.#count.failed++;
        this.firstError ??= `order ${number}: ${error}`;
      }
    }
  }
}

/** Ports on which nobody listens; all are held before the first is given back. */
function drawPorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: HOSTNAME, port: 0 }),
  );
  const ports = listeners.map(({ addr }) => addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}
