/**
 * Other libraries in the crash lab: the same networks, the same faults, a client and a server each.
 *
 * @module
 */

import { OrderedProcess } from "../ordered_process.ts";
import {
  type Contender,
  CONTENDERS,
  contenderText,
  PEER_PROGRAM,
  versionOf,
} from "../peer_packages.ts";
import { findRuntime } from "../runtimes.ts";
import { command } from "./command.ts";
import { pause } from "./lab.ts";
import { type Flow, type Host, Network } from "./network.ts";

/** What became of a call. Milliseconds since 1970. */
interface Call {
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly error: string | null;
}

/** What a client knows of its calls. */
interface Report {
  readonly ok: number;
  readonly failures: Readonly<Record<string, number>>;
  /** Calls that have been open for over five seconds. */
  readonly stuck: number;
  /** The calls that were open when the fault struck. */
  readonly struck: readonly Call[];
  /** The first call after the other end was there again. */
  readonly fresh: Call | null;
  readonly okAtMs: readonly number[];
}

type Order =
  | { do: "load" }
  | { do: "strike" }
  | { do: "fresh" }
  | { do: "report" };

/** One row: a library in a scenario. */
export interface PeerRow {
  readonly scenario: string;
  readonly name: string;
  /** What became of the calls in flight, in words. */
  readonly inFlight: string;
  /** What became of the first call after the other end was there again, in words. */
  readonly firstNewCall: string;
  /** From then to the first answer of any call, in milliseconds; `null`: none while we watched. */
  readonly answersAgainMs: number | null;
  readonly ok: number;
  readonly failed: number;
  /** Calls that had been open for over five seconds at the end. */
  readonly stuck: number;
  /** How many calls were executed more than once. */
  readonly executedTwice: number;
}

interface PeerScenario {
  readonly name: string;
  /** The fault; calls `back` when the other end can be reached again. */
  readonly run: (lab: PeerLab, back: () => Promise<void>) => Promise<void>;
}

const PORT = 11_000;
const POLL_MS = 200;
const START_TIMEOUT_MS = 30_000;
const WATCH_MS = 30_000;
/** What has been answered for so long, with nothing open, is over. */
const QUIET_MS = 2_000;
const OUTAGE_MS = 3_000;
const FREEZE_MS = 10_000;
const SIDE_BY_SIDE = 4;

const SCENARIOS: readonly PeerScenario[] = [
  { name: "reboot", run: (lab, back) => lab.reboot(back, false) },
  { name: "reboot-silent", run: (lab, back) => lab.reboot(back, true) },
  {
    name: "blackhole",
    async run(lab, back) {
      await lab.loseFlows();
      await lab.strike();
      await back();
    },
  },
  {
    name: "freeze",
    async run(lab, back) {
      lab.server!.signal("SIGSTOP");
      await lab.strike();
      await pause(FREEZE_MS);
      lab.server!.signal("SIGCONT");
      await back();
    },
  },
];

/** A client and a server of one library. */
class PeerLab implements AsyncDisposable {
  readonly #network: Network;
  readonly #contender: Contender;
  readonly #hosts: readonly [Host, Host];
  readonly #folder: string;
  readonly #started: OrderedProcess<Order>[] = [];
  server: OrderedProcess<Order> | null = null;
  client: OrderedProcess<Order> | null = null;
  struckAtMs = 0;

  private constructor(
    network: Network,
    contender: Contender,
    hosts: readonly [Host, Host],
    folder: string,
  ) {
    this.#network = network;
    this.#contender = contender;
    this.#hosts = hosts;
    this.#folder = folder;
  }

  static async make(contender: Contender, name: string): Promise<PeerLab> {
    const network = await Network.make(name);
    const hosts = [await network.addHost(1), await network.addHost(2)] as const;
    return new PeerLab(network, contender, hosts, await Deno.makeTempDir());
  }

  /** Starts both and lets calls flow. */
  async begin(): Promise<void> {
    // Some can only connect where somebody listens, some only start where the other is defined.
    await this.startServer();
    this.client = await this.#start("call", 0);
    await this.client.order({ do: "load" });
    const untilMs = Date.now() + START_TIMEOUT_MS;
    while ((await this.report()).ok < 100) {
      if (Date.now() > untilMs) throw new Error(`${this.#contender.name}: no calls are answered`);
      await pause(POLL_MS);
    }
  }

  async startServer(): Promise<void> {
    this.server = await this.#start("serve", 1);
  }

  async report(): Promise<Report> {
    return await this.client!.order<Report & Record<string, unknown>>({ do: "report" });
  }

  /** Which calls are open now is noted. */
  async strike(): Promise<void> {
    this.struckAtMs = Date.now();
    await this.client!.order({ do: "strike" });
  }

  /** The server's host dies without a word, and comes back. */
  async reboot(back: () => Promise<void>, isSilent: boolean): Promise<void> {
    const flows = await this.#flows();
    await this.#network.crash(this.#hosts[1]);
    this.server!.kill();
    await this.strike();
    if (isSilent) { for (const flow of flows) await this.#network.lose(flow, "acceptor"); }
    await pause(OUTAGE_MS);
    await this.#network.boot(this.#hosts[1]);
    await this.startServer();
    await back();
  }

  /** Every flow of now is lost, both ways; new ones work. */
  async loseFlows(): Promise<void> {
    for (const flow of await this.#flows()) {
      await this.#network.lose(flow, "dialer");
      await this.#network.lose(flow, "acceptor");
    }
  }

  /** How many calls were executed more than once. */
  async executedTwice(): Promise<number> {
    const numbers = (await Deno.readTextFile(this.#ledgerFile)).trimEnd().split("\n");
    return numbers.length - new Set(numbers).size;
  }

  get #ledgerFile(): string {
    return `${this.#folder}/ledger`;
  }

  async #start(role: "serve" | "call", number: 0 | 1): Promise<OrderedProcess<Order>> {
    const own = { hostname: this.#hosts[number].address, port: PORT };
    const other = { hostname: this.#hosts[1 - number]!.address, port: PORT };
    const setup = { own, other, pings: this.#contender.pings, ledgerFile: this.#ledgerFile };
    const one = await OrderedProcess.start<Order>({
      runtime: "node",
      program: PEER_PROGRAM,
      args: [role, this.#contender.name, JSON.stringify(setup)],
      startedBy: this.#network.startedBy(this.#hosts[number]),
    });
    this.#started.push(one);
    return one;
  }

  /** The connections between the two hosts, seen from the client's. */
  async #flows(): Promise<Flow[]> {
    const [client, server] = this.#hosts;
    const text = await command(
      ...this.#network.startedBy(client) as [string],
      ...["cat", "/proc/net/tcp", "/proc/net/tcp6"],
    );
    const flows = text.trim().split("\n").flatMap((line): Flow[] => {
      // A line of titles.
      if (!line.includes(": ")) return [];
      const [, local, remote] = line.trim().split(/\s+/) as [string, string, string];
      const [dialer, acceptor] = [endOf(local), endOf(remote)];
      return acceptor.hostname === server.address ? [{ dialer, acceptor }] : [];
    });
    if (flows.length === 0) throw new Error(`${this.#contender.name}: no connection can be seen`);
    return flows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#started.map((process) => process[Symbol.asyncDispose]()));
    await this.#network[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** `0100007F:1F90` as the kernel writes it; IPv4 in IPv6 has the same at its end. */
function endOf(text: string): { hostname: string; port: number } {
  const [address, port] = text.split(":") as [string, string];
  const bytes = address.slice(-8).match(/../g)!.map((byte) => parseInt(byte, 16)).reverse();
  return { hostname: bytes.join("."), port: parseInt(port, 16) };
}

/** Runs libraries through the scenarios, some side by side. */
export class PeerRunner {
  readonly #labs = new Set<PeerLab>();

  /** All rows, scenario by scenario. */
  async run(scenarioName: string | null): Promise<PeerRow[]> {
    const node = await findRuntime("node");
    const names = new Map<Contender, string>();
    for (const contender of CONTENDERS) {
      names.set(contender, contenderText(contender, await versionOf(node, contender.name)));
    }
    const rows: PeerRow[] = [];
    for (const scenario of SCENARIOS) {
      if (scenarioName !== null && scenario.name !== scenarioName) continue;
      for (let index = 0; index < CONTENDERS.length; index += SIDE_BY_SIDE) {
        const some = CONTENDERS.slice(index, index + SIDE_BY_SIDE);
        console.error(`${scenario.name}: ${some.map((one) => names.get(one)).join(", ")} ...`);
        rows.push(
          ...await Promise.all(
            some.map((one, place) =>
              this.#runOne(scenario, one, names.get(one)!, `peers${index + place}`)
            ),
          ),
        );
      }
    }
    return rows;
  }

  /** Removes everything. */
  async end(): Promise<void> {
    const labs = [...this.#labs];
    this.#labs.clear();
    await Promise.all(labs.map((lab) => lab[Symbol.asyncDispose]()));
  }

  async #runOne(
    scenario: PeerScenario,
    contender: Contender,
    name: string,
    labName: string,
  ): Promise<PeerRow> {
    const lab = await PeerLab.make(contender, labName);
    this.#labs.add(lab);
    try {
      await lab.begin();
      let backAtMs = 0;
      await scenario.run(lab, async () => {
        backAtMs = Date.now();
        await lab.client!.order({ do: "fresh" });
      });
      const report = await watch(lab, backAtMs);
      return {
        scenario: scenario.name,
        name,
        ...judge(report, lab.struckAtMs, backAtMs),
        executedTwice: await lab.executedTwice(),
      };
    } finally {
      if (this.#labs.delete(lab)) await lab[Symbol.asyncDispose]();
    }
  }
}

/** Looks until all is well again, or for as long as we watch. */
async function watch(lab: PeerLab, backAtMs: number): Promise<Report> {
  const untilMs = backAtMs + WATCH_MS;
  for (;;) {
    const report = await lab.report();
    const open = [...report.struck, report.fresh!].filter(({ endedAtMs }) => endedAtMs === null);
    const answered = report.okAtMs.filter((atMs) => atMs > backAtMs).length > 0;
    const isOver = open.length === 0 && answered && Date.now() > backAtMs + QUIET_MS;
    if (isOver || Date.now() > untilMs) return report;
    await pause(POLL_MS);
  }
}

function judge(
  { ok, failures, stuck, struck, fresh, okAtMs }: Report,
  struckAtMs: number,
  backAtMs: number,
): Omit<PeerRow, "scenario" | "name" | "executedTwice"> {
  const again = okAtMs.filter((atMs) => atMs > backAtMs);
  return {
    inFlight: fatesText(struck, struckAtMs),
    firstNewCall: fresh === null ? "-" : fatesText([fresh], backAtMs).replace(/^1 /, ""),
    answersAgainMs: again.length === 0 ? null : Math.min(...again) - backAtMs,
    ok,
    failed: Object.values(failures).reduce((sum, count) => sum + count, 0),
    stuck,
  };
}

/** What became of calls: how many were answered or failed, the last of them when, and how. */
function fatesText(calls: readonly Call[], sinceMs: number): string {
  const groups = new Map<string, number[]>();
  for (const { endedAtMs, error } of calls) {
    const fate = endedAtMs === null ? "pending" : error === null ? "answered" : `failed ${error}`;
    groups.set(fate, [...groups.get(fate) ?? [], (endedAtMs ?? sinceMs) - sinceMs]);
  }
  return [...groups].map(([fate, times]) =>
    fate === "pending"
      ? `${times.length} still pending after ${WATCH_MS / 1_000} s`
      : `${times.length} ${fate} within ${secondsText(Math.max(...times))}`
  ).join(", ") || "none";
}

/** Seconds, for people. */
function secondsText(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 1_000 ? 3 : 1)} s`;
}

/** The rows as a table in Markdown, scenario by scenario. */
export function peerTableText(rows: readonly PeerRow[]): string {
  const scenarios = [...new Set(rows.map(({ scenario }) => scenario))];
  return scenarios.flatMap((scenario) => [
    `### ${scenario}`,
    "",
    "| library | calls in flight at the fault | first new call afterwards | answers again after | ok | failed | stuck at the end | twice |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ...rows.filter((row) => row.scenario === scenario).map((row) => {
      const again = row.answersAgainMs === null
        ? "never while watched"
        : secondsText(row.answersAgainMs);
      const cells = [
        row.name,
        row.inFlight,
        row.firstNewCall,
        again,
        row.ok,
        row.failed,
        row.stuck,
      ];
      return `| ${[...cells, row.executedTwice].join(" | ")} |`;
    }),
    "",
  ]).join("\n");
}
